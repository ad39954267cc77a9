"""Trickle, rule by rule (RFC 6206 §4.2)."""

from hypothesis import given
from hypothesis import strategies as st

from bellrock.beacon.trickle import Trickle


def trickle(draw=0.0, k=1, now=0.0):
    return Trickle(1.0, 8.0, k, lambda: draw, now)


def test_rule_2_t_lies_in_the_second_half_of_the_interval():
    assert trickle(0.0).at == 0.5
    assert trickle(0.999).at < 1.0


def test_rule_4_it_transmits_at_t_unless_it_heard_enough():
    assert trickle().expire(0.5)
    suppressed = trickle()
    suppressed.consistent()
    assert not suppressed.expire(0.5)
    two = trickle(k=2)
    two.consistent()
    assert two.expire(0.5)


def test_rule_5_the_interval_doubles_up_to_imax():
    timer, lengths = trickle(), []
    for _ in range(6):
        timer.expire(timer.at)
        assert not timer.expire(timer.at)
        lengths.append(timer.interval)
    assert lengths == [2.0, 4.0, 8.0, 8.0, 8.0, 8.0]


def test_rule_6_inconsistency_resets_a_grown_interval_and_leaves_imin_alone():
    timer = trickle()
    timer.inconsistent(0.1)
    assert timer.at == 0.5
    timer.expire(0.5)
    timer.expire(1.0)
    timer.inconsistent(1.5)
    assert (timer.interval, timer.at) == (1.0, 2.0)


def test_restart_begins_at_a_time_ahead():
    timer = trickle()
    timer.restart(10.0)
    assert timer.at == 10.5


@given(st.lists(st.sampled_from(["expire", "consistent", "inconsistent"])), st.floats(0, 0.999))
def test_the_next_moment_never_lies_before_the_last(steps, draw):
    timer, now = trickle(draw), 0.0
    for step in steps:
        if step == "expire":
            now = timer.at
            timer.expire(now)
        elif step == "consistent":
            timer.consistent()
        else:
            timer.inconsistent(now)
        assert timer.at >= now
        assert 1.0 <= timer.interval <= 8.0
