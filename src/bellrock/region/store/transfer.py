"""A whole store in one file, to move a region from one database to another: written from either kind, read into either kind.

The file is gzip (RFC 1952) of records, each four octets of length, big-endian, and as many of msgpack:

1. the header: `{"format", "schema", "software", "rows": {table: number}, "numbers": {table: last number given}}`;
2. for each table any number of `[table, [row, …]]`, a row being its values in the order of the columns;
3. the end: `{"sha256"}`, of all that was before it, uncompressed.
"""

import asyncio
import gzip
import hashlib
import os
import stat
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from importlib.metadata import version as software
from pathlib import Path
from typing import IO, Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Float, Integer, LargeBinary, Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bellrock.region.store import schema
from bellrock.region.store.database import open_store
from bellrock.region.store.dialect import bulk, is_shared, said
from bellrock.region.store.errors import NotStored, StoreError
from bellrock.region.store.making import Made, only_here
from bellrock.region.store.reading import counts, name_of, newest, pages, reading, version

FORMAT: Final = 1
MAX_RECORD: Final = 256 * 1024 * 1024
"""Octets of one record, uncompressed."""
_GZIP: Final = b"\x1f\x8b"
"""The first octets of gzip's (RFC 1952 §2.3.1)."""
_NUMBERED: Final = ("journal", "audit", "probe_changes")
"""Tables that number their rows, and never give a number twice."""

Progress = Callable[[str, int, int], object]
"""Told of the table, the rows done so far in all tables, and the rows that there are."""


class Header(Struct, frozen=True, kw_only=True):
    """What the file says of itself first."""

    format: int
    schema: str
    software: str
    rows: dict[str, int]
    numbers: dict[str, int]


class End(Struct, frozen=True):
    """What it says last."""

    sha256: str


_encode = msgspec.msgpack.Encoder().encode


async def export(where: Path | str, path: Path, progress: Progress = lambda *_: None) -> Header:
    """Write a store to a new file, which is its owner's alone: it holds hashes of passwords, and the secrets of webhooks.

    A region may be at work on the store meanwhile: the file holds one moment of it.

    Raises:
        StoreError: the store cannot be read, is of an older schema, or the file cannot be written or is there already.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        file = os.fdopen(
            os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), "wb"
        )
        try:
            os.fchmod(file.fileno(), 0o600)
            with file:
                header = await _export(where, file, progress)
            os.link(part, path)  # unlike a rename, this never takes the place of another file
        finally:
            part.unlink()
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}; nothing was exported") from None
    return header


async def _export(where: Path | str, file: IO[bytes], progress: Progress) -> Header:
    async with reading(where) as connection:
        if (found := await version(connection)) != newest():
            raise StoreError(
                f"{name_of(where)}: schema {found} is older than this Bellrock's; run first: bellrock db migrate"
            )
        header = Header(
            format=FORMAT,
            schema=found,
            software=software("bellrock"),
            rows=await counts(connection),
            numbers=await _numbers(connection),
        )
        with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=3, mtime=0) as packed:
            write = _Writer(packed)
            write.record(header)
            done, total = 0, sum(header.rows.values())
            for table in schema.metadata.sorted_tables:
                async for rows in pages(connection, table):
                    await asyncio.to_thread(write.record, [str(table.name), [_octets(table, row) for row in rows]])
                    done += len(rows)
                    progress(str(table.name), done, total)
            write.record(End(write.digest.hexdigest()))
    file.flush()
    os.fsync(file.fileno())
    return header


async def read_in(path: Path, where: Path | str, progress: Progress = lambda *_: None) -> Header:
    """Fill an empty store from a file, whole or not at all; the store is made if it is not there, and is not there again if that fails.

    Raises:
        StoreError: the file is damaged or of another schema, the store is not empty, in use, or does not take it.
    """
    try:
        with _opened(path) as file:
            records = _Records(file)
            header = records.header(path)
            await _take(where, records, header, progress)
    except _Damaged as error:
        raise StoreError(f"{path}: {error}; nothing was imported") from None
    return header


async def _take(where: Path | str, records: "_Records", header: Header, progress: Progress) -> None:
    made = await Made.look(where)
    store = await open_store(where)
    try:
        async with store.transaction() as connection:
            await only_here(connection, store.name)
            await _fill(connection, records, header, progress)
    except BaseException as error:
        await made.undo(store)
        if isinstance(error, NotStored):
            raise StoreError(f"{store.name}: {error}; nothing was imported") from None
        raise
    finally:
        await store.close()


async def migrate(where: Path | str) -> tuple[str, str]:
    """Bring a store to the newest schema, or make it; its versions before (empty: none) and after.

    Raises:
        StoreError: see `open_store`.
    """
    before = await _version_before(where)
    await (await open_store(where)).close()
    return before, newest()


async def _version_before(where: Path | str) -> str:
    """Empty where there is nothing to read; what is wrong with it, `open_store` says."""
    with suppress(StoreError):
        async with reading(where) as connection:
            return await version(connection)
    return ""


async def _fill(connection: AsyncConnection, records: "_Records", header: Header, progress: Progress) -> None:
    done, total = dict.fromkeys(schema.metadata.tables, 0), sum(header.rows.values())
    async for table, rows in records.rows():
        await connection.run_sync(_insert, table, rows)
        done[table.name] += len(rows)
        progress(str(table.name), sum(done.values()), total)
    for name in _NUMBERED:
        await _renumber(connection, name, header.numbers.get(name, 0))
    if done != header.rows:
        raise _Damaged("damaged: its rows are not as many as it says")


def _insert(connection: Connection, table: Table, rows: list[tuple[Any, ...]]) -> None:
    bulk(connection).insert(table, table.columns.keys(), rows)


async def _numbers(connection: AsyncConnection) -> dict[str, int]:
    """The last number that each table has given: rows that are gone keep theirs."""
    found = {}
    for name in _NUMBERED:
        if is_shared(connection):
            query = f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {name}_id_seq"  # noqa: S608 -- names of ours
        else:
            query = f"SELECT seq FROM sqlite_sequence WHERE name = '{name}'"  # noqa: S608 -- names of ours
        given = (await connection.exec_driver_sql(query)).scalar() or 0
        column = schema.metadata.tables[name].c.id
        found[name] = max(int(given), (await connection.execute(select(func.max(column)))).scalar() or 0)
    return found


async def _renumber(connection: AsyncConnection, name: str, last: int) -> None:
    if not last:
        return
    if is_shared(connection):
        await connection.exec_driver_sql("SELECT setval($1::text::regclass, $2)", (f"{name}_id_seq", last))
        return
    await connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = ?", (name,))
    await connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, last))


def _octets(table: Table, row: tuple[Any, ...]) -> tuple[Any, ...]:
    """SQLite keeps a text in a column of octets as it was given."""
    pairs = zip(table.columns, row, strict=True)
    return tuple(
        value.encode() if isinstance(column.type, LargeBinary) and isinstance(value, str) else value
        for column, value in pairs
    )


class _Damaged(Exception):  # noqa: N818 -- says what it is
    """The file is not as `export` writes it."""


def _opened(path: Path) -> gzip.GzipFile:
    try:
        # A pipe would be waited for without end, and it cannot be read twice.
        if not stat.S_ISREG(path.stat().st_mode):
            raise StoreError(f"{path}: not a regular file, so no export")
        with path.open("rb") as file:
            start = file.read(len(_GZIP))
        if not _GZIP.startswith(start):
            raise StoreError(f"{path}: no file that `bellrock db export` wrote; nothing was imported")
        return gzip.open(path, "rb")
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from None


class _Writer:
    def __init__(self, file: gzip.GzipFile) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def record(self, value: object) -> None:
        body = _encode(value)
        octets = len(body).to_bytes(4, "big") + body
        self._file.write(octets)
        self.digest.update(octets)


class _Records:
    def __init__(self, file: gzip.GzipFile) -> None:
        self._file = file
        self._digest = hashlib.sha256()

    def header(self, path: Path) -> Header:
        """The first record.

        Raises:
            StoreError: it was made with another schema.
        """
        try:
            header = msgspec.msgpack.decode(self._next(), type=Header)
        except msgspec.MsgspecError:
            raise _Damaged("no file that `bellrock db export` wrote") from None
        if (header.format, header.schema) != (FORMAT, newest()):
            raise StoreError(
                f"{path}: format {header.format}, schema {header.schema}, written by Bellrock {header.software}; this one reads "
                f"format {FORMAT}, schema {newest()}: import it with that version, then run `bellrock db migrate` with this one"
            )
        return header

    async def rows(self) -> AsyncIterator[tuple[Table, list[tuple[Any, ...]]]]:
        """The rows up to the end, which is checked."""
        while True:
            digest = self._digest.hexdigest()
            body = await asyncio.to_thread(self._next)
            with suppress(msgspec.MsgspecError):
                end = msgspec.msgpack.decode(body, type=End)
                if end.sha256 != digest or self._read(1):
                    raise _Damaged("damaged: its digest is another")
                return
            yield _typed(body)

    def _next(self) -> bytes:
        length = self._read(4)
        size = int.from_bytes(length, "big")
        if len(length) < 4 or size > MAX_RECORD or len(body := self._read(size)) < size:
            raise _Damaged("damaged or cut short")
        self._digest.update(length + body)
        return body

    def _read(self, size: int) -> bytes:
        # What a file raises must not be taken for what the database raises: both may be an OSError.
        try:
            return self._file.read(size)
        except (EOFError, zlib.error, OSError) as error:
            raise _Damaged(f"damaged or cut short ({said(error)})") from None


def _typed(body: bytes) -> tuple[Table, list[tuple[Any, ...]]]:
    """Rows of a table, every value of its column's type."""
    try:
        name, raw = msgspec.msgpack.decode(body, type=tuple[str, msgspec.Raw])
        table = schema.metadata.tables[name]
        return table, msgspec.msgpack.decode(raw, type=list[_row(table)])  # type: ignore[misc]
    except (msgspec.MsgspecError, KeyError) as error:
        raise _Damaged(f"damaged: {error}") from None


def _row(table: Table) -> Any:  # noqa: ANN401 -- a type
    kinds = ((Integer, int), (Float, float), (LargeBinary, bytes))
    types = [next((kind for column, kind in kinds if isinstance(one.type, column)), str) for one in table.columns]
    return tuple[tuple(kind | None if one.nullable else kind for one, kind in zip(table.columns, types, strict=True))]  # type: ignore[misc]
