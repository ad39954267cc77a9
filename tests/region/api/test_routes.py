"""The HTTP routes, over a real socket."""

from __future__ import annotations

from contextlib import asynccontextmanager

import msgspec
import pytest

from bellrock.region.service import shapes
from tests.region.support import agent, asynchronous, confirmed, host_seen, interface, region, stand_still, until

OWN = {"X-Bellrock": "1"}


@asynccontextmanager
async def filled(state_dir, **settings):
    """A region to which two racks have told what they share; rack1's eth1 has yet to settle."""
    async with (
        region(state_dir, **settings) as running,
        agent(running.url, "rack2") as other,
        agent(running.url, "rack1") as one,
    ):
        await other.report(
            1,
            host_seen("rack2"),
            interface("eth0", "rack2"),
            confirmed("rack2/eth0", "rack1/eth0"),
            begin=True,
            complete=True,
        )
        await one.report(
            1,
            host_seen(),
            interface("eth0", addresses=("10.0.0.1/24",)),
            interface("eth1", settled=False, index=3),
            interface("eth2", index=4),
            confirmed("rack1/eth0", "rack2/eth0"),
            begin=True,
            complete=True,
        )
        await one.acknowledged(1)
        await other.acknowledged(1)
        await until(lambda: _registered(running))
        yield running


async def _registered(running) -> bool:
    found = await running.get("interfaces")
    return len([one for one in found if one["registered"]]) == 3


@asynchronous
async def test_answers_have_the_shapes_that_are_described(tmp_path):
    async with filled(tmp_path) as running:
        for path, shape in (
            ("topology", shapes.TopologyView),
            ("hosts", list[shapes.HostView]),
            ("interfaces", list[shapes.InterfaceView]),
            ("evidence", list[shapes.EvidenceView]),
            ("refusals", list[shapes.RefusalView]),
        ):
            found = await running.get(path)
            assert msgspec.json.decode(msgspec.json.encode(msgspec.convert(found, shape))) == found, path


@asynchronous
async def test_hosts_and_interfaces(tmp_path):
    async with filled(tmp_path) as running:
        hosts = await running.get("hosts")
        assert [(one["id"], one["name"], one["connected"], one["interfaces"]) for one in hosts] == [
            ("id-rack1", "rack1", True, 3),
            ("id-rack2", "rack2", True, 1),
        ]
        assert all(0 <= one["seen_age"] < 60 and abs(one["clock_offset"]) < 1 for one in hosts)
        interfaces = {(one["host"], one["name"]): one for one in await running.get("interfaces")}
        (place,) = interfaces["rack1", "eth0"]["vlans"]
        assert place["strength"] == "confirmed"
        assert interfaces["rack1", "eth0"]["unknown"] is None
        assert interfaces["rack1", "eth0"]["registered"].startswith("if-")


@asynchronous
async def test_registration_waits_for_beaconing_to_have_its_say(tmp_path):
    async with filled(tmp_path) as running:
        interfaces = {one["name"]: one for one in await running.get("interfaces") if one["host"] == "rack1"}
        waiting, silent = interfaces["eth1"], interfaces["eth2"]
        assert waiting["registered"] is None
        assert waiting["vlans"] == []
        assert "Beaconing is under way" in waiting["unknown"]
        assert silent["registered"] is not None
        assert silent["unknown"]
        assert "Beaconing is under way" not in silent["unknown"]
        unknown = {one["interface"]: one["why"] for one in (await running.get("topology"))["unknown"]}
        assert "Beaconing is under way" in unknown["eth1"]


@asynchronous
async def test_evidence_by_host_and_interface(tmp_path):
    async with filled(tmp_path) as running:
        assert len(await running.get("evidence")) == 2
        (one,) = await running.get("evidence", host="rack1", interface="eth0")
        assert one["sentence"] == (
            "rack2/eth0 acknowledged a fresh beacon of rack1/eth0 on the link that it was sent on within 1 ms."
        )
        assert one["peer"] == {"host": "rack2", "interface": "eth0", "vid": None}
        assert not one["lapsed"]
        assert len(await running.get("evidence", host="id-rack1")) == 1
        assert await running.get("evidence", host="nobody") == []


@asynchronous
async def test_explain(tmp_path):
    async with filled(tmp_path) as running:
        found = await running.get("topology/explain", a="rack1/eth0", b="rack2/eth0")
        assert found["verdict"] == "same-vlan"
        assert found["chain"][0]["kind"] == "confirmed"
        async with running.client(authorization=f"Bearer {running.token}") as client:
            for a, detail in (
                ("rakc1/eth0", "no host 'rakc1' is known; nearest: rack1"),
                ("rack1/eht0", "rack1 has no interface 'eht0'; nearest: eth0"),
                ("rack1/eth0.30", "there is no port rack1/eth0.30; do you mean rack1/eth0"),
            ):
                answer = await client.get("/api/v1/topology/explain", params={"a": a, "b": "rack2/eth0"})
                assert answer.status_code == 404
                assert detail in answer.json()["detail"]
            answer = await client.get("/api/v1/topology/explain", params={"a": "rack1", "b": "rack2/eth0"})
            assert answer.status_code == 400
            assert "HOST/INTERFACE" in answer.json()["detail"]


@asynchronous
async def test_names(tmp_path):
    async with filled(tmp_path) as running, running.client(authorization=f"Bearer {running.token}") as client:
        fabric = (await running.get("topology"))["fabrics"][0]
        for path, status in (
            (f"fabrics/{fabric['id']}", 204),
            (f"vlans/{fabric['vlans'][0]['id']}", 204),
            ("fabrics/none", 404),
            (f"vlans/{fabric['id']}", 404),
        ):
            assert (await client.patch(f"/api/v1/{path}", json={"name": "storage"})).status_code == status, path
        found = (await running.get("topology"))["fabrics"][0]
        assert (found["name"], found["vlans"][0]["name"]) == ("storage", "storage")
        for bad in ("", "x" * 65, "a\nb", 5, None, "a\u00a0b", "a\u200bb", "\u200b"):
            for path in (f"fabrics/{fabric['id']}", f"vlans/{fabric['vlans'][0]['id']}"):
                answer = await client.patch(f"/api/v1/{path}", json={"name": bad})
                assert answer.status_code == 400, bad
                assert answer.headers["content-type"] == "application/problem+json"
        assert (await running.get("topology"))["fabrics"][0]["name"] == "storage"


@asynchronous
async def test_login_token_works_once(tmp_path):
    async with region(tmp_path) as running, running.client() as client, running.client() as other:
        first = await client.post("/api/v1/login", json={"token": running.ready.login_token})
        assert first.status_code == 204
        cookie = first.headers["set-cookie"].lower()
        assert all(part in cookie for part in ("bellrock_session=", "httponly", "samesite=strict", "path=/"))
        assert (await client.get("/api/v1/hosts")).status_code == 200
        second = await other.post("/api/v1/login", json={"token": running.ready.login_token})
        assert second.status_code == 403
        assert (await other.get("/api/v1/hosts")).status_code == 401
        assert (await client.post("/api/v1/logout", headers=OWN)).status_code == 204
        assert (await client.get("/api/v1/hosts")).status_code == 401


@asynchronous
async def test_sessions_outlive_a_restart_and_login_tokens_do_not(tmp_path):
    async with region(tmp_path) as running, running.client() as client:
        token = running.ready.login_token
        answer = await client.post("/api/v1/login-tokens", headers={"Authorization": f"Bearer {running.token}"})
        assert answer.status_code == 201
        answer = await client.post("/api/v1/login", json={"token": answer.json()["token"]})
        session = answer.cookies["bellrock_session"]
    async with region(tmp_path) as running, running.client() as client:
        assert (await client.post("/api/v1/login", json={"token": token})).status_code == 403
        client.cookies.set("bellrock_session", session)
        assert (await client.get("/api/v1/hosts")).status_code == 200
        assert (await client.post("/api/v1/login-tokens", headers=OWN)).status_code == 403


@asynchronous
async def test_guessing_login_tokens_is_limited(tmp_path, monkeypatch):
    stand_still(monkeypatch)
    async with region(tmp_path) as running, running.client() as client:
        answers = [await client.post("/api/v1/login", json={"token": f"guess-{number}"}) for number in range(12)]
        assert [answer.status_code for answer in answers] == [403] * 10 + [429] * 2
        assert 0 < int(answers[-1].headers["retry-after"]) <= 7


@asynchronous
async def test_changes_with_a_cookie_need_the_header_and_this_origin(tmp_path):
    async with filled(tmp_path) as running, running.client() as client:
        fabric = (await running.get("topology"))["fabrics"][0]["id"]
        await client.post("/api/v1/login", json={"token": running.ready.login_token})
        path, body = f"/api/v1/fabrics/{fabric}", {"name": "x"}
        host = running.url.removeprefix("http://")
        for headers, status in (
            ({}, 403),
            (OWN, 204),
            (OWN | {"Origin": running.url}, 204),
            (OWN | {"Origin": "http://evil.example"}, 403),
            (OWN | {"Origin": f"http://{host}.evil.example"}, 403),
            (OWN | {"Origin": "null"}, 403),
            ({"Authorization": f"Bearer {running.token}"}, 204),
        ):
            answer = await client.patch(path, json=body, headers=headers)
            assert answer.status_code == status, headers
        answer = await client.post("/api/v1/login", json={"token": "x"}, headers={"Origin": "http://evil.example"})
        assert "another site" in answer.json()["detail"]


@pytest.mark.parametrize(
    "path", ["topology", "topology/explain?a=a&b=b", "hosts", "interfaces", "evidence", "refusals"]
)
def test_reading_needs_a_login(tmp_path, path):
    @asynchronous
    async def ask() -> None:
        async with region(tmp_path) as running, running.client() as client:
            for headers in (
                {},
                {"Authorization": "Bearer wrong"},
                {"Authorization": running.token},
                {"Cookie": "bellrock_session=x"},
            ):
                answer = await client.get(f"/api/v1/{path}", headers=headers)
                assert answer.status_code == 401
                assert answer.headers["content-type"] == "application/problem+json"
                assert answer.headers["www-authenticate"] == "Bearer"

    ask()
