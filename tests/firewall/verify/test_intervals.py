import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.firewall.verify.intervals import EMPTY, Intervals

WIDTH = 6
PAIRS = st.lists(st.tuples(st.integers(0, 63), st.integers(0, 63)), max_size=6)
MANY = st.lists(st.integers(0, 900).map(lambda at: (at * 3, at * 3 + at % 2)), min_size=30, max_size=200)


def values(pairs):
    return {value for first, last in pairs for value in range(first, last + 1)}


@given(st.one_of(PAIRS, MANY), st.one_of(PAIRS, MANY))
def test_sets_of_ranges_behave_as_sets_of_their_values(one, other):
    a, b, x, y = Intervals(one), Intervals(other), values(one), values(other)
    for found, wanted in ((a & b, x & y), (a | b, x | y), (a - b, x - y), (b - a, y - x)):
        assert found == Intervals.of(*wanted)
        assert found.ranges == Intervals.of(*wanted).ranges
        assert found.size() == len(wanted)
    assert a.isdisjoint(b) == x.isdisjoint(y)
    assert a.issubset(b) == x.issubset(y)
    assert bool(a) == bool(x)
    assert {value for value in range(64) if value in a} == {value for value in x if value < 64}
    assert (a == b) == (x == y)
    if x:
        assert (a.first, a.last) == (min(x), max(x))


@given(PAIRS)
def test_the_complement_is_all_the_rest(pairs):
    assert Intervals(pairs).complement(WIDTH) == Intervals.of(*(set(range(64)) - values(pairs)))


@given(st.integers(0, 63), st.integers(0, 63))
def test_a_mask_selects_the_values_whose_bits_it_names(mask, value):
    assert Intervals.masked(mask, value, WIDTH) == Intervals.of(*(x for x in range(64) if x & mask == value))


def test_a_mask_that_falls_apart_into_too_much_is_refused():
    with pytest.raises(ValueError, match="more than 4096 ranges of 32 bits"):
        Intervals.masked(1, 1, 32)


def test_equal_sets_are_equal_however_they_were_made():
    assert Intervals([(5, 9), (0, 4)]) == Intervals.span(0, 9)
    assert hash(Intervals([(5, 9), (0, 4)])) == hash(Intervals.span(0, 9))
    assert Intervals.of(1) != 1


def test_prefixes_spans_and_what_is_empty():
    assert Intervals.prefix(0x0A010203, 16, 32).ranges == ((0x0A010000, 0x0A01FFFF),)
    assert Intervals.span(3, 2) is EMPTY
    assert Intervals.span(1, 3) - Intervals.span(1, 3) == EMPTY
    assert EMPTY | Intervals.of(2) == Intervals.of(2)
    one = Intervals.of(1, 2, 7)
    assert one & one is one
    assert one | one is one
    assert one - one is EMPTY
    assert repr(one) == "Intervals(1-2, 7)"
