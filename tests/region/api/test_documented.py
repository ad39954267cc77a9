"""The fixture that holds answers to their description can fail."""

from __future__ import annotations

import pytest

from tests.region.api.documented import operation, undocumented
from tests.region.support import WATCHING, asynchronous, region


@pytest.mark.parametrize(
    ("method", "path", "template"),
    [
        ("GET", "/api/v1/hosts", "/api/v1/hosts"),
        ("GET", "/api/v1/hosts/a%2Fb", "/api/v1/hosts/{host}"),
        ("GET", "/api/v1/topology/explain", "/api/v1/topology/explain"),
        ("GET", "/api/v1/matrix/a/b", "/api/v1/matrix/{agent}/{flow}"),
        ("PUT", "/api/v1/hosts", None),
        ("GET", "/api/v1/hosts/", None),
        ("GET", "/assets/x.js", None),
    ],
)
def test_which_operation_a_request_is_for(method, path, template):
    found = operation(method, path)
    assert (found and found[0]) == template


def test_what_is_not_described_is_named():
    seen = [
        ("GET", "/api/v1/hosts/x", 418),
        ("GET", "/api/v1/hosts/y", 418),
        ("GET", "/api/v1/hosts", 200),
        ("GET", "/no", 404),
    ]
    assert undocumented(seen) == ["GET /api/v1/hosts/{host}: 418"]


@asynchronous
async def test_clients_of_tests_are_watched(tmp_path, described):
    seen = []

    async def watch(response):
        seen.append((response.request.url.path, response.status_code))

    WATCHING.append(watch)
    try:
        async with region(tmp_path) as running, running.client() as client:
            await client.get("/api/v1/hosts")
    finally:
        WATCHING.remove(watch)
    assert seen == [("/api/v1/hosts", 401)]
    assert described == {("GET", "/api/v1/hosts", 401)}
