"""Tables that grow: a row for each conversation, a cell for each of its two directions."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from bellrock.capture.reading.values import Array

_LEAST: Final = 1024
_AT_ONCE: Final = 4096


class Rows:
    """Columns of one length by name, all of which grow together; what is new has the column's own beginning.

    Args:
        fields: name → (type, value of a new cell, cells in a row).
    """

    def __init__(self, fields: dict[str, tuple[type[np.generic], int, int]]) -> None:
        self._fields = fields
        self._columns: dict[str, Array] = {name: self._new(name, _LEAST) for name in fields}
        self.count = 0

    def __getitem__(self, name: str) -> Array:
        """A column, of as many cells as there is room for; more than are in use."""
        return self._columns[name]

    def grow(self, count: int) -> int:
        """Add rows; the number of the first."""
        first, self.count = self.count, self.count + count
        room = len(self._columns[next(iter(self._fields))]) // next(iter(self._fields.values()))[2]
        if self.count > room:
            more = max(room, self.count - room)
            for name in self._fields:
                self._columns[name] = np.concatenate([self._columns[name], self._new(name, more)])
        return first

    def each(self) -> Iterator[dict[str, Any]]:
        """All cells of each row, as Python's own numbers; those with several cells as lists."""
        for begin in range(0, self.count, _AT_ONCE):
            end = min(begin + _AT_ONCE, self.count)
            lists = [
                self._columns[name][begin * cells : end * cells].reshape((-1, cells) if cells > 1 else (-1,)).tolist()
                for name, (_, _, cells) in self._fields.items()
            ]
            for row in zip(*lists, strict=True):
                yield dict(zip(self._fields, row, strict=True))

    def _new(self, name: str, rows: int) -> Array:
        kind, value, cells = self._fields[name]
        return np.full(rows * cells, value, kind)
