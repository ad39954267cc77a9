"""How long a stream waits before it tries again: full jitter, so that five thousand agents that lost one region do not come back as one."""

from collections.abc import Callable
from typing import Final

FIRST: Final = 0.1
"""Seconds within which the first attempt comes where the region has asked for nothing else; the later ones within twice as long each."""
LAST: Final = 10.0
"""Seconds within which attempts come in the long run."""
STEADY: Final = 5.0
"""Seconds after which a connection counts as one that worked, so that the next attempt comes soon again."""
LONGEST: Final = 300.0
"""Seconds that a region may ask for at most."""


class Pauses:
    """The pauses of one stream. Each is drawn evenly from nothing to its bound (full jitter), and the bound doubles.

    The first bound is the region's own, where it has said over how long its agents are to spread (`Welcome.spread`): it alone knows how
    many they are. One that has no room now says after how many seconds to come again (`Rejected.after`): that is waited for, and
    a tenth of it more at most.
    """

    def __init__(self, draw: Callable[[], float]) -> None:
        """`draw`: a number from [0, 1), evenly."""
        self._draw = draw
        self._spread = 0.0
        self._bound = FIRST
        self._asked = 0.0
        self._since: float | None = None

    def worked(self, now: float, spread: float = 0.0) -> None:
        """The region has let this agent in, and says over how many seconds its agents are to spread when it is gone."""
        self._since = now
        self._spread = _sane(spread)

    def told(self, after: float) -> None:
        """The region asks to be left alone for so many seconds."""
        self._asked = _sane(after)

    def next(self, now: float) -> float:
        """Seconds until the next attempt: a connection has ended, or could not be made."""
        if self._since is not None and now - self._since > STEADY:
            self._bound = max(FIRST, self._spread)
        self._since = None
        asked, self._asked = self._asked, 0.0
        if asked:
            return asked * (1 + 0.1 * self._draw())
        bound, self._bound = self._bound, min(self._bound * 2, max(LAST, self._spread))
        return bound * self._draw()


def _sane(seconds: float) -> float:
    """What is no number of seconds asks for nothing."""
    return min(seconds, LONGEST) if seconds > 0 else 0.0
