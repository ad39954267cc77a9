"""Every request has an id, which the answer, the problem and the log tell."""

from __future__ import annotations

import asyncio
import logging

import pytest
import websockets

from bellrock.region.api.identified import given
from tests.region.support import asynchronous, region


@pytest.mark.parametrize(
    ("sent", "taken"),
    [(b"a", True), (b"01JD-x.y_z~:@/+=", True), (b"x" * 128, True), (b"x" * 129, False), (b"", False), (b"a b", False), (b"a\n", False), (b"\xe4", False)],
    ids=["short", "all", "long", "longer", "empty", "space", "newline", "latin"],
)  # fmt: skip
def test_what_is_taken_as_an_id(sent, taken):
    found = given({"headers": [(b"x-request-id", sent)]})
    assert (found == sent.decode("latin-1")) is taken
    assert taken or len(found) == 26


@asynchronous
async def test_answers_problems_and_the_log_tell_it(tmp_path, caplog):
    caplog.set_level(logging.INFO, "bellrock")
    async with region(tmp_path) as running, running.client() as client:
        for path in ("/healthz", "/api/v1/hosts", "/nothing", "/"):
            first, second = await client.get(path), await client.get(path)
            assert first.headers["x-request-id"] != second.headers["x-request-id"]
            if first.headers["content-type"] == "application/problem+json":
                assert first.json()["request_id"] == first.headers["x-request-id"]
        told = {"X-Request-Id": "from-a-proxy/7", "Authorization": f"Bearer {running.token}"}
        assert (await client.get("/api/v1/hosts", headers=told)).headers["x-request-id"] == "from-a-proxy/7"
        await client.put("/api/v1/site", json={"text": 'title = "lab"\n'}, headers=told)
        with pytest.raises(websockets.InvalidStatus) as refused:
            await websockets.connect(running.url.replace("http", "ws") + "/api/v1/live", proxy=None)
        answer = refused.value.response
        assert answer.headers["x-request-id"].encode() in answer.body


@asynchronous
async def test_each_line_has_the_id_of_its_own_request(tmp_path, monkeypatch):
    from bellrock.region import logs

    async def one(identity):
        with logs.answering(identity):
            await asyncio.sleep(0)
            after = asyncio.get_running_loop().create_future()
            task = asyncio.ensure_future(later(after))
            line = logs.line("e", a=1)
        after.set_result(None)
        return line, await task

    async def later(after):
        await after
        return logs.line("later")

    found = await asyncio.gather(*(one(f"r{number}") for number in range(5)))
    assert found == [(f"e a=1 request=r{number}", "later") for number in range(5)]
    assert logs.line("e") == "e"
