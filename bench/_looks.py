"""A region's looks for findings without the region: what its agents and checks say is given, judged, remembered; and how long the event loop waits."""

import asyncio
import gc
import sys
import time
from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any

from msgspec.structs import replace

from bellrock.diagnosis.ledger import Entry
from bellrock.flows import Wanted
from bellrock.model import Host, Probed, Wall
from bellrock.region.memory import TURN
from bellrock.region.service.cases import Cases
from bellrock.region.service.findings import Findings
from bellrock.region.store import LoadedFindings, Standing
from bench import _judged
from bench._racks import identity, name

OF = 100
"""One host of so many tells something else between two looks."""
clock = time.process_time


class Checks:
    """Checks as they stand."""

    known = SimpleNamespace(site=None)

    def __init__(self, pairs: Iterable[tuple[Wanted, Probed]]) -> None:
        self.standings = [
            Standing(
                agent=identity(int(one.source.removeprefix("node-"))), flow=one.flow, verdict=one.verdict, role="dns", target=one.target,
                protocol="udp", detail=one.detail, at=Wall(_judged.NOW), since=Wall(_judged.NOW),
            )
            for _, one in pairs
        ]  # fmt: skip

    def current(self) -> list[Standing]:
        """All."""
        return list(self.standings)

    def want(self, _one: Standing) -> Wanted | None:
        """Nothing was tried since the start."""
        return None

    async def with_evidence(self, _some: Sequence[Standing]) -> list[tuple[Standing, Probed]]:
        """None was kept."""
        return []


class Kept:
    """A store that costs nothing."""

    async def keep(self, changed: Iterable[Entry], forgotten: Iterable[str]) -> None:
        """Takes them."""

    async def forget_diagnoses(self, sources: Sequence[str]) -> None:
        """Forgets none."""


class Site:
    """So many hosts."""

    def __init__(self, agents: int, *, sick: bool) -> None:
        given = _judged.case(agents, sick=sick)
        assert given.topology is not None
        topology, names = given.topology, given.topology.names
        self.sessions: dict[str, Any] = {
            identity(agent): SimpleNamespace(
                host=Host(identity(agent), name(agent), "rack"), here=here, offset=SimpleNamespace(value=-(here.clock_offset or 0.0))
            )
            for agent, here in enumerate(given.here)
        }  # fmt: skip
        checks: Any = Checks(given.probes)
        self.cases = Cases(self.sessions, lambda: topology, checks, lambda: names, lambda: Wall(time.time()))
        store: Any = Kept()
        self.findings = Findings(
            store, LoadedFindings(), self.cases.now, dict, set, lambda: Wall(time.time()), time.monotonic, lambda: None
        )

    def change(self) -> None:
        """Some hosts tell something else."""
        for session in list(self.sessions.values())[::OF]:
            session.here = replace(session.here, seen=Wall(session.here.seen + 1.0))


async def looks(agents: int, *, sick: bool, times: int = 3) -> dict[str, float]:
    """CPU seconds of making the case and of a look, and seconds that the event loop waited at most meanwhile; the least of several."""
    site = Site(agents, sick=sick)
    gc.collect()
    gc.freeze()
    before, values = sys.getswitchinterval(), {}
    sys.setswitchinterval(TURN)
    began = clock()
    await site.cases.now()
    values["the first case"] = clock() - began
    await site.findings.look()
    taken: list[tuple[float, float, float]] = [await _look(site) for _ in range(times)]
    sys.setswitchinterval(before)
    for number, what in enumerate(
        ("the case anew, one host of a hundred changed", "a look", "wait of the event loop in a look")
    ):
        values[what] = min(one[number] for one in taken)
    return values


async def _look(site: Site) -> tuple[float, float, float]:
    site.change()
    began = clock()
    await site.cases.now()
    made = clock() - began
    site.change()
    waits: list[float] = []
    beside = asyncio.ensure_future(_wait(waits))
    await asyncio.sleep(0)
    began = clock()
    await site.findings.look()
    took = clock() - began
    beside.cancel()
    return made, took, max(waits)


async def _wait(waits: list[float]) -> None:
    """How much later than asked for the event loop goes on."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(TURN)
        waits.append(time.perf_counter() - began - TURN)
