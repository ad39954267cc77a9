"""Packets of a chunk by the cell that they belong to: sorted once, so that each group is a slice."""

from typing import NamedTuple

import numpy as np

from bellrock.capture.reading.values import Array, Bits, Numbers


class Groups(NamedTuple):
    """Groups of packets, each in the order of the chunk."""

    order: Numbers
    """Indices of the packets, group after group."""
    begins: Numbers
    """Where each group begins in `order`."""
    cells: Numbers
    """What each group belongs to, ascending."""

    @property
    def ends(self) -> Numbers:
        """The last place of each group in `order`."""
        return self.begins + self.sizes - 1

    @property
    def sizes(self) -> Numbers:
        """How many packets each has."""
        return np.diff(np.append(self.begins, len(self.order)))

    @property
    def which(self) -> Numbers:
        """For each place in `order` the number of its group."""
        return np.repeat(np.arange(len(self.begins)), self.sizes)

    @property
    def continues(self) -> Bits:
        """For each place in `order` whether the one before it is of the same group."""
        found = np.ones(len(self.order), np.bool_)
        found[self.begins] = False
        return found

    def sums(self, values: Array) -> Numbers:
        """Of a value for each place in `order`, by group."""
        found: Numbers = np.add.reduceat(values, self.begins, dtype=np.int64)
        return found

    def most(self, values: Array) -> Array:
        """The largest value of each group."""
        found: Array = np.maximum.reduceat(values, self.begins)
        return found


def grouped(cells: Numbers, among: Numbers | None = None) -> Groups:
    """Packets by their cells. `among`: indices of those that count, ascending, whose cells these are; None: all."""
    dense, present = _dense(cells)
    order = np.argsort(dense, kind="stable")
    ordered = dense[order]
    begins = np.flatnonzero(np.diff(ordered, prepend=-1))
    if among is not None:
        order = among[order]
    return Groups(order, begins, present)


def _dense(cells: Numbers) -> tuple[Array, Numbers]:
    """Small numbers in the place of large ones, which sort ten times faster (by radix, where they fit 16 bits), and the large ones."""
    if not len(cells):
        return cells, cells
    marks = np.zeros(int(cells.max()) + 1, np.bool_)
    marks[cells] = True
    present = np.flatnonzero(marks)
    if len(present) > 1 << 15:
        return np.searchsorted(present, cells), present
    small = np.empty(len(marks), np.int16)
    small[present] = np.arange(len(present))
    return small[cells], present
