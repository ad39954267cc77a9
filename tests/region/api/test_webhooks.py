"""The routes of webhooks: made, listed without secrets, tried, told of a verdict that changed and stayed so, and removed."""

from __future__ import annotations

import asyncio

from bellrock.model import Verdict
from bellrock.region.service import matrix
from tests.region.api.test_probes import SITE, call, finished, worker
from tests.region.service.test_webhooks import Receiver
from tests.region.support import asynchronous, region, until


async def tried(running):
    begun = await call(running, "POST", "probes", flows=["dns"])
    await finished(running, begun.json()["run"])
    return begun.json()["checks"]


@asynchronous
async def test_somebody_is_told_when_a_flow_broke_and_stays_broken(tmp_path, monkeypatch):
    monkeypatch.setattr(matrix, "APART", 0.0)
    receiver = Receiver(204)
    server = await asyncio.start_server(receiver, "127.0.0.1", 0)
    async with server, region(tmp_path) as running, worker(running) as one:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/path-that-is-secret"
        made = await call(running, "POST", "webhooks", url=url, flows=["dns"])
        assert made.status_code == 201, made.text
        assert len(made.json()["secret"]) >= 40
        (shown,) = await running.get("webhooks")
        assert made.json()["secret"] not in str(shown)
        assert (shown["url"], shown["by"], shown["delivered"]) == (url, "api token", 0)
        tested = await call(running, "POST", f"webhooks/{made.json()['id']}/test")
        assert tested.json() == {"delivered": True, "what": "delivered: status 204"}
        await call(running, "PUT", "site", text=SITE)
        for verdict in (Verdict.WORKS, Verdict.WORKS, Verdict.FILTERED):
            one.verdict = verdict
            await tried(running)
        assert receiver.alerts == []
        checks = await tried(running)
        await until(lambda: len(receiver.alerts) == checks)
        assert {(alert["agent"], alert["before"], alert["verdict"]) for alert in receiver.alerts} == {
            ("rack1", "works", "filtered")
        }
        gone = await call(running, "DELETE", f"webhooks/{made.json()['id']}")
        assert gone.status_code == 204
        assert await running.get("webhooks") == []
        audit = await running.get("audit")
        mine = [entry for entry in audit if "webhook" in entry["action"]]
        assert [entry["action"] for entry in mine] == ["remove webhook", "test webhook", "add webhook"]
        assert made.json()["secret"] not in str(audit)
        assert "path-that-is-secret" not in str(audit)


@asynchronous
async def test_what_cannot_be_told(tmp_path):
    async with region(tmp_path) as running:
        for body, said in (
            ({"url": "file:///etc/passwd"}, "not http://"),
            ({"url": "http://u:p@a/"}, "without user name"),
            ({"url": "https://a/", "authority": "x"}, "no certificate in PEM"),
            ({"url": "https://a/", "flows": ["gopher"]}, "no probe tries 'gopher'"),
            ({"flows": []}, ""),
        ):
            answer = await call(running, "POST", "webhooks", **body)
            assert (answer.status_code, said in answer.text) == (400, True), answer.text
        assert (await call(running, "DELETE", "webhooks/w-none")).status_code == 404
        assert (await call(running, "POST", "webhooks/w-none/test")).status_code == 404
        for _ in range(16):
            await call(running, "POST", "webhooks", url="https://a.example/")
        assert (await call(running, "POST", "webhooks", url="https://a.example/")).status_code == 409


@asynchronous
async def test_webhooks_outlive_a_restart(tmp_path):
    async with region(tmp_path) as running:
        await call(running, "POST", "webhooks", url="https://a.example/")
        before = await running.get("webhooks")
    async with region(tmp_path) as running:
        assert await running.get("webhooks") == before
