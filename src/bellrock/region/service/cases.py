"""All that a region knows, as the case that rules judge: what has not changed since the last one is taken over from it."""

import asyncio
import heapq
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

from msgspec.structs import replace

from bellrock.diagnosis.case import Case, Here, Narrow
from bellrock.flows import Wanted
from bellrock.model import Port, Probed, Topology, Wall
from bellrock.region.service.agentsession import Session
from bellrock.region.service.ledger import Bare
from bellrock.region.service.matrix import FINE
from bellrock.region.service.probes import Probes
from bellrock.region.service.probeviews import wanted_of
from bellrock.region.service.shapes import MtuView
from bellrock.region.store import Standing

CLOCK_ERROR: Final = 1.0
"""Seconds that an agent's clock offset may be wrong by even at its best: it is measured one way, so what a message waited is in it."""
JITTER: Final = 0.05
"""Seconds that a clock's offset may differ from what a host was told with: well within its error, and no reason to judge the host anew."""
SLICE: Final = 1000
"""Hosts or checks that are gone through before whatever else the process does has its turn."""
MAX_WITH_EVIDENCE: Final = 500
"""Checks with a fault whose evidence is read from disk for one case; of others the verdict and its sentence are known until their turn comes."""


T = TypeVar("T")


class _Host(NamedTuple):
    """A host as rules read it, and what that was made of."""

    of: Here
    name: str
    offset: float
    error: float
    made: Here


class _Known(NamedTuple):
    """A check as rules read it, and of which standing and agent's name that was made."""

    of: Standing
    agent: str
    pair: tuple[Wanted, Probed]
    asked: int | None = None
    """The case for which its evidence was asked for last, in vain; 0: not yet; None: there is nothing to ask for."""


async def _at_once() -> float:
    return 0.0


class Cases:
    """Builds cases from what agents told."""

    def __init__(
        self, sessions: Mapping[str, Session], topology: Callable[[], Topology], probes: Probes,
        names: Callable[[], Mapping[str, str]], clock: Callable[[], Wall], mtu: Callable[[], MtuView] = lambda: MtuView((), ()),
        fault: Callable[[str, Exception], None] = lambda _part, _error: None, ready: Callable[[], Awaitable[float]] = _at_once,
    ) -> None:  # fmt: skip
        """`names`: unique, by agent id; `fault`: told that a part cannot be had, which stays as it was.

        `ready`: concludes, bit by bit, what `topology` would conclude otherwise, and says how many CPU seconds it took.
        """
        self._sessions = sessions
        self._topology = topology
        self._probes = probes
        self._names = names
        self._clock = clock
        self._mtu = mtu
        self._fault = fault
        self._ready = ready
        self._narrow: tuple[Narrow, ...] = ()
        self._hosts: dict[str, _Host] = {}
        """By agent's id."""
        self._known: dict[int, _Known] = {}
        """By the identity of the standing, which is held there: one that has changed is another."""
        self.spent = 0.0
        """CPU seconds that it took, for the last case, to conclude what had not been: all else is made in slices, beside other work."""
        self._cases = 0
        """That were made."""

    async def now(self) -> Case:
        """What is known now, as values that nobody changes any more."""
        spent = await self._ready()
        began = time.thread_time()
        names = self._names()
        topology = replace(self._topology(), names=dict(names))
        narrowed = self._narrowed()
        self.spent = spent + time.thread_time() - began
        here = await self._told(names)
        probes = await self._judged(names)
        return Case(
            now=self._clock(), here=here, topology=topology, probes=probes, narrow=narrowed, site=self._probes.known.site
        )  # fmt: skip

    def _narrowed(self) -> tuple[Narrow, ...]:
        try:
            self._narrow = narrow(self._mtu())
        except Exception as error:  # noqa: BLE001 -- all else is judged even so
            self._fault("mtu", error)
        return self._narrow

    async def _told(self, names: Mapping[str, str]) -> tuple[Here, ...]:
        """Every host that has told of itself; the same value as before, where that still says what is known."""
        hosts = {}
        async for one in _in_slices(list(self._sessions.values())):
            if one.here is not None:
                hosts[one.host.id] = _host(one, one.here, names, self._hosts.get(one.host.id))
        self._hosts = hosts
        return tuple(one.made for one in hosts.values())

    async def _judged(self, names: Mapping[str, str]) -> tuple[tuple[Wanted, Probed], ...]:
        """Every check as it stands; those of agents that are gone, or of long ago, are no news of now."""
        current = self._probes.current()
        # Most checks are as they were: of fifty thousand those alone are made anew that are not.
        known: dict[int, _Known | None] = {}
        async for one in _in_slices(current):
            was = self._known.get(id(one))
            known[id(one)] = was if was is not None and was.agent == names.get(one.agent, one.agent) else None
        lacking = [one for one in current if one.verdict not in FINE and _asked(known[id(one)]) is not None]
        shown = await self._shown(lacking, known)
        async for one in _in_slices(current):
            if known[id(one)] is None or id(one) in shown:
                known[id(one)] = self._read(one, known[id(one)], shown, names.get(one.agent, one.agent))
        self._known = {identity: one for identity, one in known.items() if one is not None}
        return tuple(one.pair for one in self._known.values())

    async def _shown(self, lacking: Sequence[Standing], known: Mapping[int, _Known | None]) -> dict[int, Probed]:
        """What was seen of these, by identity; if they are too many, of those that were asked for longest ago."""
        self._cases += 1
        some = heapq.nsmallest(MAX_WITH_EVIDENCE, lacking, key=lambda one: _asked(known[id(one)]) or 0)
        return {id(one): probed for one, probed in await self._probes.with_evidence(some)} if some else {}

    def _read(self, one: Standing, was: _Known | None, shown: Mapping[int, Probed], agent: str) -> _Known:
        probed = shown.get(id(one))
        if one.verdict not in FINE and (probed is None or isinstance(probed, Bare)):
            # Its evidence may be there the next time: with this it is not done.
            asked = 0 if probed is None else self._cases
            return (was or self._made(one, None, agent))._replace(asked=asked)
        return self._made(one, probed, agent)

    def _made(self, one: Standing, probed: Probed | None, agent: str) -> _Known:
        # What was wanted is known of what was tried since the start; of the rest, what its standing says.
        return _Known(one, agent, (self._probes.want(one) or wanted_of(one), _probed(one, probed, agent)))


def _asked(known: _Known | None) -> int | None:
    return 0 if known is None else known.asked


def narrow(view: MtuView) -> tuple[Narrow, ...]:
    """Who is to blame where less passes than interfaces let one expect, as rules read it: ports by the names of their hosts."""
    return tuple(
        Narrow(
            where=tuple(Port(port.host, port.interface, port.vid) for port in one.where),
            towards=tuple(Port(port.host, port.interface, port.vid) for port in one.towards),
            mtu=one.mtu, others=one.others, what=one.what, proof=one.proof,
        )
        for one in view.culprits
    )  # fmt: skip


async def _in_slices(many: Sequence[T]) -> AsyncIterator[T]:
    """All of them, with a pause after each SLICE: at ten thousand hosts they take a tenth of a second."""
    for start in range(0, len(many), SLICE):
        for one in many[start : start + SLICE]:
            yield one
        await asyncio.sleep(0)


def _host(session: Session, here: Here, names: Mapping[str, str], was: _Host | None) -> _Host:
    """A host by its name, with times on the region's clock."""
    name, offset = names.get(session.host.id, session.host.name), session.offset.value
    error = max(CLOCK_ERROR, session.offset.doubt)
    same = was is not None and was.of is here and (was.name, was.error) == (name, error)
    if was is not None and same and abs(was.offset - offset) <= JITTER:
        return was
    return _Host(here, name, offset, error, replace(
        here, host=name, clock_offset=-offset, clock_error=error, seen=Wall(here.seen + offset)
    ))  # fmt: skip


def _probed(one: Standing, probed: Probed | None, agent: str) -> Probed:
    if probed is not None:
        return replace(probed, source=agent, verdict=one.verdict, target=one.target)
    return Probed(
        flow=one.flow, target=one.target, verdict=one.verdict, detail=one.detail, rtt_ms=one.rtt_ms, variant=one.variant, source=agent
    )  # fmt: skip
