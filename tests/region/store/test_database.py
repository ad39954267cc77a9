"""Opening the store: made, migrated, checked; or one line that says why not."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime

import pytest

from bellrock.region.store import StoreError, move_aside, open_store
from bellrock.region.store.database import APPLICATION_ID, MAGIC, SUFFIXES


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


def test_one_more_connection_does_not_end_a_transaction_that_has_read_and_is_to_write(path):
    async def one_more_between() -> None:
        store = await open_store(path)
        try:
            async with store.transaction() as writing:
                await writing.exec_driver_sql("SELECT count(*) FROM agents")
                async with store._engine.connect() as reading:
                    await reading.exec_driver_sql("SELECT count(*) FROM agents")
                await writing.exec_driver_sql("DELETE FROM agents")
        finally:
            await store.close()

    asyncio.run(one_more_between())


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
    assert "file is not a database; if it was the region's, restore it from a backup, or move it away" in message
    assert "--rebuild" not in message, "which leaves a file alone of which nothing says that it is a region's"


def test_a_database_of_something_else(path):
    execute(path, "CREATE TABLE cats (name TEXT)")
    assert refused(path).endswith("a database, but not a region's; name another file as the database")


def test_torn_pages(path):
    open_and_close(path)
    execute(
        path,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
        "INSERT INTO diagnoses (id, body) SELECT i, randomblob(100) FROM n",
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


def test_a_file_of_somebody_else_is_left_as_it_was(tmp_path):
    path = tmp_path / "passwd"
    path.write_text("root:x:0:0:root:/root:/bin/bash\n")
    path.chmod(0o644)
    with pytest.raises(StoreError, match="not a database"):
        asyncio.run(open_store(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [one.name for one in tmp_path.iterdir()] == ["passwd"]


def test_a_database_of_somebody_else_keeps_its_mode(tmp_path):
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE cats (name TEXT)")
    path.chmod(0o644)
    with pytest.raises(StoreError, match="not a region's"):
        asyncio.run(open_store(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [one.name for one in tmp_path.iterdir()] == ["other.sqlite"], "no lock beside it"


@pytest.mark.parametrize("content", [b"root:x:0:0:root:/root:/bin/bash\n", MAGIC, MAGIC + b"\0" * 100])
def test_rebuild_leaves_files_of_others_alone(tmp_path, content):
    path = tmp_path / "theirs"
    path.write_bytes(content)
    path.chmod(0o644)
    with pytest.raises(StoreError, match="not known to be a region's, so --rebuild leaves it alone"):
        move_aside(path, own=False)
    assert [(one.name, one.stat().st_mode & 0o777) for one in tmp_path.iterdir()] == [("theirs", 0o644)]
    assert path.read_bytes() == content


def test_rebuild_moves_a_regions_file_wherever_it_is(tmp_path, path):
    assert move_aside(tmp_path / "none", own=False) is None
    open_and_close(path)
    content = bytearray(path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    path.write_bytes(content)
    assert refused(path)
    moved = move_aside(path, own=False)
    assert moved.read_bytes() == content
    open_and_close(path)
