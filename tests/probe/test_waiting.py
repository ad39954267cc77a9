import asyncio

import pytest

from bellrock.probe.waiting import MOST, Waiting


def test_answers_come_in_their_order_and_errors_are_raised():
    async def work():
        waiting = Waiting()
        for one in ("a", ValueError("no"), "b"):
            waiting.keep(one)
        assert await waiting.next(5) == "a"
        with pytest.raises(ValueError, match="no"):
            await waiting.next(5)
        assert await waiting.next(0) == "b"

    asyncio.run(work())


def test_what_comes_while_somebody_waits():
    async def work():
        waiting = Waiting()
        asyncio.get_running_loop().call_soon(waiting.keep, "a")
        return await waiting.next(10), await waiting.next(0.01), await waiting.next(-1)

    assert asyncio.run(work()) == ("a", None, None)


def test_no_more_are_kept_than_somebody_may_look_at():
    async def work():
        waiting = Waiting()
        for number in range(MOST + 10):
            waiting.keep(number)
        assert [await waiting.next(0) for _ in range(MOST)] == list(range(MOST))
        assert await waiting.next(0) is None

    asyncio.run(work())


def test_who_no_longer_waits_leaves_nothing_behind():
    async def work():
        waiting = Waiting()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await waiting.next(60)
        waiting.keep("late")
        return await waiting.next(0)

    assert asyncio.run(work()) == "late"
