"""Who is thinned when frames come faster than they are read, so that a flood on one interface does not drown the others.

A full ring drops frames of all interfaces alike. So when it stays full, the kernel filter is told to pass only three quarters of
the frames of the busiest interface, chosen at random, then three quarters of those, and so on; and more again when the flood is
over, or, in case it has become weaker, after a while.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from bellrock.link.device import Frame
from bellrock.model import Monotonic

WINDOW: Final = 0.1
"""Seconds over which drops and frames are counted before anything is decided."""
STRIKES: Final = 2
"""Windows with drops, one after the other, before an interface is thinned: a pause of the reader causes one."""
PATIENCE: Final = 1.0
"""Seconds without a drop after which a step back is tried; doubled each time up to MAX_PATIENCE, because each try may cost drops."""
MAX_PATIENCE: Final = 30.0
STEP: Final = 0.75
MAX_STEPS: Final = 20
"""Down to one frame in 315."""
MAX_INTERFACES: Final = 16


class Relief:
    """Decides; `PacketDevice` counts and sets the filter."""

    __slots__ = ("_began", "_capacity", "_counts", "_patience", "_strikes", "_thinned_at", "steps")

    def __init__(self) -> None:
        self.steps: dict[int, int] = {}
        """ifindex → how many steps it is thinned by."""
        self._counts: Counter[int] = Counter()
        self._began: Monotonic | None = None
        self._strikes = 0
        self._capacity = 0.0
        self._patience = PATIENCE
        self._thinned_at = Monotonic(0.0)

    def shares(self) -> dict[int, float]:
        """ifindex → the share of its frames that is to pass, of interfaces that are thinned."""
        return {ifindex: STEP**steps for ifindex, steps in self.steps.items()}

    @property
    def active(self) -> bool:
        """Whether frames are to be counted: a window is open."""
        return self._began is not None

    def count(self, frames: Iterable[Frame], now: Monotonic) -> bool:
        """Count frames in the window, which is opened if none is. True: it is over, and `decide` is due."""
        if self._began is None:
            self._began = now
        self._counts.update(frame.ifindex for frame in frames)
        return now - self._began >= WINDOW

    def decide(self, drops: int, now: Monotonic) -> bool:
        """End the window, in which so many frames were dropped. True: `steps` changed."""
        windows = max(1, int((now - (now if self._began is None else self._began)) / WINDOW))
        counts, self._counts = self._counts, Counter()
        before = dict(self.steps)
        if drops:
            self._strikes += 1
            self._capacity = counts.total() / windows
            if counts and (self._strikes >= STRIKES or self.steps):
                self._thin(counts.most_common(1)[0][0], now)
        else:
            self._strikes = 0
            self._relax(counts.total() / windows, windows, now)
        self._began = now if drops or self.steps else None
        return self.steps != before

    def _thin(self, ifindex: int, now: Monotonic) -> None:
        if now - self._thinned_at > 2 * MAX_PATIENCE:
            self._patience = PATIENCE  # another flood than last time
        self._thinned_at = now
        steps = self.steps.get(ifindex, 0)
        if steps < MAX_STEPS and (steps or len(self.steps) < MAX_INTERFACES):
            self.steps[ifindex] = steps + 1

    def _relax(self, rate: float, windows: int, now: Monotonic) -> None:
        """One step less for each window in which twice the frames would still have been few; or one, to try."""
        if rate * 4 < self._capacity:
            self._lift(windows)
        elif self.steps and now - self._thinned_at >= self._patience:
            self._patience = min(self._patience * 2, MAX_PATIENCE)
            self._thinned_at = now
            self._lift(1)

    def _lift(self, count: int) -> None:
        self.steps = {ifindex: steps - count for ifindex, steps in self.steps.items() if steps > count}
