"""How far one side may be ahead of the other."""

from __future__ import annotations

import asyncio

from bellrock.region.cluster import window as module
from bellrock.region.cluster.window import Pace


async def waits(pace: Pace) -> bool:
    """Whether there is no room now."""
    asked = asyncio.ensure_future(pace.room())
    await asyncio.sleep(0)
    done = asked.done()
    asked.cancel()
    return not done


def test_there_is_room_until_the_window_is_full_and_again_when_something_was_taken():
    async def run() -> None:
        pace = Pace(10)
        for _ in range(2):
            assert not await waits(pace)
            pace.sent(5)
        assert await waits(pace)
        pace.taken(1)
        assert not await waits(pace)
        pace.sent(1000)  # one event may be of any size
        assert await waits(pace)
        pace.taken(1000)
        assert not await waits(pace)

    asyncio.run(run())


def test_what_was_never_sent_makes_no_room_and_nothing_takes_room_away(monkeypatch):
    monkeypatch.setattr(module, "MOST", 10)

    async def run() -> None:
        pace = Pace(1 << 60)
        pace.taken(1 << 40)
        pace.taken(-(1 << 40))
        pace.sent(10)
        assert await waits(pace)

    asyncio.run(run())
