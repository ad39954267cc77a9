"""HEAD wherever GET is."""

from __future__ import annotations

import pytest

from tests.region.support import asynchronous, region


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/api/v1/hosts", "/api/v1/hosts?limit=1", "/metrics", "/"])
def test_it_is_answered_as_get_is_without_the_content(tmp_path, path):
    @asynchronous
    async def ask() -> None:
        async with region(tmp_path) as running, running.client(authorization=f"Bearer {running.token}") as client:
            whole, head = await client.get(path), await client.head(path)
            assert (head.status_code, head.content) == (whole.status_code, b"")
            assert whole.status_code == 200
            assert head.headers["content-type"] == whole.headers["content-type"]
            if "content-length" in head.headers and path != "/metrics":  # which counts this very request
                assert head.headers["content-length"] == whole.headers["content-length"]

    ask()


@asynchronous
async def test_what_get_refuses_it_refuses(tmp_path):
    async with region(tmp_path) as running, running.client() as client:
        for path in ("/api/v1/hosts", "/nothing"):
            whole, head = await client.get(path), await client.head(path)
            assert (head.status_code, head.content) == (whole.status_code, b"")
            assert head.status_code in (401, 404)
