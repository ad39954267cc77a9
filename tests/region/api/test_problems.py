"""Errors are problem+json, whatever went wrong."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import pytest

from bellrock.region.api.problems import Problem, encoded, store_problem, unexpected
from bellrock.region.store import StoreFull
from tests.region.support import asynchronous, region


@pytest.mark.parametrize(
    ("method", "path", "status", "detail"),
    [
        ("GET", "/nothing", 404, "There is nothing at /nothing"),
        ("GET", "/api/v1/nothing", 404, "There is nothing at /api/v1/nothing"),
        ("POST", "/healthz", 405, "/healthz does not take POST."),
        ("DELETE", "/api/v1/topology", 405, "/api/v1/topology does not take DELETE."),
        ("GET", "/api/v1/topology/explain?a=x", 400, "b is missing."),
    ],
)
def test_refusals_of_the_router(tmp_path, method, path, status, detail):
    @asynchronous
    async def ask() -> None:
        async with region(tmp_path) as running, running.client(authorization=f"Bearer {running.token}") as client:
            answer = await client.request(method, path)
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/problem+json"
            problem = msgspec.convert(answer.json(), Problem)
            assert problem.status == status
            assert problem.detail.startswith(detail), problem

    ask()


@asynchronous
async def test_bodies_that_are_not_what_is_asked_for(tmp_path):
    async with region(tmp_path) as running, running.client() as client:
        for body, status in (
            (b"", 400),
            (b"{", 400),
            (b"[]", 400),
            (b'{"token": 5}', 400),
            (b'{"token": "\xff"}', 400),
            (b"[" * 60_000, 400),
            (b'{"token": "%s"}' % (b"x" * 201), 400),
            (b'{"token": "%s"}' % (b"x" * 70_000), 413),
        ):
            answer = await client.post("/api/v1/login", content=body, headers={"Content-Type": "application/json"})
            assert answer.status_code == status, body[:40]
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["detail"]


def test_a_full_disk_is_507():
    answer = store_problem(None, StoreFull("disk I/O error"))
    assert (answer.status_code, answer.content.detail) == (507, "The region's disk does not take it: disk I/O error.")


def test_a_fault_shows_nothing_of_itself(caplog):
    request = SimpleNamespace(method="GET", scope={"path": "/x"})
    answer = unexpected(request, ValueError("inner secret"))
    assert answer.status_code == 500
    assert "inner secret" not in answer.content.detail
    assert caplog.records[0].getMessage() == "fault method=GET path=/x"


def test_encoded():
    assert msgspec.json.decode(encoded(401, "why"))["title"] == "Unauthorized"
