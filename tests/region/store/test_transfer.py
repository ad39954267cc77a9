"""A store in one file: written from either kind, read into either kind, whole or not at all."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
import re
import stat
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Float, Integer, LargeBinary

from bellrock.region.store import AuditRow, StoreError, open_store, schema
from bellrock.region.store import transfer as module
from bellrock.region.store.dialect import bulk
from bellrock.region.store.making import LEADER_LOCK
from bellrock.region.store.postgres import connect, parse_url
from bellrock.region.store.reading import PAGE, newest, pages, reading
from bellrock.region.store.transfer import export, migrate, read_in
from tests.region.stores import execute

TABLES = schema.metadata.sorted_tables
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
KINDS = (
    (Integer, st.integers(-(2**63), 2**63 - 1)),
    (Float, st.floats(allow_nan=False)),
    (LargeBinary, st.binary(max_size=40)),
)


def values(column):
    kind = next((found for kind, found in KINDS if isinstance(column.type, kind)), texts)
    if column.primary_key and isinstance(column.type, Integer):
        kind = st.integers(1, 2**31 - 1 if column.name == "one" else 2**62)
    return st.none() | kind if column.nullable else kind


def rows_of(table):
    keys = [place for place, column in enumerate(table.columns) if column.primary_key]
    row = st.tuples(*map(values, table.columns))
    return st.lists(row, max_size=4, unique_by=lambda one: tuple(one[place] for place in keys))


contents = st.fixed_dictionaries({table.name: rows_of(table) for table in TABLES})


async def fill(where, content) -> None:
    store = await open_store(where)
    try:
        async with store.transaction() as connection:
            for table in TABLES:
                rows = content.get(table.name, [])
                await connection.run_sync(
                    lambda sync, table=table, rows=rows: bulk(sync).insert(table, table.columns.keys(), rows)
                )
    finally:
        await store.close()


async def content_of(where) -> dict:
    async with reading(where) as connection:
        return {table.name: [row async for page in pages(connection, table) for row in page] for table in TABLES}


def ordered(content) -> dict:
    """Rows in the order of their keys; a key that is a text, in the order of its octets."""
    found = {}
    for table in TABLES:
        keys = [place for place, column in enumerate(table.columns) if column.primary_key]

        def key(row, keys=keys):
            return [row[place].encode() if isinstance(row[place], str) else row[place] for place in keys]

        found[table.name] = sorted(content.get(table.name, []), key=key)
    return found


@settings(
    max_examples=5,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(contents)
def test_from_a_file_to_a_server_and_back_nothing_is_lost(postgres, content):
    async def there_and_back(directory: Path, url: str) -> tuple[dict, dict]:
        await fill(directory / "a.sqlite", content)
        await export(directory / "a.sqlite", directory / "one")
        await read_in(directory / "one", url)
        await export(url, directory / "two")
        await read_in(directory / "two", directory / "b.sqlite")
        return await content_of(url), await content_of(directory / "b.sqlite")

    with tempfile.TemporaryDirectory() as directory:
        url = postgres.fresh()
        served, kept = asyncio.run(there_and_back(Path(directory), url))
        postgres.drop(url)
    assert served == kept == ordered(content)


@pytest.fixture
def full(where):
    """A store with something in it."""
    rows = {"users": [(f"u{n}", "admin", "h", 1.0, None) for n in range(1200)], "peers": [("p", "p", "rack")]}
    asyncio.run(fill(where, rows))
    return where


def exported(where, path) -> Path:
    asyncio.run(export(where, path))
    return path


def test_a_file_is_its_owners_alone_and_tells_how_far_it_is(full, tmp_path):
    told = []
    header = asyncio.run(export(full, tmp_path / "x", lambda *words: told.append(words)))
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o600
    assert header.schema == newest()
    assert header.rows["users"] == 1200
    assert told[-1][1:] == (1201, 1201)
    assert next(words for words in told if words[0] == "users")[1] == PAGE + 1
    assert sorted(one.name for one in tmp_path.iterdir() if one.name.startswith("x")) == ["x"]


def test_no_file_is_overwritten(full, tmp_path):
    (tmp_path / "x").write_text("mine")
    with pytest.raises(StoreError, match="x: File exists; nothing was exported"):
        exported(full, tmp_path / "x")
    assert (tmp_path / "x").read_text() == "mine"
    with pytest.raises(StoreError, match="No such file or directory; nothing was exported"):
        exported(full, tmp_path / "none" / "x")


def test_numbers_that_were_given_are_not_given_again(where, tmp_path):
    entry = AuditRow(
        at=1.0, kind="change", who="", how="", address="", action="", subject="", before="", after="", outcome=""
    )

    async def scene() -> list[int]:
        store = await open_store(where)
        await store.people.add_audit([entry] * 3)
        await execute(store, "DELETE FROM audit WHERE id > 1")
        await store.close()
        await export(where, tmp_path / "x")
        await read_in(tmp_path / "x", tmp_path / "y.sqlite")
        again = await open_store(tmp_path / "y.sqlite")
        await again.people.add_audit([entry])
        found = [row.id for row in await again.people.audit(None, 9)]
        await again.close()
        return found

    assert asyncio.run(scene()) == [4, 1]


def refused(path, where) -> str:
    with pytest.raises(StoreError) as caught:
        asyncio.run(read_in(path, where))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_only_an_empty_store_is_filled(full, tmp_path):
    path = exported(full, tmp_path / "x")
    before = asyncio.run(content_of(full))
    assert "not empty (peers, users)" in refused(path, full)
    assert asyncio.run(content_of(full)) == before


def test_a_store_that_a_region_uses_is_not_filled(postgres, tmp_path):
    async def scene(url: str) -> None:
        await fill(tmp_path / "a.sqlite", {})
        await export(tmp_path / "a.sqlite", tmp_path / "x")
        leader = await open_store(url)
        async with leader._engine.connect() as connection:
            await connection.exec_driver_sql(f"SELECT pg_advisory_lock({LEADER_LOCK})")
            with pytest.raises(StoreError, match="in use by a region; stop it first"):
                await read_in(tmp_path / "x", url)
        await leader.close()

    url = postgres.fresh()
    asyncio.run(scene(url))
    postgres.drop(url)


def test_damage_is_found_wherever_it_is_and_nothing_is_imported(where, tmp_path):
    asyncio.run(fill(tmp_path / "a.sqlite", {"peers": [("p", "p", "rack")]}))
    whole = exported(tmp_path / "a.sqlite", tmp_path / "x").read_bytes()
    plain = gzip.decompress(whole)
    spoilt = [
        whole[:-9],
        whole[:40],
        b"",
        b"not gzip",
        gzip.compress(plain[:-1]),
        gzip.compress(plain + b"x"),
        gzip.compress(b"\0\0\0\1\xc0"),
    ]
    spoilt += [
        gzip.compress(plain[:at] + bytes([plain[at] ^ 1]) + plain[at + 1 :])
        for at in (2, 30, len(plain) // 2, len(plain) - 120, len(plain) - 3)
    ]
    for number, content in enumerate(spoilt):
        path = tmp_path / f"spoilt{number}"
        path.write_bytes(content)
        said = refused(path, where)
        assert "nothing was imported" in said or "this one reads" in said
    asyncio.run(migrate(where))
    assert not any(asyncio.run(content_of(where)).values())


def test_where_there_was_no_store_none_is_left(postgres, tmp_path):
    whole = exported_peers(tmp_path)
    cut = tmp_path / "cut"
    cut.write_bytes(whole[: len(whole) // 2])
    url = postgres.empty()
    new = tmp_path / "new" / "region.sqlite"
    for where in (new, url):
        assert "damaged or cut short" in refused(cut, where)
    assert list(new.parent.iterdir()) == []

    async def tables() -> int:
        connection = await connect(parse_url(url))
        try:
            return await connection.fetchval(
                "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            )
        finally:
            await connection.close()

    assert asyncio.run(tables()) == 0
    for where in (new, url):
        asyncio.run(read_in(tmp_path / "whole", where))
    postgres.drop(url)


def exported_peers(tmp_path) -> bytes:
    asyncio.run(fill(tmp_path / "a.sqlite", {"peers": [(f"p{number}", "p" * 90, "rack") for number in range(900)]}))
    return exported(tmp_path / "a.sqlite", tmp_path / "whole").read_bytes()


def records(*values: object) -> bytes:
    octets = b"".join(len(body).to_bytes(4, "big") + body for body in map(msgspec.msgpack.encode, values[:-1]))
    last = msgspec.msgpack.encode({"sha256": values[-1] or hashlib.sha256(octets).hexdigest()})
    return gzip.compress(octets + len(last).to_bytes(4, "big") + last)


HEADER = {"format": 1, "schema": newest(), "software": "x", "rows": {table.name: 0 for table in TABLES}, "numbers": {}}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (records(HEADER, ["cats", []], ""), "damaged"),
        (records(HEADER, ["peers", [["p", "p"]]], ""), "damaged"),
        (records(HEADER, ["peers", [["p", "p", 3]]], ""), "damaged"),
        (records(HEADER, ["peers", [["p", "p", "r"]]], ""), "not as many"),
        (records(HEADER, ["peers", [["p\0", "p", "r"]]], "00"), "damaged|not|invalid"),
        (records(HEADER, "00"), "digest"),
        (records(HEADER | {"rows": {}}, ""), "not as many"),
        (records(HEADER | {"schema": "0001"}, ""), "import it with that version"),
        (records(HEADER | {"format": 2}, ""), "this one reads"),
        (gzip.compress(b"\xff\xff\xff\xff"), "damaged or cut short"),
    ],
    ids=range(10),
)
def test_what_no_export_wrote_is_refused(where, tmp_path, content, why):
    (tmp_path / "x").write_bytes(content)
    assert re.search(why, refused(tmp_path / "x", where))
    asyncio.run(migrate(where))
    assert not any(asyncio.run(content_of(where)).values())


def test_what_a_server_does_not_take_is_told(postgres, tmp_path):
    asyncio.run(fill(tmp_path / "a.sqlite", {"peers": [("p\0", "p", "rack")]}))
    url = postgres.fresh()
    assert "nothing was imported" in refused(exported(tmp_path / "a.sqlite", tmp_path / "x"), url)
    postgres.drop(url)


def test_a_text_in_a_column_of_octets_is_moved_as_octets(postgres, tmp_path):
    async def scene(url: str) -> list:
        store = await open_store(tmp_path / "a.sqlite")
        await execute(store, "INSERT INTO sites VALUES ('site', '{}')")
        await store.close()
        await export(tmp_path / "a.sqlite", tmp_path / "x")
        await read_in(tmp_path / "x", url)
        return (await content_of(url))["sites"]

    url = postgres.fresh()
    assert asyncio.run(scene(url)) == [("site", b"{}")]
    postgres.drop(url)


HISTORY_BEFORE = (
    "ALTER TABLE credentials DROP COLUMN name", "ALTER TABLE credentials DROP COLUMN seen", "DROP VIEW verdict_hours", "DROP VIEW journal", "DROP VIEW probe_changes", "DELETE FROM sqlite_sequence",
    "CREATE TABLE journal (id INTEGER PRIMARY KEY AUTOINCREMENT, at FLOAT NOT NULL, agent VARCHAR NOT NULL, seq INTEGER NOT NULL, kind VARCHAR NOT NULL, body BLOB NOT NULL)",
    "CREATE TABLE probe_changes (id INTEGER PRIMARY KEY AUTOINCREMENT, at FLOAT NOT NULL, agent VARCHAR NOT NULL, flow VARCHAR NOT NULL, body BLOB NOT NULL)",
    "CREATE INDEX probe_changes_of_agent ON probe_changes (agent, flow, id)",
)  # fmt: skip
"""A file as schema 0008 had it."""


def test_an_older_schema_is_migrated_first(where, tmp_path):
    async def spoil() -> None:
        store = await open_store(where)
        await execute(store, "UPDATE alembic_version SET version_num = '0008'", *HISTORY_BEFORE)
        await store.close()

    assert asyncio.run(migrate(where))[1] == newest()
    assert asyncio.run(migrate(where)) == (newest(), newest())
    if not isinstance(where, Path):
        return  # a server has more of this step than can be undone by hand
    asyncio.run(spoil())
    with pytest.raises(StoreError, match="run first: bellrock db migrate"):
        exported(where, tmp_path / "x")
    assert asyncio.run(migrate(where)) == ("0008", newest())
    exported(where, tmp_path / "x")


def test_a_pipe_is_refused_rather_than_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StoreError, match="not a regular file"):
        module._opened(tmp_path / "pipe")


def test_a_missing_file_makes_no_store(tmp_path):
    assert "No such file" in refused(tmp_path / "x", tmp_path / "a.sqlite")
    assert not (tmp_path / "a.sqlite").exists()
