"""How many agents are let in at one time, and when those come again who are not: a queue that is kept by nobody but the clock."""

from typing import Final

from bellrock.model import Monotonic
from bellrock.region.service.backlog import Backlog

SOON: Final = 1.0
"""Seconds after which, at the earliest, somebody who was not let in is asked to come again."""
LATEST: Final = 90.0
"""Seconds after which, at the latest: of what is later nobody knows how fast it will go then."""
EAGER: Final = 1.6
"""How many are told to come for each that is likely to find room: who comes late leaves a gap that another should fill."""


class Pace:
    """So many a second, and a burst of as many as a second brings; and none while what those told who are in waits.

    Who comes beyond that is given a moment of their own: each is told a later one than who came before, as far apart as agents are let
    in, so that they come back in a row and not as one. Whoever does not come leaves a gap, and no more.
    """

    def __init__(self, rate: float, backlog: Backlog | None = None) -> None:
        """`rate`: agents a second, at most; `backlog`: of what they tell, where it counts."""
        self._most = rate
        self._backlog = backlog
        self._each = 1.0 / rate
        self._burst = 1.0
        self._free = Monotonic(float("-inf"))
        """When the next one may come in without waiting, were there no burst."""
        self._given = Monotonic(float("-inf"))
        """The latest moment that anybody was told."""

    @property
    def rate(self) -> float:
        """Agents a second that are likely to be let in."""
        return self._most if self._backlog is None else min(self._most, self._backlog.rate)

    def enter(self, now: Monotonic, coming: int = 0) -> bool:
        """Whether one more is let in now; if so, it is counted. `coming`: those let in who have not said a word yet."""
        free = max(self._free, now - self._burst)
        if free > now or not self._has_room(coming):
            return False
        self._free = Monotonic(free + self._each)
        return True

    def later(self, now: Monotonic) -> float:
        """Seconds after which somebody who was not let in is to come again."""
        each = 1.0 / min(self._most, EAGER * self.rate)
        self._given = Monotonic(max(self._given, now + SOON) + each)
        if self._given > now + LATEST:
            # More than can be told their moment: those beyond come in a row once more, between others, not all at the end.
            self._given = Monotonic(now + LATEST / 2)
        return self._given - now

    def _has_room(self, coming: int) -> bool:
        backlog = self._backlog
        return backlog is None or backlog.waiting + coming * backlog.weight < backlog.most
