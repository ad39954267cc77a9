"""Headers that every answer carries."""

from __future__ import annotations

import pytest

from tests.region.support import asynchronous, region


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/nothing", "/api/v1/topology", "/api/v1/nothing", "/api/v1/openapi.json"]
)
def test_every_answer_errors_included(tmp_path, path):
    @asynchronous
    async def ask() -> None:
        async with region(tmp_path) as running, running.client() as client:
            headers = (await client.get(path)).headers
            assert headers["content-security-policy"].startswith("default-src 'self'; ")
            assert "unsafe" not in headers["content-security-policy"]
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert ("no-store" in headers.get("cache-control", "")) == path.startswith("/api/")
            assert "server" not in headers

    ask()
