"""A store that is made to be filled, and is to be gone again where that fails."""

import asyncio
import os
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bellrock.region.store.dialect import is_shared
from bellrock.region.store.errors import NotStored, StoreError
from bellrock.region.store.postgres import Address, is_url, make_engine, parse_url, told
from bellrock.region.store.reading import counts
from bellrock.region.store.store import Store

LEADER_LOCK: Final = 0x62726F636C
"""The advisory lock that a region at work on a database holds (`members.LEADER_LOCK`)."""
_PARTS: Final = ("", "-wal", "-shm", ".lock")


async def only_here(connection: AsyncConnection, name: str) -> None:
    """See that a store is empty, and that no region is at work on it, until the transaction ends.

    Raises:
        StoreError: it is not, or one is.
    """
    if is_shared(connection):
        free = (await connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({LEADER_LOCK})")).scalar()
        if not free:
            raise StoreError(f"{name}: in use by a region; stop it first")
    full = [table for table, rows in (await counts(connection)).items() if rows]
    if full:
        raise StoreError(f"{name}: not empty ({', '.join(full)}); import into a new one")


class Made:
    """What is there before a store is opened, which makes one where there is none."""

    def __init__(self, *, fresh: bool, path: Path | None = None) -> None:
        """`fresh`: no store is there; `path`: where its file is to be."""
        self._fresh = fresh
        self._path = path
        parts = [] if path is None else [Path(f"{path}{suffix}") for suffix in _PARTS]
        self._parts = [part for part in parts if not part.exists()]
        """Files that are not there yet."""

    @classmethod
    async def look(cls, where: Path | str) -> "Made":
        """See what is there.

        Raises:
            StoreError: the database is not reached.
        """
        if isinstance(where, str) and is_url(where):
            return cls(fresh=await _has_no_tables(parse_url(where)))
        return await asyncio.to_thread(cls._of_file, Path(where))

    @classmethod
    def _of_file(cls, path: Path) -> "Made":
        return cls(fresh=not path.exists() or (path.is_file() and path.stat().st_size == 0), path=path)

    async def undo(self, store: Store) -> None:
        """Leave what was there before: nothing, where this store was made now. To be called before it is closed, which gives it free.

        What cannot be taken back stays: an empty store of a region, which takes an import.
        """
        if not self._fresh:
            return
        if self._path is not None:
            await store.disconnect()  # which writes what is in the journal into the file
            await asyncio.to_thread(self._unlink)
            return
        try:
            async with store.transaction() as connection:
                await only_here(connection, store.name)
                await connection.run_sync(_drop_all)
        except (StoreError, NotStored, DBAPIError, OSError):
            return

    def _unlink(self) -> None:
        for part in self._parts:
            part.unlink(missing_ok=True)
        if self._path is not None and self._path.exists():
            os.truncate(self._path, 0)  # somebody had made it, empty


async def _has_no_tables(address: Address) -> bool:
    engine = make_engine(address)
    try:
        async with told(address), engine.connect() as connection:
            return not await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    finally:
        await engine.dispose()


def _drop_all(connection: Connection) -> None:
    """A region makes its tables in a schema that has none."""
    for name in inspect(connection).get_table_names():
        connection.exec_driver_sql(f'DROP TABLE IF EXISTS "{name}" CASCADE')
