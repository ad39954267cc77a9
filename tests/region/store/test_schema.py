"""The tables as the migrations make them are the tables as the code knows them."""

from __future__ import annotations

import asyncio

from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect

from bellrock.region.store import open_store, schema
from bellrock.region.store.migrating import MIGRATIONS

HISTORY = {table.name for table in schema.HISTORY}


def test_migrations_make_what_the_schema_says_from_empty_and_again(tmp_path):
    path = tmp_path / "region.sqlite"
    for _ in range(2):
        asyncio.run(_open_and_close(path))
        engine = create_engine(f"sqlite:///{path}")
        found = inspect(engine)
        for table in set(schema.metadata.tables.values()) - set(schema.HISTORY):
            columns = {
                column["name"]: (str(column["type"]), column["nullable"]) for column in found.get_columns(table.name)
            }
            assert columns == {column.name: (str(column.type), column.nullable) for column in table.columns}
            assert {index["name"] for index in found.get_indexes(table.name)} == {index.name for index in table.indexes}
            assert found.get_pk_constraint(table.name)["constrained_columns"] == [one.name for one in table.primary_key]
        assert set(found.get_table_names()) == {*schema.metadata.tables, "alembic_version"} - HISTORY
        assert set(found.get_view_names()) == HISTORY
        for table in schema.HISTORY:
            assert [one["name"] for one in found.get_columns(table.name)] == table.columns.keys()
        engine.dispose()


def test_one_line_of_migrations():
    script = ScriptDirectory(str(MIGRATIONS))
    assert len(script.get_heads()) == 1
    found = [step.revision for step in script.walk_revisions()]
    assert found == [f"{number:04}" for number in range(len(found), 0, -1)]


async def _open_and_close(path) -> None:
    await (await open_store(path)).close()


def test_a_server_has_the_same_tables_with_texts_in_the_order_of_octets_and_wide_counters(postgres):
    async def inside() -> None:
        store = await open_store(url)
        try:
            async with store.snapshot() as connection:
                found = await connection.run_sync(lambda sync: _found(inspect(sync)))
                assert {name: found[name] for name in schema.metadata.tables} == _wanted()
                others = set(found) - set(schema.metadata.tables) - {"alembic_version"}
                assert others == {"feed", "feed_state", "members", "leadership", "letters"}
                collations = "SELECT DISTINCT collation_name FROM information_schema.columns WHERE table_name = ANY($1) AND data_type = 'text'"
                rows = await connection.exec_driver_sql(collations, (list(schema.metadata.tables),))
                assert [row[0] for row in rows] == ["C"]
                letters = await connection.exec_driver_sql(
                    "SELECT relpersistence FROM pg_class WHERE relname = 'letters'"
                )
                assert letters.scalar() in ("u", b"u")
        finally:
            await store.close()

    url = postgres.fresh()
    asyncio.run(inside())
    postgres.drop(url)


KINDS = {"Integer": "INTEGER", "Float": "DOUBLE PRECISION", "LargeBinary": "BYTEA", "String": "TEXT"}


def _wanted() -> dict:
    """Columns of each table on a server, and its indexes."""
    return {
        name: (
            {
                one.name: ("BIGINT" if one.type is schema.Count else KINDS[type(one.type).__name__], one.nullable)
                for one in table.columns
            },
            {index.name for index in table.indexes},
            [one.name for one in table.primary_key] + ["at"] * (name in HISTORY),
        )
        for name, table in schema.metadata.tables.items()
    }


def _found(server) -> dict:
    return {
        name: (
            {
                one["name"]: (one["type"].__class__.__name__.replace("_", " "), one["nullable"])
                for one in server.get_columns(name)
            },
            {index["name"] for index in server.get_indexes(name)},
            server.get_pk_constraint(name)["constrained_columns"],
        )
        for name in server.get_table_names()
    }
