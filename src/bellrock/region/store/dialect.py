"""What SQLite and PostgreSQL do not have in common: bulk writing, the right to write, and what their errors mean."""

import sqlite3
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, Float, Integer, LargeBinary, Table, TextClause, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bellrock.region.store.days import add_rows, day_of, have_days, is_by_day
from bellrock.region.store.errors import NotStored, StoreAway, StoreFull, StoreRefused

Row = tuple[Any, ...]
Conditions = tuple[tuple[str, str, str], ...]
"""(column, how it is compared, PostgreSQL's type) of each value of a row that picks others."""

WRITE_LOCK: Final = 0x62726F636B
"""`brock`: the advisory lock that one transaction at a time holds, in all regions of a database together."""

_FULL: Final = frozenset({"53100", "58030", "XX001", "XX002"})
"""disk_full, io_error, data_corrupted, index_corrupted."""
_AWAY: Final = frozenset({"25006", "25P03", "40001", "40P01", "55P03", "57014"})
"""read_only_sql_transaction (a standby), idle_in_transaction_session_timeout, serialization_failure, deadlock_detected,
lock_not_available, query_canceled (by a timeout)."""
_AWAY_CLASSES: Final = ("08", "28", "3D", "53", "57P")
"""Connection exception, invalid authorization, no such database, insufficient resources, operator intervention."""


@cache
def upsert(table: Table) -> TextClause:
    """`INSERT … ON CONFLICT DO UPDATE` of whole rows, which both databases speak; values by the names of the columns."""
    return text(upsert_into(table, f"VALUES ({', '.join(f':{column.name}' for column in table.columns)})"))


def upsert_into(table: Table, source: str) -> str:
    """The statement that puts the rows of `source` in place of those with the same keys."""
    keys = ", ".join(f'"{column.name}"' for column in table.primary_key)
    others = (column.name for column in table.columns if not column.primary_key)
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in others)
    return f"{_into(table, table.columns.keys())} {source} ON CONFLICT ({keys}) DO UPDATE SET {changes}"


async def lock_writes(connection: AsyncConnection) -> None:
    """Wait for the right to write, which ends with the transaction. SQLite has it by its file."""
    if is_shared(connection):
        await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")


async def see_one_moment(connection: AsyncConnection) -> None:
    """On PostgreSQL: have a transaction that begins read one moment of the database, and take its time.

    Between two statements a whole table is decoded, which must not be taken for hanging.
    """
    await connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    await connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")


def is_shared(connection: Connection | AsyncConnection) -> bool:
    """Whether other processes may write to this database: it is PostgreSQL."""
    return connection.dialect.name == "postgresql"


def not_stored(error: DBAPIError | OSError) -> NotStored:
    """What an error of the database means for what was to be written."""
    if isinstance(error, OSError):
        return StoreAway(said(error))
    what = said(error)
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return StoreFull(what) if isinstance(cause, sqlite3.OperationalError) else StoreRefused(what)
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None) or ""
    if state in _FULL:
        return StoreFull(what)
    if not state or error.connection_invalidated or state in _AWAY or state.startswith(_AWAY_CLASSES):
        return StoreAway(what)
    return StoreRefused(what)


def said(error: BaseException) -> str:
    """An error in one line, as the database put it; without statement and values, which SQLAlchemy and PostgreSQL's DETAIL add."""
    cause: BaseException | None = error.orig if isinstance(error, DBAPIError) else error
    cause = getattr(cause, "__cause__", None) or cause
    if isinstance(cause, TimeoutError) and not str(cause):
        return "no answer in time"
    return " ".join(str(cause).partition("\nDETAIL:")[0].split()) or type(cause).__name__


class Bulk:
    """Writes many rows in few statements, within a transaction: on SQLite, one prepared statement for all rows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def upsert(self, table: Table, rows: Iterable[Row]) -> None:
        """Put whole rows, their values in the order of the columns, in place of those with the same keys, which differ."""
        self.many(_upsert_row(table), rows)

    def insert(self, table: Table, names: Sequence[str], rows: Iterable[Row]) -> None:
        """Add rows with values for these columns; those of history to their days, which are made."""
        if is_by_day(table):
            add_rows(self._connection, table, names, list(rows))
            return
        self.many(f"{_into(table, names)} VALUES ({_marks(len(names))})", rows)

    def run(self, statement: str, values: Row = ()) -> None:
        """Execute a statement with `?` for its values."""
        self._connection.exec_driver_sql(statement, values)

    def rows(self, statement: str, values: Row = ()) -> list[Row]:
        """The rows of a query with `?` for its values."""
        return [tuple(row) for row in self._connection.exec_driver_sql(statement, values)]

    def many(self, statement: str, rows: Iterable[Row]) -> None:
        """Execute a statement with `?` for its values once for each row."""
        if rows := list(rows):
            self._connection.exec_driver_sql(statement, rows)

    def delete(self, table: str, conditions: Conditions, rows: Iterable[Row]) -> None:
        """Delete what fits any of these."""
        self.many(f"DELETE FROM {table} WHERE {_fits(conditions)}", rows)  # noqa: S608 -- names of ours

    def find(self, table: Table, columns: str, conditions: Conditions, rows: Sequence[Row]) -> list[Row]:
        """(which of these it fits, *columns) of what fits any, those of each in the order of their keys."""
        query = f"SELECT {columns} FROM {table.name} WHERE {_fits(conditions)} ORDER BY {_key(table)}"  # noqa: S608 -- names of ours
        return [(number, *found) for number, row in enumerate(rows) for found in self.rows(query, row)]


class PostgresBulk(Bulk):
    """The same on PostgreSQL: one statement with an array for each column, so that many rows are one round trip."""

    @override
    def upsert(self, table: Table, rows: Iterable[Row]) -> None:
        """Put rows in place of those with the same keys."""
        self._columns(_upsert_arrays(table), rows)

    @override
    def insert(self, table: Table, names: Sequence[str], rows: Iterable[Row]) -> None:
        """Add rows."""
        if is_by_day(table):
            place, rows = list(names).index("at"), list(rows)
            have_days(self._connection, table, {day_of(row[place]) for row in rows})
        self._columns(f"{_into(table, names)} {_arrays(table, tuple(names))}", rows)

    @override
    def run(self, statement: str, values: Row = ()) -> None:
        """Execute a statement."""
        self._connection.exec_driver_sql(_numbered(statement), values)

    @override
    def rows(self, statement: str, values: Row = ()) -> list[Row]:
        """The rows of a query."""
        return super().rows(_numbered(statement), values)

    @override
    def many(self, statement: str, rows: Iterable[Row]) -> None:
        """Execute a statement once for each row."""
        if rows := list(rows):
            self._connection.exec_driver_sql(_numbered(statement), rows)

    @override
    def delete(self, table: str, conditions: Conditions, rows: Iterable[Row]) -> None:
        """Delete what fits any of these."""
        # Nobody else writes while this does, so that rows stay where they were found.
        found = f"SELECT found.ctid FROM {_found(table, 'ctid', conditions)}"  # noqa: S608 -- names of ours
        self._columns(f"DELETE FROM {table} WHERE ctid = ANY(ARRAY({found}))", rows)  # noqa: S608 -- names of ours

    @override
    def find(self, table: Table, columns: str, conditions: Conditions, rows: Sequence[Row]) -> list[Row]:
        """(which of these it fits, *columns) of what fits any, those of each in the order of their keys."""
        if not rows:
            return []
        source = _found(table.name, "*", conditions)
        query = f"SELECT given.number - 1, {columns} FROM {source} ORDER BY given.number, {_key(table)}"  # noqa: S608 -- names of ours
        found = self._connection.exec_driver_sql(query, tuple(zip(*rows, strict=True)))
        return [tuple(row) for row in found]

    def _columns(self, statement: str, rows: Iterable[Row]) -> None:
        if columns := tuple(zip(*rows, strict=True)):
            self._connection.exec_driver_sql(statement, columns)


def bulk(connection: Connection) -> Bulk:
    """The one for this connection's database."""
    return PostgresBulk(connection) if is_shared(connection) else Bulk(connection)


@cache
def _upsert_row(table: Table) -> str:
    return upsert_into(table, f"VALUES ({_marks(len(table.columns))})")


@cache
def _upsert_arrays(table: Table) -> str:
    return upsert_into(table, _arrays(table, tuple(table.columns.keys())))


@cache
def _arrays(table: Table, names: tuple[str, ...]) -> str:
    kinds = [_kind(table.columns[name].type) for name in names]
    return f"SELECT * FROM unnest({', '.join(f'${number}::{kind}[]' for number, kind in enumerate(kinds, 1))})"  # noqa: S608 -- names of ours


def _kind(column: object) -> str:
    kinds = ((Integer, "bigint"), (Float, "float8"), (LargeBinary, "bytea"))
    return next((name for kind, name in kinds if isinstance(column, kind)), "text")


@cache
def _numbered(statement: str) -> str:
    parts = statement.split("?")
    return parts[0] + "".join(f"${number}{part}" for number, part in enumerate(parts[1:], 1))


@cache
def _fits(conditions: Conditions) -> str:
    return " AND ".join(f'"{column}" {compared} ?' for column, compared, _ in conditions)


@cache
def _found(table: str, columns: str, conditions: Conditions) -> str:
    """What fits rows whose values come in an array for each column, and whose numbers are wanted: `given`, and what was `found` for each.

    OFFSET keeps the planner from joining the two by reading the whole table, which it prefers while it knows nothing of it, and often
    later: they are few, and there is an index.
    """
    arrays = ", ".join(f"${number}::{kind}[]" for number, (_, _, kind) in enumerate(conditions, 1))
    names = ", ".join(f"value_{column}" for column, _, _ in conditions)
    fits = " AND ".join(f'"{column}" {compared} given.value_{column}' for column, compared, _ in conditions)
    given = f"unnest({arrays}) WITH ORDINALITY AS given({names}, number)"
    return f"{given}, LATERAL (SELECT {columns} FROM {table} WHERE {fits} OFFSET 0) AS found"  # noqa: S608 -- names of ours


def _key(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.primary_key)


def _into(table: Table, names: Iterable[str]) -> str:
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"INSERT INTO {table.name} ({quoted})"


def _marks(count: int) -> str:
    return ", ".join("?" * count)
