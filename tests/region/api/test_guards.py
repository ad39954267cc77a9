"""Who may."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException

from bellrock.region.api.guards import (
    bearer,
    needs_csrf_header,
    needs_login,
    needs_own_origin,
    own_origin,
)


def connection(method: str = "GET", cookies: dict | None = None, **headers: str) -> SimpleNamespace:
    access = SimpleNamespace(
        is_api_token=lambda token: token == "api", has_session=lambda cookie, now: cookie == "session"
    )
    app = SimpleNamespace(state=SimpleNamespace(region=SimpleNamespace(access=access)))
    return SimpleNamespace(app=app, scope={"method": method}, headers=headers, cookies=cookies or {})


@pytest.mark.parametrize(
    ("header", "token"),
    [("Bearer api", "api"), ("bearer  api ", "api"), ("Basic api", ""), ("api", ""), ("Bearer", ""), ("", "")],
)
def test_bearer(header, token):
    assert bearer(connection(authorization=header)) == token


def test_login_by_token_or_session():
    needs_login(connection(authorization="Bearer api"), None)
    needs_login(connection(cookies={"bellrock_session": "session"}), None)
    for other in (connection(), connection(authorization="Bearer x"), connection(cookies={"bellrock_session": "api"})):
        with pytest.raises(NotAuthorizedException):
            needs_login(other, None)


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({"host": "127.0.0.1:5240"}, True),
        ({"host": "127.0.0.1:5240", "origin": "http://127.0.0.1:5240"}, True),
        ({"host": "LocalHost:5240", "origin": "http://localhost:5240"}, True),
        ({"host": "127.0.0.1:5240", "origin": "http://127.0.0.1:5241"}, False),
        ({"host": "127.0.0.1:5240", "origin": "http://127.0.0.1"}, False),
        ({"host": "127.0.0.1:5240", "origin": "http://x@127.0.0.1:5240"}, False),
        ({"host": "127.0.0.1:5240", "origin": "null"}, False),
        ({"host": "127.0.0.1:5240", "origin": ""}, False),
        ({"host": "", "origin": "null"}, False),
        ({"origin": ""}, False),
    ],
)
def test_own_origin(headers, own):
    assert own_origin(connection(**headers)) is own
    needs_own_origin(connection("GET", **headers), None)
    if own:
        needs_own_origin(connection("PATCH", **headers), None)
    else:
        with pytest.raises(PermissionDeniedException):
            needs_own_origin(connection("PATCH", **headers), None)


def test_changes_with_a_cookie_need_the_header():
    needs_csrf_header(connection("GET"), None)
    needs_csrf_header(connection("PATCH", **{"x-bellrock": "1"}), None)
    needs_csrf_header(connection("PATCH", authorization="Bearer api"), None)
    for headers in ({}, {"x-bellrock": "0"}, {"authorization": "Bearer x"}):
        with pytest.raises(PermissionDeniedException):
            needs_csrf_header(connection("PATCH", **headers), None)
