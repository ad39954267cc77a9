"""The routes of MTU, over a real socket, with a real agent's session."""

from __future__ import annotations

import msgspec

from bellrock.contract import Ack, Done, MeasureMtu, Order, decode_region_message, encode
from bellrock.model import MtuGone, MtuLimit, MtuSeen
from bellrock.region.service.shapes import MtuView
from tests.region.support import agent, asynchronous, host_seen, interface, now, port, region, until


def passes(a: str, b: str, mtu: int, vid: int | None = None) -> MtuSeen:
    return MtuSeen(port(a, vid), port(b, vid), mtu, MtuLimit.LINK, 9000, mtu + 1, 9000, now())


async def ask(running, **body):
    async with running.client(authorization=f"Bearer {running.token}") as client:
        return await client.post("/api/v1/mtu/measure", json=body)


@asynchronous
async def test_what_was_measured_is_told_in_the_shape_that_is_described(tmp_path):
    async with region(tmp_path) as running, agent(running.url, "rack1") as one:
        way = passes("rack1/eth0", "rack2/eth0", 1500, 10)
        await one.report(1, host_seen(), interface("eth0", mtu=9000), way, begin=True, complete=True)
        await one.acknowledged(1)
        found = await running.get("mtu")
        msgspec.convert(found, MtuView)
        (pair,) = found["pairs"]
        assert pair["from"] == {"host": "rack1", "interface": "eth0"}
        assert (pair["to"]["interface"], pair["vid"], pair["mtu"], pair["limited_by"]) == ("eth0", 10, 1500, "link")
        (culprit,) = found["culprits"]
        assert culprit["kind"] == "pair"
        await one.report(2, MtuGone(way.port, way.peer, "silent"))
        await one.acknowledged(2)
        assert (await running.get("mtu"))["pairs"] == []


@asynchronous
async def test_an_order_reaches_the_agent_and_is_over_when_it_says_so(tmp_path):
    async with region(tmp_path) as running, agent(running.url, "rack1") as one:
        answer = await ask(running, host="rack1", interface="eth0")
        assert (answer.status_code, answer.json()) == (202, {"agents": ["rack1"]})
        order = decode_region_message(await one.connection.recv())
        assert isinstance(order, Order)
        assert order.do == MeasureMtu("eth0")
        assert (await running.get("mtu"))["measuring"] == ["rack1"]
        await one.connection.send(encode(Done(order.id)))
        await until(lambda: _idle(running))
        await one.connection.send(encode(Done("made up", "nonsense")))
        await one.report(1, host_seen(), begin=True, complete=True)
        assert isinstance(decode_region_message(await one.connection.recv()), Ack)


async def _idle(running) -> bool:
    return (await running.get("mtu"))["measuring"] == []


@asynchronous
async def test_an_agent_that_is_not_there_is_told_by_name(tmp_path):
    async with region(tmp_path) as running, agent(running.url, "rack1"):
        answer = await ask(running, host="rack9")
        assert answer.status_code == 404
        assert answer.json()["detail"] == "no agent 'rack9' is connected; connected are: rack1."
        assert (await ask(running, host=7)).status_code == 400


@asynchronous
async def test_the_live_feed_tells_what_passes(tmp_path):
    async with region(tmp_path) as running, agent(running.url, "rack1") as one, running.live() as live:
        await one.report(1, host_seen(), passes("rack1/eth0", "rack2/eth0", 1500), begin=True, complete=True)
        while True:
            message = msgspec.json.decode(await live.recv())
            if message["type"] == "mtu" and message["pairs"]:
                break
        assert message["pairs"][0]["mtu"] == 1500
