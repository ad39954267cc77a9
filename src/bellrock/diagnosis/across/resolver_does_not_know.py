"""resolver-does-not-know: a resolver that machines are told to ask does not find a name that they need, while another one does."""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from bellrock.diagnosis.addresses import address
from bellrock.diagnosis.case import Case
from bellrock.diagnosis.readings_site import several
from bellrock.flows import Wanted
from bellrock.model import Confidence, Finding, Probed, Severity, Verdict

ID = "resolver-does-not-know"
TITLE = "A resolver does not know a name that machines need"
EXPLAINS = frozenset(("name-unknown", "flow-degraded", "metadata-unanswered"))


def find(case: Case) -> Iterator[Finding]:
    """Each resolver once: by its own answers about the names that the site wants to be found."""
    told: set[tuple[str, str]] = set()
    knowing = _Knowing(case)
    for want, probed in case.probes:
        missing = _missing(want, probed) if probed.flow == "dns" else {}
        to = address(want.address or probed.target) if missing else None
        if to is not None and (probed.source, str(to)) not in told:
            told.add((probed.source, str(to)))
            yield _finding(case, probed, str(to), missing, knowing.of({*missing}, str(to)))


def _missing(want: Wanted, probed: Probed) -> dict[str, str]:
    """Name → what was answered instead of an address, of the names that were asked for."""
    if want.expectation != "pass" or probed.verdict not in (Verdict.DEGRADED, Verdict.WRONG_SERVICE):
        return {}
    names = {name.strip().rstrip(".").lower() for name in want.options.get("names", "").split(",")} - {""}
    return {question: said for question, said in _answers(probed) if isinstance(said, str) and _name(question) in names}


def _answers(probed: Probed) -> Iterator[tuple[str, Any]]:
    answers = probed.facts.get("answers")
    if isinstance(answers, dict):
        yield from answers.items()


def _name(question: str) -> str:
    """`boot.example A` → `boot.example`."""
    return question.partition(" ")[0].rstrip(".").lower()


def _finding(case: Case, probed: Probed, to: str, missing: dict[str, str], others: list[Probed]) -> Finding:
    names = list(dict.fromkeys(map(_name, missing)))
    asks = case.index.askers.get(to, [])
    return Finding(
        id=ID, severity=Severity.ERROR, host=probed.source, flow="dns", address=to,
        what=f"the resolver {to} does not know {several(names)}{f', asked from {probed.source}' if probed.source else ''}",
        cause="It is an external resolver that is not told of the site's own zone, or serves another view of it to this address."
        if others else "No resolver that was asked knows it: the record is missing, or the name in the configuration is wrong.",
        proof=(
            *(f"{to} answers {said} to {question}." for question, said in missing.items()),
            *(f"{one.target} finds it: {one.detail}" for one in others),
            *((f"{several(asks)} {'asks' if len(asks) == 1 else 'ask'} it.",) if asks else ()),
        ),
        evidence=tuple(f"verdict {one.source} dns {one.target}" for one in (probed, *others)),
        confidence=Confidence.CERTAIN if others else Confidence.LIKELY,
        fix=(f"Have {to} forward the zone to a resolver that knows it, or give machines that one by DHCP option 6.",
             "Or give machines a name that is known outside, or an address."),
        recheck=f"bellrock probe dns --to {to} -o names={','.join(names)}",
    )  # fmt: skip


class _Knowing:
    """Who finds what is missing elsewhere: looked up once for the same questions, for a thousand hosts may miss the same."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._first: dict[frozenset[str], list[tuple[str, Probed]]] = {}

    def of(self, questions: Iterable[str], but: str) -> list[Probed]:
        """Checks of other resolvers in which all of these were found; the first two."""
        wanted = frozenset(questions)
        if wanted not in self._first:
            self._first[wanted] = [*self._knows(wanted)]
        return [probed for to, probed in self._first[wanted] if to != but][:2]

    def _knows(self, wanted: frozenset[str]) -> Iterator[tuple[str, Probed]]:
        """Of each resolver that found them the first two checks, until these are of three: then there are two of others than any one."""
        shown: Counter[str] = Counter()
        for to, known, probed in self._checks:
            if wanted <= known and shown[to] < 2:
                shown[to] += 1
                yield to, probed
                if len(shown) > 2:
                    return

    @cached_property
    def _checks(self) -> list[tuple[str, set[str], Probed]]:
        """Of checks of resolvers: of which, what was found, and the check."""
        return [
            (str(address(want.address or probed.target)), known, probed)
            for want, probed in self._case.probes
            if probed.flow == "dns"
            and (known := {question for question, said in _answers(probed) if isinstance(said, list) and said})
        ]
