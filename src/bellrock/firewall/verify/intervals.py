"""Sets of integers as sorted inclusive ranges: the values that one header field may have."""

from bisect import bisect_left
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from typing_extensions import override

Range = tuple[int, int]
"""First and last value, both included."""

_CACHED_FROM: Final = 48
"""From this many ranges together, an operation is worth remembering: the same two sets meet in rule after rule."""
_MASK_LIMIT: Final = 4096
"""Ranges that a mask may fall apart into before it is refused."""


class Intervals:
    """An immutable set of integers of 0 or more: `ranges` are sorted, disjoint and not adjacent, so equal sets are equal tuples."""

    __slots__ = ("hashed", "ranges")

    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        """The union of `ranges`, in any order; a range whose last is below its first is empty."""
        self.ranges: tuple[Range, ...] = _normal(ranges)
        self.hashed: int | None = None

    @classmethod
    def of(cls, *values: int) -> "Intervals":
        """The set of these values."""
        return cls((value, value) for value in values)

    @classmethod
    def span(cls, first: int, last: int) -> "Intervals":
        """All values from `first` to `last`."""
        return _made(((first, last),)) if first <= last else EMPTY

    @classmethod
    def full(cls, width: int) -> "Intervals":
        """All values of `width` bits."""
        return _full(width)

    @classmethod
    def prefix(cls, value: int, length: int, width: int) -> "Intervals":
        """The values of `width` bits whose first `length` bits are those of `value`."""
        host = (1 << (width - length)) - 1
        return _made(((value & ~host, value | host),))

    @classmethod
    def masked(cls, mask: int, value: int, width: int) -> "Intervals":
        """The values x of `width` bits with `x & mask == value`. Raises ValueError where that is too many ranges."""
        if value & ~mask:
            return EMPTY
        low = (mask & -mask).bit_length() - 1 if mask else width
        holes = [bit for bit in range(low, width) if not mask >> bit & 1]
        if 1 << len(holes) > _MASK_LIMIT:
            raise ValueError(f"mask {mask:#x} selects more than {_MASK_LIMIT} ranges of {width} bits")
        bases = [value]
        for bit in holes:
            bases += [base | 1 << bit for base in bases]
        return cls((base, base | ((1 << low) - 1)) for base in bases)

    def __bool__(self) -> bool:
        return bool(self.ranges)

    @override
    def __hash__(self) -> int:
        if self.hashed is None:
            self.hashed = hash(self.ranges)
        return self.hashed

    @override
    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Intervals) and self.ranges == other.ranges)

    @override
    def __repr__(self) -> str:
        return f"Intervals({', '.join(str(a) if a == b else f'{a}-{b}' for a, b in self.ranges)})"

    def __contains__(self, value: int) -> bool:
        return _meets(self.ranges, value, value)

    def __and__(self, other: "Intervals") -> "Intervals":
        if self is other:
            return self
        if len(self.ranges) + len(other.ranges) >= _CACHED_FROM:
            return _cached_and(self, other)
        return _and(self, other)

    def __sub__(self, other: "Intervals") -> "Intervals":
        if self is other:
            return EMPTY
        if self.isdisjoint(other):
            return self
        if len(self.ranges) + len(other.ranges) >= _CACHED_FROM:
            return _cached_minus(self, other)
        return _minus(self, other)

    def __or__(self, other: "Intervals") -> "Intervals":
        if self is other or not other.ranges:
            return self
        return Intervals(self.ranges + other.ranges) if self.ranges else other

    def complement(self, width: int) -> "Intervals":
        """The values of `width` bits that are not in the set."""
        return _full(width) - self

    def isdisjoint(self, other: "Intervals") -> bool:
        """Whether no value is in both."""
        mine, others = self.ranges, other.ranges
        if not mine or not others or mine[-1][1] < others[0][0] or others[-1][1] < mine[0][0]:
            return True
        if len(mine) + len(others) >= _CACHED_FROM * 4 and len(mine) > 1 and len(others) > 1:
            return not _cached_and(self, other)
        few, many = (mine, others) if len(mine) <= len(others) else (others, mine)
        for first, last in few:  # noqa: SIM110 -- a loop here takes half the time of `any`, and everything comes through here
            if _meets(many, first, last):
                return False
        return True

    def issubset(self, other: "Intervals") -> bool:
        """Whether every value is in `other` too."""
        if self is other or not self.ranges:
            return True
        if len(self.ranges) + len(other.ranges) >= _CACHED_FROM:
            return _cached_and(self, other) == self
        return all(_holds(other.ranges, first, last) for first, last in self.ranges)

    def size(self) -> int:
        """How many values are in the set."""
        return sum(last - first + 1 for first, last in self.ranges)

    @property
    def first(self) -> int:
        """The smallest value; the set is not empty."""
        return self.ranges[0][0]

    @property
    def last(self) -> int:
        """The greatest value; the set is not empty."""
        return self.ranges[-1][1]


def _normal(ranges: Iterable[Range]) -> tuple[Range, ...]:
    ordered = sorted(pair for pair in ranges if pair[0] <= pair[1])
    joined: list[Range] = []
    for first, last in ordered:
        if joined and first <= joined[-1][1] + 1:
            if last > joined[-1][1]:
                joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return tuple(joined)


def _made(ranges: tuple[Range, ...]) -> Intervals:
    """Of ranges that are in normal form already."""
    made = Intervals.__new__(Intervals)
    made.ranges = ranges
    made.hashed = None
    return made


@lru_cache(maxsize=256)
def _full(width: int) -> Intervals:
    return _made(((0, (1 << width) - 1),))


EMPTY: Final = _made(())
"""The empty set."""


def _meets(ranges: tuple[Range, ...], first: int, last: int) -> bool:
    at = bisect_left(ranges, (first,))
    return (at < len(ranges) and ranges[at][0] <= last) or (at > 0 and ranges[at - 1][1] >= first)


def _holds(ranges: tuple[Range, ...], first: int, last: int) -> bool:
    at = bisect_left(ranges, (first + 1,))
    return at > 0 and last <= ranges[at - 1][1]


def _clip(ranges: tuple[Range, ...], first: int, last: int) -> tuple[Range, ...]:
    """The part of `ranges` between `first` and `last`."""
    start = bisect_left(ranges, (first,))
    if start and ranges[start - 1][1] >= first:
        start -= 1
    stop = bisect_left(ranges, (last + 1,))
    if start >= stop:
        return ()
    if ranges[start][0] >= first and ranges[stop - 1][1] <= last:
        return ranges[start:stop]
    cut = list(ranges[start:stop])
    cut[0] = (max(first, cut[0][0]), cut[0][1])
    cut[-1] = (cut[-1][0], min(last, cut[-1][1]))
    return tuple(cut)


def _and(one: Intervals, other: Intervals) -> Intervals:
    few, many = (one, other) if len(one.ranges) <= len(other.ranges) else (other, one)
    if len(few.ranges) == 1:
        found = _clip(many.ranges, *few.ranges[0])
    else:
        found = tuple(part for first, last in few.ranges for part in _clip(many.ranges, first, last))
    # The same object where nothing was taken away: callers compare by identity first.
    if found == one.ranges:
        return one
    return other if found == other.ranges else _made(found)


def _minus(one: Intervals, other: Intervals) -> Intervals:
    if len(other.ranges) < len(one.ranges):
        starts = (0, *(last + 1 for _, last in other.ranges))
        ends = (*(first - 1 for first, _ in other.ranges), one.ranges[-1][1])
        gaps = zip(starts, ends, strict=True)
        return _made(tuple(part for first, last in gaps if first <= last for part in _clip(one.ranges, first, last)))
    kept: list[Range] = []
    for first, last in one.ranges:
        at = first
        for taken_first, taken_last in _clip(other.ranges, first, last):
            if at < taken_first:
                kept.append((at, taken_first - 1))
            at = taken_last + 1
        if at <= last:
            kept.append((at, last))
    return _made(tuple(kept))


_cached_and = lru_cache(maxsize=8192)(_and)
_cached_minus = lru_cache(maxsize=8192)(_minus)
