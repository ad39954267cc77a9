"""All findings of a case: every rule asked, causes absorb what merely follows from them, the gravest first."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from types import ModuleType
from typing import Final

from msgspec import Struct

from bellrock.diagnosis import absorption, across, on_host, on_wire, probes
from bellrock.diagnosis.absorption import Absorbed, Place, place, rank
from bellrock.diagnosis.case import Case
from bellrock.diagnosis.on_wire import boot_stopped
from bellrock.diagnosis.rules import RULES, diagnose
from bellrock.flows import Wanted
from bellrock.model import Finding, Probed, Verdict

Rule = Callable[[Case], Iterable[Finding]]
MODULES: Final[tuple[ModuleType, ...]] = (*on_wire.RULES, *on_host.RULES, *across.RULES)
"""Each a module with `ID`, `TITLE`, `EXPLAINS` (ids of rules whose findings follow from this one's) and `find(case)`."""
MAX_OF_RULE: Final = 1000
"""Findings of one rule; a fault that is everywhere is told by its first thousand places."""
EXPLAINS: Final[dict[str, frozenset[str]]] = {module.ID: frozenset(module.EXPLAINS) for module in MODULES}
"""Rule → rules whose findings in the same place follow from its own."""
ELSEWHERE: Final = ("native-mismatch", "vlan-extra", "vlan-missing", "vlan-translated")
"""Ids of findings that no rule of this room makes: a scan of VIDs does, in the room of beacons."""
IDS: Final = frozenset((*RULES, *EXPLAINS, *probes.IDS, *ELSEWHERE))
"""Of all findings that Bellrock makes."""

__all__ = ["EXPLAINS", "IDS", "MODULES", "Judged", "Rule", "absorbed", "judge", "judge_all", "place"]


class Judged(Struct, frozen=True):
    """What is wrong, and what is not told by itself because it follows from that."""

    findings: tuple[Finding, ...]
    """The gravest first."""
    into: dict[Place, Place]
    """Place of each symptom → place of its cause."""
    origins: dict[Place, str]
    """Place of each that was found elsewhere alone → its origin."""


def judge(case: Case, more: Iterable[Finding] = ()) -> tuple[Finding, ...]:
    """What is wrong. `more`: findings that were made elsewhere (by a node of itself, by whoever has diagnosed a capture)."""
    return judge_all(case, more).findings


def judge_all(
    case: Case, more: Iterable[Finding] = (), fault: Callable[[str, Exception], None] | None = None,
    foreign: Iterable[tuple[Finding, str]] = (),
) -> Judged:  # fmt: skip
    """The same, with what became of symptoms.

    `fault`: told of a rule that failed, by its id, and of its error, so that one that has a defect silences no other; without it, that is raised.
    `foreign`: what others say they have found, each with its origin: it explains nothing but what the same origin tells.
    """
    every = [*boot_stopped.unexplained([*more, *_of_looks(case), *_of_probes(case), *_of_rules(case, fault)])]
    told = [*_unexplained(every, foreign)]
    # Most sites have nothing wrong at an address, and need not know whose it is.
    addressed = any(one.address for one in every) or any(one.address for one, _ in told)
    found = Absorbed(every, EXPLAINS, case.index.sole_owners if addressed else {}, told)
    return Judged(tuple(sorted(found.told, key=rank)), found.into, found.origins)


def _unexplained(every: Iterable[Finding], foreign: Iterable[tuple[Finding, str]]) -> Iterator[tuple[Finding, str]]:
    """Of each origin without what the same origin, or what is found here, tells a cause of."""
    by_origin: dict[str, list[Finding]] = {}
    for one, origin in foreign:
        by_origin.setdefault(origin, []).append(one)
    for origin, theirs in by_origin.items():
        kept = theirs
        if any(one.id == boot_stopped.ID for one in theirs):
            known = {*boot_stopped.unexplained([*every, *theirs])}
            kept = [one for one in theirs if one in known]
        yield from ((one, origin) for one in kept)


def absorbed(found: Iterable[Finding]) -> Iterator[Finding]:
    """One finding for each cause: the same one twice is one; one that follows from another in the same place is its symptom."""
    return absorption.absorbed(found, EXPLAINS)


def _of_rules(case: Case, fault: Callable[[str, Exception], None] | None) -> Iterator[Finding]:
    for module in MODULES:
        try:
            yield from [*islice(module.find(case), MAX_OF_RULE)]
        except Exception as error:
            if fault is None:
                raise
            fault(module.ID, error)


def _of_looks(case: Case) -> Iterator[Finding]:
    for look in case.looks:
        yield from diagnose(look)


def _of_probes(case: Case) -> Iterator[Finding]:
    hosts = {one.host for one in case.here} | {*(case.topology.names.values() if case.topology else ())}
    # A source may be an address or an interface as well, which is of whoever judges.
    by_host: dict[str, list[tuple[Wanted, Probed]]] = {
        probed.source if probed.source in hosts else "": [] for _, probed in case.probes if probed.verdict is not Verdict.WORKS
    }  # fmt: skip
    for want, probed in case.probes if by_host else ():
        mine = by_host.get(probed.source if probed.source in hosts else "")
        if mine is not None:
            mine.append((want, probed))
    for host, pairs in by_host.items():
        yield from islice(probes.findings(pairs, host), MAX_OF_RULE)
