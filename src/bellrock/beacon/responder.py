"""Answers scans of VIDs: says which calls arrived, and as what, so that who scans hears of VLANs on which we say nothing ourselves.

A call makes no port, no peer and no evidence. What was heard of a scan is said as a whole each time, so that no single answer
matters; it is sent to the scanner alone, untagged and with the tags of the last calls, as one of them will be the way back.
"""

from array import array
from collections import deque
from typing import Final

from bellrock.beacon.core import Core
from bellrock.beacon.hearing import RESERVED_VID, TOO_MANY, is_on_link
from bellrock.beacon.ids import SeenIds
from bellrock.beacon.ports import PortState
from bellrock.beacon.scan import OUTER, reception, write_heard
from bellrock.beacon.timers import Alarm
from bellrock.beacon.values import Arrival, Now, Transmission
from bellrock.model import Port
from bellrock.wire.beacon import Beacon, ScanAnswer, ScanCall
from bellrock.wire.errors import Reason
from bellrock.wire.ethernet import Tag

BEAT: Final = (0.05, 0.1)
"""Seconds between two looks at what is to be said."""
SPACING: Final = (0.05, 0.8)
"""Seconds between two answers while calls come: from the first, doubling up to the second."""
QUIET: Final = 0.1
"""Seconds without a call after which a scan is taken to be over, and the last answer is due."""
FORGET: Final = 5.0
"""Seconds without a call after which it is forgotten."""
WAYS: Final = (2, 4)
"""On how many of the last calls' VIDs an answer goes back: while calls come, and at the end."""
MAX_TEXTS: Final = 8
"""Beacons that one answer may take per VID."""
MAX_SCANS: Final = 4
"""At one time on one port, and ..."""
MAX_SCANS_TOGETHER: Final = 512
"""... on all; each takes 16 KiB."""
MAX_MORE: Final = 256
"""VIDs whose second and later receptions are kept."""

Way = tuple[Tag | None, int | None]


class HeardScan:
    """What one port has heard of one scan."""

    __slots__ = ("_first", "_more", "call", "count", "over", "said", "say_at", "seen", "source", "spacing", "ways")

    def __init__(self, call: ScanCall) -> None:
        self.call = call
        self._first = array("I", bytes(4 * OUTER))
        """By VID as sent: the first reception and 1; 0 where nothing arrived."""
        self._more: dict[int, list[int]] = {}
        self.count = 0
        self.seen = 0.0
        self.source = ("", "", 0)
        """MAC, address and UDP port to answer to."""
        self.ways: deque[Way] = deque(maxlen=WAYS[1])
        """Tags of the last calls, each once, the last one last."""
        self.said = 0
        """What `count` was when last it was said."""
        self.say_at = 0.0
        self.spacing = SPACING[0]
        self.over = False
        """The last answer has been given."""

    def hear(self, arrival: Arrival, vid: int, now: Now) -> None:
        """Take in a call that was sent with `vid`."""
        self.seen, self.over = now.mono, False
        self.source = (arrival.source_mac, arrival.source_ip, arrival.source_port)
        way = (arrival.outer, arrival.port.vid)
        if way in self.ways:
            self.ways.remove(way)
        self.ways.append(way)
        got = reception(arrival.outer.vid if arrival.outer else 0, arrival.port.vid or 0)
        if not self._first[vid]:
            self._first[vid] = got + 1
            self.count += 1
        elif self._first[vid] != got + 1 and len(self._more) < MAX_MORE:
            others = self._more.setdefault(vid, [])
            if got not in others and len(others) < MAX_SCANS:
                others.append(got)
                self.count += 1

    def texts(self) -> tuple[str, ...]:
        """What was heard so far."""
        heard = {vid: (got - 1, *self._more.get(vid, ())) for vid, got in enumerate(self._first) if got}
        return write_heard(heard, self.call.outer)[:MAX_TEXTS]


class Responder:
    """All scans that are heard on all ports."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._scans: dict[Port, dict[tuple[str, str], HeardScan]] = {}
        self._seen = SeenIds(core.config.max_ids // 2)

    def __len__(self) -> int:
        return sum(map(len, self._scans.values()))

    def hear(self, arrival: Arrival, now: Now) -> None:
        """Take in a beacon of a scan; those that are no calls are meant for others."""
        extension, core = arrival.beacon.extension, self._core
        if extension is None or (call := extension.scan) is None or extension.agent == core.identity.agent:
            return
        if not is_on_link(arrival):
            core.refuse(
                arrival.port,
                arrival.source_mac,
                Reason.OFF_LINK,
                "a call of a scan that a router may have passed on",
                now,
            )
            return
        if RESERVED_VID in (arrival.port.vid, arrival.outer.vid if arrival.outer else None):
            detail = f"a call of a scan tagged with VID {RESERVED_VID}, which is reserved"
            core.refuse(arrival.port, arrival.source_mac, Reason.MALFORMED, detail, now)
            return
        state = core.ports.get(Port(arrival.port.host, arrival.port.interface)) or core.ports.get(arrival.port)
        if state is None or not state.facts.speaks:
            return
        beacon_id = f"{arrival.beacon.id}/{arrival.outer.vid}" if arrival.outer else arrival.beacon.id
        if not self._seen.accept(arrival.port, beacon_id):
            core.refuse(
                arrival.port, arrival.source_mac, Reason.REPLAY, "a call of a scan that was heard here before", now
            )
        elif not call.stop:
            self._take(state, extension.agent, call, arrival, now)

    def answer(self, state: PortState, now: Now) -> None:
        """Say what is due on a port, and forget what is long over."""
        scans = self._scans.get(state.port, {})
        for key, scan in list(scans.items()):
            if now.mono - scan.seen >= FORGET:
                del scans[key]
            else:
                self._answer(state, scan, now)
        if scans:
            waiting = any(not scan.over for scan in scans.values())
            wait = self._core.between(*BEAT) if waiting else FORGET
            self._core.timers.set((state.port, Alarm.SCAN), now.mono + wait)
        else:
            self._scans.pop(state.port, None)

    def forget(self, port: Port) -> None:
        """A port is no more."""
        self._scans.pop(port, None)

    def _take(self, state: PortState, agent: str, call: ScanCall, arrival: Arrival, now: Now) -> None:
        scans = self._scans.setdefault(state.port, {})
        scan = scans.get((agent, call.id))
        if scan is None:
            if len(scans) >= MAX_SCANS:
                _make_room(scans)
            if len(self) >= MAX_SCANS_TOGETHER:
                for others in self._scans.values():
                    _make_room(others)
            if len(scans) >= MAX_SCANS or len(self) >= MAX_SCANS_TOGETHER:
                self._core.refuse(arrival.port, arrival.source_mac, TOO_MANY, f"{len(scans)} scans are heard here", now)
                return
            scan = scans[agent, call.id] = HeardScan(call)
            scan.say_at = now.mono
        scan.hear(arrival, call.vid, now)
        self._core.timers.set_by((state.port, Alarm.SCAN), now.mono + self._core.between(*BEAT))

    def _answer(self, state: PortState, scan: HeardScan, now: Now) -> None:
        ended = now.mono - scan.seen >= QUIET
        if scan.over or (not ended and (scan.said == scan.count or now.mono < scan.say_at)):
            return
        self._say(state, scan, WAYS[1 if ended else 0], now)
        scan.over, scan.said = ended, scan.count
        scan.say_at = now.mono + scan.spacing
        scan.spacing = min(scan.spacing * 2, SPACING[1])

    def _say(self, state: PortState, scan: HeardScan, most: int, now: Now) -> None:
        untagged: Way = (None, None)
        ways = [untagged, *(way for way in list(scan.ways)[-most:] if way != untagged)]
        for text in scan.texts():
            said = ScanAnswer(id=scan.call.id, heard=text)
            for outer, vid in ways:
                self._send(state, scan, Port(state.port.host, state.port.interface, vid), outer, said, now)

    def _send(
        self, state: PortState, scan: HeardScan, port: Port, outer: Tag | None, said: ScanAnswer, now: Now
    ) -> None:
        """Send an answer to the scanner, raw with whatever tag; by UDP only from ports that there are, to all on the link."""
        facts, raw = state.facts, not state.facts.hears_itself
        if not raw:
            there = self._core.ports.get(port)
            if there is None or outer is not None:
                return
            facts = there.facts
        beacon = self._core.composer.scanning(facts, 2, port.vid, said, now)
        family = 6 if ":" in scan.source[1] else 4
        copy = next((copy for copy in state.copies if copy.family == family), None)
        alone = raw and (copy is not None or family == 6)
        self._core.out.append(
            Transmission(
                port=port,
                beacon=beacon,
                family=family if alone else state.copies[0].family,
                source_ip=copy.source_ip if copy else None if alone else state.copies[0].source_ip,
                unicast=scan.source if alone else None,
                outer=outer,
            )
        )


def _make_room(scans: dict[tuple[str, str], HeardScan]) -> None:
    """Forget those that are over: they are kept only in case that more comes."""
    for key in [key for key, scan in scans.items() if scan.over]:
        del scans[key]


def is_scan(beacon: Beacon) -> bool:
    """Whether a beacon is of a scan of VIDs, a call or an answer."""
    extension = beacon.extension
    return extension is not None and (extension.scan is not None or extension.scanned is not None)
