"""An agent's clock as the region sees it."""

from collections import deque
from typing import Final, NamedTuple

from bellrock.model import Monotonic, Wall

LATEST: Final = Wall(1e11)
"""Seconds since 1970 beyond which no clock stands (the year 5138); what is told of later, or of before 1970, is no time."""
WINDOW: Final = 32
"""Samples of which the least counts; at a keep-alive each 15 s, eight minutes."""
STEP: Final = 2.0
"""Seconds by which samples of a clock that runs on lie apart at most, unless messages waited."""
STEP_SAMPLES: Final = 3
STEP_SPAN: Final = 25.0
"""Seconds: so many samples, over so long, all alike: messages that wait do not. Two keep-alives take 30 s."""


def is_time(time: Wall) -> bool:
    """Whether a clock may say so. NaN and infinities are no times: sums with them are none either, and JSON has no word for them."""
    return 0.0 <= time <= LATEST


class Moment(NamedTuple):
    """Both clocks, read together."""

    mono: Monotonic
    wall: Wall

    def until(self, later: "Moment") -> float:
        """Seconds that passed at most: while a machine is suspended, one clock may stand still, and the other be set."""
        return max(later.mono - self.mono, later.wall - self.wall)


class _Row(NamedTuple):
    """Samples in a row that are about alike."""

    since: Wall
    number: int
    least: float
    most: float

    def also(self, shown: float, received: Wall) -> "_Row":
        """With one more; what is not alike is the first of others."""
        least, most = min(self.least, shown), max(self.most, shown)
        if most - least > STEP:
            return _Row(received, 1, shown, shown)
        return _Row(self.since, self.number + 1, least, most)

    def lasts(self, received: Wall) -> bool:
        """Whether they show where the clock stands, and not that messages waited."""
        return self.number >= STEP_SAMPLES and received - self.since >= STEP_SPAN


class Offset:
    """Seconds that turn an agent's time into the region's.

    A message received at r that was sent at s shows r - s = offset + delay. Delay is never negative: what waited makes the agent's
    clock look late, never early. So of the recent samples the least is nearest to the offset (as in the clock filter of NTP, RFC 5905
    §10, where the sample of the least delay is). A clock that was set forward shows in the next sample. One that was set back shows
    as samples that lie above the least, each as far as the others, over half a minute; whatever waited for the same pause comes
    together, and shows the less the later it was sent. However unevenly messages wait, after WINDOW samples the old least is forgotten.
    """

    def __init__(self, stored: float | None = None, doubt: float = 0.0) -> None:
        """`stored`: what it was when it was measured last; None: never."""
        self._known = stored is not None
        self._value = stored or 0.0
        self._doubt = doubt
        self._samples: deque[float] = deque(maxlen=WINDOW)
        self._row: _Row | None = None

    @property
    def value(self) -> float:
        """The offset as measured so far; of one already known before, the stored one."""
        return self._value

    @property
    def doubt(self) -> float:
        """Seconds by which the value may be too large, as far as is known: what it was measured by may have waited so long."""
        return self._doubt

    def start(self, sent: Wall, received: Wall, waited: float = 0.0) -> None:
        """A new connection: the clock may have been set since the earlier ones.

        Args:
            waited: seconds since the agent was asked for this message, which it cannot have sent before: it waited no longer.
        """
        shown = received - sent
        self._samples.clear()
        self._row = None
        if self._known and shown - waited <= self._value <= shown:
            self._samples.append(self._value)  # was measured by what waited less, and this does not deny it
            self._doubt = self._value - (shown - waited)
        else:
            self._value, self._doubt, self._known = shown, waited, True
        self._samples.append(shown)

    def sample(self, sent: Wall, received: Wall, held: float = 0.0) -> None:
        """A message that was sent right when it says. `held`: seconds that the region itself let it wait, at most."""
        shown = received - sent
        if held > STEP and shown > self._value:
            return
        self._samples.append(shown)
        above = self._known and shown > self._value + STEP
        if self._row is not None and above == (self._row.least > self._value + STEP):
            self._row = self._row.also(shown, received)
        else:
            self._row = _Row(received, 1, shown, shown)
        lasts = self._row.lasts(received)
        if lasts and above:
            self._samples = deque([self._row.least], maxlen=WINDOW)
        self.told(min(self._samples), 0.0 if lasts else None)

    def told(self, value: float, doubt: float | None = None) -> None:
        """It is this now. `doubt`: what there is of it; None: what is left of it by how the value moved."""
        if doubt is None:
            lower = self._value - value
            # What is less than it was is nearer by that; what is much more was not concluded from the message that may have waited.
            doubt = max(0.0, self._doubt - max(0.0, lower)) if lower >= -STEP else 0.0
        self._value, self._doubt, self._known = value, doubt, True

    def bound(self, sent: Wall, received: Wall) -> "Offset":
        """A message that may have waited on the agent's disk: it can only show that the offset is smaller. What holds for its times.

        One that shows much less was made before the clock was set, or just after: only a message that was not on disk says which.
        """
        shown = received - sent
        if shown >= self._value:
            return self
        if self._known and shown < self._value - self._doubt - STEP:
            return Offset(shown)
        self.sample(sent, received)
        return self

    def shift(self, time: Wall, received: Wall) -> Wall:
        """A time on the agent's clock as one on the region's, never later than the message that told of it, nor before 1970."""
        return Wall(max(0.0, min(time + self._value, received)))
