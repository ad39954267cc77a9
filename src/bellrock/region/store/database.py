"""Opening a store: a file with one owner, or a database on a server; checked, migrated; or one clear line why not."""

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

from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from bellrock.region.store import timing
from bellrock.region.store.errors import StoreError
from bellrock.region.store.filed import engine_on
from bellrock.region.store.migrating import migrate, version_flaw
from bellrock.region.store.postgres import is_url, open_postgres, parse_url
from bellrock.region.store.store import Store, unusable

APPLICATION_ID: Final = 0x62726F63
"""`broc`, in SQLite's header: says that the file is a region's store."""
MAGIC: Final = b"SQLite format 3\x00"
"""The beginning of each file of SQLite (its file format, 1.3.1)."""
APPLICATION_AT: Final = 68
"""Octets before the application id (1.3)."""
SUFFIXES: Final = ("", "-wal", "-shm")
BUSY_TIMEOUT: Final = 5.0
"""Seconds to wait for a lock that another connection of this process holds."""


async def open_store(where: Path | str) -> Store:
    """The store in a file, or in the database that a `postgresql://` URL names; made, or brought to the newest schema.

    Password of a server: in the URL, in its `passfile=`, in a systemd credential, in PGPASSWORD, PGPASSFILE or ~/.pgpass.

    Raises:
        StoreError: corrupt, not a region's store, newer than this Bellrock, in use by another region (a file), not reached
            (a server), or not writable.
    """
    if isinstance(where, str) and is_url(where):
        address = parse_url(where)
        engine = await open_postgres(address)
        timing.watch(engine)
        return Store(engine, name=address.shown)
    return await _open_file(Path(where))


async def _open_file(path: Path) -> Store:
    await asyncio.to_thread(_check_header, path)
    if not await asyncio.to_thread(_is_regions, path):  # else a lock would be left beside somebody else's file
        await asyncio.to_thread(check_file, path)
    lock = _lock(path)
    try:
        await asyncio.to_thread(check_file, path)
        _keep_private(path)
        engine = _engine(path)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(migrate)
        except DBAPIError as error:
            await engine.dispose()
            raise StoreError(f"{path}: {error.orig}; is the disk full or the directory read-only?") from None
        except BaseException:
            await engine.dispose()
            raise
    except BaseException:
        os.close(lock)
        raise
    timing.watch(engine)
    return Store(engine, lock, name=str(path))


def move_aside(path: Path, now: datetime | None = None, *, own: bool = True) -> Path | None:
    """Rename the database and its journals to a free name beside it, for `--rebuild`; None if there is none.

    `own`: it is where nobody but a region keeps anything, so that whatever is there is a region's, however damaged.

    Raises:
        StoreError: another region uses it, it cannot be renamed, or nothing says that it is a region's; nothing was touched.
    """
    if not own and not _is_regions(path):
        raise StoreError(
            f"{path}: not known to be a region's, so --rebuild leaves it alone; move it away, or name another file as the database"
        )
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


def _check_header(path: Path) -> None:
    """That a file is SQLite's, before anything of it or beside it is touched: it may be somebody else's.

    Raises:
        StoreError: it is not, or cannot be read.
    """
    found = _header(path)
    if found and not found.startswith(MAGIC):
        raise StoreError(
            f"{path}: file is not a database; if it was the region's, restore it from a backup, or move it away and start anew "
            "(agents tell everything again); if it is somebody else's, name another file as the database"
        )


def _is_regions(path: Path) -> bool:
    """Whether a file says that it is a region's, or there is nothing in it."""
    found = _header(path)
    return not found or (found.startswith(MAGIC) and found[APPLICATION_AT:] == APPLICATION_ID.to_bytes(4, "big"))


def _header(path: Path) -> bytes:
    """The first octets; none where there is no file.

    Raises:
        StoreError: it cannot be read.
    """
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK | os.O_CLOEXEC)) as file:
            return file.read(APPLICATION_AT + 4)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}; the region keeps its state there") from None


def check_file(path: Path) -> None:
    """That a file is whole and a region's, or empty; of a version that is known.

    Raises:
        StoreError: it is not.
    """
    if not path.exists() or path.stat().st_size == 0:
        return
    _check_header(path)
    with _reading(path) as connection:
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise unusable(path, f"corrupt: {' '.join(str(verdict).split())}")
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if application != APPLICATION_ID and tables:
            raise StoreError(f"{path}: a database, but not a region's; name another file as the database")
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
    for (revision,) in connection.execute("SELECT version_num FROM alembic_version"):
        if flaw := version_flaw(revision):
            raise unusable(path, flaw)


def _engine(path: Path) -> AsyncEngine:
    # Connections are few: one writes at a time, and reading happens at the start only.
    engine = engine_on(path, pool_size=2, max_overflow=0)
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
    # Written by the first connection alone: a write of another's would end a transaction that has read and is to write.
    cursor.execute("PRAGMA application_id")
    if cursor.fetchone()[0] != APPLICATION_ID:
        cursor.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
