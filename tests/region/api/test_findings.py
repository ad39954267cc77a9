"""GET /api/v1/findings and POST /api/v1/diagnoses, and what live says of them."""

import asyncio
import json

import msgspec
import pytest

from bellrock.diagnosis.findings_document import all_told, key
from bellrock.model import Finding, Severity
from bellrock.region.api.findings import MAX_BODY
from bellrock.region.service import findings as service
from tests.region.support import asynchronous, region, until

ONE = Finding(
    id="dhcp-two-servers", severity=Severity.ERROR, what="two", proof=("seen",), host="rack1", flow="dhcp", client="c"
)
OTHER = Finding(id="half-duplex", severity=Severity.WARNING, what="slow", proof=("seen",), host="node7")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(service, "CALM", 0.01)


async def post(running, body, **headers):
    async with running.client(authorization=f"Bearer {running.token}", **headers) as client:
        return await client.post(
            "/api/v1/diagnoses", content=msgspec.json.encode(body), headers={"content-type": "application/json"}
        )


def diagnosis(*found, source="rack1/eth1"):
    return {"source": source, "findings": all_told(found)}


async def found(running, **query):
    return [one["id"] for one in (await running.get("findings", **query))["findings"]]


async def _looked(running, number, **query):
    shown = await running.get("findings", **query)
    return shown if len(shown["findings"]) == number else None


@asynchronous
async def test_what_is_handed_in_is_judged_and_told(tmp_path):
    async with region(tmp_path) as running:
        assert (await until(lambda: _looked(running, 0)))["findings"] == []
        answer = await post(running, diagnosis(ONE, OTHER))
        assert answer.status_code == 202, answer.text
        assert answer.json()["findings"] == 2
        shown = (await until(lambda: _looked(running, 2)))["findings"]
        assert [(one["id"], one["key"], one["state"], one["origin"]) for one in shown] == [
            ("dhcp-two-servers", key(ONE), "open", "diagnosis rack1/eth1"), ("half-duplex", key(OTHER), "open", "diagnosis rack1/eth1"),
        ]  # fmt: skip
        assert shown[0]["where"] == {
            "host": "rack1", "interface": "", "vlan": None, "flow": "dhcp", "client": "c", "address": "",
        }  # fmt: skip
        assert shown[0]["gone"] is None
        assert shown[0]["opened"] <= shown[0]["seen"]
        assert await found(running, severity="error") == ["dhcp-two-servers"]
        assert await found(running, host="node7") == ["half-duplex"]
        assert await found(running, host="c", id="dhcp-two-servers") == ["dhcp-two-servers"]
        assert await found(running, state="gone") == []
        assert len(await found(running, state="all")) == 2
        async with running.client(authorization=f"Bearer {running.token}") as client:
            audit = (await client.get("/api/v1/audit")).text
            refused = await client.get("/api/v1/findings", params={"state": "lost"})
        assert "hand in diagnosis" in audit
        assert "2 findings" in audit
        assert (refused.status_code, refused.headers["content-type"]) == (400, "application/problem+json")


@asynchronous
async def test_nothing_of_a_rule_or_flow_that_there_is_not_is_no_all_clear(tmp_path):
    own = msgspec.structs.replace(OTHER, id="my-own", flow="my-flow")
    async with region(tmp_path) as running, running.client(authorization=f"Bearer {running.token}") as client:
        for query, told in (
            ({"id": "my-own"}, "id: no rule is called 'my-own'; `bellrock explain` lists them"),
            ({"id": "dhcp-two-server"}, "id: no rule is called 'dhcp-two-server'; did you mean 'dhcp-two-servers'?"),
            ({"id": "x" * 200}, f"id: no rule is called '{'x' * 60}…'; `bellrock explain` lists them"),
            ({"flow": "dncp"}, "flow: no flow 'dncp'; did you mean 'dhcp'?"),
            ({"flow": "my-flow"}, "flow: no flow 'my-flow'; expected one of "),
        ):
            answer = await client.get("/api/v1/findings", params=query)
            assert (answer.status_code, answer.json()["detail"][: len(told)]) == (400, told)
        assert (await client.get("/api/v1/findings?id=vlan-missing&flow=dhcp&host=nosuch")).json()["findings"] == []
        assert (await post(running, diagnosis(own))).status_code == 202
        assert (await client.get("/api/v1/findings?id=my-own&flow=my-flow")).status_code == 200, "not judged yet"
        assert (await until(lambda: _looked(running, 1, id="my-own")))["findings"][0]["where"]["flow"] == "my-flow"


@asynchronous
async def test_watchers_are_told_when_something_opens(tmp_path):
    async with region(tmp_path) as running, running.live() as live:
        await post(running, diagnosis(ONE))

        async def told():
            async for text in live:
                message = json.loads(text)
                if message["type"] == "findings" and message["findings"]:
                    return message["findings"]
            return None

        async with asyncio.timeout(30):
            assert [one["id"] for one in await told()] == ["dhcp-two-servers"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400), ({"source": "", "findings": []}, 400), ({"source": "x" * 201, "findings": []}, 400),
        ({"source": "a\x1b", "findings": []}, 400), ({"source": "a", "findings": [{"id": "x"}]}, 400),
        (diagnosis(msgspec.structs.replace(ONE, proof=())), 400), (diagnosis(*[ONE] * 501), 400),
        ({"source": "a", "findings": [], "x": "y" * MAX_BODY}, 413),
    ],
    ids=["nothing", "no source", "long", "escape", "no finding", "no proof", "many", "large"],
)  # fmt: skip
@asynchronous
async def test_what_will_not_do_is_refused(tmp_path, body, status):
    async with region(tmp_path) as running:
        refused = await post(running, body)
        assert (refused.status_code, refused.headers["content-type"]) == (status, "application/problem+json"), (
            refused.text
        )
        assert (await running.get("findings"))["findings"] == []


@asynchronous
async def test_nobody_without_a_login(tmp_path):
    async with region(tmp_path) as running, running.client() as client:
        assert (await client.get("/api/v1/findings")).status_code == 401
        assert (await client.post("/api/v1/diagnoses", json={"source": "a", "findings": []})).status_code == 401


@asynchronous
async def test_it_outlives_a_restart(tmp_path):
    async with region(tmp_path) as running:
        await post(running, diagnosis(ONE))
        before = (await until(lambda: _looked(running, 1)))["findings"][0]
    async with region(tmp_path) as running:
        (after,) = (await until(lambda: _looked(running, 1)))["findings"]
        assert (after["key"], after["opened"]) == (before["key"], before["opened"])
