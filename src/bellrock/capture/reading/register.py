"""Numbers for conversations: the same for all packets between two ends, in both directions, from the first chunk to the last.

Ends are compared whole, never only by a hash: two conversations are told apart whatever their hashes are.
"""

import secrets
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from bellrock.capture.reading.values import Bits, Columns, Numbers, Small, Words

MAX_CONVERSATIONS: Final = 1 << 19
"""That are told apart in one capture. Packets of more have the number -1."""
_LEAST_SLOTS: Final = 1 << 16
_LEAST_ROOM: Final = 1 << 12
_WORDS: Final = 6
_FACTORS: Final = (
    0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93, 0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53,
)  # fmt: skip
"""Odd, their bits well mixed. Whoever sends packets chooses addresses, so that what reads captures adds to them what nobody can know."""
MAX_STEPS: Final = 512
"""Slots that one is looked for in. Half of them are free, so that so many in a row are full only by somebody's intent, or never."""
_REQUEST_OF: Final = {1: {0: 8, 14: 13, 16: 15, 18: 17}, 58: {129: 128, 140: 139, 134: 133, 136: 135}}
"""ICMP type of an answer → of what it answers, so that both are one conversation (RFC 792, RFC 4443, RFC 4861)."""


class Numbered(NamedTuple):
    """The conversation of each packet."""

    conversation: Numbers
    """Its number, from 0; -1: no IP, or more conversations than are told apart (of all, or with hashes that stand close together)."""
    turned: Bits
    """It goes from the second end to the first (`Ends`)."""

    @property
    def direction(self) -> Numbers:
        """A number for each direction of each conversation: even from the first end, odd from the second; -1 without number."""
        return np.where(self.conversation < 0, np.int64(-1), 2 * self.conversation + self.turned)


class Ends(NamedTuple):
    """What conversations are between; arrays with one element for each of them, by its number. The first end is the lower one."""

    version: Small
    first_high: Words
    first_low: Words
    second_high: Words
    second_low: Words
    protocol: Small
    first_port: Small
    """-1: none, or only later fragments were seen. Of ICMP the type; of an answer that of what it answers."""
    second_port: Small
    interface: Small
    vid: Small
    """-1: untagged."""
    inner_vid: Small
    tunnel: Small
    tunnel_id: Small
    """Of GRE keys the lower 25 bits."""


class Register:
    """The conversations of a capture, numbered about as they are met."""

    def __init__(self, most: int = MAX_CONVERSATIONS, salt: Sequence[int] = ()) -> None:
        """`salt`: six random words, so that nobody can make packets whose conversations all fall into one place."""
        self._most = most
        salted = zip(_FACTORS, salt or (0,) * _WORDS, strict=True)
        # The last bit stays: even factors mix badly.
        self._factors = [np.uint64(factor ^ (extra & 0xFFFFFFFFFFFFFFFE)) for factor, extra in salted]
        self._count = 0
        self._keys = np.zeros((_WORDS, _LEAST_ROOM), np.uint64)
        self._hashes = np.zeros(_LEAST_ROOM, np.uint64)
        self._slots = np.full(_LEAST_SLOTS, -1, np.int32)

    def __len__(self) -> int:
        """How many there are."""
        return self._count

    def number(self, columns: Columns) -> Numbered:
        """The conversation of each packet of a chunk."""
        is_ip = columns.version > 0
        words, turned = _words(columns)
        hashes = _hashes(words, self._factors)
        if is_ip.all():
            return Numbered(self._found(words, hashes), turned)
        places = np.flatnonzero(is_ip)
        numbers = np.full(len(is_ip), -1, np.int64)
        numbers[places] = self._found([word[places] for word in words], hashes[places])
        return Numbered(numbers, turned & is_ip)

    def ends(self) -> Ends:
        """What all of them are between."""
        first_high, first_low, second_high, second_low, meta, place = self._keys[:, : self._count]
        return Ends(
            _part(meta, 43, 3), first_high, first_low, second_high, second_low, _part(meta, 34, 9) - 1, _part(meta, 0, 17) - 1,
            _part(meta, 17, 17) - 1, _part(place, 0, 13), _part(place, 13, 13) - 1, _part(place, 26, 13) - 1, _part(meta, 46, 2),
            _part(place, 39, 25) - 1,
        )  # fmt: skip

    def _found(self, words: list[Words], hashes: Words) -> Numbers:
        """Open addressing, all packets at once: each goes from slot to slot until its own conversation is there, or a free one."""
        self._make_room(len(hashes))
        found = np.full(len(hashes), -1, np.int64)
        slot = self._home(hashes)
        todo = np.arange(len(hashes))
        for _ in range(MAX_STEPS):
            if not len(todo):
                break
            here = self._slots[slot[todo]]
            free = here < 0
            same = ~free & self._are(here, words, todo)
            found[todo[same]] = here[same]
            if free.any():
                self._claim(slot, todo[free], words, hashes)
            passed = todo[~free & ~same]
            slot[passed] = (slot[passed] + 1) & (len(self._slots) - 1)
            # Who stands before a slot that is free even now has no number: none is given any more.
            todo = todo[~same & (self._slots[slot[todo]] >= 0)] if self._count == self._most else todo[~same]
        return found

    def _are(self, numbers: Small, words: list[Words], places: Numbers) -> Bits:
        """Whether the conversations with these numbers are those of the packets at these places."""
        same: Bits = self._keys[0][numbers] == words[0][places]
        for key, word in zip(self._keys[1:], words[1:], strict=True):
            same &= key[numbers] == word[places]
        return same

    def _claim(self, slot: Numbers, places: Numbers, words: list[Words], hashes: Words) -> None:
        """Give each free slot to the first packet that stands before it, as long as there are numbers."""
        _, first = np.unique(slot[places], return_index=True)
        new = np.sort(places[first])[: self._most - self._count]
        numbers = np.arange(self._count, self._count + len(new))
        for key, word in zip(self._keys, words, strict=True):
            key[numbers] = word[new]
        self._hashes[numbers] = hashes[new]
        self._slots[slot[new]] = numbers
        self._count += len(new)

    def _make_room(self, more: int) -> None:
        """For so many more conversations, with more than half of the slots free."""
        need = min(self._count + more, self._most)
        if need > self._keys.shape[1]:
            room = min(max(need, 2 * self._keys.shape[1]), self._most)
            self._keys = np.pad(self._keys, ((0, 0), (0, room - self._keys.shape[1])))
            self._hashes = np.pad(self._hashes, (0, room - len(self._hashes)))
        if 2 * need > len(self._slots):
            size = len(self._slots)
            while size < 4 * need:
                size *= 2
            self._slots = np.full(size, -1, np.int32)
            self._put_back()

    def _put_back(self) -> None:
        """Each conversation into a slot of the larger table."""
        slot, todo = self._home(self._hashes[: self._count]), np.arange(self._count)
        while len(todo):
            free = self._slots[slot[todo]] < 0
            self._slots[slot[todo[free]]] = todo[free]
            todo = todo[self._slots[slot[todo]] != todo]
            slot[todo] = (slot[todo] + 1) & (len(self._slots) - 1)

    def _home(self, hashes: Words) -> Numbers:
        return (hashes & np.uint64(len(self._slots) - 1)).astype(np.int64)


def new_salt() -> tuple[int, ...]:
    """For a register of packets that anybody may have sent."""
    return tuple(secrets.randbits(64) for _ in range(_WORDS))


def _words(columns: Columns) -> tuple[list[Words], Bits]:
    """The key of each packet, the lower end first, and whether the packet goes from the higher one to the lower."""
    source_port, destination_port = _ports(columns)
    a, b = columns.source_low, columns.destination_low
    turned = (a > b) | ((a == b) & (source_port > destination_port))
    if columns.source_high.any() or columns.destination_high.any():
        ah, bh = columns.source_high, columns.destination_high
        turned = (ah > bh) | ((ah == bh) & turned)
        highs = [np.where(turned, bh, ah), np.where(turned, ah, bh)]
    else:
        highs = [columns.source_high, columns.source_high]
    first_port, second_port = (
        np.where(turned, destination_port, source_port),
        np.where(turned, source_port, destination_port),
    )
    meta = _packed(
        (first_port + 1, 0),
        (second_port + 1, 17),
        (columns.protocol + 1, 34),
        (columns.version, 43),
        (columns.tunnel, 46),
    )
    place = _packed(
        (columns.chunk.interfaces & 0x1FFF, 0), (columns.vid + 1, 13), (columns.inner_vid + 1, 26), ((columns.tunnel_id + 1) & 0x1FFFFFF, 39)
    )  # fmt: skip
    return [highs[0], np.where(turned, b, a), highs[1], np.where(turned, a, b), meta, place], turned


def _ports(columns: Columns) -> tuple[Small, Small]:
    """Of ICMP the type of what is asked takes their place."""
    icmp = columns.icmp_type >= 0
    if not icmp.any():
        return columns.source_port, columns.destination_port
    kind = columns.icmp_type.copy()
    for protocol, answers in _REQUEST_OF.items():
        for answer, request in answers.items():
            kind[(columns.icmp_type == answer) & (columns.protocol == protocol)] = request
    return np.where(icmp, kind, columns.source_port), np.where(icmp, kind, columns.destination_port)


def _packed(*fields: tuple[Small, int]) -> Words:
    """Fields side by side in one word, each from a bit on."""
    word = np.zeros(len(fields[0][0]), np.uint64)
    for field, shift in fields:
        word |= field.astype(np.uint64) << np.uint64(shift)
    return word


def _part(word: Words, shift: int, size: int) -> Small:
    return (word >> np.uint64(shift) & np.uint64((1 << size) - 1)).astype(np.int32)


def _hashes(words: list[Words], factors: Sequence[np.uint64]) -> Words:
    mixed = words[0] * factors[0]
    for word, factor in zip(words[1:], factors[1:], strict=True):
        mixed = (mixed ^ (mixed >> np.uint64(29))) + word * factor
    mixed ^= mixed >> np.uint64(32)
    return mixed * factors[0] ^ (mixed >> np.uint64(17))
