"""Open stores for tests, of both kinds."""

from __future__ import annotations

import asyncio
import functools

from bellrock.region.store import Store, open_store


def with_store(test):
    """Run an async test with an open store, once in a file and once on a server."""

    @functools.wraps(test)
    def run(where) -> None:
        async def inside() -> None:
            async with asyncio.timeout(60):
                store = await open_store(where)
                try:
                    await test(store)
                finally:
                    await store.close()

        asyncio.run(inside())

    del run.__wrapped__  # pytest asks for the arguments of `run`, not of the test inside
    return run


async def execute(store: Store, *statements: str) -> list[tuple]:
    """Execute statements as something else than a region would; the rows of the last."""
    rows = []
    async with store._engine.begin() as connection:
        for statement in statements:
            result = await connection.exec_driver_sql(statement)
            rows = [tuple(row) for row in result] if result.returns_rows else []
    return rows
