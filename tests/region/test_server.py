"""The whole region, from start to stop."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import stat
from pathlib import Path

import pytest

from bellrock.region.errors import RegionError
from bellrock.region.server import Readied, Ready, Settings, serve
from bellrock.region.size import Size
from tests.region.support import (
    BOUND,
    KEY,
    SECRET,
    TurnedAway,
    agent,
    asynchronous,
    closed,
    confirmed,
    host_seen,
    interface,
    region,
    until,
)


async def _tell_two_racks(url: str) -> None:
    for name, peer in (("rack1", "rack2"), ("rack2", "rack1")):
        async with agent(url, name) as one:
            await one.report(
                1,
                host_seen(name),
                interface("eth0", name, addresses=(f"10.0.0.{1 if name == 'rack1' else 2}/24",)),
                confirmed(f"{name}/eth0", f"{peer}/eth0"),
                begin=True,
                complete=True,
            )
            await one.acknowledged(1)


@asynchronous
async def test_two_racks_that_confirm_each_other_share_a_vlan(tmp_path):
    async with region(tmp_path) as running:
        await _tell_two_racks(running.url)
        found = await running.get("topology")
        (fabric,) = found["fabrics"]
        (vlan,) = fabric["vlans"]
        assert {(one["host"], one["interface"], one["vid"], one["strength"]) for one in vlan["members"]} == {
            ("rack1", "eth0", None, "confirmed"),
            ("rack2", "eth0", None, "confirmed"),
        }
        assert vlan["subnets"] == ["10.0.0.0/24"]
        assert found["conflicts"] == []
        assert found["names"] == {"id-rack1": "rack1", "id-rack2": "rack2"}
        assert found["revision"] > 0


@asynchronous
async def test_a_restart_keeps_topology_ids_and_names(tmp_path):
    async with region(tmp_path) as running:
        await _tell_two_racks(running.url)
        before = await running.get("topology")
        vlan = before["fabrics"][0]["vlans"][0]["id"]
        async with running.client(authorization=f"Bearer {running.token}") as client:
            answer = await client.patch(f"/api/v1/vlans/{vlan}", json={"name": "pxe"})
            assert answer.status_code == 204
    async with region(tmp_path) as running:
        after = await running.get("topology")
        assert after["fabrics"][0]["id"] == before["fabrics"][0]["id"]
        assert after["fabrics"][0]["vlans"][0]["name"] == "pxe"
        members = [{**one, "age": None} for one in after["fabrics"][0]["vlans"][0]["members"]]
        assert members == [{**one, "age": None} for one in before["fabrics"][0]["vlans"][0]["members"]]


@asynchronous
async def test_listens_on_ipv4_ipv6_and_a_unix_socket(tmp_path):
    import httpx

    path = tmp_path / "region.sock"
    async with region(tmp_path, listen=("127.0.0.1:0", "[::1]:0", f"unix:{path}")) as running:
        assert len(running.ready.addresses) == 3
        for url in running.ready.addresses[:2]:
            async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
                assert (await client.get("/healthz")).json() == {"status": "ok"}
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
        async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(path))) as client:
            assert (await client.get("http://region/healthz")).json() == {"status": "ok"}
    assert not path.exists()


@asynchronous
async def test_a_state_directory_that_others_may_enter_is_closed_and_that_is_said(tmp_path, caplog):
    tmp_path.chmod(0o755)
    async with region(tmp_path):
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    assert "state-dir-closed" in caplog.text


@asynchronous
async def test_where_nobody_can_stand_by_that_is_said(tmp_path, caplog):
    async with region(tmp_path, standby=Readied.WARM):
        assert 'standby-alone standby=warm effect="none: a file has one process' in caplog.text


@asynchronous
async def test_login_url_carries_the_token_in_the_fragment(tmp_path):
    async with region(tmp_path) as running:
        assert running.ready.login_url == f"{running.url}/#login={running.ready.login_token}"
    async with region(tmp_path, listen=(f"unix:{tmp_path}/sock",)) as running:
        assert running.ready.login_url == ""


@asynchronous
async def test_stop_closes_sockets_with_1001_and_ends_soon(tmp_path):
    async with region(tmp_path) as running, running.live() as live, agent(running.url) as one:
        await live.recv()
        running.stop.set()
        async with asyncio.timeout(BOUND):
            assert (await closed(live))[0] == 1001
            assert (await closed(one.connection))[0] == 1001


@asynchronous
async def test_tokens_and_secrets_stay_out_of_the_log(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    async with region(tmp_path) as running:
        async with running.client() as client:
            answer = await client.post("/api/v1/login", json={"token": running.ready.login_token})
            assert answer.status_code == 204
            session = answer.cookies["bellrock_session"]
            await client.get("/api/v1/topology", params={"token": "in-a-query"})
        await _tell_two_racks(running.url)
        await running.get("hosts")
        secrets = [running.token, running.ready.login_token, session, KEY.hex()]
    ours = [
        record for record in caplog.records if record.name.startswith(("bellrock", "uvicorn", "litestar", "sqlalchemy"))
    ]
    lines = "\n".join(record.getMessage() for record in ours)
    assert "agent-connected" in lines
    assert [secret for secret in [*secrets, "in-a-query"] if secret in lines] == []


def test_the_store_holds_hashes_only(tmp_path):
    seen: list[str] = []

    @asynchronous
    async def log_in() -> None:
        async with region(tmp_path) as running:
            async with running.client() as client:
                answer = await client.post("/api/v1/login", json={"token": running.ready.login_token})
            seen.extend([answer.cookies["bellrock_session"], running.token, running.ready.login_token])

    log_in()
    for part in tmp_path.glob("region.sqlite*"):
        content = part.read_bytes()
        assert not any(secret.encode() in content for secret in seen), part
    assert len(seen) == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"keys": ()}, "at least one secret"),
        ({"listen": ()}, "one address to listen on"),
        ({"keys": (SECRET,) * 5}, "5 secrets are given; a region accepts 4 at a time, so retire one"),
        ({"authority_key": Path("x")}, "given together, or neither"),
        ({"listen": ("http://10.1.2.3:5240",)}, "beyond loopback the region speaks TLS only; leave out http://"),
        ({"listen": ("nonsense",)}, "expected IPV4:PORT"),
        ({"database": "postgresql:///d", "rebuild": True}, "create another database there"),
        ({"database": "postgresql:///d?host=/nowhere"}, "postgresql:///d: .*is the server running"),
    ],
)
def test_refuses_to_start_with_one_line(tmp_path, changes, message):
    chosen = {"state_dir": tmp_path, "listen": ("127.0.0.1:0",), "keys": (SECRET,)} | changes
    with pytest.raises(RegionError, match=message) as caught:
        asyncio.run(serve(Settings(**chosen), lambda ready: None, asyncio.Event()))
    assert "\n" not in str(caught.value)


def test_state_directory_that_is_a_file(tmp_path):
    (tmp_path / "state").write_text("")
    with pytest.raises(RegionError, match="state: File exists; the region keeps its state there"):
        asyncio.run(serve(_settings(tmp_path / "state"), lambda ready: None, asyncio.Event()))


def test_port_taken_is_told_with_the_port_and_leaves_nothing_open(tmp_path):
    @asynchronous
    async def two() -> None:
        async with region(tmp_path / "one") as running:
            address = running.url.removeprefix("http://")
            with pytest.raises(RegionError) as caught:
                await serve(
                    _settings(tmp_path / "two", listen=("127.0.0.1:0", address)), lambda ready: None, asyncio.Event()
                )
            assert caught.value.port == int(address.rpartition(":")[2])

    two()


def test_rebuild_moves_the_old_store_aside_and_begins_anew(tmp_path):
    aside: list[Path] = []

    @asynchronous
    async def fill() -> None:
        async with region(tmp_path) as running:
            await _tell_two_racks(running.url)

    @asynchronous
    async def again() -> None:
        async with region(tmp_path, rebuild=True) as running:
            assert (await running.get("hosts")) == []
            assert running.ready.moved_aside is not None
            aside.append(running.ready.moved_aside)
            async with agent(running.url, "rack1", boot="boot-2") as one:
                # The agent is far into its numbers; a region that forgot takes them up where they are.
                assert one.acked == 0
                await one.report(501, host_seen(), interface(), begin=True)
                await one.acknowledged(501)
            await until(lambda: running.get("interfaces"))

    fill()
    again()
    with sqlite3.connect(aside[0]) as old:
        assert old.execute("SELECT count(*) FROM agents").fetchone() == (2,)
    old.close()


def _settings(state_dir: Path, **changes) -> Settings:
    return Settings(**({"state_dir": state_dir, "listen": ("127.0.0.1:0",), "keys": (SECRET,)} | changes))


def test_rebuild_does_not_touch_a_file_that_is_no_regions(tmp_path):
    (tmp_path / "theirs").write_text("theirs")
    settings = Settings(
        state_dir=tmp_path / "state",
        listen=("127.0.0.1:0",),
        keys=(SECRET,),
        database=tmp_path / "theirs",
        rebuild=True,
    )
    with pytest.raises(RegionError, match="not known to be a region's"):
        asyncio.run(serve(settings, lambda ready: None, asyncio.Event()))
    assert (tmp_path / "theirs").read_text() == "theirs"


@asynchronous
async def test_a_region_is_ready_for_as_many_agents_as_it_is_told(tmp_path):
    made = []
    async with region(tmp_path, size=Size(1), made=made.append) as running, agent(running.url, "rack1") as one:
        await one.report(1, host_seen("rack1"), begin=True, complete=True)
        await one.acknowledged(1)
        with pytest.raises(
            TurnedAway, match="accounts of 1 agents and has no room for one more; start it with a larger --agents"
        ):
            async with agent(running.url, "rack2"):
                pass
    assert made[0].outpost.size == Size(1)


@asynchronous
async def test_where_descriptors_are_too_few_for_the_site_that_is_said(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("bellrock.region.front.room", lambda most: min(most, 9000))
    async with region(tmp_path, listen=("https://127.0.0.1:0",), size=Size(20_000)):
        pass
    assert "connections-bounded may=9000 wanted=40000" in caplog.text


@asynchronous
async def test_ready_is_told_once(tmp_path):
    told: list[Ready] = []
    stop = asyncio.Event()
    task = asyncio.create_task(serve(_settings(tmp_path), told.append, stop))
    await until(lambda: told)
    stop.set()
    await task
    assert len(told) == 1


SITE = 'title = "hall"\n[role.dns]\naddresses = ["10.0.0.53"]\n'


def test_a_site_file_is_taken_at_the_start_and_once(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    site = tmp_path / "site.toml"
    site.write_text(SITE)

    @asynchronous
    async def start(title: str) -> None:
        async with region(tmp_path / "state", site=site) as running:
            found = await running.get("site")
            assert (found["title"], found["by"]) == (title, f"file {site}")

    start("hall")
    start("hall")
    assert caplog.text.count("site-changed") == 1
    site.write_text(SITE.replace("hall", "other hall"))
    start("other hall")


@pytest.mark.parametrize(
    ("text", "said"), [(None, "No such file or directory; it is the site file"), ("[role.dsn]\n", "no role 'dsn'")]
)
def test_a_site_file_that_is_none_is_told(tmp_path, text, said):
    site = tmp_path / "site.toml"
    if text is not None:
        site.write_text(text)
    with pytest.raises(RegionError, match=said):
        asyncio.run(serve(_settings(tmp_path / "state", site=site), lambda ready: None, asyncio.Event()))
