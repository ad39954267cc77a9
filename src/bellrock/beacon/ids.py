"""Beacon ids and sequence numbers: which are ours, and which were heard before."""

from collections import OrderedDict
from collections.abc import Iterable

from msgspec import Struct

from bellrock.beacon.values import Now
from bellrock.model import Port

REMEMBER_SENT = 150.0
"""Seconds. Peers may refer to the last beacon of ours that they heard until they give us up for lost."""


class Sent(Struct, frozen=True):
    """Where and when a beacon of ours went out."""

    port: Port
    at: Now


class SentIds:
    """The ids of our own beacons: the only proof that a frame is ours, or that an acknowledgement is meant for us."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._sent: OrderedDict[str, Sent] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sent)

    def add(self, beacon_id: str, port: Port, now: Now) -> None:
        """Remember a beacon that goes out on `port` now."""
        self._sent[beacon_id] = Sent(port, now)
        while len(self._sent) > self._limit or self._oldest_age(now) > REMEMBER_SENT:
            self._sent.popitem(last=False)

    def get(self, beacon_id: str) -> Sent | None:
        """Where and when the beacon went out; None if it is not ours, or too old."""
        return self._sent.get(beacon_id)

    def newest(self, beacon_ids: Iterable[str], port: Port) -> tuple[str, Sent] | None:
        """Of the ids that are ours and went out on `port`, the one that did so last."""
        sent = self._sent
        found = [(beacon_id, it) for beacon_id in beacon_ids if (it := sent.get(beacon_id)) and it.port == port]
        return max(found, key=lambda pair: pair[1].at.mono, default=None)

    def _oldest_age(self, now: Now) -> float:
        return now.mono - next(iter(self._sent.values())).at.mono


class SeenIds:
    """The ids that were accepted, per port: none is accepted twice on one port."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._seen: OrderedDict[tuple[Port, str], None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._seen)

    def knows(self, port: Port, beacon_id: str) -> bool:
        """Whether the id was accepted on the port."""
        return (port, beacon_id) in self._seen

    def accept(self, port: Port, beacon_id: str) -> bool:
        """True the first time that the id is heard on the port."""
        key = (port, beacon_id)
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > self._limit:
            self._seen.popitem(last=False)
        return True


class Window:
    """Sliding window over one sender's sequence numbers: each is accepted once, late ones within `SIZE`.

    The bitmap of RFC 4303 §3.4.3 (anti-replay), wide because one sender numbers the beacons of all its ports together.
    It goes on refusing replays after `SeenIds` has had to forget them.
    """

    SIZE = 1024
    __slots__ = ("_bitmap", "_top")

    def __init__(self) -> None:
        self._top = -1
        self._bitmap = 0

    def accept(self, seq: int) -> bool:
        """True the first time that `seq` is offered, unless it lies too far behind the newest."""
        if seq > self._top:
            shift = min(seq - self._top, self.SIZE)
            self._bitmap = ((self._bitmap << shift) | 1) & ((1 << self.SIZE) - 1)
            self._top = seq
            return True
        behind = self._top - seq
        if behind >= self.SIZE or self._bitmap >> behind & 1:
            return False
        self._bitmap |= 1 << behind
        return True
