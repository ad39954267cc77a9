"""Where packets were captured: interfaces with their names, and what each gave. What is wrong there, `health` tells."""

import numpy as np
from msgspec import Struct

from bellrock.capture.reading.linked import NAMES
from bellrock.capture.reading.values import Chunk, Interface, Numbers
from bellrock.diagnosis.packets import Point


class Seen(Struct):
    """What one interface gave."""

    packets: int = 0
    first: int = 0
    last: int = 0
    kept: int = 0
    """Octets kept of the longest of the packets that were cut; 0: none was."""


class Points:
    """The interfaces of a capture."""

    def __init__(self) -> None:
        self._seen: dict[int, Seen] = {}

    def add(self, chunk: Chunk) -> None:
        """Count a chunk's packets."""
        if not len(chunk):
            return
        one = int(chunk.interfaces[0])
        alone = (chunk.interfaces == one).all()
        for number in [one] if alone else np.unique(chunk.interfaces).tolist():
            found = slice(None) if alone else np.flatnonzero(chunk.interfaces == number)
            _count(self._seen.setdefault(number, Seen()), chunk, found)

    def told(self, interfaces: list[Interface]) -> tuple[Point, ...]:
        """All that the files describe, with or without packets."""
        listed = names(interfaces)
        return tuple(_point(one, listed[one.number], self._seen.get(one.number, Seen())) for one in interfaces)


def names(interfaces: list[Interface]) -> list[str]:
    """What each is called: its number where it has no name, and behind its name where another has the same."""
    listed: list[str] = []
    for one in interfaces:
        name = one.point or str(one.number)
        listed.append(name if name not in listed else f"{name}#{one.number}")
    return listed


def _count(seen: Seen, chunk: Chunk, found: Numbers | slice) -> None:
    times, kept = chunk.times[found], chunk.kept[found]
    first = int(times.min())
    seen.first = min(seen.first, first) if seen.packets else first
    seen.last = max(seen.last, int(times.max()))
    seen.packets += len(times)
    cut = kept < chunk.lengths[found]
    if cut.any():
        seen.kept = max(seen.kept, int(kept[cut].max()))


def _point(one: Interface, name: str, seen: Seen) -> Point:
    return Point(
        name=name, link_type=NAMES.get(one.link_type, str(one.link_type)), packets=seen.packets, first=seen.first,
        last=seen.last, dropped=one.dropped, snaplen=seen.kept, mac=one.mac,
        addresses=one.addresses,
    )  # fmt: skip
