"""Opening the database file: one owner, checked, migrated; or one clear line why not."""

import asyncio
import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bellrock.region.store.store import Store, StoreError, StoreFull, unusable

APPLICATION_ID: Final = 0x62726F63
"""`broc`, in SQLite's header: says that the file is a region's store."""
MIGRATIONS: Final = Path(__file__).parent / "migrations"
SUFFIXES: Final = ("", "-wal", "-shm")
BUSY_TIMEOUT: Final = 5.0
"""Seconds to wait for a lock that another connection of this process holds."""

__all__ = ["StoreError", "StoreFull", "move_aside", "open_store"]


async def open_store(path: Path) -> Store:
    """The store in `path`, made if it is not there, brought to the newest schema if it is older.

    Raises:
        StoreError: corrupt, not a region's store, newer than this Bellrock, in use by another region, or not writable.
    """
    lock = _lock(path)
    try:
        _keep_private(path)
        await asyncio.to_thread(_check, path)
        engine = _engine(path)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(_migrate)
        except DBAPIError as error:
            await engine.dispose()
            raise StoreError(f"{path}: {error.orig}; is the disk full or the directory read-only?") from None
        except BaseException:
            await engine.dispose()
            raise
    except BaseException:
        os.close(lock)
        raise
    return Store(engine, lock)


def move_aside(path: Path, now: datetime | None = None) -> Path | None:
    """Rename the database and its journals to a free name beside it, for `--rebuild`; None if there is none.

    Raises:
        StoreError: another region uses it, or it cannot be renamed.
    """
    lock = _lock(path)
    try:
        if not path.exists():
            return None
        stamp = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%S")
        aside = _free_name(path, stamp)
        for suffix in SUFFIXES:
            if (part := Path(f"{path}{suffix}")).exists():
                part.rename(f"{aside}{suffix}")
    except OSError as error:
        raise StoreError(f"{path}: cannot be moved aside: {error.strerror}") from None
    finally:
        os.close(lock)
    return aside


def _free_name(path: Path, stamp: str) -> Path:
    aside = path.with_name(f"{path.name}.aside-{stamp}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.aside-{stamp}-{number}")
    return aside


def _lock(path: Path) -> int:
    """Own the database: two regions on one file would each trust its own memory of it."""
    name = f"{path}.lock"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"{name}: {error.strerror}; the region keeps its state there") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
    except OSError as error:
        holder = os.pread(lock, 20, 0).decode(errors="replace")
        os.close(lock)
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            raise StoreError(f"{path}: in use by another region, pid {holder or '?'}; stop it first") from None
        raise StoreError(f"{name}: {error.strerror}") from None
    return lock


def _keep_private(path: Path) -> None:
    """Its owner's alone, whatever the umask: it holds hashes of passwords. SQLite gives its journals the mode of the file."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        for suffix in SUFFIXES:
            if (part := Path(f"{path}{suffix}")).exists() and part.stat().st_mode & 0o077:
                part.chmod(0o600)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}; the region keeps its state there") from None


def _check(path: Path) -> None:
    if not path.exists() or path.stat().st_size == 0:
        return
    with _reading(path) as connection:
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise unusable(path, f"corrupt: {' '.join(str(verdict).split())}")
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if application != APPLICATION_ID and tables:
            raise unusable(path, "a database, but not a region's")
        _check_schema(path, connection)


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT)
        try:
            yield connection
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise unusable(path, str(error)) from None


def _check_schema(path: Path, connection: sqlite3.Connection) -> None:
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "alembic_version" not in names:
        if names:
            raise unusable(path, "its schema version is missing")
        return
    script = ScriptDirectory(str(MIGRATIONS))
    known = {step.revision for step in script.walk_revisions()}
    for (revision,) in connection.execute("SELECT version_num FROM alembic_version"):
        if revision not in known:
            newest = script.get_current_head()
            raise unusable(path, f"schema {revision} is newer than this Bellrock, which knows up to {newest}")


def _engine(path: Path) -> AsyncEngine:
    # Connections are few: one writes at a time, and reading happens at the start only.
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", pool_size=2, max_overflow=0)
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _prepare(raw: Any, _record: object) -> None:  # noqa: ANN401 -- the driver's adapted connection has no public type
    # Python's sqlite3 begins transactions by itself, and never around DDL; with None, _begin does it for both.
    raw.isolation_level = None
    cursor = raw.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    # FULL: an acknowledged report is gone from its agent's spool, so it must survive a power cut here as well. In WAL
    # that costs one fsync per transaction, and reports are committed many at a time. kill -9 needs no fsync at all.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA wal_autocheckpoint = 1000")
    cursor.execute("PRAGMA journal_size_limit = 67108864")
    cursor.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT * 1000)}")
    cursor.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
