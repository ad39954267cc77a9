"""Requests are counted by route, method and status."""

from __future__ import annotations

import asyncio

import pytest

from bellrock.region.api.metered import Metered
from bellrock.region.instruments import HTTP_REQUESTS, HTTP_SECONDS
from tests.region.support import asynchronous, region, until


@asynchronous
async def test_by_route_method_and_status_whatever_the_path(tmp_path):
    seen = {
        ("GET", "/healthz", "200"): ("GET", "/healthz"),
        ("GET", "/api/v1/topology", "401"): ("GET", "/api/v1/topology"),
        ("PATCH", "/api/v1/vlans/{identity}", "401"): ("PATCH", "/api/v1/vlans/never-heard-of"),
        ("other", "other", "404"): ("PROPFIND", "/api/v1/coffee/pot-1"),
    }
    before = {key: HTTP_REQUESTS.value(*key) for key in seen}
    took = HTTP_SECONDS.count("/healthz")
    async with region(tmp_path) as running, running.client() as client:
        answers = {key: (await client.request(*asked)).status_code for key, asked in seen.items()}
        assert answers == {key: int(key[2]) for key in seen}
        await until(lambda: all(HTTP_REQUESTS.value(*key) == before[key] + 1 for key in seen))
    assert HTTP_SECONDS.count("/healthz") == took + 1


@pytest.mark.parametrize("error", [RuntimeError, asyncio.CancelledError])
def test_what_ends_without_an_answer_counts_as_a_fault(error):
    async def broken(_scope, _receive, _send):
        raise error

    before = HTTP_REQUESTS.value("GET", "/broken", "500")
    with pytest.raises(error):
        asyncio.run(Metered(broken)({"type": "http", "method": "GET", "path_template": "/broken"}, None, None))
    assert HTTP_REQUESTS.value("GET", "/broken", "500") == before + 1


def test_a_websocket_is_passed_on():
    asked = []

    async def app(scope, receive, send):
        asked.append((scope, receive, send))

    scope = {"type": "websocket"}
    asyncio.run(Metered(app)(scope, 1, 2))
    assert asked == [(scope, 1, 2)]
