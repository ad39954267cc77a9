"""What the two databases do not share: bulk statements, and what their errors mean."""

from __future__ import annotations

import asyncio
import errno
import sqlite3
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import DBAPIError

from bellrock.region.store import Store, StoreAway, StoreFull, StoreRefused, open_store, schema
from bellrock.region.store.dialect import PostgresBulk, bulk, lock_writes, not_stored, said, upsert
from tests.region.stores import execute, with_store


class Recorder:
    """A connection that only writes down what it is asked."""

    def __init__(self, name: str = "postgresql") -> None:
        self.dialect = SimpleNamespace(name=name)
        self.asked: list[tuple] = []

    def exec_driver_sql(self, statement, values) -> None:
        self.asked.append((statement, values))


def test_many_rows_are_one_statement_of_arrays_on_postgresql():
    recorder = Recorder()
    writer = bulk(recorder)
    writer.upsert(schema.interfaces, [("h", "eth0", 1, b"x"), ("h", "eth1", 2, b"y")])
    writer.insert(schema.tokens, ("created", "hash"), [(1.0, "a")])
    writer.many("DELETE FROM peers WHERE id = ? AND name = ?", [("a", "b")])
    writer.run("DELETE FROM peers WHERE id = ?", ("a",))
    assert isinstance(writer, PostgresBulk)
    assert recorder.asked == [
        (
            'INSERT INTO interfaces ("host", "name", "account", "body") SELECT * FROM '
            "unnest($1::text[], $2::text[], $3::bigint[], $4::bytea[]) "
            'ON CONFLICT ("host", "name") DO UPDATE SET "account" = excluded."account", "body" = excluded."body"',
            (("h", "h"), ("eth0", "eth1"), (1, 2), (b"x", b"y")),
        ),
        ('INSERT INTO tokens ("created", "hash") SELECT * FROM unnest($1::float8[], $2::text[])', ((1.0,), ("a",))),
        ("DELETE FROM peers WHERE id = $1 AND name = $2", [("a", "b")]),
        ("DELETE FROM peers WHERE id = $1", ("a",)),
    ]


OLDER = (("host", "=", "text"), ("account", "<", "bigint"))


@with_store
async def test_rows_pick_others_to_read_or_delete(store: Store):
    def work(connection) -> list:
        writer = bulk(connection)
        made = [("a", "eth1", 1, b"1"), ("a", "eth0", 1, b"0"), ("a", "eth2", 2, b"2"), ("b", "eth0", 1, b"b")]
        writer.upsert(schema.interfaces, made)
        found = writer.find(schema.interfaces, "body", OLDER, [("b", 1), ("a", 2), ("b", 2)])
        writer.delete("interfaces", OLDER, [("a", 2), ("b", 1)])
        return [found, writer.rows("SELECT name, host FROM interfaces ORDER BY host", ())]

    async with store.transaction() as connection:
        found, left = await connection.run_sync(work)
    assert found == [(1, b"0"), (1, b"1"), (2, b"b")]
    assert left == [("eth2", "a"), ("eth0", "b")]


def test_no_whole_table_is_read_for_a_few_rows_even_while_the_planner_knows_nothing_of_it(postgres):
    url = postgres.fresh()
    fill = (
        "INSERT INTO evidence SELECT 'k' || i, 'h' || i / 100, 'eth0', 'h', 'eth0', 1, 5, 'x'::bytea "
        "FROM generate_series(1, 20000) AS i"
    )

    def work(connection) -> str:
        connection.exec_driver_sql(fill)
        recorder = Recorder()
        bulk(recorder).delete("evidence", OLDER, [(f"h{number}", 1) for number in range(60)])
        ((statement, (hosts, accounts)),) = recorder.asked
        hosts, accounts = (f"ARRAY{[*values]}" for values in (hosts, accounts))
        explain = f"EXPLAIN {statement}".replace("$1", hosts).replace("$2", accounts)
        return "\n".join(row[0] for row in connection.exec_driver_sql(explain))

    async def run() -> str:
        store = await open_store(url)
        try:
            async with store.transaction() as connection:
                return await connection.run_sync(work)
        finally:
            await store.close()

    plan = asyncio.run(run())
    postgres.drop(url)
    assert "evidence_of_interface" in plan
    assert "Seq Scan" not in plan, plan


@pytest.mark.parametrize("name", ["sqlite", "postgresql"])
def test_nothing_to_write_is_no_statement(name):
    recorder = Recorder(name)
    writer = bulk(recorder)
    writer.upsert(schema.interfaces, [])
    writer.insert(schema.journal, ("at",), [])
    writer.many("DELETE FROM peers WHERE id = ?", [])
    writer.delete("peers", (("id", "=", "text"),), [])
    assert writer.find(schema.interfaces, "body", OLDER, []) == []
    assert recorder.asked == []


def test_an_upsert_takes_the_place_of_a_row_whatever_its_columns_are_called(where):
    async def inside() -> list:
        store = await open_store(where)
        try:
            async with store.transaction() as connection:
                await lock_writes(connection)  # once more is as good as once
                row = {"hash": "h", "user": "a", "created": 1.0, "expires": 2.0}
                for user in ("a", "b"):
                    await connection.execute(upsert(schema.sessions), row | {"user": user})
            return await execute(store, "SELECT * FROM sessions")
        finally:
            await store.close()

    assert asyncio.run(inside()) == [("h", "b", 1.0, 2.0)]


def driver_error(cause: BaseException, *, invalidated: bool = False) -> DBAPIError:
    return DBAPIError("INSERT secret", {"value": "secret"}, cause, connection_invalidated=invalidated)


def postgres_error(state: str | None, text: str = "it says so") -> Exception:
    cause = Exception(text)
    cause.sqlstate = state
    return cause


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("53100", StoreFull), ("58030", StoreFull), ("XX001", StoreFull),
        ("53300", StoreAway), ("57P01", StoreAway), ("08006", StoreAway), ("25006", StoreAway), ("25P03", StoreAway),
        ("40001", StoreAway), ("40P01", StoreAway), ("55P03", StoreAway), ("57014", StoreAway), ("28P01", StoreAway),
        ("3D000", StoreAway), (None, StoreAway),
        ("23502", StoreRefused), ("22021", StoreRefused), ("42P01", StoreRefused),
    ],
)  # fmt: skip
def test_what_an_sqlstate_means(state, kind):
    found = not_stored(driver_error(postgres_error(state)))
    assert (type(found), str(found)) == (kind, "it says so")


def test_what_else_errors_mean():
    assert type(not_stored(driver_error(postgres_error("23502"), invalidated=True))) is StoreAway
    assert type(not_stored(driver_error(sqlite3.OperationalError("disk full")))) is StoreFull
    assert type(not_stored(driver_error(sqlite3.IntegrityError("twice")))) is StoreRefused
    assert type(not_stored(ConnectionRefusedError(errno.ECONNREFUSED, "refused"))) is StoreAway
    assert str(not_stored(TimeoutError())) == "no answer in time"
    assert StoreAway.event == "store-away"


def test_what_is_said_is_one_line_without_values():
    told = postgres_error("23502", "null value\nin column\nDETAIL:  Failing row contains (secret).")
    adapted = Exception("<class>: noise")
    adapted.__cause__ = told
    assert said(driver_error(told)) == said(driver_error(adapted)) == said(told) == "null value in column"
    assert said(ValueError()) == "ValueError"


def test_who_reads_all_sees_one_moment_and_may_take_longer_than_who_hangs(postgres):
    url = postgres.fresh()

    async def scene() -> list:
        store = await open_store(url)
        try:
            async with store.snapshot() as connection:
                return [(await connection.exec_driver_sql(f"SHOW {name}")).scalar() for name in SHOWN]
        finally:
            await store.close()

    assert asyncio.run(scene()) == ["0", "repeatable read", "on"]
    postgres.drop(url)


SHOWN = ("idle_in_transaction_session_timeout", "transaction_isolation", "transaction_read_only")
