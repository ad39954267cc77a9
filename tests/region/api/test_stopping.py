"""A region that stops while requests are under way: they are told so, and nothing is logged as a fault."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from types import SimpleNamespace

import pytest

from bellrock.region import front
from bellrock.region.api.stopping import Stopping
from bellrock.region.server import DATABASE
from bellrock.region.store import AuditRow, open_store
from tests.region.support import asynchronous, region, until

LOGIN = ("/api/v1/login", {"user": "anna", "password": "correct horse battery"})
ADD = ("/api/v1/users", {"name": "anna", "password": "correct horse battery", "role": "viewer"})


@pytest.mark.parametrize(("path", "body"), [LOGIN, ADD])
@asynchronous
async def test_a_password_that_is_still_being_hashed_is_told_that_the_region_stops(
    tmp_path, monkeypatch, caplog, path, body
):
    monkeypatch.setattr(front, "GRACE", 0.05)
    caplog.set_level(logging.INFO)
    made, hashing, go_on = [], threading.Event(), threading.Event()

    def hash_for_long(*_: object) -> str:
        hashing.set()
        go_on.wait(30)
        return ""

    try:
        async with region(tmp_path, made=made.append) as running, contextlib.AsyncExitStack() as stack:
            client = await stack.enter_async_context(running.client(authorization=f"Bearer {running.token}"))
            hasher = SimpleNamespace(verify=hash_for_long, hash=hash_for_long)
            monkeypatch.setattr(made[0].access._passwords, "_hasher", hasher)
            asking = asyncio.create_task(client.post(path, json=body))
            await until(hashing.is_set)
            running.stop.set()
            answer = await asking
            assert (answer.status_code, answer.json()["detail"]) == (503, "The region is stopping.")
            assert answer.headers["x-content-type-options"] == "nosniff"
    finally:
        go_on.set()
    assert not [record for record in caplog.records if record.exc_info]
    changes = [row.outcome for row in await audit(tmp_path) if row.action == "add user"]
    assert changes == (["failed: 503 Service Unavailable"] if path == ADD[0] else [])


async def audit(state_dir) -> list[AuditRow]:
    """What the region's store holds after it has stopped."""
    store = await open_store(state_dir / DATABASE)
    try:
        return await store.people.audit(None, 100)
    finally:
        await store.close()


def served(kind: str, *said: str, stopping: bool = True) -> list[str]:
    """What leaves for a request whose application says something and is cancelled."""
    sent: list[str] = []

    async def send(message) -> None:
        sent.append(message["type"])

    async def application(_scope, _receive, send) -> None:
        for one in said:
            await send({"type": one})
        raise asyncio.CancelledError

    ended = asyncio.Event()
    if stopping:
        ended.set()
    asyncio.run(Stopping(application, SimpleNamespace(stopping=ended))({"type": kind}, None, send))
    return sent


def test_an_answer_that_has_begun_is_not_begun_again():
    assert served("http") == ["http.response.start", "http.response.body"]
    assert served("http", "http.response.start") == ["http.response.start"]
    assert served("websocket", "websocket.accept") == ["websocket.accept"]


def test_what_is_cancelled_while_the_region_runs_stays_cancelled():
    with pytest.raises(asyncio.CancelledError):
        served("http", stopping=False)
