"""Holds what the region answers in these tests to its own description."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.region.api.documented import undocumented
from tests.region.support import WATCHING


@pytest.fixture(autouse=True)
def described() -> Iterator[set[tuple[str, str, int]]]:
    """Whatever a test asks for: that a route answers with a status is a fault if its description leaves that out.

    Gives the (method, path, status) seen so far, for a test that makes a fault.
    """
    seen: set[tuple[str, str, int]] = set()

    async def watch(response: httpx.Response) -> None:
        path = response.request.url.raw_path.decode("ascii").partition("?")[0]
        seen.add((response.request.method, path, response.status_code))

    WATCHING.append(watch)
    yield seen
    WATCHING.remove(watch)
    assert undocumented(seen) == []
