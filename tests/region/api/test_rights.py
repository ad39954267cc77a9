"""Which route needs which role: every route of the application, asked by everybody."""

from __future__ import annotations

import re

import pytest
import websockets
from litestar.datastructures import State
from litestar.routes import ASGIRoute, HTTPRoute, WebSocketRoute

from bellrock.region.api import rights as module
from bellrock.region.api.app import application
from bellrock.region.api.guards import SAFE_METHODS
from bellrock.region.api.rights import OPEN, RIGHTS, right_of
from tests.region.support import asynchronous, region

ROLES = (None, "viewer", "operator", "admin")
ANYBODY = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("POST", "/api/v1/login"),
    ("WS", "/api/v1/agents/stream"),
    ("WS", "/api/v1/agents/join"),
}
"""All that answers without a login, but for the page's files."""


def routes() -> set[tuple[str, str]]:
    """(method or WS, path template) of every route but the page's."""
    found = set()
    for route in application(State()).routes:
        assert not isinstance(route, ASGIRoute), route.path
        if isinstance(route, WebSocketRoute):
            found.add(("WS", route.path_format))
        elif isinstance(route, HTTPRoute):
            found |= {
                (str(method), route.path_format)
                for handler in route.route_handlers
                for method in handler.http_methods
                if not (handler.name or "").startswith("page ") and method != "OPTIONS"
            }
    return found


def test_every_route_has_a_row_and_every_row_a_route():
    assert routes() == RIGHTS.keys()


def test_few_are_open():
    assert {where for where, right in RIGHTS.items() if right.role is None} == ANYBODY
    assert all(RIGHTS[where] is OPEN for where in ANYBODY)


def test_whatever_changes_something_has_a_name_in_the_audit_log_and_nothing_else_has():
    for (method, path), right in RIGHTS.items():
        changes = method not in SAFE_METHODS | {"WS"} and right is not OPEN
        assert bool(right.action) is changes, (method, path)


def test_no_row_is_no_right():
    assert right_of("GET", "/api/v1/nothing") is None
    assert right_of("PUT", "/api/v1/login") is None


async def tokens(running) -> dict[str | None, str]:
    """A token of each role."""
    found = {}
    async with running.client(authorization=f"Bearer {running.token}") as client:
        for role in ROLES[1:]:
            made = await client.post("/api/v1/tokens", json={"name": role, "role": role})
            found[role] = made.json()["token"]
    return found


@asynchronous
async def test_everybody_asks_for_everything(tmp_path):
    async with region(tmp_path) as running:
        shown = await tokens(running)
        for method, template in sorted(routes()):
            if method == "WS":
                continue
            path = re.sub(r"\{\w+\}", "nothing", template)
            for role in ROLES:
                headers = {"Authorization": f"Bearer {shown[role]}"} if role else {}
                async with running.client(**headers) as client:
                    answer = await client.request(method, path)
                needed = RIGHTS[method, template].role
                where = (method, path, role, answer.text)
                if needed is None:
                    assert answer.status_code != 401, where
                elif role is None:
                    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), where
                    assert answer.headers["content-type"] == "application/problem+json"
                elif ROLES.index(role) < ROLES.index(needed):
                    assert answer.status_code == 403, where
                    assert answer.json()["detail"] == f"token {role} has the role {role}; this needs {needed}."
                else:
                    assert answer.status_code != 401, where
                    assert "this needs" not in answer.text, where


@asynchronous
async def test_watching_needs_a_login(tmp_path):
    async with region(tmp_path) as running:
        shown = await tokens(running)
        url = running.url.replace("http", "ws") + "/api/v1/live"
        for role in ROLES[1:]:
            async with websockets.connect(
                url, additional_headers={"Authorization": f"Bearer {shown[role]}"}, proxy=None
            ) as live:
                assert await live.recv()
        with pytest.raises(websockets.InvalidStatus) as refused:
            await websockets.connect(url, proxy=None)
        assert refused.value.response.status_code == 401


@asynchronous
async def test_a_route_without_a_row_serves_nobody(tmp_path, monkeypatch, described):
    monkeypatch.delitem(module.RIGHTS, ("GET", "/api/v1/hosts"))
    async with region(tmp_path) as running, running.client(authorization=f"Bearer {running.token}") as client:
        answer = await client.get("/api/v1/hosts")
        assert answer.status_code == 403
        assert "nobody may" in answer.json()["detail"]
        assert (await client.get("/api/v1/interfaces")).status_code == 200
    described.clear()  # no route is to answer so
