"""Classic pcap files: a header, and records one after the other (draft-ietf-opsawg-pcap)."""

import struct
from collections.abc import Iterator
from typing import Final

import numpy as np

from bellrock.capture.reading.chain import Chain, chain
from bellrock.capture.reading.gather import Layout, fetch, layout
from bellrock.capture.reading.pieces import Feed, sliced
from bellrock.capture.reading.source import Source
from bellrock.capture.reading.values import MAX_KEPT, CaptureError, Chunk, Interface, Numbers, Octets, Small

MAGICS: Final = {
    b"\xd4\xc3\xb2\xa1": ("<", 1000), b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\x4d\x3c\xb2\xa1": ("<", 1), b"\xa1\xb2\x3c\x4d": (">", 1),
}  # fmt: skip
"""First octets → byte order, and nanoseconds in a unit of the times' second word (§4)."""
KUZNETZOV: Final = (b"\x34\xcd\xb2\xa1", b"\xa1\xb2\xcd\x34")
"""First octets of a variant with longer records that some kernels of 1999 wrote."""
HEADER: Final = 24
RECORD: Final = 16
_SECOND: Final = 1_000_000_000
_SOUGHT: Final = 1 << 13
"""Octets in which a record's beginning is sought: five of full size."""
_NEAR: Final = 1 << 11
_TRIES: Final = 64


def interface(head: bytes, origin: Source, number: int) -> Interface:
    """The one interface of a file that begins so. Raises CaptureError: its version is unknown."""
    order = "little" if MAGICS[head[:4]][0] == "<" else "big"
    major, minor = (int.from_bytes(head[at : at + 2], order) for at in (4, 6))  # type: ignore[arg-type]  # a literal
    if major != 2:
        raise CaptureError(f"{origin.name}: pcap of version {major}.{minor} is not read; only 2.x is known")
    snaplen, link = (int.from_bytes(head[at : at + 4], order) for at in (16, 20))  # type: ignore[arg-type]
    # §4: of the link type's word the upper bits tell of frame check sequences.
    return Interface(
        number=number, file=origin.path, link_type=link & 0xFFFF, snaplen=snaplen if snaplen < MAX_KEPT else 0
    )


class Records:
    """The packets of a classic file."""

    def __init__(self, head: bytes, number: int) -> None:
        order, self._unit = MAGICS[head[:4]]
        self._number = number
        words = ("seconds", "fraction", "kept", "length")
        self._header: Layout = layout(RECORD, {word: (f"{order}u4", 4 * at) for at, word in enumerate(words)})
        self._order, self._words = order, struct.Struct(f"{order}4I")
        self.notes: dict[str, int] = {}
        """Nothing: a classic file has no more than packets."""
        self.trouble = ""
        """Why it cannot be read further, where that is so."""

    def chunks(self, feed: Feed) -> Iterator[Chunk]:
        """Chunks until the file ends, or what it holds is damaged."""
        feed.skip(HEADER)
        expected = 0
        while feed.more():
            octets, end = feed.octets, feed.size
            starts, stop = self._followed(octets, end, expected)
            expected = len(starts)
            yield from sliced(self._made(octets, starts, feed.packets + 1))
            feed.passed(stop, len(starts))
            if self._is_damaged(octets, stop, end):
                return

    def _followed(self, octets: Octets, end: int, expected: int) -> Chain:
        kept_at: Small = np.ndarray((len(octets) - 12,), f"{self._order}u4", octets, offset=8, strides=(1,))
        high = 2 if self._order == "<" else 0
        about = octets[high : high + 2].tobytes()

        def follow(places: Numbers) -> Numbers:
            kept = kept_at[places].astype(np.int64)
            return np.where(kept <= MAX_KEPT, places + (RECORD + kept), -1)

        def guess(begin: int, until: int) -> int:
            until = min(until, begin + _SOUGHT)
            # Most records are shorter than what is looked at first.
            for stop in (min(until, begin + _NEAR), until):
                place = self._guess(octets[begin : stop + RECORD].tobytes(), about, high)
                if place >= 0:
                    return begin + place
            return -1

        return chain(0, end, follow, guess, expected)

    def _guess(self, octets: bytes, about: bytes, high: int) -> int:
        """A place where a record seems to begin: its time is about the piece's first one, and its lengths can be."""
        place = high - 1
        for _ in range(_TRIES):
            place = octets.find(about, place + 1, -RECORD)
            if place < 0:
                break
            _, fraction, kept, length = self._words.unpack_from(octets, place - high)
            if fraction < _SECOND // self._unit and kept <= length <= MAX_KEPT:
                return place - high
        return -1

    def _made(self, octets: Octets, starts: Numbers, first: int) -> Chunk:
        table = fetch(octets, starts, self._header)
        kept = table["kept"].astype(np.int64)
        times = table["seconds"].astype(np.int64) * _SECOND + table["fraction"].astype(np.int64) * self._unit
        return Chunk(
            octets=octets, offsets=starts + RECORD, kept=kept, lengths=np.maximum(table["length"].astype(np.int64), kept),
            times=times, interfaces=np.full(len(starts), self._number, np.int32), first=first,
        )  # fmt: skip

    def _is_damaged(self, octets: Octets, at: int, end: int) -> bool:
        if at + RECORD > end:
            return False
        kept = int(fetch(octets, np.array([at], np.int64), self._header)["kept"][0])
        if kept > MAX_KEPT:
            self.trouble = f"a packet is said to have {kept} octets, and {MAX_KEPT} are the most"
        return kept > MAX_KEPT
