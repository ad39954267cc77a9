"""/api/v1/captures: with an agent that a test plays, and what is refused."""

import asyncio

from bellrock.contract import Done, Order, decode_region_message, encode
from bellrock.contract.capturing import Captured, Capturing, EndCapture, ReadCapture, RunCapture
from tests.region.support import agent, asynchronous, host_seen, region, until

OCTETS = bytes(range(256)) * 1000


async def captures(one, orders):
    """Do as an agent with a file of three pieces, until it is cut short."""
    while True:
        order = decode_region_message(await one.connection.recv())
        if not isinstance(order, Order):
            continue
        orders.append(order.do)
        match order.do:
            case RunCapture():
                running = order.id
                await one.connection.send(encode(Capturing(order=order.id, packets=1, dropped=0, octets=100)))
                continue  # it is done once it has ended
            case EndCapture(forget=False):
                ended = Capturing(order=running, packets=7, dropped=2, octets=len(OCTETS), ended="stopped")
                await one.connection.send(encode(ended))
                await one.connection.send(encode(Done(running)))
            case ReadCapture(at=at) if at < 200_000:
                await one.connection.send(encode(Captured(order.id, at, OCTETS[at : at + 100_000], len(OCTETS))))
            case ReadCapture():
                await one.connection.send(encode(Captured(order.id, at, OCTETS[at:], len(OCTETS))))
        await one.connection.send(encode(Done(order.id)))


@asynchronous
async def test_a_capture_from_begin_to_end(tmp_path):
    async with region(tmp_path) as running, agent(running.url, "rack1") as one:
        await one.report(1, host_seen("rack1"), begin=True, complete=True)
        await one.acknowledged(1)
        orders = []
        task = asyncio.ensure_future(captures(one, orders))
        async with running.client(authorization=f"Bearer {running.token}") as client:
            request = {"on": ["rack1/eth0"], "seconds": 30, "program": [[6, 0, 0, 65535]], "expression": "udp"}
            begun = (await client.post("/api/v1/captures", json=request)).json()
            where = f"/api/v1/captures/{begun['id']}"
            await until(lambda: orders)
            assert (orders[0].interface, orders[0].program) == ("eth0", ((6, 0, 0, 65535),))
            early = await client.get(f"{where}/points/0")
            assert (early.status_code, early.headers["content-type"]) == (409, "application/problem+json")
            assert (await client.post(f"{where}/end", json={})).status_code == 202

            async def over():
                return (await client.get(where)).json()["over"]

            for _ in range(500):
                if await over():
                    break
            found = (await client.get("/api/v1/captures")).json()
            assert [(one["name"], one["packets"], one["state"]) for one in found[0]["points"]] == [
                ("rack1", 7, "ended")
            ]
            file = await client.get(f"{where}/points/0")
            assert (file.status_code, file.content) == (200, OCTETS)
            for wrong in ("1", "-1", "x", "²", "000"):
                assert (await client.get(f"{where}/points/{wrong}")).status_code == 404
            assert (await client.delete(where)).status_code == 204
            assert (await client.get(where)).status_code == 404
            await until(lambda: isinstance(orders[-1], EndCapture) and orders[-1].forget)
            audited = (await client.get("/api/v1/audit")).json()
            assert any("rack1/eth0" in str(one) and "of 1 instructions, said to be: udp" in str(one) for one in audited)
            (fetched,) = [one for one in audited if one["action"] == "fetch capture"]
            assert fetched["subject"] == f"{begun['id']} rack1/eth0"
            assert orders[0].headers_only
        task.cancel()


@asynchronous
async def test_what_is_refused(tmp_path):
    async with region(tmp_path) as running, running.client(authorization=f"Bearer {running.token}") as client:
        for body, status in (
            ({"on": ["nobody"]}, 404), ({"on": []}, 400), ({"on": ["a"], "seconds": 0}, 400), ({"on": ["a"], "seconds": 1e9}, 400),
            ({"on": ["a"], "octets": 1}, 400), ({"on": ["a"], "program": [[1, 2]]}, 400), ({}, 400),
            ({"on": ["a"], "program": [[70000, 0, 0, 0]]}, 400),
        ):  # fmt: skip
            answer = await client.post("/api/v1/captures", json=body)
            assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), (
                answer.text
            )
