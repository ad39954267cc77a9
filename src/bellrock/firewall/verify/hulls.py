"""Which of many boxes may meet a given one: sets of positions as the bits of integers, by first and last value per field."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from bellrock.firewall.verify.intervals import Intervals

_STRIDE: Final = 32
"""A running union is kept for every so many bounds; the few between are added when asked."""

_SPARSE: Final = 64
"""Fewer bits than these are looked for one by one."""
_OF_OCTET: Final = tuple(tuple(bit for bit in range(8) if octet >> bit & 1) for octet in range(256))


class _Bounds:
    """Positions by a bound, with the union of all up to each `_STRIDE`-th in ascending order."""

    __slots__ = ("_at", "_unions", "_values")

    def __init__(self, bounds: list[tuple[int, int]]) -> None:
        bounds.sort()
        self._values = [value for value, _ in bounds]
        self._at = [at for _, at in bounds]
        self._unions = [0]
        for start in range(0, len(bounds), _STRIDE):
            self._unions.append(self._unions[-1] | _bits(self._at[start : start + _STRIDE]))

    def up_to(self, value: int) -> int:
        """Those whose bound is `value` or less."""
        return self._first(bisect_right(self._values, value))

    def below(self, value: int) -> int:
        """Those whose bound is less than `value`."""
        return self._first(bisect_left(self._values, value))

    def _first(self, count: int) -> int:
        whole, rest = divmod(count, _STRIDE)
        found = self._unions[whole]
        if rest:
            found |= _bits(self._at[count - rest : count])
        return found


class _Field:
    """Of one field: who leaves it free, and where the others begin and end."""

    __slots__ = ("_ends", "_free", "_starts")

    def __init__(self, free: int, hulls: list[tuple[int, Intervals]]) -> None:
        self._free = free
        self._starts = _Bounds([(values.first, at) for at, values in hulls])
        self._ends = _Bounds([(values.last, at) for at, values in hulls])

    def near(self, values: Intervals) -> int:
        return self._free | (self._starts.up_to(values.last) & ~self._ends.below(values.first))


class Hulls:
    """An index over boxes, given as mappings from field to values, in order."""

    __slots__ = ("_all", "_fields")

    def __init__(self, boxes: Iterable[Mapping[str, Intervals]]) -> None:
        """Of boxes without empty fields."""
        constrained: dict[str, list[tuple[int, Intervals]]] = {}
        count = 0
        for at, box in enumerate(boxes):
            count = at + 1
            for name, values in box.items():
                constrained.setdefault(name, []).append((at, values))
        self._all = (1 << count) - 1
        self._fields = {
            name: _Field(self._all & ~_bits([at for at, _ in hulls]), hulls) for name, hulls in constrained.items()
        }

    @property
    def names(self) -> tuple[str, ...]:
        """Fields that any of the boxes constrains."""
        return tuple(self._fields)

    def near(self, box: Mapping[str, Intervals], before: int | None = None) -> Iterator[int]:
        """Positions, ascending, of all boxes that meet `box`, and of some that do not; only those before `before`."""
        found = self.bits(box)
        return positions(found if before is None else found & ((1 << before) - 1))

    def bits(self, box: Mapping[str, Intervals]) -> int:
        """The same positions as bits."""
        found = self._all
        for name, values in box.items():
            field = self._fields.get(name)
            if field is not None:
                found &= field.near(values)
        return found


def positions(bits: int) -> Iterator[int]:
    """The positions of the bits that are set, ascending."""
    if bits.bit_count() < _SPARSE:
        while bits:
            lowest = bits & -bits
            yield lowest.bit_length() - 1
            bits ^= lowest
        return
    for at, octet in enumerate(bits.to_bytes((bits.bit_length() + 7) // 8, "little")):
        if octet:
            for bit in _OF_OCTET[octet]:
                yield at * 8 + bit


def _bits(positions: list[int]) -> int:
    found = 0
    for at in positions:
        found |= 1 << at
    return found
