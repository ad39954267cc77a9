"""Users, tokens, sessions and the audit log, as tables."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import pytest
from msgspec import structs

from bellrock.model import Wall
from bellrock.region.roles import UserRole
from bellrock.region.store import (
    AuditRow,
    SessionRow,
    Store,
    StoreError,
    StoreRefused,
    TokenRow,
    UserRow,
    open_store,
)
from tests.region.stores import execute, with_store

ANNA = UserRow(name="anna", role=UserRole.ADMIN, hash="$argon2id$x", created=Wall(1.0))
TOKEN = TokenRow(
    id="t-1", hash="h1", name="a", role=UserRole.VIEWER, owner="anna", created=Wall(1.0), expires=Wall(9.0)
)
SESSION = SessionRow(hash="s1", user="anna", created=Wall(1.0), expires=Wall(9.0))
ENTRY = AuditRow(at=Wall(1.0), kind="change", who="anna", how="password", address="unix", action="x", subject="",
                 before="", after="", outcome="done")  # fmt: skip


@with_store
async def test_what_is_put_is_loaded_until_it_expires(store: Store):
    people = store.people
    await people.put_user(ANNA)
    await people.put_token(TOKEN, Wall(1.0))
    await people.put_session(SESSION, [], Wall(1.0))
    found = await people.load(Wall(8.0))
    assert (found.users, found.tokens, found.sessions) == ((ANNA,), (TOKEN,), (SESSION,))
    found = await people.load(Wall(9.0))
    assert (found.users, found.tokens, found.sessions) == ((ANNA,), (), ())


@with_store
async def test_a_user_is_replaced_and_may_end_the_sessions(store: Store):
    people = store.people
    await people.put_session(SESSION, [], Wall(1.0))
    await people.put_user(structs.replace(ANNA, seen=Wall(5.0)))
    assert len((await people.load(Wall(1.0))).sessions) == 1
    await people.put_user(structs.replace(ANNA, role=UserRole.VIEWER), ends_sessions=True)
    found = await people.load(Wall(1.0))
    assert (found.users[0].role, found.sessions) == (UserRole.VIEWER, ())


@with_store
async def test_what_goes_with_a_user(store: Store):
    people = store.people
    await people.put_user(ANNA)
    await people.put_user(structs.replace(ANNA, name="bert"))
    await people.put_token(TOKEN, Wall(1.0))
    await people.put_token(structs.replace(TOKEN, hash="h2", owner="bert"), Wall(1.0))
    await people.put_session(SESSION, [], Wall(1.0))
    await people.put_session(structs.replace(SESSION, hash="s2", user="bert"), [], Wall(1.0))
    await people.drop_user("anna")
    found = await people.load(Wall(1.0))
    assert ([row.name for row in found.users], [row.hash for row in found.tokens]) == (["bert"], ["h2"])
    assert [row.hash for row in found.sessions] == ["s2"]


@with_store
async def test_tokens_and_sessions_one_by_one(store: Store):
    people = store.people
    await people.put_token(TOKEN, Wall(1.0))
    with pytest.raises(StoreRefused):
        await people.put_token(TOKEN, Wall(1.0))
    await people.used({"h1": Wall(7.0), "unknown": Wall(7.0)})
    assert (await people.load(Wall(1.0))).tokens[0].used == 7.0
    await people.put_token(structs.replace(TOKEN, hash="h2", expires=Wall(99.0)), Wall(9.0))
    assert [row.hash for row in (await people.load(Wall(0.0))).tokens] == ["h2"], "expired ones go"
    await people.drop_token("h2")
    assert (await people.load(Wall(0.0))).tokens == ()
    for number in range(3):
        await people.put_session(structs.replace(SESSION, hash=f"s{number}"), [], Wall(1.0))
    await people.put_session(structs.replace(SESSION, hash="s9", expires=Wall(99.0)), ["s0"], Wall(1.0))
    await people.drop_session("s1")
    assert {row.hash for row in (await people.load(Wall(0.0))).sessions} == {"s2", "s9"}
    await people.put_session(structs.replace(SESSION, hash="s10", expires=Wall(99.0)), [], Wall(9.0))
    assert {row.hash for row in (await people.load(Wall(0.0))).sessions} == {"s9", "s10"}


@with_store
async def test_numbers_of_audit_entries_are_never_used_again(store: Store):
    people = store.people
    people.audit_rows = 2
    await people.add_audit([structs.replace(ENTRY, subject=str(number)) for number in range(5)])
    assert [row.id for row in await people.audit(None, 10)] == [5, 4]
    people.audit_rows = 0
    await people.add_audit([ENTRY])
    assert await people.audit(None, 10) == []
    people.audit_rows = 2
    await people.add_audit([ENTRY])
    assert [row.id for row in await people.audit(None, 10)] == [7]


def test_sessions_of_before_end_with_the_migration(tmp_path):
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine

    from bellrock.region.store.migrating import MIGRATIONS

    path = tmp_path / "region.sqlite"
    engine = create_engine(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.exec_driver_sql("INSERT INTO credentials VALUES ('a', 'session', 9e9), ('b', 'login', 9e9)")
        connection.exec_driver_sql("PRAGMA application_id = 0x62726f63")
    engine.dispose()

    @with_store
    async def inside(_: Store):
        pass

    inside(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT hash FROM credentials").fetchall() == [("b",)]


@pytest.mark.parametrize(
    "row", ["users VALUES ('anna', 'emperor', 'x', 1.0, NULL)", "tokens VALUES ('h', 'i', 'n', '', '', 1.0, 9e9, NULL)"]
)
def test_what_no_region_wrote_is_told_in_one_line(where, row):
    assert_told(where, row)


@pytest.mark.parametrize(
    "row",
    [
        "users VALUES ('anna', 'admin', x'00', 1.0, NULL)",
        "tokens VALUES ('h', 'i', 'n', 'viewer', '', 1.0, 'soon', NULL)",
    ],
)
def test_what_only_a_file_takes_is_told_as_well(tmp_path, row):
    assert_told(tmp_path / "region.sqlite", row)


def assert_told(where, row) -> None:
    async def inside() -> None:
        store = await open_store(where)
        try:
            await execute(store, f"INSERT INTO {row}")
            with pytest.raises(StoreError, match=r"corrupt: .*backup") as caught:
                await store.load_people(Wall(0.0))
            assert "\n" not in str(caught.value)
        finally:
            await store.close()

    asyncio.run(inside())
