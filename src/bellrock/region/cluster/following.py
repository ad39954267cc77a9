"""What all members of a region read of each other's reports, and for how long it is kept for them."""

from typing import Final

from bellrock.region.service.ingest import Ingest
from bellrock.region.store import Store
from bellrock.region.store.members import Post

FEED_KEPT: Final = 3600.0
"""Seconds for which batches stay in the feed, and longer until all that are there have read them."""
TRIM: Final = 300.0
"""Seconds between two looks for hours of the feed that can go."""


class Following:
    """One member's reading of the feed."""

    def __init__(self, store: Store, post: Post, ingest: Ingest) -> None:
        """`ingest`: what takes the batches in."""
        self._store = store
        self._post = post
        self._ingest = ingest

    async def run(self) -> None:
        """Take in what others commit, until cancelled.

        Raises:
            StoreAway: the database is not there.
        """
        # What was told before this connection listened is not known.
        await self._ingest.catch_up()
        while True:
            await self._post.feed.wait()
            self._post.feed.clear()
            # Most of it is this process's own, and in the state already.
            if self._post.newest > self._ingest.fed:
                await self._ingest.catch_up()

    async def trim(self) -> None:
        """Have hours of the feed dropped that nobody needs any more.

        Raises:
            StoreAway: not now.
        """
        # What a slow member has not read yet stays; one that was given up loads everything anew, should it come back.
        await self._store.trim_feed(FEED_KEPT, self._ingest.fed)
