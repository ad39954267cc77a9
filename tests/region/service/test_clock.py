"""An agent's clock as the region sees it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bellrock.model import Wall
from bellrock.region.service.clock import LATEST, STEP_SAMPLES, WINDOW, Offset, is_time


def test_a_stored_offset_stands_until_something_is_measured():
    assert Offset(5.0).value == 5.0


@given(st.floats(-1e6, 1e6), st.lists(st.floats(0, 1), min_size=1, max_size=100))
def test_the_least_delay_counts_of_the_last_samples(true, delays):
    offset = Offset()
    offset.start(Wall(0.0), Wall(true + delays[0]))
    for delay in delays[1:]:
        offset.sample(Wall(0.0), Wall(true + delay))
    assert abs(offset.value - (true + min(delays[-WINDOW:]))) < 1e-6


def test_a_new_connection_forgets_what_was_measured_before():
    offset = Offset()
    offset.start(Wall(0.0), Wall(1.0))
    offset.start(Wall(0.0), Wall(3600.0))
    assert offset.value == 3600.0


def test_a_clock_set_forward_counts_at_once_and_one_set_back_after_a_few_samples():
    offset = Offset()
    for _ in range(5):
        offset.sample(Wall(100.0), Wall(100.01))
    offset.sample(Wall(3700.0), Wall(100.01))
    assert abs(offset.value + 3600) < 1
    for _ in range(STEP_SAMPLES):
        offset.sample(Wall(100.0), Wall(100.01))
    assert abs(offset.value) < 1


def test_reports_that_waited_on_disk_only_bound_it():
    offset = Offset()
    offset.start(Wall(100.0), Wall(100.5))
    offset.bound(Wall(0.0), Wall(100.0))
    assert offset.value == 0.5
    offset.bound(Wall(100.0), Wall(100.1))
    assert abs(offset.value - 0.1) < 1e-9


def test_shifted_times_are_never_in_the_future():
    offset = Offset(10.0)
    assert offset.shift(Wall(5.0), Wall(100.0)) == 15.0
    assert offset.shift(Wall(95.0), Wall(100.0)) == 100.0


def test_shifted_times_are_never_before_1970():
    assert Offset(-1000.0).shift(Wall(5.0), Wall(100.0)) == 0.0


@given(st.floats())
def test_a_time_is_one_that_a_clock_can_show(value):
    assert is_time(Wall(value)) == (value in (0.0, LATEST) or 0.0 < value < LATEST)
