"""The peers of one port: what is known of each, what speaks for it, and who has been silent longest."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile

from bellrock.beacon.ids import Window
from bellrock.beacon.states import EVIDENCE, TRANSITIONS, Cause, State
from bellrock.beacon.transit import Transit
from bellrock.beacon.values import Arrival, EvidenceFound, EvidenceLost, Now
from bellrock.model import Evidence, EvidenceKey, EvidenceKind, Port, Wall

RETIRED_BOOTS = 4
"""Superseded boots of a peer that are remembered, so that frames of its earlier life are told from new ones."""
TELL_AGAIN = 1.0
"""Seconds between two events that only tell changed particulars of one peer."""


class Peer:
    """One peer port as one port of ours knows it."""

    __slots__ = (
        "asked", "asks", "boot", "doubted", "heard", "ids", "known_since", "mac", "mtu", "name", "next_ask", "plain", "port", "proof", "retired",
        "round_trip", "since", "source_mac", "state", "told_at", "transit", "version", "window",
    )  # fmt: skip

    def __init__(self, port: Port, plain: bool, heard: Now) -> None:
        self.port = port
        self.plain = plain
        """It speaks no extension: a MAAS rack."""
        self.state = State.NEW
        self.heard = heard
        self.known_since = heard.mono
        self.name = ""
        self.mac = ""
        self.mtu = 0
        """What it told of its interface's MTU last; 0: nothing."""
        self.source_mac = ""
        self.version = 0
        self.boot = ""
        self.retired: tuple[str, ...] = ()
        self.window = Window()
        self.ids: tuple[str, ...] = ()
        """The last two ids heard, the newest last."""
        self.proof: tuple[str, ...] = ()
        """Our id that it acknowledged, and the id of the beacon that did."""
        self.round_trip: float | None = None
        self.transit = Transit()
        self.since: dict[EvidenceKind, Wall] = {}
        self.told_at = heard.mono
        self.doubted: Now | None = None
        """Since when the port or the peer may have been moved."""
        self.asked: Now | None = None
        """When it was first asked without having been heard since."""
        self.asks = 0
        self.next_ask: float | None = None

    def step(self, cause: Cause) -> tuple[State, State]:
        """Move by the table; the state before and after."""
        before = self.state
        self.state = TRANSITIONS[before, cause]
        return before, self.state

    def evidence(self, ours: Port, kind: EvidenceKind) -> Evidence:
        """What is known now, as a value."""
        confirmed = kind is EvidenceKind.CONFIRMED
        return Evidence(
            kind=kind, port=ours, peer=self.port, peer_name=self.name, peer_mac=self.mac, source_mac=self.source_mac,
            version=self.version, round_trip=self.round_trip if confirmed else None,
            transit=self.transit.told if confirmed else None, since=self.since[kind],
            seen=self.heard.wall, proof=self.proof if confirmed else self.ids[-1:],
        )  # fmt: skip

    def particulars(self) -> tuple[str, str, str, int]:
        """What is worth an event when it changes."""
        return self.name, self.mac, self.source_mac, self.version

    def note(self, arrival: Arrival) -> bool:
        """Take over what a beacon says of its sender; True if that is news worth an event."""
        before = self.particulars()
        extension, remote = arrival.beacon.extension, arrival.beacon.remote
        self._hear(arrival)
        version = arrival.beacon.version if extension is None else max(self.version, arrival.beacon.version)
        after = (extension.host if extension else remote.name, remote.mac_address, arrival.source_mac, version)
        if before == after or (before[3] and arrival.received.mono - self.told_at < TELL_AGAIN):
            return False
        self.name, self.mac, self.source_mac, self.version = after
        self.told_at = arrival.received.mono
        return True

    def _hear(self, arrival: Arrival) -> None:
        self.heard = arrival.received
        self.ids = (*self.ids[-1:], arrival.beacon.id)
        self.asked = None
        self.asks = 0

    def restarted(self, boot: str, now: Now) -> None:
        """Begin anew with the numbers of another boot of the same agent."""
        self.known_since = now.mono
        self.retired = (*self.retired, self.boot)[-RETIRED_BOOTS:]
        self.boot = boot
        self.window = Window()
        self.version = 0


Lane = tuple[Port, bool]
"""A peer port, and whether it is known on-link; reaching us through a router is another matter."""


class Peers:
    """The table of one port, ordered by when each peer was last heard, the most silent first."""

    def __init__(self, ours: Port, tell: Callable[[EvidenceFound | EvidenceLost], None]) -> None:
        self._ours = ours
        self._tell = tell
        self._peers: OrderedDict[Lane, Peer] = OrderedDict()
        self.doubted: dict[Port, Peer] = {}
        """Those in state DOUBTED."""
        self.unconfirmed: OrderedDict[Port, Peer] = OrderedDict()
        """Bellrock peers in state HEARD; plain ones acknowledge nothing on-link, so there is nothing to wait for."""

    def __len__(self) -> int:
        return len(self._peers)

    def __iter__(self) -> Iterator[Peer]:
        return iter(self._peers.values())

    def get(self, port: Port, on_link: bool = True) -> Peer | None:
        """The peer, if it is known in this way."""
        return self._peers.get((port, on_link))

    def silent(self, before: float) -> list[Peer]:
        """Those not heard since `before`, the most silent first."""
        return list(takewhile(lambda peer: peer.heard.mono < before, self._peers.values()))

    def hear(self, peer: Peer, arrival: Arrival, cause: Cause) -> None:
        """A beacon of the peer came: it is alive, and the table moves it on."""
        lane = (peer.port, cause is not Cause.UNICAST)
        self._peers[lane] = peer
        self._peers.move_to_end(lane)
        known = peer.state is not State.NEW
        news = peer.note(arrival)
        self.move(peer, cause, peer.heard, "")
        if news and known:
            self._find(peer, EVIDENCE[peer.state])

    def measured(self, peer: Peer) -> None:
        """The way to a peer is known, or is another one: what is told of it is renewed."""
        if EvidenceKind.CONFIRMED in EVIDENCE[peer.state]:
            self._find(peer, (EvidenceKind.CONFIRMED,))

    def move(self, peer: Peer, cause: Cause, now: Now, why: str, since: Wall | None = None) -> None:
        """Let the table move a peer, and tell what evidence is found or lost by it."""
        before, after = peer.step(cause)
        if before is after:
            return
        held, holds = EVIDENCE[before], EVIDENCE[after]
        self._lose(peer, [kind for kind in held if kind not in holds], why, now.wall if since is None else since)
        found = [kind for kind in holds if kind not in held]
        peer.since.update(dict.fromkeys(found, now.wall))
        self._find(peer, found)
        self._file(peer, before)

    def _find(self, peer: Peer, kinds: Iterable[EvidenceKind]) -> None:
        for kind in kinds:
            self._tell(EvidenceFound(peer.evidence(self._ours, kind)))

    def _lose(self, peer: Peer, kinds: Iterable[EvidenceKind], why: str, since: Wall) -> None:
        for kind in kinds:
            del peer.since[kind]
            self._tell(EvidenceLost(EvidenceKey(kind, self._ours, peer.port), why, since))

    def _file(self, peer: Peer, before: State) -> None:
        """Keep the indices by state in step with a move."""
        if before is State.DOUBTED:
            del self.doubted[peer.port]
        if peer.state is State.DOUBTED:
            self.doubted[peer.port] = peer
        if peer.state is State.HEARD and not peer.plain:
            self.unconfirmed[peer.port] = peer
        elif before is State.HEARD:
            self.unconfirmed.pop(peer.port, None)
        if peer.state is State.LOST:
            del self._peers[peer.port, before is not State.ROUTABLE]
