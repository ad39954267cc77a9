"""What waits, how fast it is taken in, and who waits for room."""

from __future__ import annotations

import asyncio

import pytest

from bellrock.region.service.backlog import FADE, FULL, MOST_OF_ONE, SPEED, WEIGHT, Backlog, Ratio


def test_a_ratio_is_what_was_assumed_until_something_is_known_and_the_past_fades():
    ratio = Ratio((10.0, 2.0), 1.0)
    assert ratio.value == 5.0
    ratio.add(1000.0, 10.0, 0.0)
    assert ratio.value == pytest.approx(1010 / 12)
    ratio.add(0.0, 0.0, 50.0)
    assert ratio.value == pytest.approx(5.0)
    ratio.add(8.0, 2.0, 49.0)
    assert ratio.value == pytest.approx(4.5), "a clock that goes back makes nothing larger"


def test_the_speed_is_that_of_batches_that_say_something():
    backlog = Backlog(1000)
    assert backlog.speed == SPEED
    backlog.took(99, 0.0, 90.0)
    assert backlog.speed == SPEED, "one change takes as long as ten"
    for second in range(1, 200):
        backlog.took(2000, 0.0, 90.0 + second)
    assert backlog.speed == pytest.approx(2000, rel=0.2)
    backlog.took(2000, 0.0, 10_000.0)
    assert backlog.speed == pytest.approx((SPEED + 2000) / (1 + MOST_OF_ONE)), "the database was away"


def test_the_rate_follows_from_what_those_bring_who_come():
    backlog = Backlog(1000)
    assert backlog.weight == WEIGHT[0] / WEIGHT[1]
    for _ in range(100):
        backlog.brought(150, 1)
        backlog.brought(50, 0)
    assert backlog.weight == pytest.approx(200, rel=0.2)
    assert backlog.rate == pytest.approx(SPEED / backlog.weight)
    for _ in range(int(5 * FADE[1])):
        backlog.brought(0, 1)
    assert backlog.weight < 3, "those who come now have nothing new"


def test_who_is_in_waits_in_turn_while_too_much_does():
    async def main() -> list[str]:
        backlog, passed = Backlog(10), []

        async def sender(name: str) -> None:
            await backlog.room()
            backlog.came(10)
            passed.append(name)

        backlog.came(FULL * 10 - 1)
        await sender("first")
        waiting = [asyncio.create_task(sender(name)) for name in "abc"]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert passed == ["first"]
        waiting[1].cancel()
        backlog.went(10)
        await waiting[0]
        await asyncio.sleep(0)
        assert passed == ["first", "a"], "it took the room that there was"
        backlog.went(FULL * 10)
        await waiting[2]
        await asyncio.gather(*waiting, return_exceptions=True)
        return passed

    assert asyncio.run(main()) == ["first", "a", "c"]
