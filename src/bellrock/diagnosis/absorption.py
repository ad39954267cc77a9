"""Which findings merely follow from others: a cause is told once, with its symptoms, and a symptom that has a cause is not told by itself.

Laws: what goes in comes out, told or as the symptom of something told; the order in which findings come in changes nothing; doing it
again changes nothing; rules that explain each other, by whatever detour, explain nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Final

from msgspec.structs import replace

from bellrock.diagnosis.places import ADDRESS, HOST, Candidates, Place, parts
from bellrock.model import Confidence, Finding, Severity

MAX_SYMPTOMS: Final = 64
"""Sentences; of more the last says how many."""
MAX_PROOF: Final = 32
"""Sentences, and links to evidence, of findings of one place that came from several sides."""
__all__ = ["MAX_PROOF", "MAX_SYMPTOMS", "Absorbed", "Explains", "Place", "absorbed", "place", "rank", "reach"]
Explains = Mapping[str, frozenset[str]]
"""Rule → rules whose findings in the same place follow from its own."""
_SEVERITY: Final = tuple(Severity)
_CONFIDENCE: Final = tuple(Confidence)


def place(one: Finding) -> Place:
    """The identity of a finding: its rule and where it is."""
    return (one.id, one.host, one.interface, str(one.vid), one.flow, one.client, one.address)


def rank(one: Finding) -> tuple[int, int, int, Place]:
    """The gravest first, then the surest, then what explains most; of equals, always the same."""
    return _SEVERITY.index(one.severity), _CONFIDENCE.index(one.confidence), -len(one.symptoms), place(one)


class Absorbed:
    """What is told of some findings, and what became of the others.

    One follows from another where that one's rule explains it, and both may be in one place; also by way of others that were found,
    each in the place of both. By way of what was not found nothing follows.

    What others have found (`foreign`) is their word: it explains what the same origin tells, and nothing else; and where it tells of what
    is told here as well, the words are those of here, and theirs are added proof.
    """

    def __init__(
        self, found: Iterable[Finding], explains: Explains, owners: Mapping[str, str] | None = None, foreign: Iterable[tuple[Finding, str]] = ()
    ) -> None:  # fmt: skip
        """`owners`: IP address → host that has it, where that is known: what a host does explains what others see of its addresses.

        `foreign`: findings of others, each with its origin, which is not empty.
        """
        alike = _alike([*((one, "") for one in found), *foreign])
        self._found = {at: _one_of(many) for at, (_, many) in alike.items()}
        self.origins = {at: origin for at, (origin, _) in alike.items() if origin}
        """Place → origin of the words that are told of it, of what is foreign."""
        self._words = {at: sorted({one.what for one in many}) for at, (_, many) in alike.items() if len(many) > 1}
        """Where several tell of one place, what they say, each in its way."""
        self._owners = owners or {}
        self._causes, self._depth = _by_symptom(explains)
        self._rank = {place(one): number for number, one in enumerate(sorted(self._found.values(), key=rank))}
        self._of_rule: dict[str, list[Place]] = {}
        for at, one in self._found.items():
            self._of_rule.setdefault(one.id, []).append(at)

    @cached_property
    def into(self) -> dict[Place, Place]:
        """Place of a symptom → place of its cause."""
        found: dict[Place, Place] = {}
        known: dict[tuple[str, str], Candidates] = {}
        """By rule and origin."""
        # A rule comes after all that explain it, so that it is known of each cause whether it is told itself.
        for rule in sorted(self._of_rule, key=lambda rule: (self._depth.get(rule, 0), rule)):
            ours = [(cause, "") for cause in self._causes.get(rule, ())]
            for at in self._of_rule[rule]:
                origin = self.origins.get(at, "")
                ways = [*ours, *((cause, origin) for cause, _ in ours)] if origin else ours
                cause, owned = self._cause(at, [known[way] for way in ways if way in known])
                if cause:
                    found[at] = cause
                if not owned:
                    known.setdefault((rule, origin), Candidates(self._rank)).add(at, cause or at)
        return found

    @property
    def told(self) -> Iterator[Finding]:
        """Causes with their symptoms, in no order."""
        symptoms: dict[Place, list[Finding]] = {}
        for at, cause in self.into.items():
            symptoms.setdefault(cause, []).append(self._found[at])
        for at, one in self._found.items():
            if at not in self.into:
                theirs = sorted(symptoms.get(at, []), key=lambda one: (place(one) in self.origins, rank(one)))
                yield _with(one, theirs, self._words)

    def _cause(self, at: Place, causes: list[Candidates]) -> tuple[Place | None, bool]:
        """The likeliest cause, and whether it is that only as what the owner of the address does: nothing else follows by way of that."""
        seen = parts(at)
        ways = [(one.nearest(seen), False) for one in causes]
        owner = self._owners.get(seen[ADDRESS], "")
        if owner and owner != seen[HOST]:
            # As whoever has the address would tell it: without the interface, and the address, by which another saw it.
            theirs = (owner, "", *seen[2:ADDRESS], "", "")
            ways += [(one.nearest(theirs, least=1 << HOST), True) for one in causes]
        best = min(((near, owned) for near, owned in ways if near is not None), default=None)
        return (best[0][2], best[1]) if best else (None, False)


def absorbed(
    found: Iterable[Finding], explains: Explains, owners: Mapping[str, str] | None = None
) -> Iterator[Finding]:
    """One finding for each cause: the same one twice is one; one that follows from another in the same place is its symptom."""
    return Absorbed(found, explains, owners).told


def reach(rule: str, explains: Explains) -> set[str]:
    """The rules whose findings follow from this one's, also by way of others."""
    seen: set[str] = set()
    ahead = [*explains.get(rule, ())]
    while ahead:
        if (one := ahead.pop()) not in seen:
            seen.add(one)
            ahead += explains.get(one, ())
    return seen


def _by_symptom(explains: Explains) -> tuple[dict[str, list[str]], dict[str, int]]:
    """Rule → rules that explain it, without those that it explains itself; and by how many it is explained, also by way of others."""
    reached = {rule: reach(rule, explains) for rule in explains}
    causes: dict[str, list[str]] = {}
    depth: dict[str, int] = {}
    for cause, symptoms in reached.items():
        for symptom in symptoms:
            if cause not in reached.get(symptom, ()):
                depth[symptom] = depth.get(symptom, 0) + 1
                if symptom in explains[cause]:
                    causes.setdefault(symptom, []).append(cause)
    return causes, depth


def _alike(found: Iterable[tuple[Finding, str]]) -> dict[Place, tuple[str, list[Finding]]]:
    """By place; the one whose words count first, and its origin: of what is not foreign, else of all, the gravest and surest."""
    alike: dict[Place, list[tuple[Finding, str]]] = {}
    for one, origin in found:
        alike.setdefault(place(one), []).append((one, origin))
    ordered = {at: sorted(many, key=_by_weight) for at, many in sorted(alike.items())}
    return {at: (many[0][1], [one for one, _ in many]) for at, many in ordered.items()}


def _by_weight(pair: tuple[Finding, str]) -> tuple[object, ...]:
    one, origin = pair
    return (bool(origin), rank(one), one.what, one.cause, one.proof, one.evidence, one.fix, origin)


def _one_of(many: list[Finding]) -> Finding:
    """Of several in one place the first one's words, with what the others say as proof."""
    first, *others = dict.fromkeys(many)
    if not others:
        return first
    said = [(one.what, *one.proof) if one.what != first.what else one.proof for one in others]
    return replace(
        first,
        proof=_union((first.proof, *said), MAX_PROOF),
        evidence=_union((one.evidence for one in (first, *others)), MAX_PROOF),
        symptoms=_union((one.symptoms for one in (first, *others)), MAX_SYMPTOMS),
    )


def _union(texts: Iterable[Iterable[str]], most: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for some in texts for text in some))[:most]


def _with(cause: Finding, symptoms: list[Finding], words: Mapping[Place, list[str]]) -> Finding:
    """A cause weighs as much as the gravest of what follows from it, told in the order given. `words`: all that is said of a symptom's place, where that is more."""
    if not symptoms:
        return cause
    worst = min((one.severity for one in (cause, *symptoms)), key=_SEVERITY.index)
    said = dict.fromkeys(cause.symptoms)
    for one in symptoms:
        said |= dict.fromkeys((one.what, *words.get(place(one), ()), *one.symptoms))
    return replace(cause, severity=worst, symptoms=_bounded([*said]))


def _bounded(texts: list[str]) -> tuple[str, ...]:
    if len(texts) <= MAX_SYMPTOMS:
        return tuple(texts)
    left = len(texts) - MAX_SYMPTOMS + 1
    return (*texts[: MAX_SYMPTOMS - 1], f"and {left} more")
