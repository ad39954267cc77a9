"""A store for tests of what is kept of people."""

from __future__ import annotations

import asyncio
import functools

from bellrock.region.store import open_store


def with_store(test):
    """Run an async test with an open store."""

    @functools.wraps(test)
    def run(tmp_path) -> None:
        async def inside() -> None:
            async with asyncio.timeout(60):
                store = await open_store(tmp_path / "region.sqlite")
                try:
                    await test(store)
                finally:
                    await store.close()

        asyncio.run(inside())

    del run.__wrapped__  # pytest asks for the arguments of `run`, not of the test inside
    return run
