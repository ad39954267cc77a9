"""Connections to SQLite files that are ended at any moment."""

import asyncio
import sqlite3
import threading

import pytest
from sqlalchemy.exc import OperationalError

from bellrock.region.store.filed import Connection, engine_on


async def counted(engine, statement="SELECT count(*) FROM t"):
    async with engine.connect() as connection:
        return (await connection.exec_driver_sql(statement)).scalar()


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a file?.sqlite"  # a name that a URL must not cut
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.execute("INSERT INTO t VALUES (1), (2)")
    connection.close()
    return path


def test_a_file_is_read_and_written(path):
    async def scene():
        engine = engine_on(path)
        async with engine.begin() as connection:
            await connection.exec_driver_sql("INSERT INTO t VALUES (3)")
        found = await counted(engine)
        await engine.dispose()
        return found

    assert asyncio.run(scene()) == 3


def test_who_only_reads_writes_nothing(path):
    async def scene():
        engine = engine_on(path, read_only=True)
        assert await counted(engine) == 2
        with pytest.raises(OperationalError, match="readonly"):
            await counted(engine, "INSERT INTO t VALUES (3)")
        await engine.dispose()

    asyncio.run(scene())


def test_a_connection_may_be_ended_twice(path):
    async def scene():
        connection = await Connection(path.as_uri())
        ended = connection.stop()
        assert ended is not None
        await ended
        assert connection.stop() is None

    before = {*threading.enumerate()}
    asyncio.run(scene())
    for thread in {*threading.enumerate()} - before:
        thread.join(60)
        assert not thread.is_alive()


def test_a_write_that_is_cancelled_again_and_again_ends(path):
    """Cancelled in a statement, and again while SQLAlchemy closes the connection: the loop must come to its end."""

    async def scene():
        engine = engine_on(path)
        slow = (
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 3000000) SELECT count(*) FROM n"
        )
        for _ in range(5):
            task = asyncio.create_task(counted(engine, slow))
            await counted(engine)
            task.cancel()
            for _ in range(3):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await engine.dispose()

    asyncio.run(scene())
