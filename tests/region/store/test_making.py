"""A store that was made to be filled is gone again where that fails; one that was there stays."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bellrock.region.store import StoreError, open_store
from bellrock.region.store.making import LEADER_LOCK, Made, only_here
from bellrock.region.store.members import LEADER_LOCK as LEADERS
from bellrock.region.store.postgres import connect, parse_url
from tests.region.stores import execute, with_store


async def remains(where) -> list[str]:
    """Files, or tables, sequences and views."""
    if isinstance(where, Path):
        return sorted(path.name for path in where.parent.iterdir())
    connection = await connect(parse_url(where))
    try:
        rows = await connection.fetch("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")
        return sorted(row[0] for row in rows)
    finally:
        await connection.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def nothing(request, tmp_path):
    """Where no store is yet."""
    if request.param == "sqlite":
        yield tmp_path / "new.sqlite"
        return
    postgres = request.getfixturevalue("postgres")
    url = postgres.empty()
    yield url
    postgres.drop(url)


def test_what_was_made_is_gone_again(nothing):
    async def scene() -> list[str]:
        made = await Made.look(nothing)
        store = await open_store(nothing)
        try:
            assert await remains(nothing)
            await made.undo(store)
        finally:
            await store.close()
        return await remains(nothing)

    assert asyncio.run(scene()) == []


def test_what_was_there_stays(nothing):
    async def scene() -> None:
        await (await open_store(nothing)).close()
        before = await remains(nothing)
        made = await Made.look(nothing)
        store = await open_store(nothing)
        await made.undo(store)
        await store.close()
        assert await remains(nothing) == before

    asyncio.run(scene())


def test_an_empty_file_that_somebody_made_is_empty_again(tmp_path):
    path = tmp_path / "new.sqlite"
    path.touch()

    async def scene() -> None:
        made = await Made.look(path)
        store = await open_store(path)
        await made.undo(store)
        await store.close()

    asyncio.run(scene())
    assert [(one.name, one.stat().st_size) for one in tmp_path.iterdir()] == [("new.sqlite", 0)]


def test_what_somebody_has_begun_to_use_meanwhile_stays(postgres):
    async def scene(url: str) -> int:
        made = await Made.look(url)
        store = await open_store(url)
        try:
            await execute(store, "INSERT INTO peers VALUES ('p', 'p', 'rack')")
            await made.undo(store)
        finally:
            await store.close()
        return len(await remains(url))

    url = postgres.empty()
    assert asyncio.run(scene(url)) > 30
    postgres.drop(url)


def test_a_database_that_is_not_reached_is_told():
    with pytest.raises(StoreError, match="127.0.0.1"):
        asyncio.run(Made.look("postgresql://x@127.0.0.1:1/x"))


@with_store
async def test_only_an_empty_store_that_nobody_is_at_work_on_is_filled(store):
    assert LEADER_LOCK == LEADERS
    async with store.transaction() as connection:
        await only_here(connection, store.name)
    await execute(store, "INSERT INTO peers VALUES ('p', 'p', 'rack')")
    with pytest.raises(StoreError, match=r"not empty \(peers\); import into a new one"):
        async with store.transaction() as connection:
            await only_here(connection, store.name)
    if store.shared:
        async with store._engine.connect() as leader:
            await leader.exec_driver_sql(f"SELECT pg_advisory_lock({LEADER_LOCK})")
            with pytest.raises(StoreError, match="in use by a region; stop it first"):
                async with store.transaction() as connection:
                    await only_here(connection, store.name)
