"""A store as others left it: read, but neither migrated nor changed, while a region may be at work on it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Table, func, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bellrock.region.store import schema
from bellrock.region.store.database import check_file
from bellrock.region.store.dialect import said, see_one_moment
from bellrock.region.store.errors import StoreError
from bellrock.region.store.filed import engine_on
from bellrock.region.store.migrating import known_versions
from bellrock.region.store.postgres import Address, check_database, is_url, make_engine, parse_url, told

PAGE: Final = 500
"""Rows that are held in memory at a time."""


def name_of(where: Path | str) -> str:
    """A store in messages: never with a password."""
    return parse_url(where).shown if isinstance(where, str) and is_url(where) else str(where)


@asynccontextmanager
async def reading(where: Path | str) -> AsyncIterator[AsyncConnection]:
    """A connection that sees one moment of a store of any version that this Bellrock knows.

    Raises:
        StoreError: it is not there, not reached, not allowed, corrupt, not a region's, or newer than this Bellrock.
    """
    shared = isinstance(where, str) and is_url(where)
    opened = _database(parse_url(str(where))) if shared else _file(Path(where))
    async with opened as connection:
        name = name_of(where)
        try:
            if not await version(connection):
                raise StoreError(f"{name}: empty; a region makes its tables when it starts first")
            yield connection
        except DBAPIError as error:
            raise StoreError(f"{name}: {said(error)}") from None


@asynccontextmanager
async def _database(address: Address) -> AsyncIterator[AsyncConnection]:
    engine = make_engine(address)
    try:
        async with AsyncExitStack() as stack:
            async with told(address):
                connection = await stack.enter_async_context(engine.connect())
                await see_one_moment(connection)
                await connection.run_sync(check_database, address, writing=False)
            yield connection
    finally:
        await engine.dispose()


@asynccontextmanager
async def _file(path: Path) -> AsyncIterator[AsyncConnection]:
    if not await asyncio.to_thread(path.is_file):
        if await asyncio.to_thread(path.exists):
            raise StoreError(f"{path}: not a file, so not a region's database")
        raise StoreError(f"{path}: there is no such file; a region makes it when it starts first")
    await asyncio.to_thread(check_file, path)
    engine = engine_on(path, read_only=True)
    try:
        async with engine.connect() as connection:
            await connection.exec_driver_sql("BEGIN")
            yield connection
    finally:
        await engine.dispose()


async def version(connection: AsyncConnection) -> str:
    """The schema's; empty where there is none."""
    names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    if "alembic_version" not in names:
        return ""
    return (await connection.exec_driver_sql("SELECT version_num FROM alembic_version")).scalar() or ""


def newest() -> str:
    """The schema's version that this Bellrock has."""
    return known_versions()[0]


async def missing(connection: AsyncConnection) -> list[str]:
    """What the newest schema has and this store has not: tables, and columns as `table.column`."""

    def compare(sync: Any) -> list[str]:  # noqa: ANN401 -- SQLAlchemy's connection
        found = inspect(sync)
        names = {*found.get_table_names(), *found.get_view_names()}
        gone = [str(one.name) for one in schema.metadata.sorted_tables if one.name not in names]
        for table in schema.metadata.sorted_tables:
            if table.name in names:
                have = {column["name"] for column in found.get_columns(table.name)}
                gone += [f"{table.name}.{column.name}" for column in table.columns if column.name not in have]
        return gone

    return await connection.run_sync(compare)


async def counts(connection: AsyncConnection) -> dict[str, int]:
    """How many rows each table has."""
    found = {}
    for table in schema.metadata.sorted_tables:
        found[str(table.name)] = int((await connection.execute(select(func.count()).select_from(table))).scalar_one())
    return found


async def pages(connection: AsyncConnection, table: Table) -> AsyncIterator[list[tuple[Any, ...]]]:
    """All rows of a table in the order of its keys, some at a time."""
    result = await connection.stream(select(table).order_by(*table.primary_key))
    async for rows in result.partitions(PAGE):
        yield [tuple(row) for row in rows]
