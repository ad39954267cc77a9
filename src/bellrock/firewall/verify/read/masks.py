"""Comparisons → the set of values that satisfy them."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from bellrock.firewall.verify.boxes import Intervals
from bellrock.firewall.verify.read.values import UndecidedError

_SMALL: Final = 16
"""Bits up to which every value is tried."""


def satisfying(op: str, right: Intervals, width: int) -> Intervals:
    """The values of `width` bits that stand in relation `op` to `right`, which is one value for an order.

    Raises:
        UndecidedError: no such relation.
    """
    if op == "==":
        return right
    if op == "!=":
        return right.complement(width)
    if not right or right.first != right.last:
        raise UndecidedError(op)
    bound, top = right.first, (1 << width) - 1
    orders = {"<": (0, bound - 1), "<=": (0, bound), ">": (bound + 1, top), ">=": (bound, top)}
    if op not in orders:
        raise UndecidedError(op)
    return Intervals.span(*orders[op])


def masked(mask: int, op: str, right: Intervals, width: int) -> Intervals:
    """The values x for which `x & mask` stands in relation `op` to `right`.

    Raises:
        UndecidedError: they are too many ranges, or no such relation.
    """
    if width <= _SMALL:
        return _tried(mask, satisfying(op, right, width), width)
    if op not in {"==", "!="} or right.size() > _SMALL:
        raise UndecidedError("mask")
    try:
        found = Intervals(pair for value in _each(right) for pair in Intervals.masked(mask, value, width).ranges)
    except ValueError:
        raise UndecidedError("mask") from None
    return found if op == "==" else found.complement(width)


def among(candidates: Iterable[int], mask: int, op: str, right: Intervals) -> Intervals:
    """Those of `candidates` that satisfy it: exact where nothing else can be the value."""
    wanted = satisfying(op, right, 32)
    return Intervals.of(*(value for value in candidates if value & mask in wanted))


@lru_cache(maxsize=1024)
def _tried(mask: int, wanted: Intervals, width: int) -> Intervals:
    return Intervals.of(*(value for value in range(1 << width) if value & mask in wanted))


def _each(right: Intervals) -> Iterable[int]:
    return (value for first, last in right.ranges for value in range(first, last + 1))
