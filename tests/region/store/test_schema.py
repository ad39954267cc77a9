"""The tables as the migrations make them are the tables as the code knows them."""

from __future__ import annotations

import asyncio

from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect

from bellrock.region.store import open_store, schema
from bellrock.region.store.database import MIGRATIONS


def test_migrations_make_what_the_schema_says_from_empty_and_again(tmp_path):
    path = tmp_path / "region.sqlite"
    for _ in range(2):
        asyncio.run(_open_and_close(path))
        engine = create_engine(f"sqlite:///{path}")
        found = inspect(engine)
        for table in schema.metadata.tables.values():
            columns = {
                column["name"]: (str(column["type"]), column["nullable"]) for column in found.get_columns(table.name)
            }
            assert columns == {column.name: (str(column.type), column.nullable) for column in table.columns}
            assert {index["name"] for index in found.get_indexes(table.name)} == {index.name for index in table.indexes}
            assert found.get_pk_constraint(table.name)["constrained_columns"] == [one.name for one in table.primary_key]
        assert set(found.get_table_names()) == {*schema.metadata.tables, "alembic_version"}
        engine.dispose()


def test_one_line_of_migrations():
    script = ScriptDirectory(str(MIGRATIONS))
    assert len(script.get_heads()) == 1
    found = [step.revision for step in script.walk_revisions()]
    assert found == [f"{number:04}" for number in range(len(found), 0, -1)]


async def _open_and_close(path) -> None:
    await (await open_store(path)).close()
