"""Measures what passes to the neighbours of each port: when, with which probes, and what is told of it.

A probe is a multicast solicitation padded to a size; every neighbour that receives it whole acknowledges its id (a plain MAAS
rack by unicast, as it does any solicitation). `search` decides on the sizes.
"""

from collections import deque
from typing import Final

from bellrock.beacon.core import Core
from bellrock.beacon.peers import Peer
from bellrock.beacon.ports import PortState
from bellrock.beacon.search import LARGEST, Result, Search
from bellrock.beacon.speaking import Speaker
from bellrock.beacon.states import State
from bellrock.beacon.timers import Alarm
from bellrock.beacon.values import MtuMeasured, MtuSearched, MtuUnanswered, Now
from bellrock.model import MtuSeen, Port
from bellrock.wire.beacon import Extension

MEASURED: Final = frozenset((State.HEARD, State.CONFIRMED, State.DOUBTED, State.OWN))
"""What a neighbour must be on its port: heard on-link, and not the port itself."""
ANSWERING: Final = frozenset((State.CONFIRMED, State.OWN))
"""Of whom no answer to large probes, while small ones are answered, means that nothing passed: they are known to hear us."""
MAX_PEERS: Final = 1024
"""Neighbours that one search judges; the others wait for the next."""


class Run:
    """A search under way on one port."""

    __slots__ = ("again", "ids", "queue", "search", "sizes")

    def __init__(self, search: Search) -> None:
        self.search = search
        self.ids: dict[str, int] = {}
        """Probes of this search: beacon id → size."""
        self.sizes: tuple[int, ...] = ()
        """Of the round."""
        self.queue: deque[int] = deque()
        """What of the round is still to be sent."""
        self.again = False
        """Something changed meanwhile: measure again."""


class Mtu:
    """The searches of all ports."""

    def __init__(self, core: Core, speaker: Speaker) -> None:
        self._core = core
        self._speaker = speaker
        self._runs: dict[Port, Run] = {}
        self._ended: dict[Port, float] = {}

    def measure(self, state: PortState, now: Now) -> None:
        """Begin a search at once, unless one is under way: `MtuSearched` tells of its end in either case."""
        if state.port not in self._runs:
            self._begin(state, now)

    def soon(self, state: PortState, now: Now) -> None:
        """Something about the port or its neighbours changed: measure before long, but not time and again."""
        config = self._core.config
        if not config.mtu_every or not state.facts.speaks:
            return
        if (run := self._runs.get(state.port)) is not None:
            run.again = True
            return
        rested = self._ended.get(state.port, float("-inf")) + config.mtu_rest
        self._core.arm(state, Alarm.MTU, max(now.mono + self._core.around(config.mtu_after), rested))

    def due(self, state: PortState, now: Now) -> None:
        """Alarm.MTU: a search begins, the next probe goes out, or a round is over."""
        run = self._runs.get(state.port)
        if run is None:
            self._begin(state, now)
        elif run.queue:
            self._send(state, run, now)
        else:
            self._next_round(state, run, now)

    def forget(self, port: Port) -> None:
        """The port is no more."""
        if self._runs.pop(port, None) is not None:
            self._core.events.append(MtuSearched(port))
        self._ended.pop(port, None)

    def take(self, state: PortState, peer: Peer, extension: Extension, now: Now) -> None:
        """What an agent's on-link beacon says of our probes, and of its own MTU."""
        if extension.mtu and extension.mtu != peer.mtu:
            known, peer.mtu = peer.mtu, extension.mtu
            if known:
                self.soon(state, now)
        run = self._runs.get(state.port)
        if run is None:
            return
        run.search.told_mtu(peer.port, peer.mtu)
        for ack in extension.fragmented:
            if (size := run.ids.get(ack)) is not None:
                run.search.fragmented(peer.port, size)
        self._passed(state, run, (peer.port,), extension.acks, now)

    def take_plain(self, state: PortState, host: str, ack: str, now: Now) -> None:
        """A plain MAAS rack answered by unicast, which names its MAC for certain, its port not always."""
        run = self._runs.get(state.port)
        if run is not None and ack in run.ids:
            ports = tuple(port for port in run.search.peers if port.host == host)
            self._passed(state, run, ports, (ack,), now)

    def arrived(self, sender: Port, port: Port, beacon_id: str, now: Now) -> None:
        """A beacon of our own came in on another port of ours."""
        run, state = self._runs.get(sender), self._core.ports.get(sender)
        if run is not None and state is not None:
            self._passed(state, run, (port,), (beacon_id,), now)

    def too_big(self, port: Port, size: int) -> None:
        """An ICMP message quotes a packet of ours of this size as too big."""
        if (run := self._runs.get(port)) is not None:
            run.search.too_big(size)

    def _passed(self, state: PortState, run: Run, peers: tuple[Port, ...], acks: tuple[str, ...], now: Now) -> None:
        found = False
        for ack in acks:
            if (size := run.ids.get(ack)) is not None:
                found = True
                for peer in peers:
                    run.search.passed(peer, size)
        if found and not run.queue and run.search.satisfied(run.sizes):
            self._core.timers.set((state.port, Alarm.MTU), now.mono)

    def _begin(self, state: PortState, now: Now) -> None:
        peers = [peer for peer in state.peers if peer.state in MEASURED][:MAX_PEERS]
        run = Run(Search(state.facts.mtu, (peer.port for peer in peers)))
        self._runs[state.port] = run
        for peer in peers:
            run.search.told_mtu(peer.port, self._mtu_of(peer))
        if state.facts.speaks:
            self._next_round(state, run, now)
        else:
            self._finish(state, run, now)

    def _mtu_of(self, peer: Peer) -> int:
        ours = self._core.ports.get(peer.port)
        return peer.mtu if ours is None else min(ours.facts.mtu, LARGEST)

    def _next_round(self, state: PortState, run: Run, now: Now) -> None:
        run.sizes = run.search.next_round()
        run.queue.extend(run.sizes)
        if run.queue:
            self._send(state, run, now)
        else:
            self._finish(state, run, now)

    def _send(self, state: PortState, run: Run, now: Now) -> None:
        """One size goes out; the next follows after a pause, and after the last there is time for answers."""
        size = run.queue.popleft()
        run.ids.update(dict.fromkeys(self._speaker.probe(state, size, now), size))
        config = self._core.config
        after = config.mtu_spacing if run.queue else config.mtu_timer
        self._core.timers.set((state.port, Alarm.MTU), now.mono + after)

    def _finish(self, state: PortState, run: Run, now: Now) -> None:
        del self._runs[state.port]
        self._ended[state.port] = now.mono
        for result in run.search.results():
            self._tell(state, result, now)
        self._core.events.append(MtuSearched(state.port))
        if run.again:
            self.soon(state, now)
        elif self._core.config.mtu_every and len(state.peers):
            config = self._core.config
            # With many neighbours, all of whom measure and answer, each measures less often.
            every = max(config.mtu_every, config.mtu_share * len(state.peers))
            self._core.timers.set((state.port, Alarm.MTU), now.mono + self._core.around(every))

    def _tell(self, state: PortState, result: Result, now: Now) -> None:
        peer = state.peers.get(result.peer)
        if peer is not None and not result.present:
            self._core.events.append(MtuUnanswered(state.port, result.peer))
            return
        if peer is None or (not result.mtu and peer.state not in ANSWERING):
            return
        seen = MtuSeen(
            state.port, result.peer, result.mtu, result.limit, result.tried, result.lost, result.peer_mtu, now.wall
        )
        self._core.events.append(MtuMeasured(seen))
