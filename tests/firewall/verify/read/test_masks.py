"""Comparisons, against every value tried by hand."""

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.firewall.verify.boxes import Intervals
from bellrock.firewall.verify.read.masks import among, masked, satisfying
from bellrock.firewall.verify.read.values import UndecidedError

OPERATORS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
octets = st.integers(0, 255)


def listed(found: Intervals) -> list[int]:
    return [value for first, last in found.ranges for value in range(first, last + 1)]


@given(st.sampled_from(sorted(OPERATORS)), octets)
def test_satisfying(op, value):
    assert listed(satisfying(op, Intervals.of(value), 8)) == [x for x in range(256) if OPERATORS[op](x, value)]


@given(st.sampled_from(sorted(OPERATORS)), octets, octets)
def test_masked(op, mask, value):
    assert listed(masked(mask, op, Intervals.of(value), 8)) == [x for x in range(256) if OPERATORS[op](x & mask, value)]


def test_masked_wide():
    assert masked(0xFFFFFF00, "==", Intervals.of(0x100), 32) == Intervals.span(0x100, 0x1FF)
    assert masked(0xFFFFFF00, "!=", Intervals.of(0x100), 32) == Intervals.span(0x100, 0x1FF).complement(32)


@pytest.mark.parametrize(
    ("mask", "op", "right"),
    [(0xFF, "==", Intervals.of(5)), (0xFF00, "<", Intervals.of(5)), (0xFF00, "==", Intervals.span(0, 99)), (0, "~", Intervals.of(0))],
)  # fmt: skip
def test_too_many_or_unknown(mask, op, right):
    with pytest.raises(UndecidedError):
        masked(mask, op, right, 32)


@pytest.mark.parametrize(("op", "right"), [("<", Intervals.span(1, 2)), ("~", Intervals.of(1)), (">", Intervals())])
def test_no_such_relation(op, right):
    with pytest.raises(UndecidedError):
        satisfying(op, right, 8)


def test_among():
    assert among({0, 5, 0x105}, 0xFF, "==", Intervals.of(5)) == Intervals.of(5, 0x105)
