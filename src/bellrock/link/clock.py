"""The clocks. Pure rooms get time as an argument; it is read here."""

import time

from msgspec import Struct

from bellrock.model import Monotonic, Wall

_MAX_AGE_NS = 10_000_000_000
"""A stamp that is older was made before the wall clock was set, or the process stood still since."""


def monotonic() -> Monotonic:
    """Seconds on the monotonic clock."""
    return Monotonic(time.monotonic())


def wall() -> Wall:
    """Seconds since the epoch."""
    return Wall(time.time())


class Clocks(Struct, frozen=True, gc=False):
    """Both clocks, read at one moment. One reading serves a whole batch of frames."""

    mono: Monotonic
    wall: Wall
    wall_ns: int

    def when(self, received_ns: int) -> Monotonic:
        """The kernel's wall-clock stamp of a frame, on the monotonic clock.

        The wall clock may be set between stamp and reading. The frame then seems to come from the future or from long ago, as does one that
        waited while the process stood still; it is taken to have come now.
        """
        age = self.wall_ns - received_ns
        return Monotonic(self.mono - age / 1e9) if 0 <= age <= _MAX_AGE_NS else self.mono


def read() -> Clocks:
    """Both clocks now."""
    wall_ns = time.time_ns()
    return Clocks(Monotonic(time.monotonic()), Wall(wall_ns / 1e9), wall_ns)
