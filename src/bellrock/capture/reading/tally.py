"""What conversations amount to: packets and octets both ways, when, over TCP how they began and ended."""

from typing import Final, NamedTuple

import numpy as np

from bellrock.capture.reading.gather import joined
from bellrock.capture.reading.register import Numbered, Register
from bellrock.capture.reading.values import Columns, Numbers, Small

NEVER: Final = np.iinfo(np.int64).max
_LEAST_ROOM: Final = 1 << 12
MAX_STATIONS: Final = 64
"""MAC addresses that are told of a conversation whose sender has no IP address."""
MAX_KINDS: Final = 64
"""EtherTypes that are told apart; packets of more are counted as type -1."""


class Ways(NamedTuple):
    """A number for each direction of each conversation: row 0 from its first end, row 1 from its second."""

    packets: Numbers
    octets: Numbers
    """Of the frames on the wire."""
    first: Numbers
    """Nanoseconds of its first packet; NEVER where there is none."""
    last: Numbers
    """-1 where there is none."""
    flags: Small
    """All TCP flags that any packet had."""
    opened: Numbers
    """Number of the first packet with SYN and without ACK; NEVER: none."""


class Tally:
    """Counts conversations of a register; feed it each chunk once."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._sums = _sums(_LEAST_ROOM)
        self.packets = self.octets = 0
        """Of all kinds."""
        self.left_out = 0
        """IP packets of conversations beyond those that are told apart."""
        self.below: dict[int, tuple[int, int]] = {}
        """EtherType (-1: not known) → packets, octets, of what is not IP."""
        self.stations: dict[int, dict[int, int]] = {}
        """Conversation whose sender has no address (0.0.0.0, ::) → MAC addresses of its senders, each with its packets."""
        self.first: int | None = None
        """Nanoseconds of the earliest packet."""
        self.last: int | None = None

    def take(self, columns: Columns, numbered: Numbered) -> None:
        """Count a chunk."""
        chunk = columns.chunk
        if not len(chunk):
            return
        self.packets += len(chunk)
        self.octets += int(chunk.lengths.sum())
        first, last = int(chunk.times.min()), int(chunk.times.max())
        self.first = first if self.first is None else min(self.first, first)
        self.last = last if self.last is None else max(self.last, last)
        self._make_room()
        self._count(columns, numbered)
        if (numbered.conversation < 0).any():
            self._count_others(columns, numbered)
        nameless = (columns.source_low == 0) & (columns.source_high == 0) & (numbered.conversation >= 0)
        if nameless.any():
            self._meet(columns.source_mac[nameless], numbered.conversation[nameless])

    def ways(self) -> Ways:
        """All conversations, as far as they are counted; arrays of two rows."""
        self._make_room()
        sums, shape = self._sums, (len(self._register), 2)
        packets, octets, first, last, opened = (
            column[: 2 * shape[0]].reshape(shape).T for column in (sums.packets, sums.octets, sums.first, sums.last, sums.opened)
        )  # fmt: skip
        return Ways(packets, octets, first, last, sums.flags[: 2 * shape[0]].reshape(shape).T, opened)

    def _count(self, columns: Columns, numbered: Numbered) -> None:
        chunk, at = columns.chunk, numbered.direction
        told, times, lengths, flags = at >= 0, chunk.times, chunk.lengths, columns.flags
        number = np.arange(chunk.first, chunk.first + len(chunk))
        if not told.all():
            at, times, lengths, flags, number = at[told], times[told], lengths[told], flags[told], number[told]
        sums = self._sums
        np.add.at(sums.packets, at, 1)
        np.add.at(sums.octets, at, lengths)
        np.minimum.at(sums.first, at, times)
        np.maximum.at(sums.last, at, times)
        # Few segments open, close or reset; the others add nothing that one of them does not show.
        marked = (flags > 0) & (flags & 0x07 > 0)
        np.bitwise_or.at(sums.flags, at[marked], flags[marked])
        opening = (flags > 0) & (flags & 0x12 == 0x02)
        np.minimum.at(sums.opened, at[opening], number[opening])

    def _count_others(self, columns: Columns, numbered: Numbered) -> None:
        other = numbered.conversation < 0
        self.left_out += int(np.count_nonzero(other & (columns.version > 0)))
        below = other & (columns.version == 0)
        # Lengths of IEEE 802.3 are one kind: 0.
        kinds = columns.ethertype[below]
        kinds = np.where((kinds >= 0) & (kinds < 0x600), 0, kinds)
        lengths = columns.chunk.lengths[below]
        for kind in np.unique(kinds).tolist():
            mine = kinds == kind
            known = kind if kind in self.below or len(self.below) < MAX_KINDS else -1
            packets, octets = self.below.get(known, (0, 0))
            self.below[known] = packets + int(np.count_nonzero(mine)), octets + int(lengths[mine].sum())

    def _meet(self, macs: Numbers, conversations: Numbers) -> None:
        pairs, counts = np.unique(np.stack([conversations, macs]), axis=1, return_counts=True)
        for conversation, mac, count in zip(*pairs.tolist(), counts.tolist(), strict=True):
            here = self.stations.setdefault(conversation, {})
            if mac >= 0 and (mac in here or len(here) < MAX_STATIONS):
                here[mac] = here.get(mac, 0) + count

    def _make_room(self) -> None:
        need, room = 2 * len(self._register), len(self._sums.packets)
        if need > room:
            more = _sums(max(need, 2 * room) - room)
            packets, octets, first, last, flags, opened = joined(self._sums, more)
            self._sums = Ways(packets, octets, first, last, flags, opened)


def _sums(room: int) -> Ways:
    zeros = np.zeros(room, np.int64)
    never = np.full(room, NEVER, np.int64)
    return Ways(zeros, zeros.copy(), never, np.full(room, -1, np.int64), np.zeros(room, np.int32), never.copy())
