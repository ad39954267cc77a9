"""An agent's clock as the region sees it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.diagnosis.on_host import clock_skew
from bellrock.model import Monotonic, Wall
from bellrock.region.service.clock import LATEST, STEP_SAMPLES, WINDOW, Moment, Offset, is_time
from tests.region.service.test_cases import Rig


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


def test_a_clock_set_forward_counts_at_once_and_one_set_back_after_a_few_keep_alives():
    offset = Offset()
    for number in range(5):
        offset.sample(Wall(15.0 * number), Wall(15.0 * number + 0.01))
    offset.sample(Wall(3675.0), Wall(75.01))
    assert abs(offset.value + 3600) < 1
    for number in range(STEP_SAMPLES):
        assert abs(offset.value + 3600) < 1
        offset.sample(Wall(90.0 + 15 * number), Wall(90.01 + 15 * number))
    assert abs(offset.value) < 1


@given(st.lists(st.floats(0, 600), min_size=WINDOW, max_size=2 * WINDOW))
def test_however_unevenly_messages_wait_a_clock_that_was_set_back_is_noticed_in_a_window(delays):
    offset = Offset(0.0)
    offset.start(Wall(0.0), Wall(0.0))
    for number, delay in enumerate(delays):
        offset.sample(Wall(15.0 * number), Wall(15.0 * number + 90 + delay))
    assert offset.value - offset.doubt >= 90 - 1e-6


def test_reports_that_waited_on_disk_only_bound_it():
    offset = Offset()
    offset.start(Wall(100.0), Wall(100.5))
    assert offset.bound(Wall(0.0), Wall(100.0)) is offset
    assert offset.value == 0.5
    offset.bound(Wall(100.0), Wall(100.1))
    assert abs(offset.value - 0.1) < 1e-9


def test_a_report_of_before_the_clock_was_set_keeps_its_time_and_says_nothing_of_the_clock_now():
    offset = Offset()
    offset.start(Wall(100.0), Wall(100.01))
    then = offset.bound(Wall(3650.0), Wall(100.1))
    assert abs(offset.value) < 1
    assert then.shift(Wall(3640.0), Wall(100.1)) == pytest.approx(90.1)


@given(st.none() | st.floats(-100, 100), st.floats(-100, 100), *[st.floats(0, 100)] * 3)
def test_after_a_handshake_the_offset_is_too_large_by_no_more_than_the_doubt(stored, true, there, back, delay):
    offset = Offset(stored)
    offset.start(Wall(1000.0), Wall(1000.0 + true + back), there + back)
    for _ in range(2):
        assert offset.value - offset.doubt <= true + 1e-6
        assert offset.value >= true - 1e-6 or offset.value == stored
        offset.sample(Wall(2000.0), Wall(2000.0 + true + delay))


def test_a_hello_that_waited_leaves_what_was_known_and_one_of_a_clock_that_was_set_does_not():
    offset = Offset(0.25)
    offset.start(Wall(100.0), Wall(160.0), 60.0)
    assert (offset.value, offset.doubt) == (0.25, 0.25)
    offset.start(Wall(10.0), Wall(100.1), 0.1)
    assert (offset.value, offset.doubt) == (pytest.approx(90.1), 0.1)


def test_doubt_ends_with_what_waited_less():
    offset = Offset()
    offset.start(Wall(100.0), Wall(160.0), 60.0)
    assert (offset.value, offset.doubt) == (60.0, 60.0)
    offset.sample(Wall(161.0), Wall(161.5))
    assert (offset.value, offset.doubt) == (0.5, 0.5)


@pytest.mark.parametrize("stored", [7.0, None], ids=["known", "new"])
def test_doubt_ends_with_messages_that_say_alike_what_the_doubted_one_did(stored):
    there = Pretence(stored)
    there.off = -7.0
    there.connects(slow=8.0)
    for _ in range(STEP_SAMPLES):
        assert (there.offset.doubt > 7.0, there.found) == (True, [])
        there.tells()
    assert (there.offset.doubt, there.found) == (0.0, ["rack1's clock is 7 s behind the region's"])


def test_doubt_does_not_end_with_messages_that_wait_unevenly():
    there = Pretence(None)
    there.connects(waited=9.0)
    for waited in (20.0, 9.5, 35.0, 10.0, 50.0, 9.0):
        there.tells(after=60.0, waited=waited)
    assert (there.offset.value > 9.0, there.offset.doubt > 9.0, there.found) == (True, True, [])


@pytest.mark.parametrize(("mono", "wall"), [(60.0, 0.0), (0.0, 60.0), (60.0, -3600.0)])
def test_while_a_machine_is_suspended_the_clock_counts_that_went_on(mono, wall):
    began = Moment(Monotonic(5.0), Wall(5000.0))
    assert began.until(Moment(Monotonic(5.0 + mono), Wall(5000.0 + wall))) == 60.0


class Pretence:
    """An agent whose clock is off, on a connection that may hold messages back, and the region's looks at it."""

    def __init__(self, stored: float | None = 0.0) -> None:
        self.now, self.off = 1_000_000.0, 0.0
        self.rig = Rig()
        self.offset = self.rig.sessions["id-rack1"].offset = Offset(stored)
        self.found: list[str] = []
        """By each look, one after each message."""

    def connects(self, waited: float = 0.0, slow: float = 0.0) -> None:
        """An agent is let in; its hello waited, or the agent was slow to say it."""
        self.now += waited
        self.offset.start(Wall(self.now - waited + self.off), Wall(self.now + 0.01), waited + slow + 0.02)
        self._look()

    def tells(self, after: float = 15.0, waited: float = 0.0) -> None:
        """A keep-alive comes."""
        self.now += after
        self.offset.sample(Wall(self.now - waited + self.off), Wall(self.now + 0.01))
        self._look()

    def is_paused(self) -> None:
        """Four keep-alives of a minute come at once, after that one each 15 s."""
        self.tells(after=60.0, waited=60.0)
        for waited in (45.0, 30.0, 15.0):
            self.tells(after=0.0, waited=waited)
        for _ in range(4):
            self.tells()

    def _look(self) -> None:
        self.found += [one.what for one in clock_skew.find(self.rig.now())]


def test_a_sender_that_was_paused_has_no_wrong_clock():
    there = Pretence()
    there.connects()
    for _ in range(5):
        there.tells()
        there.is_paused()
    assert there.found == []


def test_a_link_that_is_slow_again_and_again_is_no_wrong_clock():
    there = Pretence()
    there.connects()
    for _ in range(WINDOW):
        there.tells(after=45.0, waited=40.0)
        there.tells(after=0.0, waited=25.0)
        there.tells(after=0.0, waited=10.0)
        there.tells(after=5.0)
    assert there.found == []


@pytest.mark.parametrize("stored", [0.0, None], ids=["known", "new"])
def test_a_hello_that_waited_is_no_wrong_clock(stored):
    there = Pretence(stored)
    there.connects(waited=60.0)
    there.is_paused()
    assert there.found == []


@pytest.mark.parametrize(
    ("step", "messages", "what"),
    [
        (90.0, 1, "rack1's clock is 90 s ahead of the region's"),
        (-90.0, STEP_SAMPLES, "rack1's clock is 90 s behind the region's"),
    ],
)
@pytest.mark.parametrize("paused", [False, True])
def test_a_clock_that_was_set_is_wrong_until_it_is_set_right(step, messages, what, paused):
    there = Pretence()
    there.connects()
    there.tells()
    if paused:
        there.is_paused()
    there.off = step
    for number in range(10):
        assert bool(there.found) == (number >= messages)
        there.tells()
    assert {*there.found} == {what}
    there.off = 0.0
    for _ in range(STEP_SAMPLES):
        there.tells()
    there.found.clear()
    there.tells()
    assert there.found == []


@pytest.mark.parametrize("step", [90.0, -90.0])
def test_a_clock_that_was_set_while_its_agent_was_away_is_wrong_at_once(step):
    there = Pretence()
    there.off = step
    there.connects()
    assert len(there.found) == 1


def test_shifted_times_are_never_in_the_future():
    offset = Offset(10.0)
    assert offset.shift(Wall(5.0), Wall(100.0)) == 15.0
    assert offset.shift(Wall(95.0), Wall(100.0)) == 100.0


def test_shifted_times_are_never_before_1970():
    assert Offset(-1000.0).shift(Wall(5.0), Wall(100.0)) == 0.0


@given(st.floats())
def test_a_time_is_one_that_a_clock_can_show(value):
    assert is_time(Wall(value)) == (value in (0.0, LATEST) or 0.0 < value < LATEST)
