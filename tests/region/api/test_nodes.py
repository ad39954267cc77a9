"""A node's report over the wire: from a rack's stream to the API and back."""

from __future__ import annotations

import asyncio

from websockets.asyncio.client import connect

from bellrock.contract import Delivered, NodeReport, Relayed, decode_region_message, encode
from bellrock.model import Host, HostSeen
from tests.region.support import BOUND, Agent, agent, asynchronous, confirmed, host_seen, interface, now, port, region

STREAM = "/api/v1/agents/stream"


def report(boot="boot-1") -> NodeReport:
    node = Host("id-node7", "node7", "node")
    seen = (HostSeen(node, now()), interface("eth0", "node7"), confirmed("node7/eth0", "rack1/eth0"))
    return NodeReport(host=node, boot=boot, sent=now(), observations=seen)


async def delivered(one) -> Delivered:
    async with asyncio.timeout(BOUND):
        while True:
            message = decode_region_message(await one.connection.recv())
            if isinstance(message, Delivered):
                return message


@asynchronous
async def test_relayed_placed_answered_and_shown(tmp_path):
    async with region(tmp_path) as running, agent(running.url) as rack:
        await rack.report(1, host_seen(), interface(), begin=True, complete=True)
        await rack.connection.send(encode(Relayed("L", port("rack1/eth0"), report())))
        answer = await delivered(rack)
        assert answer.letter == "L"
        [placed] = answer.answer.placed
        assert placed.interface == "eth0"
        [node] = await running.get("nodes")
        assert (node["name"], node["via"], node["interfaces"][0]["fabric"]) == ("node7", "rack1", placed.fabric)
        assert {host["name"]: host["role"] for host in await running.get("hosts")} == {"rack1": "rack", "node7": "node"}
    async with region(tmp_path) as again:
        assert [node["name"] for node in await again.get("nodes")] == ["node7"]


@asynchronous
async def test_an_agent_that_is_no_rack_speaks_for_nobody_else(tmp_path):
    async with (
        region(tmp_path) as running,
        connect(running.url.replace("http", "ws") + STREAM, proxy=None) as connection,
    ):
        other = Agent(connection, Host("id-n", "n", "node"), "boot-1")
        await other.shake_hands()
        await other.connection.send(encode(Relayed("L", port("n/eth0"), report())))
        assert "may not report for node7" in (await delivered(other)).answer.why
        assert await running.get("nodes") == []
