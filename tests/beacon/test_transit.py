"""The way to a peer and back, without the time for which the answer waited."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.beacon import transit
from bellrock.beacon.transit import ENOUGH, SAMPLES, UNIT, Transit, read_held, write_held

WRITTEN = [
    ((), ""),
    ((0.0,), "0"),
    ((0.0234, None, 0.00005), "ea - 0"),
    ((100.0, -1.0), "ffff 0"),
]


@pytest.mark.parametrize(("waited", "text"), WRITTEN)
def test_how_long_each_was_held(waited, text):
    assert write_held(waited) == text


UNTOLD = ["", "-", "g", "12345", "+1", " 1", "1_0", "\u0661", "1\t"]


@pytest.mark.parametrize("text", UNTOLD)
def test_what_is_not_in_this_form_is_not_told(text):
    assert read_held(text, 0) is None


def test_a_position_that_is_not_there_is_not_told():
    assert read_held("1 2", 2) is None


@given(st.lists(st.none() | st.floats(0, 6), max_size=32))
def test_what_is_written_is_read_to_the_unit(waited):
    text = write_held(waited)
    found = [read_held(text, position) for position in range(len(waited))]
    assert len(text) <= 160
    assert [one is None for one in found] == [one is None for one in waited]
    assert all(-1e-9 <= one - back <= UNIT + 1e-9 for one, back in zip(waited, found, strict=True) if one is not None)


@given(st.text())
def test_any_text_is_a_time_or_none(text):
    found = read_held(text, 0)
    assert found is None or 0 <= found <= transit.MOST * UNIT


def test_nothing_is_said_before_there_are_enough():
    way = Transit()
    assert [way.add(0.030, 0.020) for _ in range(ENOUGH - 1)] == [False] * (ENOUGH - 1)
    assert way.told is None
    assert way.add(0.0205, 0.020)
    assert way.told == pytest.approx(0.0005)


def test_only_what_matters_is_told_again():
    way = Transit()
    assert [way.add(0.010, 0.0) for _ in range(ENOUGH)][-1]
    assert not way.add(0.0055, 0.0), "less than half is news"
    assert way.add(0.004, 0.0)
    assert way.told == 0.004
    fast = Transit()
    assert [fast.add(0.0006, 0.0) for _ in range(ENOUGH)][-1]
    assert not fast.add(0.0001, 0.0), "the noise of a fast wire"


def test_a_way_that_became_longer_is_told_once_all_are():
    way = Transit()
    for _ in range(ENOUGH):
        way.add(0.001, 0.0)
    told = [way.add(0.025, 0.0) for _ in range(SAMPLES)]
    assert told == [False] * (SAMPLES - 1) + [True]
    assert way.told == 0.025


@given(st.lists(st.tuples(st.floats(0, 2), st.floats(0, 7)), min_size=1, max_size=40))
def test_it_is_never_below_nothing_nor_above_the_round_trips(steps):
    way = Transit()
    for round_trip, held in steps:
        way.add(round_trip, held)
        assert way.told is None or 0 <= way.told <= max(one for one, _ in steps)
