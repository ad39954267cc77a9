"""POST /api/v1/walks: with agents that a test plays, and what is refused."""

import asyncio

import pytest

from bellrock.contract import Done, Order, decode_region_message, encode
from bellrock.contract.walk import Seen, Sent, Served, WalkPath, Watching, WatchPath
from bellrock.model import DiedAt, Verdict, Walked
from bellrock.region.api import walks as module
from tests.region.support import agent, asynchronous, host_seen, interface, region

REQUEST = {"source": "near", "target": "far", "flow": "dns", "protocol": "udp"}


async def answers(one):
    """Do as an agent that sees nothing on its wire."""
    while True:
        order = decode_region_message(await one.connection.recv())
        if not isinstance(order, Order):
            continue
        match order.do:
            case WatchPath():
                await one.connection.send(encode(Watching(order=order.id, listener="own")))
            case WalkPath():
                await one.connection.send(encode(Seen(order=order.id, sent=Sent(obstacle="no route"))))
            case _:
                await one.connection.send(encode(Seen(order=order.id, served=Served())))
        await one.connection.send(encode(Done(order.id)))


async def post(running, body, **headers):
    async with running.client(authorization=f"Bearer {running.token}", **headers) as client:
        return await client.post("/api/v1/walks", json=body)


@asynchronous
async def test_two_agents_walk(tmp_path):
    async with region(tmp_path) as running, agent(running.url, "near") as near, agent(running.url, "far") as far:
        for number, (one, name) in enumerate(((near, "near"), (far, "far")), 1):
            await one.report(
                1, host_seen(name), interface(host=name, addresses=(f"10.0.0.{number}/24",)), begin=True, complete=True
            )
            await one.acknowledged(1)
        tasks = [asyncio.ensure_future(answers(one)) for one in (near, far)]
        answer = await post(running, REQUEST)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert (found["verdict"], found["died_at"]) == ("unreachable", "not-sent")
        (walk,) = found["walks"]
        assert (walk["detail"], walk["variant"]) == (found["detail"], "udp/53 IPv4")
        for body, status in (
            (REQUEST | {"target": "x"}, 404), (REQUEST | {"flow": "gopher"}, 400), (REQUEST | {"flow": "icmp"}, 400),
            (REQUEST | {"family": 6}, 400), (REQUEST | {"family": 5}, 400), (REQUEST | {"within": 99}, 400), (REQUEST | {"source": ""}, 400),
            (REQUEST | {"port": 70000}, 400), ({}, 400),
        ):  # fmt: skip
            refused = await post(running, body)
            assert (refused.status_code, refused.headers["content-type"]) == (status, "application/problem+json"), (
                refused.text
            )
        async with running.client(authorization=f"Bearer {running.token}") as client:
            audit = (await client.get("/api/v1/audit")).text
        assert "near to far: dns" in audit
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynchronous
async def test_nobody_walks_without_a_token(tmp_path):
    async with region(tmp_path) as running, running.client() as client:
        assert (await client.post("/api/v1/walks", json=REQUEST)).status_code == 401


def walked(verdict, died_at=DiedAt.NOWHERE):
    return Walked(flow="dns", source="a", target="b", verdict=verdict, died_at=died_at, detail=verdict.value)


class Region:
    def __init__(self, *found):
        self.found = found

    async def walk(self, _):
        return self.found


@pytest.mark.parametrize(
    ("verdicts", "worst"),
    [
        ([Verdict.WORKS, Verdict.WORKS], Verdict.WORKS),
        ([Verdict.WORKS, Verdict.NOT_CHECKED], Verdict.NOT_CHECKED),
        ([Verdict.NOT_CHECKED, Verdict.FILTERED, Verdict.WORKS], Verdict.FILTERED),
        ([Verdict.DEGRADED, Verdict.FILTERED, Verdict.NOT_CHECKED], Verdict.FILTERED),
        ([Verdict.WORKS, Verdict.NOT_CHECKED, Verdict.DEGRADED], Verdict.DEGRADED),
    ],
)
def test_a_path_is_as_good_as_its_worst_exchange(monkeypatch, verdicts, worst):
    monkeypatch.setattr(module, "region_of", lambda _: Region(*map(walked, verdicts)))
    monkeypatch.setattr(module, "tell", lambda *_, **__: None)
    found = asyncio.run(module.walks.fn(None, module.WalkRequest("a", "b", "dns")))
    assert (found.verdict, found.detail) == (worst, worst.value)
