import random

import pytest

from bellrock.agent.pauses import FIRST, LAST, LONGEST, STEADY, Pauses


def test_each_pause_is_drawn_from_nothing_to_a_bound_that_doubles():
    pauses = Pauses(lambda: 0.5)
    assert [pauses.next(0.0) for _ in range(9)] == [
        pytest.approx(0.5 * min(FIRST * 2**step, LAST)) for step in range(9)
    ]


def test_a_connection_that_worked_for_a_while_begins_anew():
    pauses = Pauses(lambda: 1.0)
    for _ in range(5):
        pauses.next(0.0)
    pauses.worked(100.0)
    assert pauses.next(100.0 + STEADY / 2) > FIRST
    pauses.worked(200.0)
    assert pauses.next(200.1 + STEADY) == FIRST


def test_the_region_says_over_how_long_to_spread():
    pauses = Pauses(lambda: 1.0)
    pauses.worked(0.0, spread=25.0)
    assert pauses.next(60.0) == 25.0
    assert pauses.next(90.0) == 25.0, "later ones are not closer together"


def test_who_is_told_to_wait_waits_that_long_and_a_little():
    pauses = Pauses(lambda: 0.5)
    pauses.told(8.0)
    assert pauses.next(0.0) == pytest.approx(8.4)
    assert pauses.next(0.0) == pytest.approx(FIRST / 2), "it was told once"


@pytest.mark.parametrize("said", [-1.0, 0.0, float("nan")])
def test_what_is_no_time_asks_for_nothing(said):
    pauses = Pauses(lambda: 1.0)
    pauses.told(said)
    pauses.worked(0.0, spread=said)
    assert pauses.next(60.0) == FIRST


def test_no_region_silences_its_agents():
    pauses = Pauses(lambda: 0.0)
    pauses.told(float("inf"))
    assert pauses.next(0.0) == LONGEST


def test_five_thousand_that_lose_a_region_come_evenly():
    draw = random.Random(1)
    came = []
    for _ in range(5000):
        pauses = Pauses(draw.random)
        pauses.worked(0.0, spread=25.0)
        came.append(pauses.next(60.0))
    busiest = max(sum(second <= at < second + 1 for at in came) for second in range(25))
    assert busiest < 1.35 * 5000 / 25
