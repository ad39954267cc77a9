"""Timers: set, moved, cancelled, popped in order, and never many stale ones."""

import random

from bellrock.beacon.timers import Alarm, Timers
from bellrock.model import Port

A, B = (Port("us", "a"), Alarm.BURST), (Port("us", "b"), Alarm.FADE)


def test_the_earliest_comes_first_and_leaves():
    timers = Timers()
    timers.set(A, 2.0)
    timers.set(B, 1.0)
    assert timers.next() == (1.0, B)
    assert list(timers.pop_due(1.5)) == [B]
    assert timers.next() == (2.0, A)
    assert timers.at(B) is None


def test_set_moves_and_set_by_only_forward():
    timers = Timers()
    timers.set(A, 2.0)
    timers.set_by(A, 3.0)
    assert timers.at(A) == 2.0
    timers.set_by(A, 1.0)
    assert timers.at(A) == 1.0
    timers.set(A, 5.0)
    assert timers.next() == (5.0, A)
    timers.cancel(A)
    timers.cancel(A)
    assert timers.next() is None
    assert list(timers.pop_due(9.0)) == []


def test_what_is_set_while_popping_and_due_is_popped_too():
    timers, seen = Timers(), []
    timers.set(A, 1.0)
    for key in timers.pop_due(2.0):
        seen.append(key)
        if key == A:
            timers.set(B, 1.5)
    assert seen == [A, B]


def test_stale_entries_are_bounded():
    timers, draw = Timers(), random.Random(1)
    for _ in range(10_000):
        timers.set(draw.choice((A, B)), draw.random())
    assert len(timers._heap) <= 2 * 2 + Timers.SLACK + 1
    assert len(list(timers.pop_due(2.0))) == 2


def test_setting_the_same_time_again_costs_nothing():
    timers = Timers()
    for _ in range(10):
        timers.set(A, 1.0)
    assert len(timers._heap) == 1
