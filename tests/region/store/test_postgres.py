"""Databases on a server: opened, or one line that says why not; and a password that nobody sees."""

from __future__ import annotations

import asyncio
import signal
import socket

import pytest

from bellrock.region.store import StoreAway, StoreError, open_store
from bellrock.region.store import postgres as module
from bellrock.region.store.migrating import known_versions
from bellrock.region.store.postgres import (
    CREDENTIAL,
    check_files,
    connect,
    credential,
    is_url,
    parse_url,
    warn_if_unproved,
)
from tests.postgres import database_of, free_port, server
from tests.region.stores import execute

PASSWORD = "hunter2!"


@pytest.fixture
def empty(postgres):
    made = postgres.empty()
    yield made
    postgres.drop(made)


def refused(url: str) -> str:
    """What is said of a database that is not opened, in one line without a password."""
    with pytest.raises(StoreError) as caught:
        asyncio.run(open_and_close(url))
    said = str(caught.value)
    assert "\n" not in said
    assert PASSWORD not in said
    return said


async def open_and_close(url: str) -> None:
    await (await open_store(url)).close()


@pytest.mark.parametrize(
    ("text", "shown", "password"),
    [
        ("postgresql://a@h:5432/d", "postgresql://a@h:5432/d", None),
        ("postgres://a:p%40w@h/d?sslmode=require", "postgresql://a@h/d", "p@w"),
        ("postgresql://a:@h/d", "postgresql://a@h/d", ""),
        ("postgresql:///d?host=%2Frun%2Fx&password=p%20w", "postgresql:///d", "p w"),
        ("postgresql://a@h1:1,h2:2/d", "postgresql://a@h1:1,h2:2/d", None),
    ],
)
def test_urls_are_shown_without_their_password(text, shown, password):
    found = parse_url(text)
    assert (found.shown, found.password) == (shown, password)
    assert "password" not in found.url
    assert "w@h" not in found.url


def test_parameters_are_kept():
    assert parse_url("postgresql:///d?host=%2Frun%2Fx&password=p&sslmode=require").url == (
        "postgresql:///d?host=%2Frun%2Fx&sslmode=require"
    )


@pytest.mark.parametrize(
    "text",
    [
        f"mysql://a:{PASSWORD}@h/d",
        f"postgresql://a:{PASSWORD}@h",
        f"postgresql://a:{PASSWORD}@[h/d",
        f"postgresql://{PASSWORD}/d?x",
    ],
)
def test_what_is_no_url_is_refused_without_being_shown(text):
    with pytest.raises(StoreError) as caught:
        parse_url(text)
    assert PASSWORD not in str(caught.value)


def test_what_is_a_url_and_what_is_a_path():
    assert is_url("postgresql:///d")
    assert is_url("POSTGRES://h/d")
    assert not is_url("postgresql.sqlite")
    assert not is_url("./postgresql://d")


def test_files_that_a_url_names_are_named_where_they_are_not_there(tmp_path):
    gone = tmp_path / "gone"
    for name in ("sslrootcert", "passfile"):
        assert refused(f"postgresql://h.invalid/d?{name}={gone}") == (
            f"{gone}: No such file or directory; it is the database's {name}"
        )
    check_files(parse_url(f"postgresql://a:{PASSWORD}@h/d"), {"PGPASSFILE": str(gone)})
    with pytest.raises(StoreError, match="it is the database's passfile"):
        check_files(parse_url("postgresql://a@h/d"), {"PGPASSFILE": str(gone)})


def test_a_file_of_passwords_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "pgpass"
    path.write_text("")
    path.chmod(0o640)
    address = parse_url(f"postgresql://a@h/d?passfile={path}")
    with pytest.raises(StoreError, match=f"chmod 600 {path}"):
        check_files(address, {})
    path.chmod(0o600)
    check_files(address, {})


@pytest.mark.parametrize(
    ("url", "environment", "warned"),
    [
        ("postgresql://a@db1,127.0.0.1/d", {}, 1),
        ("postgresql://a@db1/d?sslmode=disable", {}, 0),
        ("postgresql://a@db1/d", {"PGSSLMODE": "verify-full"}, 0),
        ("postgresql://a@127.0.0.1/d", {}, 0),
        ("postgresql:///d?host=/run", {}, 0),
    ],
)
def test_a_server_elsewhere_without_proof_of_who_it_is_is_warned_of(url, environment, warned, caplog):
    warn_if_unproved(parse_url(url), environment)
    assert len(caplog.records) == warned
    assert caplog.text.count("database-unproved") == warned
    assert caplog.text.count("db1") == warned


def test_a_password_of_systemd(tmp_path):
    assert credential({}) is None
    assert credential({"CREDENTIALS_DIRECTORY": str(tmp_path)}) is None
    (tmp_path / CREDENTIAL).write_text(f"{PASSWORD}\n")
    assert credential({"CREDENTIALS_DIRECTORY": str(tmp_path)}) == PASSWORD
    (tmp_path / CREDENTIAL).write_bytes(b"\xff")
    with pytest.raises(StoreError, match="is to hold the database's password"):
        credential({"CREDENTIALS_DIRECTORY": str(tmp_path)})


def test_an_empty_database_gets_its_tables_once_whoever_comes_first(empty):
    async def inside() -> list:
        stores = await asyncio.gather(*(open_store(empty) for _ in range(3)))
        try:
            return await execute(stores[0], "SELECT version_num FROM alembic_version")
        finally:
            await asyncio.gather(*(store.close() for store in stores))

    assert asyncio.run(inside()) == [(known_versions()[0],)]


def test_what_is_said_of_databases_that_are_not_a_regions(postgres, empty):
    name = database_of(empty)
    postgres.server.sql("CREATE TABLE cats (name text)", database=name)
    assert "a database, but not a region's" in refused(empty)
    postgres.server.sql("CREATE TABLE agents ()", database=name)
    assert "its schema version is missing" in refused(empty)
    postgres.server.sql("CREATE TABLE alembic_version (version_num text)", database=name)
    assert "its schema version is missing" in refused(empty)
    postgres.server.sql("INSERT INTO alembic_version VALUES ('ae1027a6acf')", database=name)
    assert "a database, but not a region's" in refused(empty)
    postgres.server.sql("UPDATE alembic_version SET version_num = '9999'", database=name)
    assert f"schema 9999 is newer than this Bellrock, which knows up to {known_versions()[0]}" in refused(empty)
    tables = postgres.server.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", database=name)
    assert tables == "3", "it is left as it was"


def test_what_is_said_of_databases_that_cannot_be_used(postgres, empty, tmp_path):
    name = database_of(empty)
    assert "createdb" in refused(empty.replace(name, "nobody_made_it"))
    assert "is the server running" in refused(f"postgresql://a:{PASSWORD}@127.0.0.1:{free_port()}/d")
    assert f"looked for at host={tmp_path}" in refused(f"postgresql:///d?host={tmp_path}")
    assert "no postgresql://" in refused("postgresql:///")
    assert "search_path" in refused(f"{empty}&search_path=nowhere")
    assert "sslmode is one of disable" in refused(f"{empty}&sslmode=nonsense")
    postgres.server.sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    assert "read-only; if it is a standby" in refused(empty)
    two = empty.partition("host=")[2].partition("&")[0]
    assert "all are standbys" in refused(empty.replace(two, f"{two}%2C{two}"))
    postgres.server.sql(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    postgres.server.sql("CREATE ROLE guest LOGIN")
    try:
        assert "the user must own the database" in refused(empty.replace("bellrock@", "guest@"))
        assert "pg_hba.conf" in refused(empty.replace("bellrock@", "stranger@"))
    finally:
        postgres.server.sql("DROP ROLE guest")
    assert postgres.server.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", database=name) == "0"


def test_another_encoding_and_an_old_server_are_told(postgres, empty, monkeypatch):
    postgres.server.sql("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    assert "its encoding is LATIN1" in refused(postgres.server.url("latin"))
    postgres.drop(postgres.server.url("latin"))
    monkeypatch.setattr(module, "OLDEST", 9_990_000)
    assert "or newer is needed" in refused(empty)


def test_a_password_from_the_url_a_file_and_systemd_opens_and_a_wrong_one_is_not_shown(tmp_path, monkeypatch):
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    port = free_port()
    with server(port=port) as running:
        running.sql("CREATE DATABASE d", f"ALTER ROLE bellrock PASSWORD '{PASSWORD}'")
        (running.directory / "data" / "pg_hba.conf").write_text(
            "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        )
        running.sql("SELECT pg_reload_conf()")
        plain = f"postgresql://bellrock@127.0.0.1:{port}/d"
        asyncio.run(open_and_close(f"postgresql://bellrock:{PASSWORD}@127.0.0.1:{port}/d"))
        assert "PGPASSFILE" in refused(f"postgresql://bellrock:wrong@127.0.0.1:{port}/d")
        assert "PGPASSFILE" in refused(f"{plain}?password={PASSWORD}x")
        passfile = tmp_path / "pass"
        passfile.write_text(f"127.0.0.1:{port}:d:bellrock:{PASSWORD}\n")
        passfile.chmod(0o600)
        asyncio.run(open_and_close(f"{plain}?passfile={passfile}"))
        monkeypatch.setenv("PGPASSFILE", str(passfile))
        asyncio.run(open_and_close(plain))
        monkeypatch.delenv("PGPASSFILE")
        (tmp_path / CREDENTIAL).write_text(PASSWORD)
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
        asyncio.run(open_and_close(plain))


def test_a_server_that_crashes_is_away_and_is_found_again(tmp_path):
    async def scene(running) -> None:
        store = await open_store(running.url("d"))
        try:
            await store.touch({"a": (1.0, 0.0)})
            running.stop(signal.SIGKILL)
            with pytest.raises(StoreAway):
                await store.touch({"a": (1.0, 0.0)})
            with pytest.raises(StoreAway):
                await store.feed(0)
            with pytest.raises(StoreAway):
                await store.feed_end()
            running.start()
            assert await store.feed_end() == 0
            await store.touch({"a": (1.0, 0.0)})
        finally:
            await store.close()

    with server() as running:
        running.sql("CREATE DATABASE d")
        asyncio.run(scene(running))


def test_one_who_hangs_while_it_writes_loses_the_right_to(postgres, monkeypatch):
    monkeypatch.setitem(module.SETTINGS, "idle_in_transaction_session_timeout", "200ms")
    url = postgres.fresh()

    async def scene() -> None:
        hanging, other = await open_store(url), await open_store(url)
        hung, let_go = asyncio.Event(), asyncio.Event()

        async def hang() -> None:
            async with hanging.transaction() as connection:
                hung.set()
                await let_go.wait()
                await connection.exec_driver_sql("SELECT 1")

        try:
            async with asyncio.timeout(120):
                task = asyncio.ensure_future(hang())
                await hung.wait()
                await other.touch({"a": (1.0, 0.0)})
                let_go.set()
                with pytest.raises(StoreAway):
                    await task
                await hanging.touch({"a": (1.0, 0.0)})
        finally:
            await hanging.close()
            await other.close()

    asyncio.run(scene())
    postgres.drop(url)


def test_a_connection_has_the_settings_that_its_url_does_not_give(postgres, empty):
    async def ask(url: str) -> tuple[str, str]:
        connection = await connect(parse_url(url))
        try:
            return await connection.fetchval("SHOW lock_timeout"), await connection.fetchval("SHOW application_name")
        finally:
            await connection.close()

    assert asyncio.run(ask(empty)) == ("30s", "bellrock")
    assert asyncio.run(ask(f"{empty}&lock_timeout=1s&application_name=other")) == ("1s", "other")


def test_both_ends_let_the_kernel_notice_that_the_other_is_gone():
    async def look(url: str) -> tuple[int, int, int, str]:
        connection = await connect(parse_url(url), gone=6)
        try:
            found = connection._transport.get_extra_info("socket")
            return (
                found.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
                found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                found.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
                await connection.fetchval("SHOW tcp_user_timeout"),
            )
        finally:
            await connection.close()

    with server(port=free_port()) as running:
        url = f"postgresql://bellrock@127.0.0.1:{running.port}/postgres"
        assert asyncio.run(look(url)) == (6000, 1, 2, "10000")
        assert asyncio.run(look(f"{url}?tcp_user_timeout=4000"))[3] == "4000"
