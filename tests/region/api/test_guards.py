"""Who may."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException

from bellrock.region.api.guards import (
    address_of,
    bearer,
    caller_of,
    cookie_name,
    is_local,
    known_caller,
    needs_csrf_header,
    needs_login,
    needs_own_origin,
    needs_private,
    needs_right,
    needs_role,
    own_origin,
)
from bellrock.region.roles import Caller, How, UserRole

API = Caller("api token", UserRole.ADMIN, How.API_TOKEN)
PROGRAM = Caller("token grafana", UserRole.VIEWER, How.TOKEN)
ANNA = Caller("anna", UserRole.OPERATOR, How.PASSWORD, "digest")
LOCAL, FAR = ("127.0.0.1", 5), ("192.0.2.1", 5)


class Access:
    """Knows two tokens and a session."""

    def by_token(self, token, now, *, local, secure):
        return {"api": API if local else None, "program": PROGRAM if local or secure else None}.get(token)

    def by_session(self, session, now):
        return ANNA if session == "session" else None


def connection(
    method="GET", cookies=None, client=LOCAL, scheme="http", template="/api/v1/hosts", **headers
) -> SimpleNamespace:
    app = SimpleNamespace(state=SimpleNamespace(region=SimpleNamespace(access=Access())))
    scope = {"method": method, "client": client, "scheme": scheme, "state": {}, "path_template": template}
    if method == "WS":
        del scope["method"]
    return SimpleNamespace(app=app, scope=scope, headers=headers, cookies=cookies or {})


@pytest.mark.parametrize(
    ("header", "token"),
    [("Bearer api", "api"), ("bearer  api ", "api"), ("Basic api", ""), ("api", ""), ("Bearer", ""), ("", "")],
)
def test_bearer(header, token):
    assert bearer(connection(authorization=header)) == token


@pytest.mark.parametrize(
    ("client", "address", "local"),
    [
        (None, "unix", True),
        (("127.0.0.1", 1), "127.0.0.1", True),
        (("127.9.9.9", 1), "127.9.9.9", True),
        (("::1", 1, 0, 0), "::1", True),
        (("192.0.2.1", 1), "192.0.2.1", False),
        (("fe80::1%eth0", 1, 0, 2), "fe80::1%eth0", False),
        (("2001:db8::1", 1, 0, 0), "2001:db8::1", False),
    ],
)
def test_where_a_caller_is(client, address, local):
    assert address_of(connection(client=client)) == address
    assert is_local(connection(client=client)) is local


def test_who_asks():
    cookie = {"bellrock_session": "session"}
    for asking, expected in (
        (connection(), None),
        (connection(authorization="Bearer api"), API),
        (connection(authorization="Bearer api", client=FAR), None),
        (connection(authorization="Bearer program", client=FAR), None),
        (connection(authorization="Bearer program", client=FAR, scheme="https"), PROGRAM),
        (connection(authorization="Bearer program", cookies=cookie), PROGRAM),
        (connection(authorization="Bearer wrong", cookies=cookie), ANNA),
        (connection(cookies=cookie), ANNA),
        (connection(cookies={"bellrock_session": "api"}), None),
        # A cookie that plain HTTP could have set says nothing over TLS, and the other way round.
        (connection(cookies=cookie, scheme="https"), None),
        (connection(cookies={"__Host-bellrock_session": "session"}, scheme="https"), ANNA),
        (connection(cookies={"__Host-bellrock_session": "session"}, scheme="wss"), ANNA),
        (connection(cookies={"__Host-bellrock_session": "session"}), None),
    ):
        assert caller_of(asking) == expected, vars(asking)
        if expected is None:
            with pytest.raises(NotAuthorizedException) as refused:
                needs_login(asking, None)
            assert refused.value.headers == {"WWW-Authenticate": "Bearer"}
        else:
            needs_login(asking, None)
            assert known_caller(asking) == asking.scope["state"]["caller"] == expected
    assert cookie_name(connection()) == "bellrock_session"


def test_roles_include_those_before_them():
    operator = connection(cookies={"bellrock_session": "session"})
    needs_role("viewer")(operator, None)
    needs_role(UserRole.OPERATOR)(operator, None)
    with pytest.raises(PermissionDeniedException, match="anna has the role operator; this needs admin"):
        needs_role("admin")(operator, None)
    with pytest.raises(NotAuthorizedException):
        needs_role("viewer")(connection(), None)
    with pytest.raises(ValueError, match="emperor"):
        needs_role("emperor")


def test_the_table_of_rights_decides(caplog):
    cookie = {"bellrock_session": "session"}
    needs_right(connection(template="/healthz"), None)
    needs_right(connection(cookies=cookie), None)
    needs_right(connection("PATCH", cookie, template="/api/v1/vlans/{identity}"), None)
    needs_right(connection("WS", cookie, template="/api/v1/live"), None)
    needs_right(connection("OPTIONS", cookie), None)
    for method, template in (("GET", "/api/v1/hosts"), ("GET", "/api/v1/forgotten"), ("OPTIONS", "/api/v1/hosts")):
        with pytest.raises(NotAuthorizedException):
            needs_right(connection(method, template=template), None)
    assert caplog.text == ""
    with pytest.raises(PermissionDeniedException, match="this needs admin"):
        needs_right(connection(cookies=cookie, template="/api/v1/audit"), None)
    for method, template in (("GET", "/api/v1/forgotten"), ("DELETE", "/api/v1/hosts")):
        with pytest.raises(PermissionDeniedException, match="no rule"):
            needs_right(connection(method, template=template, authorization="Bearer api"), None)
        assert f"no-right method={method} path={template}" in caplog.text


def test_secrets_are_taken_where_nobody_reads_along():
    for client, scheme in ((LOCAL, "http"), (None, "http"), (FAR, "https")):
        needs_private(connection("POST", client=client, scheme=scheme), None)
    with pytest.raises(PermissionDeniedException, match="over TLS or on the region's own machine"):
        needs_private(connection("POST", client=FAR), None)


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


def test_changes_with_a_session_need_the_header():
    cookie = {"bellrock_session": "session"}
    needs_csrf_header(connection("GET", cookie), None)
    needs_csrf_header(connection("PATCH", cookie, **{"x-bellrock": "1"}), None)
    needs_csrf_header(connection("PATCH", authorization="Bearer api"), None)
    needs_csrf_header(connection("PATCH", cookie, authorization="Bearer program"), None)
    for cookies, headers in (
        ({}, {}),
        (cookie, {}),
        (cookie, {"x-bellrock": "0"}),
        (cookie, {"authorization": "Bearer x"}),
    ):
        with pytest.raises(PermissionDeniedException):
            needs_csrf_header(connection("PATCH", cookies, **headers), None)
