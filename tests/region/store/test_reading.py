"""A store is read without being changed, whoever is at work on it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bellrock.region.store import StoreError, open_store, schema
from bellrock.region.store import reading as module
from bellrock.region.store.reading import counts, missing, name_of, newest, pages, reading, version
from tests.region.stores import execute

PEERS = "INSERT INTO peers VALUES ('b', 'b', ''), ('a', 'a', ''), ('c', 'c', '')"


async def read(where, what):
    async with reading(where) as connection:
        return await what(connection)


def test_one_moment_is_seen_in_pages_while_a_region_writes(where, monkeypatch):
    monkeypatch.setattr(module, "PAGE", 2)

    async def scene() -> None:
        store = await open_store(where)
        try:
            await execute(store, PEERS)
            async with reading(where) as connection:
                assert (await counts(connection))["peers"] == 3
                await execute(store, "DELETE FROM peers")
                found = [page async for page in pages(connection, schema.peers)]
                assert [[row[0] for row in page] for page in found] == [["a", "b"], ["c"]]
                assert await version(connection) == newest()
                assert await missing(connection) == []
        finally:
            await store.close()

    asyncio.run(scene())


def test_nothing_can_be_changed(where):
    async def scene() -> None:
        await (await open_store(where)).close()

        async def change(connection) -> None:
            await connection.exec_driver_sql(PEERS)

        with pytest.raises(StoreError, match="read-?only") as caught:
            await read(where, change)
        assert str(caught.value).startswith(name_of(where))

    asyncio.run(scene())


def test_what_is_missing_is_named(where):
    async def scene() -> list[str]:
        store = await open_store(where)
        await execute(store, "DROP TABLE diagnoses", "ALTER TABLE agents DROP COLUMN software")
        await store.close()
        return await read(where, missing)

    assert sorted(asyncio.run(scene())) == ["agents.software", "diagnoses"]


def test_what_is_not_there_is_not_made(tmp_path, postgres):
    with pytest.raises(StoreError, match="there is no such file"):
        asyncio.run(read(tmp_path / "a.sqlite", version))
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "b.sqlite").touch()
    url = postgres.empty()
    for where in (tmp_path / "b.sqlite", url):
        with pytest.raises(StoreError, match="empty; a region makes its tables"):
            asyncio.run(read(where, version))
    assert postgres.server.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'",
                               database=url.partition("?")[0].rpartition("/")[2]) == "0"  # fmt: skip
    postgres.drop(url)


def test_names_have_no_passwords():
    assert name_of("postgresql://a:secret@h/d?x=y") == "postgresql://a@h/d"
    assert name_of(Path("x")) == name_of("x") == "x"
