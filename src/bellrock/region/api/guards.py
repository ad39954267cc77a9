"""Who may: sessions, tokens, roles, and requests that only this origin's page could have made."""

import ipaddress
import logging
from collections.abc import Callable
from typing import Final, cast
from urllib.parse import urlsplit

from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers.base import BaseRouteHandler
from litestar.types import Scope

from bellrock.region.api.problems import Connection
from bellrock.region.api.rights import right_of
from bellrock.region.logs import line
from bellrock.region.roles import Caller, How, UserRole
from bellrock.region.service import Outpost, Region, wall

COOKIE: Final = "bellrock_session"
SECURE_COOKIE: Final = "__Host-bellrock_session"
"""Over TLS: browsers take it from this host alone, over TLS alone (RFC 6265bis §4.1.3.2)."""
CSRF_HEADER: Final = "x-bellrock"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
LOGIN_HINT: Final = (
    "Log in (POST /api/v1/login) as a user or with the one-time address that the region printed at its start, or send a "
    "token as a bearer token: the state directory's api-token on the region's own machine, another one from elsewhere, over TLS."
)

Guard = Callable[[Connection, BaseRouteHandler], None]

log = logging.getLogger(__name__)


def region_of(connection: Connection) -> Region:
    """The region that the application serves."""
    return cast("Region", connection.app.state.region)


def outpost_of(connection: Connection) -> Outpost:
    """Where this process's agents are served."""
    return cast("Outpost", connection.app.state.outpost)


def address_of(connection: Connection) -> str:
    """The caller's IP address; `unix` where it came by a Unix socket."""
    client = connection.scope.get("client")
    return client[0] if client else "unix"


def is_local(connection: Connection) -> bool:
    """Whether the caller is on this machine: it came over loopback or a Unix socket."""
    return came_locally(connection.scope)


def is_secure(connection: Connection) -> bool:
    """Whether nobody in between can read along: it came by TLS."""
    return came_securely(connection.scope)


def came_locally(scope: Scope) -> bool:
    """`is_local`, of a scope of ASGI."""
    client = scope.get("client")
    return client is None or ipaddress.ip_address(client[0].partition("%")[0]).is_loopback


def came_securely(scope: Scope) -> bool:
    """`is_secure`, of a scope of ASGI."""
    return scope.get("scheme") in ("https", "wss")


def cookie_name(connection: Connection) -> str:
    """The cookie that holds the session; over TLS none is taken that could have been set without it."""
    return SECURE_COOKIE if is_secure(connection) else COOKIE


def session_of(connection: Connection) -> str:
    """The value of the session cookie, or nothing."""
    return connection.cookies.get(cookie_name(connection), "")


def bearer(connection: Connection) -> str:
    """The bearer token that was sent, or nothing (RFC 6750 §2.1)."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def caller_of(connection: Connection) -> Caller | None:
    """Who asks; a token that is right counts before a cookie."""
    access, now = region_of(connection).access, wall()
    secure, local = is_secure(connection), is_local(connection)
    return access.by_token(bearer(connection), now, local=local, secure=secure) or access.by_session(
        session_of(connection), now
    )


def known_caller(connection: Connection) -> Caller:
    """Who asks, noted for the audit log.

    Raises:
        NotAuthorizedException: nobody who is known.
    """
    caller = caller_of(connection)
    if caller is None:
        raise NotAuthorizedException(LOGIN_HINT, headers={"WWW-Authenticate": "Bearer"})
    connection.scope["state"]["caller"] = caller
    return caller


def own_origin(connection: Connection) -> bool:
    """Whether the Origin, where there is one, is the host that was asked."""
    origin = connection.headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == connection.headers.get("host", "").lower() != ""


def needs_login(connection: Connection, _: BaseRouteHandler) -> None:
    """Let in who is known.

    Raises:
        NotAuthorizedException: nobody who is known.
    """
    known_caller(connection)


def needs_role(needed: UserRole | str) -> Guard:
    """A guard that lets in who has at least this role."""
    least = UserRole(needed)

    def guard(connection: Connection, _: BaseRouteHandler) -> None:
        must_be(known_caller(connection), least)

    return guard


def needs_right(connection: Connection, _: BaseRouteHandler) -> None:
    """Let in whom the table of rights (`api.rights`) lets in.

    Raises:
        NotAuthorizedException: nobody who is known.
        PermissionDeniedException: the role is not enough, or the table has no row for this route.
    """
    method, template = str(connection.scope.get("method", "WS")), connection.scope["path_template"]
    right = right_of(method, template)
    if method == "OPTIONS":
        known_caller(connection)  # Litestar answers it with the route's methods
    elif right is None:
        known_caller(connection)  # so that nobody fills the log who is nobody
        log.error(line("no-right", method=method, path=template, hint="api/rights.py has no row for it"))
        raise PermissionDeniedException("The region has no rule for who may use this, so nobody may.")
    elif right.role is not None:
        must_be(known_caller(connection), right.role)


def must_be(caller: Caller, needed: UserRole) -> None:
    """Go on only for a caller of that role.

    Raises:
        PermissionDeniedException: the caller's role is not enough.
    """
    if not caller.role.may(needed):
        raise PermissionDeniedException(f"{caller.user} has the role {caller.role}; this needs {needed}.")


def needs_private(connection: Connection, _: BaseRouteHandler) -> None:
    """A guard for routes that take secrets; see `must_be_private`."""
    must_be_private(connection)


def must_be_private(connection: Connection) -> None:
    """Take secrets only where nobody in between can read them.

    Raises:
        PermissionDeniedException: it came over plain HTTP from another machine.
    """
    if not is_local(connection) and not is_secure(connection):
        raise PermissionDeniedException(
            "Passwords and tokens are taken over TLS or on the region's own machine only; this came over plain HTTP."
        )


def needs_own_origin(connection: Connection, _: BaseRouteHandler) -> None:
    """Let in only what this origin's page, or no page at all, has sent.

    Raises:
        PermissionDeniedException: another site's page sent it.
    """
    if connection.scope.get("method") in SAFE_METHODS:
        return
    if not own_origin(connection):
        raise PermissionDeniedException("The request comes from another site's page (Origin is not Host).")


def needs_csrf_header(connection: Connection, _: BaseRouteHandler) -> None:
    """Ask changes made with a cookie for a header that another site's form cannot send.

    Raises:
        PermissionDeniedException: it is missing.
    """
    if connection.scope.get("method") in SAFE_METHODS:
        return
    caller = caller_of(connection)
    if caller is not None and caller.how in (How.TOKEN, How.API_TOKEN):
        return  # no browser sends those by itself
    if connection.headers.get(CSRF_HEADER) != "1":
        raise PermissionDeniedException("Changes made with a session need the header X-Bellrock: 1.")
