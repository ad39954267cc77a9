"""The routes of flows that are tried, over a real socket, with an agent that answers as the test says."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress

import msgspec
import websockets

from bellrock.contract import Ack, Done, Order, Results, Tried, decode_region_message, encode
from bellrock.model import Probed, Traced, Verdict, Wall
from bellrock.region.service import probes as service
from bellrock.region.service import schedules
from bellrock.region.service.probeshapes import CellResultsView, ChangeView, MatrixView, RunView, ScheduleView, SiteView
from tests.region.support import agent, asynchronous, host_seen, interface, region, until

SITE = """\
title = "lab"
[role.rack]
addresses = ["10.0.0.1"]
[role.dns]
addresses = ["10.0.0.53"]
[role.ntp]
addresses = ["10.0.0.123"]
"""


@asynccontextmanager
async def worker(running, name="rack1", verdict=Verdict.WORKS, address="10.0.0.1/24", answers=True):
    """An agent that carries out orders to try flows: everything has one verdict, `worker.verdict`."""
    async with agent(running.url, name) as one:
        await one.report(1, host_seen(name), interface("eth0", name, addresses=(address,)), begin=True, complete=True)
        one.verdict, one.orders = verdict, []
        task = asyncio.ensure_future(_work(one, answers))
        try:
            await until(lambda: one.acked)
            yield one
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, websockets.ConnectionClosed):
                await task


async def _work(one, answers):
    while True:
        message = decode_region_message(await one.connection.recv())
        if isinstance(message, Ack):
            one.acked = message.seq
        if isinstance(message, Order):
            one.orders.append(message)
            if answers:
                tried = tuple(Tried(at, (probed(what, one.verdict),)) for at, what in enumerate(message.do.tries))
                await one.connection.send(encode(Results(message.id, tried, 0)))
                await one.connection.send(encode(Done(message.id)))


def probed(what, verdict):
    step = Traced(at=Wall(1.7e9), direction="sent", what="a query", octets=12)
    return Probed(
        flow=what.flow, target=f"{what.address}:{what.port}", verdict=verdict, detail="so it is", rtt_ms=1.5, evidence=(step,),
        facts={"of": what.flow},
    )  # fmt: skip


async def call(running, method, path, **body):
    async with running.client(authorization=f"Bearer {running.token}") as client:
        return await client.request(method, f"/api/v1/{path}", json=body if method in ("POST", "PUT") else None)


async def finished(running, run):
    """A run once it is over."""

    async def over():
        view = await running.get(f"probes/runs/{run}")
        return view if not view["left"] else None

    return await until(over)


@asynchronous
async def test_what_somebody_asks_for_is_tried_and_told(tmp_path):
    async with region(tmp_path) as running, worker(running) as one:
        begun = await call(running, "POST", "probes", agents=["rack1"], flows=["dns", "ntp"], to=["10.0.0.53", "ns:54"])
        assert begun.status_code == 202, begun.text
        assert begun.json()["checks"] == 4
        view = await finished(running, begun.json()["run"])
        msgspec.convert(view, RunView)
        assert view["agents"] == [{"agent": "rack1", "checks": 4, "left": 0}]
        assert {(found["flow"], found["target"]) for found in view["results"]} == {
            (flow, target) for flow in ("dns", "ntp") for target in ("10.0.0.53:0", ":54")
        }
        first = view["results"][0]
        assert (first["agent"], first["verdict"], first["facts"]) == ("rack1", "works", {"of": "dns"})
        assert first["evidence"][0]["what"] == "a query"
        assert [what.name for what in one.orders[0].do.tries] == ["", "ns", "", "ns"]
        matrix = await running.get("matrix")
        assert (matrix["cells"], matrix["site"]) == ([], None)


@asynchronous
async def test_the_site_says_what_matters_and_the_matrix_how_it_stands(tmp_path):
    async with region(tmp_path) as running, worker(running, verdict=Verdict.FILTERED) as one:
        missing = await call(running, "POST", "probes")
        assert (missing.status_code, "bellrock site push FILE" in missing.json()["detail"]) == (409, True)
        given = await call(running, "PUT", "site", text=SITE)
        assert given.status_code == 200, given.text
        assert msgspec.convert(given.json(), SiteView).title == "lab"
        assert (await running.get("site"))["text"] == SITE
        begun = (await call(running, "POST", "probes", flows=["dns"])).json()
        assert (begun["kept"], begun["checks"] > 0) == (True, True)
        await finished(running, begun["run"])
        matrix = await running.get("matrix")
        msgspec.convert(matrix, MatrixView)
        (cell,) = matrix["cells"]
        assert (cell["agent"], cell["flow"], cell["verdict"], cell["faults"]) == (
            "id-rack1", "dns", "filtered", cell["checks"]
        )  # fmt: skip
        assert matrix["agents"][0]["roles"] == ["rack"]
        assert [flow["id"] for flow in matrix["flows"]] == ["dns"]
        details = await running.get("matrix/rack1/dns")
        msgspec.convert(details, CellResultsView)
        assert {found["evidence"][0]["what"] for found in details["results"]} == {"a query"}
        assert details["findings"][0]["id"] == "flow-filtered"
        one.verdict = Verdict.WORKS
        await finished(running, (await call(running, "POST", "probes", flows=["dns"])).json()["run"])

        for path in ("probes/history", "matrix"):
            refused = await call(running, "GET", f"{path}?flow=dsn")
            assert (refused.status_code, refused.json()["detail"]) == (400, "flow: no flow 'dsn'; did you mean 'dns'?")

        async def changes():
            found = await running.get("probes/history", agent="rack1", flow="dns")
            return found if len(found) == 2 * begun["checks"] else None

        found = await until(changes)
        msgspec.convert(found, list[ChangeView])
        assert (found[0]["before"], found[0]["verdict"], found[-1]["before"]) == ("filtered", "works", "")


@asynchronous
async def test_a_site_with_mistakes_is_refused_with_each_of_them(tmp_path):
    async with region(tmp_path) as running:
        answer = await call(running, "PUT", "site", text='[role.rak]\naddresses = ["10.0.0.1"]\n')
        assert answer.status_code == 400
        assert "no role 'rak'" in answer.json()["detail"]
        assert (await call(running, "GET", "site")).status_code == 404


@asynchronous
async def test_a_large_site_is_taken_and_other_bodies_are_not(tmp_path):
    async with region(tmp_path) as running:
        answer = await call(running, "PUT", "site", text=SITE + "# remark\n" * 20_000)
        assert answer.status_code == 200, answer.text
        answer = await call(
            running, "POST", "probes", to=["x" * 200] * 256, flows=["y" * 60] * 64, agents=["z" * 250] * 200
        )
        assert answer.status_code == 413, answer.text


@asynchronous
async def test_schedules_come_with_the_first_site_and_run_by_themselves(tmp_path, monkeypatch):
    monkeypatch.setattr(service, "TICK", 0.05)
    monkeypatch.setattr(schedules, "SOON", 0.1)
    async with region(tmp_path) as running, worker(running):
        await call(running, "PUT", "site", text=SITE)
        (row,) = await running.get("schedules")
        msgspec.convert(row, ScheduleView)
        assert (row["id"], row["every"], row["by"]) == ("site", 300.0, "api token")
        kept = await call(running, "PUT", "schedules/extra", every=10, flows=["ntp"], to=["10.9.9.9"], agents=["rack1"])
        assert kept.status_code == 204, kept.text

        async def both():
            cells = (await running.get("matrix"))["cells"]
            return {"dns", "ntp"} <= {cell["flow"] for cell in cells} and await running.get("matrix/rack1/ntp")

        found = await until(both)

        async def targets():
            found = await running.get("matrix/rack1/ntp")
            return {one["target"] for one in found["results"]}

        await until(lambda: _holds(targets, {"10.9.9.9", "10.0.0.123:123"}))
        assert found["agent"] == "rack1"
        assert (await call(running, "DELETE", "schedules/extra")).status_code == 204
        assert await targets() == {"10.0.0.123:123"}
        assert (await call(running, "DELETE", "schedules/extra")).status_code == 404
        assert [one["id"] for one in await running.get("schedules")] == ["site"]


async def _holds(found, wanted):
    return await found() >= wanted


@asynchronous
async def test_what_cannot_be_asked_for_is_refused(tmp_path):
    async with region(tmp_path) as running, worker(running):
        for path, body, status, said in (
            (
                "probes",
                {"agents": ["rack9"], "flows": ["dns"], "to": ["10.0.0.1"]},
                404,
                "No agent 'rack9' is connected",
            ),
            ("probes", {"flows": ["gopher"], "to": ["10.0.0.1"]}, 400, "No probe tries 'gopher'"),
            ("probes", {"flows": ["dns"], "to": ["10.0.0.1:x"]}, 400, "'x' is not a port"),
            ("probes", {"to": ["10.0.0.1"]}, 400, "Targets without flows"),
            ("probes", {"tries": [{"flow": "gopher"}]}, 400, "No probe tries 'gopher'"),
            ("probes", {"tries": [{"flow": 7}]}, 400, ""),
        ):
            answer = await call(running, "POST", path, **body)
            assert (answer.status_code, said in answer.text) == (status, True), answer.text
        for name, body, said in (
            ("a b", {"every": 60}, "is no name"),
            ("x", {"every": 1}, "every 1 s is not possible"),
            ("x", {"flows": ["gopher"]}, "No probe tries"),
            ("x", {"to": ["10.0.0.1"]}, "Targets without flows"),
        ):
            answer = await call(running, "PUT", f"schedules/{name}", **body)
            assert (answer.status_code, said.lower() in answer.text.lower()) == (400, True), answer.text
        assert (await call(running, "GET", "probes/runs/nothing")).status_code == 404
        assert (await call(running, "GET", "matrix/rack9/dns")).status_code == 404
        assert (await running.get("matrix/rack1/dns"))["results"] == []


@asynchronous
async def test_an_agent_that_leaves_takes_nothing_with_it_but_its_answers(tmp_path):
    async with region(tmp_path) as running:
        async with worker(running, answers=False) as one:
            begun = await call(running, "POST", "probes", flows=["dns"], to=["10.0.0.53"])
            await until(lambda: one.orders)
        view = await finished(running, begun.json()["run"])
        (found,) = view["results"]
        assert (found["verdict"], "disconnected" in found["detail"]) == ("not-checked", True)
        assert (await call(running, "POST", "probes", flows=["dns"], to=["10.0.0.53"])).status_code == 404


@asynchronous
async def test_the_live_feed_tells_the_matrix(tmp_path):
    async with region(tmp_path) as running, worker(running), running.live() as live:
        await call(running, "PUT", "site", text=SITE)
        await call(running, "POST", "probes", flows=["dns"])
        async with asyncio.timeout(30):
            while True:
                message = msgspec.json.decode(await live.recv())
                if message["type"] == "matrix" and message["cells"]:
                    break
        assert message["site"] == "lab"


@asynchronous
async def test_how_it_stands_outlives_a_restart(tmp_path):
    async with region(tmp_path) as running, worker(running):
        await call(running, "PUT", "site", text=SITE)
        await finished(running, (await call(running, "POST", "probes", flows=["dns"])).json()["run"])
    async with region(tmp_path) as running:
        (cell,) = (await running.get("matrix"))["cells"]
        assert cell["verdict"] == "works"
        found = await running.get("matrix/rack1/dns")
        assert found["results"][0]["evidence"][0]["what"] == "a query"
        assert [one["id"] for one in await running.get("schedules")] == ["site"]


@asynchronous
async def test_a_connection_that_another_takes_the_place_of_owes_no_answers(tmp_path):
    async with region(tmp_path) as running, worker(running, answers=False) as one:
        begun = await call(running, "POST", "probes", flows=["dns"], to=["10.0.0.53"])
        await until(lambda: one.orders)
        async with agent(running.url, "rack1"):
            (found,) = (await finished(running, begun.json()["run"]))["results"]
        assert found["verdict"] == "not-checked"


@asynchronous
async def test_the_audit_tells_what_was_tried_where_and_with_which_options_but_no_values(tmp_path):
    tries = [
        *({"flow": "ntp", "address": f"10.0.0.{number}"} for number in range(1, 11)),
        {"flow": "dhcp", "interface": "eth0", "options": {"lease": "yes", "mac": "s3cret"}},
        {"flow": "redfish", "address": "10.0.0.9", "port": 8443, "options": {"authority": "/s3cret"}},
    ]
    async with region(tmp_path) as running, worker(running):
        begun = await call(running, "POST", "probes", tries=tries)
        assert begun.status_code == 202, begun.text
        newest, *_ = await running.get("audit")
    assert newest["subject"] == "12 tries by all agents"
    assert newest["after"].startswith(
        "dhcp (lease, mac) at eth0; redfish (authority) at 10.0.0.9 port 8443; ntp at 10.0.0.1, "
    )
    assert newest["after"].endswith("10.0.0.8 and 2 more")
    assert "s3cret" not in repr(newest)
