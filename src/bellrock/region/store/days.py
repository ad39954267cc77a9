"""History lies in a table for each day, so that what is old is dropped whole: deleting rows costs as much as writing them did.

On PostgreSQL they are partitions. In a file they are tables that a view of the history's own name reads together; rows are numbered
from one counter, SQLite's own of AUTOINCREMENT, so that numbers rise over days and are never given twice.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table
from sqlalchemy.schema import CreateTable

DAY: Final = 86400.0
LAST: Final = 99_999
"""The last day that has a table: in 2243. What is said to be later, or before 1970, is with the last, or the first."""
MOST: Final = 480
"""Tables that a view reads together: SQLite takes 500 (SQLITE_MAX_COMPOUND_SELECT)."""
CELL: Final = 5
"""Octets of a row or an index's entry beside its values and a type for each: in the page's list of cells, and its length (SQLite's file format, 1.6)."""
FILLED: Final = 0.75

Row = tuple[Any, ...]


def is_by_day(table: Table) -> bool:
    """Whether a table is history, by the time in its column `at`."""
    return bool(table.info.get("by_day"))


def day_of(at: float) -> int:
    """The number of the day of a time, since 1970."""
    if math.isnan(at):
        return LAST  # where PostgreSQL sorts it, too
    return int(min(max(at, 0.0), LAST * DAY) // DAY)


def part_of(name: str, day: int) -> str:
    """The table of a day."""
    return f"{name}_{day}"


def days_of(connection: Connection, name: str) -> list[int]:
    """The days that have a table, the oldest first."""
    if connection.dialect.name == "postgresql":
        query = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = $1::text::regclass"
        found = connection.exec_driver_sql(query, (name,))
    else:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB ?"
        found = connection.exec_driver_sql(query, (f"{name}_[0-9]*",))
    return sorted(int(row[0].rpartition("_")[2]) for row in found)


def add_rows(connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Row]) -> None:
    """In a file: add rows to the tables of their days, numbered where they bring no number."""
    if not rows:
        return
    numbered = "id" in names
    if not numbered:
        last = _take_numbers(connection, table.name, len(rows))
        rows = [(number, *row) for number, row in enumerate(rows, last + 1)]
        names = ("id", *names)
    place = list(names).index("at")
    days: dict[int, list[Row]] = {}
    for row in rows:
        days.setdefault(day_of(row[place]), []).append(row)
    have_days(connection, table, days)
    columns, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
    for day, some in days.items():
        statement = f"INSERT INTO {part_of(table.name, day)} ({columns}) VALUES ({marks})"  # noqa: S608 -- names of ours
        connection.exec_driver_sql(statement, some)


def have_days(connection: Connection, table: Table, days: Iterable[int]) -> None:
    """Have a table for each of these days. The right to write must be held."""
    shared = connection.dialect.name == "postgresql"
    there = (
        "SELECT to_regclass($1)" if shared else "SELECT max(name) FROM sqlite_master WHERE type = 'table' AND name = ?"
    )
    new = [day for day in days if connection.exec_driver_sql(there, (part_of(table.name, day),)).scalar() is None]
    for day in new:
        (_attach if shared else _create)(connection, table, day)
    if new and not shared:
        for day in days_of(connection, table.name)[:-MOST]:
            connection.exec_driver_sql(f"DROP TABLE {part_of(table.name, day)}")
        _see(connection, table)


def drop_day(connection: Connection, table: Table, day: int) -> None:
    """Drop a day with all its rows. The right to write must be held."""
    shared = connection.dialect.name == "postgresql"
    if not shared:
        connection.exec_driver_sql(f"DROP VIEW {table.name}")
    connection.exec_driver_sql(f"DROP TABLE {part_of(table.name, day)}")
    if not shared:
        _view(connection, table)


def octets_of(connection: Connection, name: str, day: int) -> int:
    """How much of the disk the table of a day takes, with its indexes; in a file whose SQLite does not count pages, about so much."""
    part = part_of(name, day)
    if connection.dialect.name == "postgresql":
        query = "SELECT coalesce(pg_total_relation_size(to_regclass($1)), 0)"
    elif counts_pages(connection):
        query = "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE aggregate = TRUE AND name IN (SELECT name FROM sqlite_master WHERE tbl_name = ?)"
    else:
        return _estimate(connection, part)
    return int(connection.exec_driver_sql(query, (part,)).scalar_one())


def counts_pages(connection: Connection) -> bool:
    """Whether this SQLite was built with `SQLITE_ENABLE_DBSTAT_VTAB`."""
    query = "SELECT count(*) FROM pragma_module_list WHERE name = 'dbstat'"
    return bool(connection.exec_driver_sql(query).scalar_one())


def _estimate(connection: Connection, part: str) -> int:
    """From what is in the rows: each cell has a head of CELL octets, and pages of indexes, which grow in their middle, are filled to FILLED."""
    columns = [row[1] for row in connection.exec_driver_sql(f"PRAGMA table_info({part})")]
    if not columns:
        return 0
    cells, octets = _octets_of(connection, part, columns)
    total = octets + (CELL + len(columns)) * cells
    for index in [row[1] for row in connection.exec_driver_sql(f"PRAGMA index_list({part})")]:
        indexed = [row[2] for row in connection.exec_driver_sql(f"PRAGMA index_info({index})")]
        _, octets = _octets_of(connection, part, indexed)
        total += int((octets + (CELL + len(indexed)) * cells) / FILLED)
    return total


def _octets_of(connection: Connection, part: str, columns: Sequence[str]) -> tuple[int, int]:
    """How many rows there are, and the octets of these columns in all of them."""
    length = " + ".join(
        f"CASE typeof(\"{one}\") WHEN 'integer' THEN 3 WHEN 'real' THEN 8 ELSE length(CAST(\"{one}\" AS BLOB)) END"
        for one in columns
    )
    query = f"SELECT count(*), coalesce(sum({length}), 0) FROM {part}"  # noqa: S608 -- names of ours
    rows, octets = connection.exec_driver_sql(query).one()
    return int(rows), int(octets)


def _take_numbers(connection: Connection, name: str, many: int) -> int:
    """The last number that was given before these were."""
    query = "SELECT seq FROM sqlite_sequence WHERE name = ?"
    last = int(connection.exec_driver_sql(query, (name,)).scalar_one())
    connection.exec_driver_sql("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", (last + many, name))
    return last


def _attach(connection: Connection, table: Table, day: int) -> None:
    """Attached, as that waits for no reader, where `CREATE … PARTITION OF` would."""
    part = part_of(table.name, day)
    connection.exec_driver_sql(f"CREATE TABLE {part} (LIKE {table.name} INCLUDING ALL)")
    first = "MINVALUE" if day == 0 else str(day * DAY)
    end = "MAXVALUE" if day == LAST else str((day + 1) * DAY)
    connection.exec_driver_sql(f"ALTER TABLE {table.name} ATTACH PARTITION {part} FOR VALUES FROM ({first}) TO ({end})")


def _create(connection: Connection, table: Table, day: int) -> None:
    part = part_of(table.name, day)
    body = str(CreateTable(table).compile(connection)).partition("(")[2]
    connection.exec_driver_sql(f"CREATE TABLE {part} ({body}")
    for index in table.indexes:
        columns = ", ".join(column.name for column in index.columns)
        connection.exec_driver_sql(
            f"CREATE INDEX {part}{str(index.name).removeprefix(table.name)} ON {part} ({columns})"
        )


def _see(connection: Connection, table: Table) -> None:
    connection.exec_driver_sql(f"DROP VIEW {table.name}")
    _view(connection, table)


def _view(connection: Connection, table: Table) -> None:
    connection.exec_driver_sql(view_of(table.name, table.columns.keys(), days_of(connection, table.name)))


def view_of(name: str, columns: Sequence[str], days: Sequence[int]) -> str:
    """The statement that makes the view of these days; without any, of no rows."""
    listed = ", ".join(f'"{column}"' for column in columns)
    parts = [f"SELECT {listed} FROM {part_of(name, day)}" for day in days]  # noqa: S608 -- names of ours
    nothing = ", ".join(f'NULL AS "{column}"' for column in columns)
    return f"CREATE VIEW {name} AS {' UNION ALL '.join(parts) or f'SELECT {nothing} WHERE 0'}"
