"""Opening the store: made, migrated, checked; or one line that says why not."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest

from bellrock.region.store import StoreError, move_aside, open_store
from bellrock.region.store.database import APPLICATION_ID, SUFFIXES


@pytest.fixture
def path(tmp_path):
    return tmp_path / "region.sqlite"


def open_and_close(path) -> None:
    async def once() -> None:
        await (await open_store(path)).close()

    asyncio.run(once())


def refused(path) -> str:
    with pytest.raises(StoreError) as caught:
        open_and_close(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


def execute(path, *statements: str) -> list:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            rows = connection.execute(statement).fetchall()
        connection.commit()
        return rows


def test_durable_settings(path):
    async def settings() -> list:
        store = await open_store(path)
        async with store._engine.connect() as connection:
            names = ("journal_mode", "synchronous", "application_id")
            found = [(await connection.exec_driver_sql(f"PRAGMA {name}")).scalar() for name in names]
        await store.close()
        return found

    assert asyncio.run(settings()) == ["wal", 2, APPLICATION_ID]


@pytest.mark.parametrize("before", [None, 0o644])
def test_the_file_and_its_journals_are_their_owners_alone_whatever_the_umask(path, before):
    async def modes() -> list[int]:
        store = await open_store(path)
        try:
            return [os.stat(f"{path}{suffix}").st_mode & 0o777 for suffix in SUFFIXES]
        finally:
            await store.close()

    mask = os.umask(0o022)
    try:
        if before is not None:
            path.touch(before)
        assert asyncio.run(modes()) == [0o600] * len(SUFFIXES)
    finally:
        os.umask(mask)


def test_an_empty_file_is_no_store_yet(path):
    path.touch()
    open_and_close(path)
    assert execute(path, "SELECT count(*) FROM agents") == [(0,)]


def test_a_file_that_is_no_database(path):
    path.write_bytes(b"not a database at all, whatever its name says" * 100)
    message = refused(path)
    assert "file is not a database" in message
    assert "--rebuild" in message


def test_a_database_of_something_else(path):
    execute(path, "CREATE TABLE cats (name TEXT)")
    assert "a database, but not a region's" in refused(path)


def test_torn_pages(path):
    open_and_close(path)
    execute(
        path,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
        "INSERT INTO journal (at, agent, seq, kind, body) SELECT i, 'a', i, 'k', randomblob(100) FROM n",
    )
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 8192] = os.urandom(8192)
    path.write_bytes(content)
    assert "corrupt: " in refused(path)


def test_a_newer_schema(path):
    open_and_close(path)
    ((newest,),) = execute(path, "SELECT version_num FROM alembic_version")
    execute(path, "UPDATE alembic_version SET version_num = '9999'")
    assert f"schema 9999 is newer than this Bellrock, which knows up to {newest}" in refused(path)


def test_a_lost_schema_version(path):
    open_and_close(path)
    execute(path, "DROP TABLE alembic_version")
    assert "its schema version is missing" in refused(path)


def test_a_refused_store_is_left_as_it_was(path):
    path.write_bytes(b"x" * 5000)
    refused(path)
    assert path.read_bytes() == b"x" * 5000


def test_one_region_per_store(path):
    async def two() -> None:
        store = await open_store(path)
        try:
            with pytest.raises(StoreError, match=f"in use by another region, pid {os.getpid()}; stop it first"):
                await open_store(path)
            with pytest.raises(StoreError, match="in use by another region"):
                move_aside(path)
        finally:
            await store.close()
        await (await open_store(path)).close()

    asyncio.run(two())


def test_a_directory_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    message = refused(tmp_path / "file" / "region.sqlite")
    assert "Not a directory" in message or "File exists" in message


def test_move_aside_takes_the_journals_along_and_never_overwrites(path):
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert move_aside(path, now) is None
    moved = []
    for content in (b"one", b"two", b"three"):
        for suffix in SUFFIXES:
            path.with_name(path.name + suffix).write_bytes(content)
        moved.append(move_aside(path, now))
    assert [one.name for one in moved] == [
        "region.sqlite.aside-20260102T030405",
        "region.sqlite.aside-20260102T030405-2",
        "region.sqlite.aside-20260102T030405-3",
    ]
    for one, content in zip(moved, (b"one", b"two", b"three"), strict=True):
        assert [one.with_name(one.name + suffix).read_bytes() for suffix in SUFFIXES] == [content] * 3
    assert not path.exists()
    open_and_close(path)
