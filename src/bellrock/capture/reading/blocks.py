"""pcapng files: sections of blocks (draft-ietf-opsawg-pcapng §3), both byte orders."""

import struct
from collections.abc import Iterator
from typing import Final

import numpy as np

from bellrock.capture import pcapng
from bellrock.capture.reading.chain import chain
from bellrock.capture.reading.gather import fetch, layout
from bellrock.capture.reading.pieces import Feed, sliced
from bellrock.capture.reading.section import PACKETS, SIMPLE_PACKET, Section
from bellrock.capture.reading.values import Chunk, Interface, Numbers, Octets

MAGIC: Final = b"\x0a\x0d\x0d\x0a"
MAX_BLOCK: Final = 1 << 22
"""Octets of a block. Larger ones are taken for damage: nothing that carries packets needs them."""
_ORDERS: Final = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_LEAST: Final = 12
_PACKET_LEAST: Final = 16
_SECTION_LEAST: Final = 28
_SOUGHT: Final = 1 << 13
"""Octets in which a packet's beginning is sought: five of full size."""
_TRIES: Final = 64


class Blocks:
    """The packets of a pcapng file. `interfaces` gets those that it describes, behind those that are there."""

    def __init__(self, interfaces: list[Interface], file: str) -> None:
        self._interfaces, self._file = interfaces, file
        self._begin(Section("<", interfaces, file))
        self.trouble = ""
        """Why it cannot be read further, where that is so."""

    @property
    def notes(self) -> dict[str, int]:
        """What could not be used → in how many packets."""
        return self._section.notes

    def chunks(self, feed: Feed) -> Iterator[Chunk]:
        """Chunks until the file ends, or what it holds is damaged."""
        while feed.more():
            octets, end, at = feed.octets, feed.size, 0
            while at < end:
                if octets[at : at + 4].tobytes() == MAGIC:
                    step = self._open(octets, at, end)
                    at += step
                    if not step:
                        break
                    continue
                starts, stop = self._followed(octets, at, end)
                if stop == at:
                    self._look_at(octets, at, end)
                    break
                chunk = self._taken(octets, starts, feed.packets + 1)
                feed.packets += len(chunk)
                yield from sliced(chunk)
                at = stop
            feed.passed(at, 0)
            if self.trouble:
                return

    def _begin(self, section: Section) -> None:
        self._section = section
        order = section.order
        self._head = layout(8, {"kind": (f"{order}u4", 0), "total": (f"{order}u4", 4)})
        self._one, self._kind_octets = struct.Struct(f"{order}I"), struct.pack(f"{order}I", pcapng.PACKET)
        self._word = layout(4, {"word": (f"{order}u4", 0)})

    def _open(self, octets: Octets, at: int, end: int) -> int:
        """Begin a section; octets of its header. 0: it is not whole, or damaged."""
        if at + _SECTION_LEAST > end:
            return 0
        order = _ORDERS.get(octets[at + 8 : at + 12].tobytes())
        if order is None:
            self.trouble = "a section begins that tells no byte order"
            return 0
        _, total, _, major = struct.unpack_from(f"{order}IIIH", octets.data, at)
        if major != 1:
            self.trouble = f"a section of pcapng version {major} begins, and only version 1 is known"
        elif total < _SECTION_LEAST or total % 4 or total > MAX_BLOCK:
            self.trouble = f"a section's header is said to have {total} octets"
        if self.trouble or at + total > end:
            return 0
        section = Section(order, self._interfaces, self._file)
        section.notes = self._section.notes
        self._begin(section)
        return int(total)

    def _followed(self, octets: Octets, at: int, end: int) -> tuple[Numbers, int]:
        def follow(places: Numbers) -> Numbers:
            return self._follow(octets, places, end)

        def guess(begin: int, until: int) -> int:
            return self._guess(octets, begin, min(until, begin + _SOUGHT), end)

        return chain(at, end, follow, guess)

    def _follow(self, octets: Octets, at: Numbers, end: int) -> Numbers:
        head = fetch(octets, at, self._head)
        kind, total = head["kind"], head["total"].astype(np.int64)
        sound = (total >= _LEAST) & (total <= MAX_BLOCK) & (total & 3 == 0) & (kind != pcapng.SECTION)
        sound &= (total >= 2 * _PACKET_LEAST) | ((kind != PACKETS[0]) & (kind != PACKETS[1]))
        sound &= (total >= _PACKET_LEAST) | (kind != SIMPLE_PACKET)
        following = at + total
        # §3.1: the length stands at the block's end again. Of one that is not all there, it cannot be looked at.
        again = fetch(octets, np.where(sound & (following <= end), following - 4, at + 4), self._word)["word"]
        return np.where(sound & (again == total), following, -1)

    def _guess(self, octets: Octets, begin: int, until: int, end: int) -> int:
        """A place where a packet's block seems to begin: its length stands at both its ends."""
        begin += -begin % 4
        haystack, place, one = octets[begin:until].tobytes(), -1, self._one
        for _ in range(_TRIES):
            place = haystack.find(self._kind_octets, place + 1)
            if place < 0:
                break
            at = begin + place
            (total,) = one.unpack_from(octets.data, at + 4)
            fits = place % 4 == 0 and _LEAST <= total <= MAX_BLOCK and at + total <= end
            if fits and one.unpack_from(octets.data, at + total - 4)[0] == total:
                return at
        return -1

    def _look_at(self, octets: Octets, at: int, end: int) -> None:
        """Where no block can be passed: one whose end is still to come, or damage."""
        if at + 8 > end:
            return
        total = int(fetch(octets, np.array([at], np.int64), self._head)["total"][0])
        if total < _LEAST or total % 4 or total > MAX_BLOCK:
            self.trouble = f"a block is said to have {total} octets"
        elif at + total <= end:
            self.trouble = (
                "a block's length at its end is another one than at its beginning, or too small for what it is"
            )

    def _taken(self, octets: Octets, starts: Numbers, first: int) -> Chunk:
        """The packets among the blocks; the others are taken note of before."""
        head = fetch(octets, starts, self._head)
        kinds = head["kind"].astype(np.int64)
        is_packet = np.isin(kinds, PACKETS)
        for at in np.flatnonzero(~is_packet):
            begin = int(starts[at])
            self._section.take_note(int(kinds[at]), octets[begin : begin + int(head["total"][at])].tobytes())
        return self._section.chunk(octets, starts[is_packet], kinds[is_packet], first)
