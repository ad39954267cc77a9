"""What TCP's numbers tell of conversations, for all packets of a chunk at once: what was sent again, what was acknowledged, who ended it.

Sequence numbers are told from the first octet that a direction was seen to send, beyond 32 bits (RFC 9293 §3.4: they wrap).
"""

from typing import Final

import numpy as np

from bellrock.capture.layers import TCP
from bellrock.capture.reading.cells import Groups, grouped
from bellrock.capture.reading.rows import Rows
from bellrock.capture.reading.values import Bits, Columns, Numbers
from bellrock.wire import tcp

NONE: Final = -1
MIRRORED: Final = 1_000_000
"""Nanoseconds within which the same segment again is a second copy of it in the capture (a mirror port shows it coming and going) and
was not sent again: nobody waits so short a time for an acknowledgement."""
_APART: Final = 1 << 40
"""More than any two positions of one chunk differ by."""
_NOT_YET: Final = -(1 << 62)
_FIELDS: Final = {
    "base": (np.int64, NONE, 1), "top": (np.int64, 0, 1), "acknowledged": (np.int64, NONE, 1), "repeated": (np.int64, 0, 1),
    "stuck_at": (np.int64, NONE, 1), "stuck_times": (np.int64, 0, 1), "stuck_octets": (np.int32, 0, 1), "fin_at": (np.int64, NONE, 1),
    "passed": (np.int32, 0, 1), "waits": (np.int32, 0, 1), "waits_until": (np.int64, NONE, 1),
    "reset": (np.int64, NONE, 1), "opened": (np.int64, NONE, 1), "answered": (np.int64, NONE, 1),
}  # fmt: skip


class Segments:
    """Of each direction of each conversation: what was sent, what was acknowledged of it, what was sent again, and the end."""

    def __init__(self) -> None:
        self.cells: Rows = Rows(_FIELDS)  # type: ignore[arg-type]

    def add(self, columns: Columns, cells: Numbers, rows: int) -> None:
        """A chunk's packets.

        Args:
            columns: of it.
            cells: of each packet, its direction; -1: none.
            rows: how many conversations there are by now.
        """
        if rows * 2 > self.cells.count:
            self.cells.grow(rows * 2 - self.cells.count)
        found = np.flatnonzero((columns.protocol == TCP) & (columns.flags >= 0) & (cells >= 0))
        if not len(found):
            return
        flags = columns.flags[found]
        loaded = found[(columns.payload_length[found] > 0) | (flags & tcp.SYN > 0)]
        sent = None
        if len(loaded):
            groups = grouped(cells[loaded], loaded)
            sent = groups, self._sent(columns, groups)
        self._acknowledged(columns, cells, found)
        if sent is not None:
            self._passed(columns, *sent)
        opening, asked = flags & tcp.SYN > 0, flags & tcp.ACK == 0
        for name, which in (
            ("opened", opening & asked),
            ("answered", opening & ~asked),
            ("fin_at", flags & tcp.FIN > 0),
            ("reset", flags & tcp.RST > 0),
        ):
            self._first(name, cells[found[which]], columns.chunk.times[found[which]])

    def _sent(self, columns: Columns, groups: Groups) -> Numbers:
        """Segments with data, and SYNs, which stand before the first octet: where each one ends."""
        order, cells, which = groups.order, groups.cells, groups.which
        first = columns.sequence[order] + (columns.flags[order] & tcp.SYN > 0)
        self._base(cells, first[groups.begins])
        lengths = columns.payload_length[order].astype(np.int64)
        begins = _ahead(first, self._expected(cells)[which])
        ends = begins + lengths
        highest = np.maximum.accumulate(np.maximum(ends, 0) + which * _APART) - which * _APART
        before = np.empty_like(highest)
        before[1:] = highest[:-1]
        before[groups.begins] = 0
        # A keep-alive repeats the last octet (RFC 9293 §3.8.4), so that it is answered.
        alive = (lengths == 1) & (ends == before)
        again = (ends <= before) & (lengths > 0) & ~alive & ~self._mirrored(columns, groups)
        top = self.cells["top"][cells]
        self.cells["repeated"][cells] += groups.sums(again)
        if again.any():
            self._repeated(columns, groups, again, begins + top[which])
        self.cells["top"][cells] = top + highest[groups.ends]
        positions: Numbers = ends + top[which]
        return positions

    def _base(self, cells: Numbers, first: Numbers) -> None:
        new = self.cells["base"][cells] == NONE
        self.cells["base"][cells[new]] = first[new]

    def _expected(self, cells: Numbers) -> Numbers:
        """The sequence number, of more than 32 bits, behind the highest octet that was seen."""
        found: Numbers = self.cells["base"][cells] + self.cells["top"][cells]
        return found

    def _mirrored(self, columns: Columns, groups: Groups) -> Bits:
        """Second copies of the packet right before them."""
        order = groups.order
        same = groups.continues
        for field in (columns.sequence, columns.payload_length):
            same[1:] &= field[order[1:]] == field[order[:-1]]
        same[1:] &= np.diff(columns.chunk.times[order]) < MIRRORED
        return same

    def _repeated(self, columns: Columns, groups: Groups, again: Bits, begins: Numbers) -> None:
        """Where the last segment stands that was sent again, how often that was, and how large it was."""
        places = np.flatnonzero(again)
        which = groups.which[places]
        edges = np.flatnonzero(np.diff(which, prepend=-1))
        lasts = np.append(edges[1:], len(places)) - 1
        cells, stuck = groups.cells[which[edges]], begins[places[lasts]]
        same = begins[places] == np.repeat(stuck, np.diff(np.append(edges, len(places))))
        times = np.add.reduceat(same.astype(np.int64), edges)
        sizes = np.maximum.reduceat(np.where(same, columns.ip_length[groups.order[places]], 0), edges)
        stayed = self.cells["stuck_at"][cells] == stuck
        self.cells["stuck_times"][cells] = times + np.where(stayed, self.cells["stuck_times"][cells], 0)
        self.cells["stuck_octets"][cells] = np.maximum(sizes, np.where(stayed, self.cells["stuck_octets"][cells], 0))
        self.cells["stuck_at"][cells] = stuck

    def _acknowledged(self, columns: Columns, cells: Numbers, found: Numbers) -> None:
        """By the last packet of each direction, for the other one; octets that were not seen to be sent may be among them."""
        lasts = np.full(self.cells.count, NONE, np.int64)
        # Of several for one place the last one stays there.
        lasts[cells[found]] = found
        last = lasts[lasts != NONE]
        acks = columns.flags[last] & tcp.ACK > 0
        others, numbers = cells[last][acks] ^ 1, columns.acknowledged[last][acks]
        known = self.cells["base"][others] != NONE
        others, numbers = others[known], numbers[known]
        position = _ahead(numbers, self._expected(others)) + self.cells["top"][others]
        self.cells["acknowledged"][others] = np.maximum(self.cells["acknowledged"][others], position)

    def _passed(self, columns: Columns, groups: Groups, ends: Numbers) -> None:
        """How large a packet was acknowledged; what is not by now waits for it, the largest of a chunk until all of that chunk is."""
        order, cells = groups.order, groups.cells
        got = self.cells["acknowledged"][cells]
        through = ends <= got[groups.which]
        sizes = np.where(columns.payload_length[order] > 0, columns.ip_length[order], 0)
        done = self.cells["waits_until"][cells] <= got
        earlier = np.where(done, self.cells["waits"][cells], 0)
        now = np.maximum(groups.most(np.where(through, sizes, 0)), earlier)
        self.cells["passed"][cells] = np.maximum(self.cells["passed"][cells], now)
        for name, values in (("waits", np.where(through, 0, sizes)), ("waits_until", np.where(through, NONE, ends))):
            self.cells[name][cells] = np.where(done, groups.most(values), self.cells[name][cells])

    def _first(self, name: str, cells: Numbers, times: Numbers) -> None:
        """When something came first; of several in one chunk the first is written last."""
        column = self.cells[name]
        new = column[cells] == NONE
        column[cells[new][::-1]] = times[new][::-1]


def _ahead(numbers: Numbers, expected: Numbers) -> Numbers:
    """By how much numbers of 32 bits are ahead of others of more, −2³¹ to 2³¹ − 1."""
    return ((numbers - expected + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)
