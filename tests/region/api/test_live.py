"""The live WebSocket."""

from __future__ import annotations

import asyncio
import gc
import json
import socket

import pytest
import websockets
from websockets.asyncio.client import connect

from bellrock.model import Wall
from bellrock.region.api import live as live_module
from bellrock.region.api.rights import RIGHTS
from bellrock.region.roles import Caller, How, UserRole
from bellrock.region.service.publish import Publisher, Topic
from tests.region.support import BOUND, agent, asynchronous, closed, confirmed, host_seen, interface, region

TOPICS = {"topology", "hosts", "interfaces", "refusals", "mtu", "nodes", "enrolments"}


async def first(connection, topics=TOPICS) -> dict[str, dict]:
    """The state that comes on connect, by type."""
    messages = [json.loads(await connection.recv()) for _ in topics]
    return {message["type"]: message for message in messages}


@asynchronous
async def test_all_state_on_connect_and_then_what_changes(tmp_path):
    async with region(tmp_path) as running, running.live() as live:
        state = await first(live)
        assert state.keys() == TOPICS
        assert state["hosts"] == {"type": "hosts", "hosts": []}
        assert state["topology"]["fabrics"] == []
        async with agent(running.url) as one:
            await one.report(1, host_seen(), interface("eth0"), confirmed("rack1/eth0", "rack2/eth0"), begin=True)
            seen: dict[str, dict] = {}
            async with asyncio.timeout(BOUND):
                while not (seen.get("topology", {}).get("fabrics") and seen.get("interfaces", {}).get("interfaces")):
                    message = json.loads(await live.recv())
                    seen[message["type"]] = message
        revision = seen["topology"]["revision"]
        async with running.client(authorization=f"Bearer {running.token}") as client:
            fabric = seen["topology"]["fabrics"][0]["id"]
            await client.patch(f"/api/v1/fabrics/{fabric}", json={"name": "storage"})
        async with asyncio.timeout(BOUND):
            while message["type"] != "topology" or message["fabrics"][0]["name"] != "storage":
                message = json.loads(await live.recv())
        assert message["revision"] > revision


@asynchronous
async def test_a_slow_reader_gets_the_latest_state_and_holds_nobody_up(tmp_path):
    async with (
        region(tmp_path) as running,
        running.live(max_queue=1, close_timeout=0.1) as slow,
        running.live() as quick,
    ):
        await first(quick)
        async with agent(running.url) as one:
            for seq in range(1, 101):
                addresses = tuple(f"fd00:{seq:x}::{number:x}/64" for number in range(100))
                await one.report(seq, interface(f"eth{seq % 3}", addresses=addresses), begin=seq == 1)
            await one.acknowledged(100)

        async def latest(connection) -> int:
            count = 0
            async with asyncio.timeout(BOUND):
                while True:
                    message = json.loads(await connection.recv())
                    count += 1
                    if message["type"] == "interfaces" and "fd00:64::1/64" in str(message):
                        return count

        assert await latest(quick) < 100
        assert await latest(slow) < 100


@asynchronous
async def test_one_that_does_not_read_at_all_is_cut_off(tmp_path, monkeypatch):
    monkeypatch.setattr("bellrock.region.api.sockets.SEND_WITHIN", 0.2)
    monkeypatch.setattr("bellrock.region.service.publish.PERIOD", 0.01)
    async with region(tmp_path) as running:
        host, _, port = running.url.removeprefix("http://").partition(":")
        narrow = socket.socket()
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        narrow.connect((host, int(port)))
        reader, writer = await asyncio.open_connection(sock=narrow, limit=1024)
        writer.write(
            f"GET /api/v1/live HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {'A' * 22}==\r\n"
            f"Authorization: Bearer {running.token}\r\n\r\n".encode()
        )
        assert b"101" in await reader.readline()
        async with agent(running.url) as one:
            # Every message then is as large as 400 interfaces, however little has changed.
            await one.report(1, *(interface(f"eth{number}", index=number) for number in range(400)), begin=True)
            seq = 1
            while running_watchers(running):
                seq += 1
                assert seq < 2000
                await one.report(seq, interface("eth0", index=0, mtu=1000 + seq))
                await one.acknowledged(seq)
            assert seq > 2
        writer.close()


def running_watchers(running) -> int:
    """How many watch; the publisher is not reachable from outside the region, and need not be."""
    return sum(len(one._watchers) for one in gc.get_objects() if type(one) is Publisher)


@asynchronous
async def test_pings(tmp_path, monkeypatch):
    monkeypatch.setattr(live_module, "PING", 0.05)
    async with region(tmp_path) as running, running.live() as live:
        await first(live)
        async with asyncio.timeout(BOUND):
            while json.loads(await live.recv()) != {"type": "ping"}:
                pass


@asynchronous
async def test_what_a_watcher_says_is_ignored(tmp_path):
    async with region(tmp_path) as running, running.live() as live:
        await live.send("anything")
        await live.send(b"\x00")
        assert (await first(live)).keys() == TOPICS


@asynchronous
async def test_a_cookie_or_the_token_and_this_origin(tmp_path):
    async with region(tmp_path) as running:
        async with running.client() as client:
            answer = await client.post("/api/v1/login", json={"token": running.ready.login_token})
            cookie = f"bellrock_session={answer.cookies['bellrock_session']}"
        url = running.url.replace("http", "ws") + "/api/v1/live"
        good = {"Cookie": cookie, "Origin": running.url}
        async with websockets.connect(url, additional_headers=good, proxy=None) as live:
            assert (await first(live)).keys() == TOPICS
        for headers, status in (
            ({}, 401),
            ({"Cookie": "bellrock_session=wrong"}, 401),
            (good | {"Origin": "http://evil.example"}, 403),
            ({"Authorization": f"Bearer {running.token}", "Origin": "http://evil.example"}, 403),
        ):
            with pytest.raises(websockets.InvalidStatus) as refused:
                await websockets.connect(url, additional_headers=headers, proxy=None)
            assert refused.value.response.status_code == status
            assert json.loads(refused.value.response.body)["status"] == status


@asynchronous
async def test_too_many_watchers(tmp_path, monkeypatch):
    monkeypatch.setattr("bellrock.region.service.publish.MAX_WATCHERS", 1)
    async with region(tmp_path) as running, running.live() as live:
        await first(live)
        async with running.live() as more:
            assert await closed(more) == (1013, "too many watch already")


WORD = "correct horse battery"


async def add(running, name: str, role: str) -> None:
    async with running.client(authorization=f"Bearer {running.token}") as client:
        answer = await client.post("/api/v1/users", json={"name": name, "password": WORD, "role": role})
        assert answer.status_code == 201


async def watching(running, name: str) -> tuple[connect, dict[str, str]]:
    """A live connection of a user who logs in, and the headers of the session."""
    async with running.client() as client:
        answer = await client.post("/api/v1/login", json={"user": name, "password": WORD})
        headers = {"Cookie": f"bellrock_session={answer.cookies['bellrock_session']}"}
    url = running.url.replace("http", "ws") + "/api/v1/live"
    return connect(url, additional_headers=headers, proxy=None), headers


@pytest.mark.parametrize(("role", "hidden"), [("viewer", {"enrolments"}), ("operator", set()), ("admin", set())])
def test_each_role_is_told_what_its_routes_would_tell(tmp_path, role, hidden):
    @asynchronous
    async def inside() -> None:
        async with region(tmp_path) as running:
            await add(running, "anna", role)
            opening, headers = await watching(running, "anna")
            async with opening as live, running.client(**headers) as client:
                assert (await first(live, TOPICS - hidden)).keys() == TOPICS - hidden
                for topic in TOPICS:
                    answer = await client.get(f"/api/v1/{topic}")
                    assert (answer.status_code == 403) == (topic in hidden), topic
                async with agent(running.url) as one:  # what changes later is kept from it as well
                    await one.report(1, host_seen(), begin=True)
                    await one.acknowledged(1)
                    seen = set()
                    async with asyncio.timeout(BOUND):
                        while "hosts" not in seen or not ({"enrolments"} - hidden <= seen):
                            seen.add(json.loads(await live.recv())["type"])
                assert not seen & hidden

    inside()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "logout", None),
        ("PATCH", "users/anna", {"role": "viewer"}),
        ("PATCH", "users/anna", {"password": "staple staple staple"}),
        ("DELETE", "users/anna", None),
    ],
)
def test_watching_ends_with_the_session(tmp_path, method, path, body):
    @asynchronous
    async def inside() -> None:
        async with region(tmp_path) as running:
            await add(running, "boss", "admin")
            await add(running, "anna", "operator")
            opening, headers = await watching(running, "anna")
            other, _ = await watching(running, "boss")
            async with opening as live, other as boss:
                await first(live)
                await first(boss)
                if path != "logout":
                    headers = {"Authorization": f"Bearer {running.token}"}
                async with running.client(**headers | {"X-Bellrock": "1"}) as client:
                    assert (await client.request(method, f"/api/v1/{path}", json=body)).status_code == 204
                assert await closed(live) == (1008, "the login has ended; log in again")
                async with agent(running.url) as one:
                    await one.report(1, host_seen(), begin=True)
                    assert json.loads(await boss.recv())["type"], "others watch on"

    inside()


@asynchronous
async def test_watching_ends_with_the_token_and_in_time(tmp_path, monkeypatch):
    async with region(tmp_path) as running, running.client(authorization=f"Bearer {running.token}") as client:
        made = (await client.post("/api/v1/tokens", json={"name": "t"})).json()
        url = running.url.replace("http", "ws") + "/api/v1/live"
        headers = {"Authorization": f"Bearer {made['token']}"}
        async with connect(url, additional_headers=headers, proxy=None) as live:
            await first(live)
            assert (await client.delete(f"/api/v1/tokens/{made['id']}")).status_code == 204
            assert (await closed(live))[0] == 1008
        made = (await client.post("/api/v1/tokens", json={"name": "t", "days": 1})).json()
        headers = {"Authorization": f"Bearer {made['token']}"}
        monkeypatch.setattr(live_module, "LOOK", 0.05)
        async with connect(url, additional_headers=headers, proxy=None) as live:
            await first(live)
            later = Wall(made["expires"] + 1)
            monkeypatch.setattr("bellrock.region.api.guards.wall", lambda: later)
            assert (await closed(live))[0] == 1008


@pytest.mark.parametrize(("role", "hidden"), [("viewer", {Topic.ENROLMENTS}), ("operator", set()), ("admin", set())])
def test_each_role_watches_what_it_may_read(role, hidden):
    caller = Caller("anna", UserRole(role), How.PASSWORD)
    assert set(live_module.hidden_from(caller)) == hidden


def test_a_topic_whose_route_has_no_row_is_hidden(monkeypatch):
    monkeypatch.delitem(RIGHTS, ("GET", "/api/v1/hosts"))
    assert Topic.HOSTS in live_module.hidden_from(Caller("a", UserRole.ADMIN, How.API_TOKEN))


@asynchronous
async def test_who_asks_is_told_what_changed(tmp_path):
    async with region(tmp_path) as running:
        headers = {"Authorization": f"Bearer {running.token}"}
        address = running.url.replace("http", "ws") + "/api/v1/live?deltas=1"
        async with agent(running.url) as one:
            peers = [confirmed(f"rack1/eth{number}", f"rack{number}/eth0") for number in range(2, 60)]
            await one.report(
                1, host_seen(), *(interface(f"eth{number}") for number in range(2, 60)), *peers, begin=True
            )
            await one.acknowledged(1)
            async with connect(address, additional_headers=headers, proxy=None, max_size=None) as live:
                state = await first(live)
                assert len(state["topology"]["fabrics"]) == 58
                assert "changed" not in state["topology"]
                seen: dict[str, dict] = {}
                async with asyncio.timeout(BOUND):
                    # What it was told on connecting may be told once more, whole: where that was of a moment before all was concluded.
                    for number in range(2, 12):
                        await one.report(
                            number, interface("eth2", mtu=number), confirmed("rack1/eth2", f"new{number}/eth0")
                        )
                        seen = await _until_named(live, f"new{number}")
                        if all("changed" in message for message in seen.values()):
                            break
                assert len(seen["topology"]["changed"]) == 1
                mtus = {(one["host"], one["mtu"]) for one in seen["interfaces"]["changed"] if one["name"] == "eth2"}
                assert mtus == {("rack1", number)}


async def _until_named(live, host: str) -> dict[str, dict]:
    """The messages of topology and interfaces that came last, once a host is named and both have come."""
    seen: dict[str, dict] = {}
    while f"id-{host}" not in seen.get("topology", {}).get("names", {}) or "interfaces" not in seen:
        message = json.loads(await live.recv())
        if message["type"] in ("topology", "interfaces"):
            seen[message["type"]] = message
    return seen
