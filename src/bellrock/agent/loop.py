"""The shell around the engine: receive → drain events → transmit → re-arm the timer."""

import asyncio
import logging
import math
import os
import random
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Final, Protocol, cast

from msgspec.structs import replace

from bellrock.agent.diary import Diary
from bellrock.agent.incoming import Incoming, NeighbourHeard
from bellrock.agent.neighbours import Neighbours
from bellrock.agent.network import RawNetwork, UdpNetwork
from bellrock.agent.outgoing import Outgoing
from bellrock.agent.ports import ignored, ports_of
from bellrock.agent.reporter import with_state
from bellrock.agent.settings import Settings
from bellrock.beacon import Arrival, Engine, Now, PortFacts, Refusal, Settled
from bellrock.beacon import Event as BeaconEvent
from bellrock.link.clock import Clocks
from bellrock.link.clock import read as read_clocks
from bellrock.link.device import Frame
from bellrock.link.netlink import LinkMonitor
from bellrock.link.udp import Datagram
from bellrock.model import Interface, Port, Wall
from bellrock.wire.errors import Reason
from bellrock.wire.keys import Keyring
from bellrock.wire.logline import sentence

BUDGET: Final = 512
"""Frames taken in before the loop looks at timers again."""
FLOOD: Final = 64
"""So many frames at once are first sifted: what nobody of ours signed is counted without being taken apart."""
COALESCE: Final = 0.004
"""Seconds that a change waits for company before it is put into a report."""
DISTANT: Final = 1.0
"""Seconds from which on a deadline is put off to the next TICK, so that a quiet agent with many ports wakes up for several at once."""
TICK: Final = 0.5
WATCH: Final = (1.0, 30.0)
"""Seconds between two looks at the network's counters: while frames are being lost or an interface is thinned, and else."""
RETRY: Final = 2.0
"""Seconds until a full disk is tried again."""

log = logging.getLogger(__name__)


Witness = Callable[[Frame | Datagram | None, Arrival | Refusal | NeighbourHeard, Clocks], None]
"""Sees what came in and what was made of it, before the engine does; of a flood's forged frames the refusal only."""


class Account(Protocol):
    """Who is told what the loop finds out: the reporter of an agent, or a scout that only looks around."""

    @property
    def owes(self) -> bool:
        """Whether `flush` has something to do."""
        ...

    def interfaces(self, now_known: Iterable[Interface]) -> None:
        """The host's interfaces as they are now."""
        ...

    def event(self, event: BeaconEvent) -> None:
        """An event of the engine or of the neighbour table."""
        ...

    def complete(self) -> None:
        """Every port that was there at the start has had its burst."""
        ...

    def begin_anew(self) -> None:
        """Tell all that holds once more."""
        ...

    def flush(self, wall: Wall) -> bool:
        """Pass on what is owed; False: not now."""
        ...


class Loop:
    """One agent's engine, its network and its reporter, on one asyncio loop."""

    def __init__(
        self,
        settings: Settings,
        agent: str,
        engine: Engine,
        keyring: Keyring,
        network: RawNetwork | UdpNetwork,
        monitor: LinkMonitor,
        reporter: Account,
        wake: Callable[[], None],
        *,
        witness: Witness | None = None,
        clock: Callable[[], Clocks] = read_clocks,
    ) -> None:
        self._settings = settings
        self._agent = agent
        self._engine = engine
        self._network = network
        self._monitor = monitor
        self._reporter = reporter
        self._wake = wake
        self._witness = witness
        self._clock = clock
        self._neighbours = Neighbours()
        self._diary = Diary()
        self._incoming = Incoming(agent, keyring)
        self._outgoing = Outgoing(keyring, network, os.urandom)
        self._interfaces: dict[int, Interface] = {}
        self._ports: dict[Port, PortFacts] = {}
        self._settled: set[Port] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._flush_timer: asyncio.TimerHandle | None = None
        self._watch_timer: asyncio.TimerHandle | None = None
        self._dropped = 0
        self._losing = False
        self._thinned: frozenset[int] = frozenset()
        self._loop = asyncio.get_running_loop()
        self.heard = 0
        """Authentic beacons since the start, copies aside."""
        self.listeners: list[Callable[[BeaconEvent], None]] = []
        """Called with every event of the engine."""
        self.settled = asyncio.Event()
        """Set once every port that was there at the start has had its burst."""

    def start(self) -> None:
        """Begin to listen and to speak."""
        self._loop.add_reader(self._monitor.fileno(), self._links_changed)
        for descriptor in self._network.filenos():
            self._loop.add_reader(descriptor, self._frames_ready)
        self._take_interfaces()
        self._watch()
        self._after()

    def stop(self) -> None:
        """Stop both, and put what is still owed into the spool."""
        self._loop.remove_reader(self._monitor.fileno())
        for descriptor in self._network.filenos():
            self._loop.remove_reader(descriptor)
        for timer in (self._timer, self._flush_timer, self._watch_timer):
            if timer:
                timer.cancel()
        self._reporter.flush(self._now().wall)
        self._wake()

    @property
    def interface_count(self) -> int:
        """How many interfaces are there now."""
        return len(self._interfaces)

    @property
    def settled_ports(self) -> int:
        """How many ports have had their burst."""
        return len(self._settled)

    @property
    def ports(self) -> int:
        """How many ports there are now: an interface without tags, or one of its VLANs."""
        return len(self._ports)

    @property
    def sent(self) -> Mapping[str, int]:
        """Beacons since the start, by how they went out: `multicast`, `unicast`."""
        return self._outgoing.sent

    @property
    def dropped(self) -> int:
        """Frames that were lost before they were looked at, as of the last look at the counters."""
        return self._dropped

    def rekey(self, keyring: Keyring) -> None:
        """Seal and open by these secrets from now on."""
        self._incoming.rekey(keyring)
        self._outgoing.rekey(keyring)

    def kick(self) -> None:
        """The engine was told something by others than this loop: what it wants sent goes out now."""
        self._after()

    def report(self) -> bool:
        """Put what is owed into the spool now; False: the disk does not take it, and it is tried again."""
        if self._flush_timer:
            self._flush_timer.cancel()
        return self._flush()

    def tell_anew(self) -> None:
        """The region has lost what it knew: give a full account."""
        self._reporter.begin_anew()
        self._schedule_flush()

    def _frames_ready(self) -> None:
        clocks = self._clock()
        items = self._network.receive(BUDGET)
        if len(items) >= FLOOD and isinstance(self._network, RawNetwork):
            items, refusals = self._incoming.sift(cast("list[Frame]", items), clocks)
            for refusal in refusals:
                self._see(None, refusal, clocks)
                self._engine.receive(refusal, refusal.received)
        for item in items:
            heard = self._incoming.take(item, clocks)
            if isinstance(heard, Refusal) and heard.error.reason is Reason.UNSUPPORTED:
                told = self._incoming.too_big(item, clocks)
                if told is not None:
                    self._engine.receive(*told)
                    continue
            self._see(item, heard, clocks)
            if isinstance(heard, tuple):
                port, source_mac, neighbour = heard
                self._report(self._neighbours.hear(port, source_mac, neighbour, self._now()))
            elif heard is not None:
                self.heard += isinstance(heard, Arrival)
                self._engine.receive(heard, heard.received)
        self._after()

    def _see(
        self, item: Frame | Datagram | None, heard: Arrival | Refusal | NeighbourHeard | None, clocks: Clocks
    ) -> None:
        if self._witness is not None and heard is not None:
            self._witness(item, heard, clocks)

    def _now(self) -> Now:
        clocks = self._clock()
        return Now(clocks.mono, clocks.wall)

    def _links_changed(self) -> None:
        if self._monitor.changes():
            # What came in before belongs to the ports as they were: read later, it would speak for a segment that is left.
            self._frames_ready()
            self._take_interfaces()
            self._after()

    def _take_interfaces(self) -> None:
        """Bring engine, groups and report in line with the interfaces that are there now.

        A cable that was out for a moment may be in another port now: what was known through it is lost as if the moment had been longer.
        """
        moment = self._now()
        seen = [one for one in self._monitor.snapshot().values() if not ignored(one.name, self._settings.ignore)]
        if blinked := self._monitor.blinked():
            self._follow([replace(one, carrier=False) if one.index in blinked else one for one in seen], moment)
        self._follow(seen, moment)

    def _follow(self, seen: Iterable[Interface], moment: Now) -> None:
        self._interfaces = {one.index: one for one in seen}
        vlans = dict(self._settings.vlans)
        ports = ports_of(self._agent, self._interfaces.values(), vlans, raw=self._network.raw)
        for port in self._ports.keys() - ports.keys():
            self._settled.discard(port)
            self._engine.drop_port(port, moment)
            if port.vid is None:
                self._report(self._neighbours.drop_interface(port.interface, moment))
        self._network.follow(self._interfaces.values())
        self._incoming.follow(self._interfaces)
        self._outgoing.follow(self._interfaces)
        for port, facts in ports.items():
            if self._ports.get(port) != facts:
                self._engine.receive(facts, moment)
        self._ports = ports
        self._tell_interfaces()

    def _tell_interfaces(self) -> None:
        vlans = dict(self._settings.vlans)
        speaking: dict[str, list[Port]] = {}
        for port, facts in self._ports.items():
            if facts.speaks:
                speaking.setdefault(facts.interface, []).append(port)
        self._reporter.interfaces(
            with_state(
                interface,
                settled=self._settled.issuperset(speaking.get(interface.name, ())),
                speaks=interface.name in speaking,
                vids=tuple(vlans.get(interface.name, ())),
            )
            for interface in self._interfaces.values()
        )
        if not self.settled.is_set() and self._settled.issuperset(chain(*speaking.values())):
            self._reporter.complete()
            self.settled.set()

    def _report(self, events: list[BeaconEvent]) -> None:
        for event in events:
            self._reporter.event(event)

    def _drain(self) -> None:
        settled = False
        while (event := self._engine.poll_event()) is not None:
            if isinstance(event, Settled):
                self._settled.add(event.port)
                settled = True
            self._diary.note(event)
            self._reporter.event(event)
            for listener in self.listeners:
                listener(event)
        if settled:
            self._tell_interfaces()
        while (transmission := self._engine.poll_transmit()) is not None:
            self._outgoing.send(transmission, self._now().wall)

    def _after(self) -> None:
        """What follows every input: events out, beacons out, timer set, report made."""
        self._drain()
        self._arm()
        self._schedule_flush()

    def _arm(self) -> None:
        deadline = self._engine.next_deadline()
        wanted = [] if deadline is None else [deadline.at]
        if (forgetting := self._neighbours.next_deadline()) is not None:
            wanted.append(forgetting)
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._put_off(min(wanted)), self._timeout) if wanted else None

    def _put_off(self, deadline: float) -> float:
        return math.ceil(deadline / TICK) * TICK if deadline - self._loop.time() > DISTANT else deadline

    def _timeout(self) -> None:
        moment = self._now()
        self._engine.handle_timeout(moment)
        self._report(self._neighbours.expire(moment))
        self._after()

    def _watch(self) -> None:
        """Look at the network's counters, as it wants to be asked now and then, and tell the operator of losses."""
        counted = self._network.statistics()
        lost, self._dropped = counted.dropped - self._dropped, counted.dropped
        thinned = frozenset(counted.thinned)
        if lost and not self._losing:
            log.warning(
                sentence(
                    "frames-lost",
                    "frames={frames} lost since the last look: more came in than this machine reads",
                    frames=lost,
                )
            )
        for index in thinned - self._thinned:
            name = self._interfaces[index].name if index in self._interfaces else f"interface {index}"
            log.warning(
                sentence(
                    "interface-flooded",
                    "interface={interface}: flooded; only a part of its frames is looked at, so that others are served",
                    interface=name,
                )
            )
        self._losing, self._thinned = bool(lost), thinned
        self._watch_timer = self._loop.call_later(WATCH[0] if lost or thinned else WATCH[1], self._watch)

    def _schedule_flush(self) -> None:
        if self._reporter.owes and self._flush_timer is None:
            self._flush_timer = self._loop.call_later(COALESCE, self._flush)

    def _flush(self) -> bool:
        self._flush_timer = None
        if taken := self._reporter.flush(self._now().wall):
            self._wake()
        else:
            self._flush_timer = self._loop.call_later(RETRY, self._flush)
        return taken


def now() -> Now:
    """Both clocks."""
    clocks = read_clocks()
    return Now(clocks.mono, clocks.wall)


def jitter() -> float:
    """Uniform in [0, 1)."""
    return random.random()  # noqa: S311 -- spreads beacons out in time, guards nothing
