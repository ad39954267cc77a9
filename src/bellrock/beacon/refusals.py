"""Counters of refused frames: bounded in memory and in the events that they cause."""

from collections import Counter, OrderedDict

from bellrock.beacon.values import Now, Refused
from bellrock.model import Port

OTHERS = "others"
"""The source under which all are counted for which there is no room."""
LIMIT = 1024
"""Keys (port, source, reason) that are counted one by one."""
EVERY = 1.0
"""Seconds between two events of one key."""
IDLE = 600.0
"""A key without news for this many seconds makes room, and would begin at 1 again."""

Key = tuple[Port, str, str]


class Tally:
    """The count of one key, and what is yet to be told of it."""

    __slots__ = ("count", "detail", "seen", "skew", "told_at")

    def __init__(self, seen: Now) -> None:
        self.count = 0
        self.told_at = float("-inf")
        self.detail = ""
        self.skew: float | None = None
        self.seen = seen


class Refusals:
    """Refusals per port, source MAC and reason: the first is told at once, then at most one event per second and key."""

    def __init__(self) -> None:
        self._tallies: OrderedDict[Key, Tally] = OrderedDict()
        self._waiting: OrderedDict[Key, None] = OrderedDict()
        self.totals: Counter[str] = Counter()
        """All that were counted since the start, by reason."""

    def __len__(self) -> int:
        return len(self._tallies)

    @property
    def due(self) -> float | None:
        """When `flush` has something to tell, or None."""
        if not self._waiting:
            return None
        return self._tallies[next(iter(self._waiting))].told_at + EVERY

    def count(self, key: Key, detail: str, skew: float | None, now: Now, times: int = 1) -> Refused | None:
        """Count a refusal, or so many at once; the event, if it is time for one."""
        self.totals[key[2]] += times
        key = self._room_for(key, now)
        tally = self._tallies.setdefault(key, Tally(now))
        self._tallies.move_to_end(key)
        tally.count += times
        tally.detail, tally.skew, tally.seen = detail, skew, now
        if now.mono - tally.told_at >= EVERY:
            return self._tell(key, tally, now)
        self._waiting.setdefault(key)
        return None

    def flush(self, now: Now) -> list[Refused]:
        """The events that were held back and are due."""
        told = []
        while (due := self.due) is not None and due <= now.mono:
            key = next(iter(self._waiting))
            told.append(self._tell(key, self._tallies[key], now))
        return told

    def _tell(self, key: Key, tally: Tally, now: Now) -> Refused:
        self._waiting.pop(key, None)
        tally.told_at = now.mono
        port, source, reason = key
        return Refused(port, source, reason, tally.detail, tally.count, tally.skew, tally.seen.wall)

    def _room_for(self, key: Key, now: Now) -> Key:
        if key in self._tallies or len(self._tallies) < LIMIT:
            return key
        oldest, tally = next(iter(self._tallies.items()))
        if oldest not in self._waiting and now.mono - tally.seen.mono > IDLE:
            del self._tallies[oldest]
            return key
        # One bucket per interface and reason: VIDs too are many where a sender picks them.
        port, _, reason = key
        return Port(port.host, port.interface), OTHERS, reason
