"""Deadlines by name."""

import heapq
from collections.abc import Iterator
from enum import StrEnum

from bellrock.model import Port


class Alarm(StrEnum):
    """What a deadline is for."""

    BURST = "next solicitation of the first burst"
    SETTLE = "the first burst is over"
    TRICKLE = "Trickle interval"
    ANSWER = "acknowledge what was heard"
    SURVEY = "solicit, because the segment changed"
    ASK = "ask an unconfirmed peer again"
    DOUBT = "verify the peers of a port that may have moved"
    FADE = "a peer grows silent"
    MAAS_ROUND = "advertise to plain MAAS peers"
    LETTER = "send a part of a letter"
    STRANGER = "let somebody with another secret hear that others are here"
    MTU = "measure what passes to the neighbours"
    SCAN = "say what was heard of a scan"
    REFUSALS = "report coalesced refusals"


Key = tuple[Port | None, Alarm]
"""A port (None: the engine as a whole) and what is due there."""


class Timers:
    """A heap in which a timer that was moved or cancelled leaves a stale entry behind, skipped when it surfaces.

    Setting and popping cost O(log n); stale entries never outnumber live ones by more than `SLACK`.
    """

    SLACK = 64

    def __init__(self) -> None:
        self._at: dict[Key, float] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._count = 0

    def set(self, key: Key, at: float) -> None:
        """Make `key` due at `at`, whatever was set before."""
        if self._at.get(key) == at:
            return
        self._at[key] = at
        self._count += 1
        heapq.heappush(self._heap, (at, self._count, key))
        if len(self._heap) > 2 * len(self._at) + self.SLACK:
            self._compact()

    def set_by(self, key: Key, at: float) -> None:
        """Make `key` due at `at`, unless it is due earlier already."""
        current = self._at.get(key)
        if current is None or at < current:
            self.set(key, at)

    def cancel(self, key: Key) -> None:
        """Forget `key`, if it is set."""
        self._at.pop(key, None)

    def at(self, key: Key) -> float | None:
        """When `key` is due, or None."""
        return self._at.get(key)

    def next(self) -> tuple[float, Key] | None:
        """The earliest deadline, or None."""
        while self._heap:
            at, _, key = self._heap[0]
            if self._at.get(key) == at:
                return at, key
            heapq.heappop(self._heap)
        return None

    def pop_due(self, now: float) -> Iterator[Key]:
        """Take out, one by one, what is due at `now`; what is set meanwhile and due is taken out too."""
        while (due := self.next()) is not None and due[0] <= now:
            heapq.heappop(self._heap)
            del self._at[due[1]]
            yield due[1]

    def _compact(self) -> None:
        self._heap = [entry for entry in self._heap if self._at.get(entry[2]) == entry[0]]
        heapq.heapify(self._heap)
