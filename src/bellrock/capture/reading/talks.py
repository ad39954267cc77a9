"""Conversations counted: packets and octets each way, pauses, sizes. What TCP tells beyond that is in `segments`.

A conversation of `Register` may be several here, one after the other: a SYN with another initial sequence number begins a new one, as where
a machine boots twice and takes the same ports.
"""

from typing import Final

import numpy as np

from bellrock.capture.reading.cells import Groups, grouped
from bellrock.capture.reading.rows import Rows
from bellrock.capture.reading.segments import Segments
from bellrock.capture.reading.values import Bits, Columns, Numbers
from bellrock.wire import tcp

MAX_ROWS: Final = 1 << 16
"""Conversations that are told; packets of further ones are counted."""
MAX_SPLITS: Final = 1024
"""Conversations that begin anew on the same ports, in one chunk."""
LARGE: Final = 576
"""Octets of an IP packet that every link passes (RFC 791 §3.1); DF says something of larger ones only."""
NONE: Final = -1
_FIELDS: Final = {
    "version": (np.int8, 0, 1), "protocol": (np.int16, 0, 1), "interface": (np.int32, 0, 1), "vid": (np.int32, NONE, 1),
    "inner_vid": (np.int32, NONE, 1), "source_high": (np.uint64, 0, 1), "source_low": (np.uint64, 0, 1),
    "destination_high": (np.uint64, 0, 1), "destination_low": (np.uint64, 0, 1), "source_port": (np.int32, NONE, 1),
    "destination_port": (np.int32, NONE, 1), "first": (np.int64, 0, 1), "first_packet": (np.int64, 0, 1), "last_packet": (np.int64, 0, 1), "last_seen": (np.int64, NONE, 1),
    "number": (np.int64, 0, 1),
    "initial": (np.int64, NONE, 1), "silence": (np.int64, 0, 1), "dont_fragment": (np.bool_, 0, 1), "turned": (np.bool_, 0, 1),
    "packets": (np.int64, 0, 2), "octets": (np.int64, 0, 2), "last": (np.int64, NONE, 2), "largest": (np.int32, 0, 2),
}  # fmt: skip
_COPIED: Final = (
    "version", "protocol", "vid", "inner_vid", "source_high", "source_low", "destination_high", "destination_low", "source_port",
    "destination_port",
)  # fmt: skip


class Talks:
    """All conversations of a capture."""

    def __init__(self) -> None:
        self.rows: Rows = Rows(_FIELDS)
        self.segments = Segments()
        self._current: Numbers = np.zeros(0, np.int64)
        """Number of a conversation → its row now; NONE: it has none."""
        self.left_out = 0
        """Packets of conversations beyond MAX_ROWS."""

    def add(self, columns: Columns, numbers: Numbers, backward: Bits) -> tuple[Numbers, Numbers]:
        """Count a chunk.

        Args:
            columns: of it.
            numbers: of each packet's conversation, in each place of capture another; -1: it has none.
            backward: whether it goes against the direction in which the conversation is numbered.

        Returns:
            for each packet its row, or -1, and its cell (row · 2 + 1 where it goes against the row's first packet).
        """
        rows = self._rows_of(columns, numbers, backward)
        told = np.flatnonzero(rows >= 0)
        self.left_out += int((numbers >= 0).sum()) - len(told)
        cells = np.full(len(rows), NONE, np.int64)
        if len(told):
            cells[told] = rows[told] * 2 + (backward[told] ^ self.rows["turned"][rows[told]])
            self._count(columns, grouped(cells[told], told))
            self._pauses(columns, grouped(rows[told], told))
            self.segments.add(columns, cells, self.rows.count)
        return rows, cells

    def _rows_of(self, columns: Columns, numbers: Numbers, backward: Bits) -> Numbers:
        """The row of each packet; new ones where they begin."""
        known = np.flatnonzero(numbers >= 0)
        rows = np.full(len(numbers), NONE, np.int64)
        if not len(known):
            return rows
        self._make_room(int(numbers[known].max()))
        fresh = known[self._current[numbers[known]] == NONE]
        if len(fresh):
            _, firsts = np.unique(numbers[fresh], return_index=True)
            self._open(columns, numbers, backward, fresh[np.sort(firsts)])
        rows[known] = self._current[numbers[known]]
        self._split(columns, numbers, backward, rows)
        return rows

    def _make_room(self, highest: int) -> None:
        missing = highest + 1 - len(self._current)
        if missing > 0:
            more = np.full(max(missing, len(self._current)), NONE, np.int64)
            self._current = np.concatenate([self._current, more])

    def _open(self, columns: Columns, numbers: Numbers, backward: Bits, firsts: Numbers) -> None:
        """New rows for the conversations that begin with these packets, as far as there is room."""
        firsts = firsts[: MAX_ROWS - self.rows.count]
        begin = self.rows.grow(len(firsts))
        new = slice(begin, self.rows.count)
        for name in _COPIED:
            self.rows[name][new] = getattr(columns, name)[firsts]
        self.rows["turned"][new] = backward[firsts]
        self.rows["number"][new] = numbers[firsts]
        self.rows["interface"][new] = columns.chunk.interfaces[firsts]
        self.rows["first"][new] = columns.chunk.times[firsts]
        self.rows["first_packet"][new] = columns.chunk.first + firsts
        self.rows["initial"][new] = np.where(_opens(columns, firsts), columns.sequence[firsts], NONE)
        self._current[numbers[firsts]] = np.arange(begin, self.rows.count)

    def _split(self, columns: Columns, numbers: Numbers, backward: Bits, rows: Numbers) -> None:
        """Let a SYN that is not the one with which a row began begin another row."""
        opening = np.flatnonzero((columns.flags & (tcp.SYN | tcp.ACK) == tcp.SYN) & (columns.flags >= 0) & (rows >= 0))
        strange = opening[self.rows["initial"][rows[opening]] != columns.sequence[opening]]
        for index in strange[:MAX_SPLITS].tolist():
            row = int(rows[index])
            if self.rows["initial"][row] == columns.sequence[index] or self.rows.count >= MAX_ROWS:
                continue
            self._open(columns, numbers, backward, np.array([index]))
            later = numbers[index:] == numbers[index]
            rows[index:][later] = self._current[numbers[index]]

    def _count(self, columns: Columns, groups: Groups) -> None:
        rows, order, cells, last = self.rows, groups.order, groups.cells, groups.order[groups.ends]
        rows["packets"][cells] += groups.sizes
        lengths = columns.ip_length[order]
        rows["octets"][cells] += groups.sums(columns.chunk.lengths[order])
        rows["largest"][cells] = np.maximum(rows["largest"][cells], groups.most(lengths))
        rows["last"][cells] = np.maximum(rows["last"][cells], columns.chunk.times[last])
        whole = (lengths > LARGE) & columns.dont_fragment[order]
        rows["dont_fragment"][cells[groups.sums(whole) > 0] >> 1] = True

    def _pauses(self, columns: Columns, groups: Groups) -> None:
        rows, cells = self.rows, groups.cells
        times = columns.chunk.times[groups.order]
        before = np.empty_like(times)
        before[1:] = times[:-1]
        last = rows["last_seen"][cells]
        before[groups.begins] = np.where(last == NONE, times[groups.begins], last)
        rows["silence"][cells] = np.maximum(rows["silence"][cells], groups.most(times - before))
        rows["last_seen"][cells] = times[groups.ends]
        rows["last_packet"][cells] = columns.chunk.first + groups.order[groups.ends]


def _opens(columns: Columns, found: Numbers) -> Bits:
    flags = columns.flags[found]
    opens: Bits = (flags >= 0) & (flags & (tcp.SYN | tcp.ACK) == tcp.SYN)
    return opens
