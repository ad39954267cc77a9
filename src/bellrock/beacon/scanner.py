"""Scans VIDs: calls out on each, one after the other, and gathers who says that he heard.

Calls are solicitations that name their scan and the tags that they were sent with. Agents answer with all that they heard (`responder`);
a plain MAAS rack answers each by unicast, naming its id. Nobody else on the segment scans meanwhile, and whoever wants it can end it.
"""

from collections import Counter, OrderedDict, deque
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from msgspec import Struct

from bellrock.beacon.compose import Composer, Copy, copies
from bellrock.beacon.hearing import is_on_link, sender
from bellrock.beacon.ids import SeenIds
from bellrock.beacon.scan import OUTER, Pair, read_heard, reception
from bellrock.beacon.values import Arrival, Identity, NewId, Now, PortFacts, Transmission
from bellrock.model import Monotonic, Port
from bellrock.wire.beacon import ScanAnswer, ScanCall
from bellrock.wire.errors import Reason
from bellrock.wire.ethernet import Tag

BURST: Final = 0.05
"""Seconds whose calls may go out at once after a pause of this process; a longer pause is not made good."""
BEAT: Final = 0.002
"""Seconds between two looks at what is to be called."""
NEWS: Final = 0.2
"""After an answer that told something new, others are waited for at least this long."""
MAX_CALLED: Final = 1 << 16
"""Ids of calls that an answer may name."""
GONE: Final = 10.0
"""Seconds after which a scan of which no call was heard is waited for no longer, whatever it has announced: its sender may be gone."""
MAX_SEEN: Final = 1 << 14
"""Ids of others' calls that are remembered, so that none counts twice: two rounds of all VIDs on two interfaces."""
MAX_OTHERS: Final = 16
"""Scans of others that are remembered."""
MAX_PEERS: Final = 4096
MAX_PAIRS: Final = 1 << 20
"""Receptions kept, of all peers together: 50 MiB or so."""


class Plan(Struct, frozen=True, kw_only=True):
    """What to scan, and how; times in seconds."""

    vids: tuple[int, ...]
    untagged: bool = True
    """Call without tag as well: it shows which VLAN is native here."""
    outer: Tag | None = None
    """A service tag around all (IEEE 802.1ad); nothing is sent untagged then."""
    rate: float = 1000.0
    """Calls per second, on all interfaces together."""
    version: int = 2
    listen: float = 0.25
    """Before the first call, to hear of other scans."""
    settle: float = 0.35
    """After the last call, to hear answers; longer while they bring news, at most `settle_most`."""
    settle_most: float = 1.5
    again: int = 512
    """If no more calls than this found nobody, they are made a second time, as one may have been lost."""
    sure: frozenset[int] = frozenset()
    """VIDs that are called a second time in any case, if nobody was found."""
    patience: float = 60.0
    """The longest that others' scans are waited for."""


class Phase(StrEnum):
    """What goes on."""

    LISTENING = "listening"
    CALLING = "calling"
    SETTLING = "waiting for answers"
    OVER = "over"


class Reached(Struct, frozen=True, order=True):
    """Who got a call, on which interface and with which tags; None: without."""

    host: str
    interface: str
    vid: int | None
    outer: int | None = None


class _Other(Struct):
    """Somebody else's scan: until when it says that it goes on, and until when that is believed."""

    host: str
    ends: float
    until: float


class _Line:
    """One interface."""

    __slots__ = ("asked", "facts", "id", "last", "number", "peers", "ways")

    def __init__(self, number: int, facts: PortFacts, scan_id: str) -> None:
        self.number = number
        self.facts = facts
        self.id = scan_id
        # RFC 4541 §2.1.2: 224.0.0.0/24 is flooded by switches that snoop, which is not sure of IPv6 groups. Where a first call
        # found nobody, the second goes out the other way.
        self.ways: tuple[Copy, Copy] = (
            copies(facts)[0],
            Copy(6, copies(facts)[-1].source_ip if facts.ipv6 else None, None),
        )
        self.asked: set[int] = set()
        self.last = 0
        """The VID of its last call."""
        self.peers: dict[tuple[str, str, str], set[Pair]] = {}
        """By host, interface and agent: what each has heard."""


class Scanner:
    """One scan, on one or more interfaces. No input makes it raise."""

    def __init__(
        self, identity: Identity, new_id: NewId, plan: Plan, interfaces: Iterable[PortFacts], now: Now
    ) -> None:
        self._identity = identity
        self._composer = Composer(identity, new_id)
        self._plan = plan
        self._lines = tuple(_Line(number, facts, new_id(2, now.wall)) for number, facts in enumerate(interfaces))
        self._by_id = {line.id: line for line in self._lines}
        self._by_name = {line.facts.port.interface: line for line in self._lines}
        untagged = (0,) if plan.untagged and plan.outer is None else ()
        self._queue = deque((line, vid) for line in self._lines for vid in (*untagged, *plan.vids))
        self._called: OrderedDict[str, tuple[_Line, int]] = OrderedDict()
        self._others: dict[str, _Other] = {}
        self._seen = SeenIds(MAX_SEEN)
        self._round = 0
        self._pairs = 0
        self._next_call = 0.0
        self._latest = 0.0
        """When answers are waited for no longer, however much news they bring."""
        self._give_up = now.mono + plan.patience
        self._until = now.mono + plan.listen
        self._out: deque[Transmission] = deque()
        self.phase = Phase.LISTENING
        self.why = ""
        """Why it ended before its time; empty if it did not."""
        self.refused: Counter[str] = Counter()
        """What was not believed, by reason."""

    @property
    def calls(self) -> tuple[int, int]:
        """How many calls have been made, how many are to be made yet."""
        return sum(len(line.asked) for line in self._lines), len(self._queue)

    @property
    def peers(self) -> int:
        """How many interfaces of others have been found."""
        return len({peer for line in self._lines for peer in line.peers})

    def waits_for(self, now: Now) -> tuple[str, float] | None:
        """The host whose scan is waited for, and for how many seconds more."""
        others = [(other.ends - now.mono, other.host) for other in self._others.values() if other.until > now.mono]
        return (max(others)[1], max(others)[0]) if others and self.phase is Phase.LISTENING else None

    def result(self, interface: str) -> dict[int, tuple[Reached, ...]]:
        """By VID as sent (0: untagged), who got it; a VID that was called and found nobody has (), one that was not is not there."""
        line = self._by_name[interface]
        found: dict[int, set[Reached]] = {vid: set() for vid in line.asked}
        for (host, name, _), pairs in line.peers.items():
            for sent, got in pairs:
                if sent in found:
                    found[sent].add(Reached(host, name, got % OUTER or None, got // OUTER or None))
        return {vid: tuple(sorted(found[vid], key=_order)) for vid in sorted(found)}

    def receive(self, arrival: Arrival, now: Now) -> None:
        """Take in a beacon, of whatever kind."""
        extension = arrival.beacon.extension
        if extension is not None and extension.agent == self._identity.agent:
            return
        if arrival.beacon.acks is not None and arrival.beacon.acks in self._called:
            self._acknowledged(arrival, arrival.beacon.acks, now)
        if extension is not None and extension.scanned is not None and extension.scanned.id in self._by_id:
            self._answered(arrival, self._by_id[extension.scanned.id], extension.scanned, now)
        if extension is not None and extension.scan is not None:
            self._heard_call(arrival, extension.scan, extension.host, now)

    def echo(self, beacon_id: str, port: Port, outer: int, now: Now) -> None:
        """A call of ours came in on another interface of this host."""
        if beacon_id in self._called:
            line, vid = self._called[beacon_id]
            peer = (self._identity.host, port.interface, self._identity.agent)
            self._know(line, peer, {(vid, reception(outer, port.vid or 0))}, now)

    def unsent(self, beacon_id: str) -> None:
        """A call did not go out: nothing can be said of its VID."""
        called = self._called.pop(beacon_id, None)
        if called is not None:
            line, vid = called
            line.asked.discard(vid)

    @property
    def over(self) -> bool:
        """Whether there is nothing left to be done."""
        return self.phase is Phase.OVER

    def handle_timeout(self, now: Now) -> None:
        """Do what is due."""
        if self.phase is Phase.LISTENING and now.mono >= self._until:
            self._begin(now)
        elif self.phase is Phase.CALLING:
            self._call(now)
        elif self.phase is Phase.SETTLING and now.mono >= self._until:
            self._settled(now)

    def next_deadline(self) -> Monotonic | None:
        """When `handle_timeout` is wanted next; None when all is over."""
        if self.phase is Phase.OVER:
            return None
        return Monotonic(self._until)

    def poll_transmit(self) -> Transmission | None:
        """Next beacon to send, or None."""
        return self._out.popleft() if self._out else None

    def end(self, why: str, now: Now) -> None:
        """Call no more; what is under way is waited for, and others are told that they may begin."""
        if self.why or self.phase is Phase.OVER:
            return
        self.why = why
        self._queue.clear()
        if self.phase is Phase.LISTENING and not self._called:
            self.phase = Phase.OVER
            return
        for line in self._lines:
            if line.asked:
                self._farewell(line, now)
        self._settle(now)

    def _farewell(self, line: _Line, now: Now) -> None:
        """The last call once more, which needs 0 s more: those inside the VLANs hear nothing that has no tag, and QinQ takes none."""
        outer = self._plan.outer
        for vid in {line.last} if outer else {0, line.last}:
            call = ScanCall(id=line.id, vid=vid, outer=outer.vid if outer else 0)
            self._send(line, vid or None, outer, call, now)

    def _begin(self, now: Now) -> None:
        """Nobody was heard lately: call; or somebody is, and is waited for."""
        waiting = self.waits_for(now)
        if waiting is None:
            self.phase, self._next_call = Phase.CALLING, now.mono
            self._call(now)
        elif now.mono >= self._give_up:
            self.end(f"{waiting[0]} is scanning this segment for another {waiting[1]:.0f} s", now)
        else:
            heard = max(other.until for other in self._others.values())
            self._until = min(heard + BURST, max(self._give_up, now.mono + BEAT))

    def _call(self, now: Now) -> None:
        """Make the calls that are due by now."""
        step = 1 / self._plan.rate
        self._next_call = max(self._next_call, now.mono - BURST)
        while self._queue and self._next_call <= now.mono:
            line, vid = self._queue.popleft()
            self._next_call += step
            self._make(line, vid, now)
        if not self._queue:
            self._settle(now)
        else:
            self._until = max(self._next_call, now.mono + min(BEAT, step))

    def _make(self, line: _Line, vid: int, now: Now) -> None:
        outer = self._plan.outer
        seconds = min(3600.0, len(self._queue) / self._plan.rate + self._plan.settle)
        call = ScanCall(id=line.id, vid=vid, outer=outer.vid if outer else 0, seconds=seconds)
        beacon_id = self._send(line, vid or None, outer, call, now)
        line.asked.add(vid)
        line.last = vid
        self._called[beacon_id] = line, vid
        if len(self._called) > MAX_CALLED:
            self._called.popitem(last=False)

    def _send(self, line: _Line, vid: int | None, outer: Tag | None, said: ScanCall | ScanAnswer, now: Now) -> str:
        way = line.ways[min(self._round, 1)]
        beacon = self._composer.scanning(line.facts, self._plan.version, vid, said, now)
        port = Port(line.facts.port.host, line.facts.port.interface, vid)
        self._out.append(
            Transmission(port=port, beacon=beacon, family=way.family, source_ip=way.source_ip, outer=outer)
        )
        return beacon.id

    def _settle(self, now: Now) -> None:
        self.phase = Phase.SETTLING
        self._until = now.mono + self._plan.settle
        self._latest = now.mono + self._plan.settle_most

    def _settled(self, now: Now) -> None:
        """The answers are in: call the silent VIDs once more, if they are few, or be done."""
        silent = [] if self._round or self.why else [(line, vid) for line in self._lines for vid in self._silent(line)]
        if len(silent) > self._plan.again:
            silent = [(line, vid) for line, vid in silent if vid in self._plan.sure]
        if not silent:
            self.phase = Phase.OVER
            return
        self._round = 1
        self._queue.extend(silent)
        self.phase, self._next_call = Phase.CALLING, now.mono
        self._call(now)

    def _silent(self, line: _Line) -> list[int]:
        reached = {sent for pairs in line.peers.values() for sent, _ in pairs}
        return sorted(line.asked - reached)

    def _acknowledged(self, arrival: Arrival, beacon_id: str, now: Now) -> None:
        """A plain peer names a call of ours; the VID that it gives is that with which the call came in."""
        line, vid = self._called[beacon_id]
        port = sender(arrival.beacon)
        self._know(line, (arrival.beacon.remote.mac_address, port.interface, port.host), {(vid, port.vid or 0)}, now)

    def _answered(self, arrival: Arrival, line: _Line, answer: ScanAnswer, now: Now) -> None:
        extension = arrival.beacon.extension
        if extension is None or (arrival.multicast and not is_on_link(arrival)):
            self.refused[Reason.OFF_LINK] += 1
            return
        try:
            pairs = read_heard(answer.heard, self._plan.outer.vid if self._plan.outer else 0)
        except ValueError:
            self.refused[Reason.MALFORMED] += 1
            return
        self._know(line, (extension.host, extension.interface, extension.agent), pairs, now)

    def _know(self, line: _Line, peer: tuple[str, str, str], pairs: set[Pair], now: Now) -> None:
        """Keep what is new of it; what there is no room for is counted."""
        known = line.peers.get(peer, set())
        new = pairs - known
        if not new:
            return
        if self._pairs + len(new) > MAX_PAIRS or (not known and len(line.peers) >= MAX_PEERS):
            self.refused["too-many"] += 1
            return
        self._pairs += len(new)
        line.peers.setdefault(peer, known).update(new)
        if self.phase is Phase.SETTLING:
            self._until = min(self._latest, max(self._until, now.mono + NEWS))

    def _heard_call(self, arrival: Arrival, call: ScanCall, host: str, now: Now) -> None:
        if not is_on_link(arrival):
            self.refused[Reason.OFF_LINK] += 1
        elif not self._seen.accept(Port(arrival.port.host, arrival.port.interface), arrival.beacon.id):
            # Whoever has no secret could make others wait for as long as they have patience by one call that it has caught.
            self.refused[Reason.REPLAY] += 1
        elif call.stop:
            self._asked_to_stop(arrival, call, host, now)
        elif call.id in self._others or len(self._others) < MAX_OTHERS:
            self._others[call.id] = _Other(host, now.mono + call.seconds, now.mono + min(call.seconds, GONE))
            # Two that began at once: the younger one waits.
            if self.phase is Phase.CALLING and call.seconds > self._plan.settle and call.id < self._lines[0].id:
                self.phase, self._until = Phase.LISTENING, now.mono + BURST
                self._give_up = max(self._give_up, now.mono + self._plan.patience)

    def _asked_to_stop(self, arrival: Arrival, call: ScanCall, host: str, now: Now) -> None:
        line = self._by_id.get(call.id)
        if line is None:
            return
        self.end(f"stopped by {host}", now)
        self._send(line, arrival.port.vid, arrival.outer, ScanAnswer(id=call.id, heard=""), now)


def _order(reached: Reached) -> tuple[str, str, int, int]:
    return reached.host, reached.interface, reached.outer or 0, reached.vid or 0
