"""own-load: Bellrock itself costs a host more than it should."""

from collections.abc import Iterator
from typing import Final

from bellrock.diagnosis.case import Case, Here, Load
from bellrock.model import Finding, Severity

ID = "own-load"
TITLE = "Bellrock itself costs a host too much"
EXPLAINS: frozenset[str] = frozenset()
CPU: Final = 0.5
"""Of one core, over a minute: hundreds of neighbours cost a few per cent."""
MEMORY: Final = 1 << 30
PROCESSES: Final = 4
"""The agent, its companion, and what a capture or a listing of rules starts for a moment."""
WAITING: Final = 2000
"""Reports that wait on disk while the region listens."""


def find(case: Case) -> Iterator[Finding]:
    """One for each host, with all that is too much."""
    for one in case.here:
        faults = [*_faults(one.load)] if one.load is not None else []
        if faults:
            yield _finding(one, faults)


def _faults(load: Load) -> Iterator[tuple[str, str]]:
    """What was observed, and what to do."""
    if load.agents is not None and load.agents > 1:
        yield (
            f"{load.agents} agents run in one network namespace; each hears and sends the same.",
            "Stop all but one: systemctl status 'bellrock*'",
        )
    if load.processes is not None and load.processes > PROCESSES:
        yield (
            f"The agent has {load.processes} processes, where it is one with a companion.",
            "Restart it: systemctl restart bellrock-rack",
        )
    if load.cpu is not None and load.cpu > CPU:
        yield (
            f"It took {load.cpu * 100:.0f} % of a core over {load.over:.0f} s.",
            "See what floods it: bellrock topology refusals, bellrock beacon listen",
        )
    if load.memory is not None and load.memory > MEMORY:
        yield (
            f"It holds {load.memory >> 20} MiB of memory.",
            "Restart it, and tell its makers how many neighbours and VLANs it has.",
        )
    if load.waiting > WAITING:
        yield (
            f"{load.waiting} reports wait on its disk for the region.",
            "See that the region keeps up: its /metrics, its disk",
        )


def _finding(one: Here, faults: list[tuple[str, str]]) -> Finding:
    return Finding(
        id=ID, severity=Severity.WARNING, host=one.host, what=f"Bellrock costs {one.host} too much: {faults[0][0][0].lower()}{faults[0][0][1:-1]}",
        cause="Something floods it, or it runs more than once. It takes only so much in and drops the rest, but less would do.",
        proof=tuple(text for text, _ in faults), evidence=(f"load {one.host}",), fix=tuple(dict.fromkeys(fix for _, fix in faults)),
        recheck="bellrock findings",
    )  # fmt: skip
