"""Turns: one after the other for one thing, side by side for different ones, and nothing is kept."""

import asyncio

import pytest

from bellrock.region.service.turns import Full, Turns


def play(scene):
    asyncio.run(asyncio.wait_for(scene(), 10))


def test_one_thing_is_had_by_one_at_a_time_in_the_order_of_asking():
    async def scene():
        turns, diary = Turns(9), []

        async def want(name):
            async with turns.of("port"):
                diary.append(f"{name} begins")
                await asyncio.sleep(0)
                diary.append(f"{name} ends")

        await asyncio.gather(*map(want, "abc"))
        assert diary == [f"{name} {what}" for name in "abc" for what in ("begins", "ends")]
        assert len(turns) == 0

    play(scene)


def test_different_things_are_had_side_by_side():
    async def scene():
        turns = Turns(9)
        async with turns.of("a", "b"), turns.of("c"):
            assert len(turns) == 3
        assert len(turns) == 0

    play(scene)


def test_whoever_needs_two_waits_for_both():
    async def scene():
        turns, had = Turns(9), asyncio.Event()

        async def want():
            async with turns.of("a", "b"):
                had.set()

        async with turns.of("b"):
            waiting = asyncio.ensure_future(want())
            for _ in range(5):
                await asyncio.sleep(0)
            assert not had.is_set()
        await waiting

    play(scene)


def test_whoever_stops_waiting_or_fails_leaves_nothing():
    async def scene():
        turns = Turns(9)

        async def want():
            async with turns.of("a"):
                raise RuntimeError

        async with turns.of("a"):
            waiting = asyncio.ensure_future(want())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        with pytest.raises(RuntimeError):
            await want()
        assert len(turns) == 0

    play(scene)


def test_no_more_wait_than_may():
    async def scene():
        turns = Turns(2)

        async def want():
            async with turns.of("a"):
                pass

        async with turns.of("a"):
            waiting = asyncio.ensure_future(want())
            await asyncio.sleep(0)
            with pytest.raises(Full, match="2 are before it"):
                await want()
        await waiting
        assert len(turns) == 0

    play(scene)
