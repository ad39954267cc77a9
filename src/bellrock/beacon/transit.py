"""How long beacons are on their way between two peers, once the time is taken off for which the answer waited.

An answer waits on purpose (`Config.answer_window`), and for its sender's turn on the processor, so a round trip says nothing about
the wire. The sender of an acknowledgement therefore tells for how long it held what it acknowledges; what is left, at best
of several, is the way there and back. A relay or a tunnel lengthens that, and cannot shorten it: the number that it would have to
forge is signed.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final

UNIT: Final = 1e-4
"""Seconds: what `held` counts in."""
MOST: Final = 0xFFFF
SAMPLES: Final = 8
"""Round trips of which the best counts: what is older may be of another wire."""
ENOUGH: Final = 3
"""Round trips without which nothing is said."""
STEADY: Final = 5.0
"""Seconds from when a peer was first heard: until then both ends are busy with starting, and nothing is measured."""
NEWS: Final = 2.0
"""The factor by which the best must change to be told again ..."""
WORTH: Final = 1e-3
"""... and the seconds, so that the noise of a fast wire is none."""


def write_held(waited: Iterable[float | None]) -> str:
    """For each acknowledgement the units that it was held, in hex; `-` where that is not known."""
    return " ".join("-" if one is None else f"{_units(one):x}" for one in waited)


def _units(seconds: float) -> int:
    return min(MOST, max(0, int(seconds / UNIT)))


def read_held(text: str, position: int) -> float | None:
    """Seconds for which the acknowledgement at this position was held; None where it is not told, or not in this form."""
    words = text.split(" ")
    word = words[position] if position < len(words) else "-"
    if not 1 <= len(word) <= 4 or not set(word) <= set("0123456789abcdef"):
        return None
    return int(word, 16) * UNIT


class Transit:
    """The way to one peer and back, by its latest round trips."""

    __slots__ = ("_samples", "_told")

    def __init__(self) -> None:
        self._samples: deque[float] = deque(maxlen=SAMPLES)
        self._told: float | None = None

    @property
    def told(self) -> float | None:
        """Seconds, as last told; None as long as there were too few round trips."""
        return self._told

    def add(self, round_trip: float, held: float) -> bool:
        """Take in one round trip, in seconds; True if what is to be told has changed."""
        self._samples.append(max(0.0, round_trip - held))
        if len(self._samples) < ENOUGH:
            return False
        best = min(self._samples)
        if self._told is not None and not _differs(best, self._told):
            return False
        self._told = best
        return True


def _differs(a: float, b: float) -> bool:
    return abs(a - b) >= WORTH and max(a, b) >= NEWS * min(a, b)
