"""Many who ask, few questions."""

from __future__ import annotations

import asyncio
import functools

import pytest

from bellrock.region.service.together import Together


def alone(test):
    """In an event loop of its own."""
    return functools.wraps(test)(lambda: asyncio.run(test()))


class Known:
    """Answers once it may."""

    def __init__(self, **known: int) -> None:
        self.known = known
        self.asked: list[set[str]] = []
        self.fails = False
        self.may = asyncio.Event()

    async def ask(self, keys) -> dict[str, int]:
        self.asked.append(set(keys))
        await self.may.wait()
        if self.fails:
            raise LookupError("away")
        return {key: self.known[key] for key in keys if key in self.known}


@alone
async def test_who_asks_while_a_question_is_under_way_shares_the_next():
    known = Known(a=1, b=2)
    together = Together(known.ask)
    asking = [asyncio.ensure_future(together.find("a"))]
    await asyncio.sleep(0)
    asking += [asyncio.ensure_future(together.find(key)) for key in ("a", "b", "c", "a")]
    await asyncio.sleep(0)
    known.may.set()
    assert await asyncio.gather(*asking) == [1, 1, 2, None, 1]
    assert known.asked == [{"a"}, {"a", "b", "c"}]
    assert await together.find("b") == 2


@alone
async def test_what_goes_wrong_goes_wrong_for_all_of_a_round_and_no_more():
    known = Known(a=1)
    together = Together(known.ask)
    known.fails = True
    asking = [asyncio.ensure_future(together.find(key)) for key in "abc"]
    await asyncio.sleep(0)
    known.may.set()
    errors = await asyncio.gather(*asking, return_exceptions=True)
    assert [str(error) for error in errors] == ["away"] * 3
    assert known.asked == [{"a"}, {"b", "c"}]
    known.fails = False
    assert await together.find("a") == 1


@alone
async def test_who_gives_up_leaves_the_question_to_the_others():
    known = Known(a=1, b=2)
    together = Together(known.ask)
    async with asyncio.timeout(10):
        asking = [asyncio.ensure_future(together.find(key)) for key in ("a", "b", "a")]
        await asyncio.sleep(0)
        asking[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking[0]
        known.may.set()
        assert await asyncio.gather(*asking[1:]) == [2, 1]
