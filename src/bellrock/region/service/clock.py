"""An agent's clock as the region sees it."""

from collections import deque
from typing import Final

from bellrock.model import Wall

LATEST: Final = Wall(1e11)
"""Seconds since 1970 beyond which no clock stands (the year 5138); what is told of later, or of before 1970, is no time."""
WINDOW: Final = 32
"""Samples of which the least counts; at a keep-alive each 15 s, eight minutes."""
STEP: Final = 2.0
"""Seconds above the least; several samples in a row that far off mean that the agent's clock was set back."""
STEP_SAMPLES: Final = 3


def is_time(time: Wall) -> bool:
    """Whether a clock may say so. NaN and infinities are no times: sums with them are none either, and JSON has no word for them."""
    return 0.0 <= time <= LATEST


class Offset:
    """Seconds that turn an agent's time into the region's.

    A message received at r that was sent at s shows r - s = offset + delay. Delay is never negative, so the least of the
    recent samples is nearest to the offset; a clock that was set back shows as samples that all lie far above it.
    """

    def __init__(self, stored: float = 0.0) -> None:
        self._samples: deque[float] = deque(maxlen=WINDOW)
        self._value = stored

    @property
    def value(self) -> float:
        """The offset as measured so far; of one already known before, the stored one."""
        return self._value

    def start(self, sent: Wall, received: Wall) -> None:
        """A new connection: what was measured on earlier ones no longer counts, for the clock may have been set since."""
        self._samples.clear()
        self.sample(sent, received)

    def sample(self, sent: Wall, received: Wall) -> None:
        """A message that was sent right when it says."""
        self._samples.append(received - sent)
        recent = list(self._samples)[-STEP_SAMPLES:]
        if len(self._samples) > STEP_SAMPLES and min(recent) > self._value + STEP:
            self._samples = deque(recent, maxlen=WINDOW)
        self._value = min(self._samples)

    def bound(self, sent: Wall, received: Wall) -> None:
        """A message that may have waited on the agent's disk: it can only show that the offset is smaller."""
        if received - sent < self._value:
            self.sample(sent, received)

    def shift(self, time: Wall, received: Wall) -> Wall:
        """A time on the agent's clock as one on the region's, never later than the message that told of it, nor before 1970."""
        return Wall(max(0.0, min(time + self._value, received)))
