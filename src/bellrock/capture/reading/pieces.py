"""A file in pieces: a piece begins where the records of the one before it ended."""

from collections.abc import Iterator

import numpy as np
from msgspec.structs import replace

from bellrock.capture.reading.source import Source
from bellrock.capture.reading.values import MAX_CHUNK, MAX_PACKETS, PADDING, Chunk, Octets


class Feed:
    """Pieces of a source. After `more()`, `octets` has `size` octets and PADDING zeros behind them."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._rest: Octets = np.empty(0, np.uint8)
        self._ended = False
        self.octets: Octets = np.zeros(PADDING, np.uint8)
        self.size = 0
        self.place = 0
        """Octets of the (unpacked) file before this piece."""
        self.packets = 0
        """Packets before it."""
        self.last = False
        """Nothing comes after it."""

    def peek(self, size: int) -> bytes:
        """The first octets, which stay to be read; before any piece. Fewer where there are no more."""
        into = bytearray(size)
        done = self._source.fill(memoryview(into))
        self._rest = np.frombuffer(bytes(into[:done]), np.uint8)
        return bytes(into[:done])

    def skip(self, size: int) -> None:
        """Leave out the first octets; before any piece, and no more than were looked at."""
        self._rest = self._rest[size:]
        self.place += size

    def more(self) -> bool:
        """The next piece; False where there is none."""
        if self.last:
            return False
        octets = np.empty(MAX_CHUNK + PADDING, np.uint8)
        room, rest = len(octets) - PADDING, len(self._rest)
        octets[:rest] = self._rest
        count = self._source.fill(octets.data[rest:room])
        self.octets, self.size = octets, rest + count
        octets[self.size : self.size + PADDING] = 0
        if self.size < room:
            self.octets = octets[: self.size + PADDING]
            self.last = True
        return self.size > 0

    def passed(self, octets: int, packets: int) -> None:
        """So much of the piece was understood; what is left begins the next one."""
        self._rest = self.octets[octets : self.size].copy()
        self.place += octets
        self.packets += packets

    @property
    def left(self) -> int:
        """Octets of the piece that were not understood."""
        return len(self._rest)


def sliced(chunk: Chunk) -> Iterator[Chunk]:
    """A chunk in parts of at most MAX_PACKETS, which share its octets."""
    for begin in range(0, len(chunk), MAX_PACKETS):
        part = slice(begin, begin + MAX_PACKETS)
        yield replace(
            chunk, offsets=chunk.offsets[part], kept=chunk.kept[part], lengths=chunk.lengths[part],
            times=chunk.times[part], interfaces=chunk.interfaces[part], first=chunk.first + begin,
        )  # fmt: skip
