"""What a member reads of the feed, and when."""

from __future__ import annotations

import asyncio

import pytest

from bellrock.region.cluster.following import FEED_KEPT, Following
from bellrock.region.store import StoreAway


class Feed:
    """Post, ingest and store in one."""

    def __init__(self) -> None:
        self.feed = asyncio.Event()
        self.newest = 0
        self.fed = 0
        self.read: list[int] = []
        self.trimmed: list[tuple[float, int]] = []
        self.away = False

    async def catch_up(self) -> int:
        if self.away:
            raise StoreAway("cut off")
        self.read.append(self.newest)
        self.fed = self.newest
        return 1

    async def trim_feed(self, keep: float, read: int) -> list[str]:
        self.trimmed.append((keep, read))
        return []

    def tell(self, number: int) -> None:
        self.newest = number
        self.feed.set()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_what_others_commit_is_read_and_what_is_its_own_is_not():
    async def run() -> None:
        feed = Feed()
        running = asyncio.create_task(Following(feed, feed, feed).run())
        await settle()
        assert feed.read == [0], "what was told before anybody listened"
        feed.tell(3)
        await settle()
        feed.fed = 4
        feed.tell(4)
        await settle()
        assert feed.read == [0, 3]
        feed.away = True
        feed.tell(5)
        with pytest.raises(StoreAway):
            await running

    asyncio.run(run())


def test_what_it_has_not_read_itself_is_not_dropped():
    feed = Feed()
    feed.fed = 9
    asyncio.run(Following(feed, feed, feed).trim())
    assert feed.trimmed == [(FEED_KEPT, 9)]
