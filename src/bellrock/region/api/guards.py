"""Who may: sessions, the API token, and requests that only this origin's page could have made."""

from typing import cast
from urllib.parse import urlsplit

from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers.base import BaseRouteHandler

from bellrock.region.api.problems import Connection
from bellrock.region.service import Region, wall

COOKIE = "bellrock_session"
CSRF_HEADER = "x-bellrock"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LOGIN_HINT = "Log in with the address that the region printed at its start, or send the state directory's api-token as a bearer token."


def region_of(connection: Connection) -> Region:
    """The region that the application serves."""
    return cast("Region", connection.app.state.region)


def bearer(connection: Connection) -> str:
    """The bearer token that was sent, or nothing (RFC 6750 §2.1)."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def has_bearer(connection: Connection) -> bool:
    """Whether the API token was shown. No browser sends it by itself, so it needs no protection against forgery."""
    token = bearer(connection)
    return bool(token) and region_of(connection).access.is_api_token(token)


def has_session(connection: Connection) -> bool:
    """Whether the cookie is a session."""
    return region_of(connection).access.has_session(connection.cookies.get(COOKIE, ""), wall())


def own_origin(connection: Connection) -> bool:
    """Whether the Origin, where there is one, is the host that was asked."""
    origin = connection.headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == connection.headers.get("host", "").lower() != ""


def needs_login(connection: Connection, _: BaseRouteHandler) -> None:
    """Let in who has a session or the API token.

    Raises:
        NotAuthorizedException: neither.
    """
    if not has_bearer(connection) and not has_session(connection):
        raise NotAuthorizedException(LOGIN_HINT, headers={"WWW-Authenticate": "Bearer"})


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
    if connection.scope.get("method") in SAFE_METHODS or has_bearer(connection):
        return
    if connection.headers.get(CSRF_HEADER) != "1":
        raise PermissionDeniedException("Changes made with a session need the header X-Bellrock: 1.")
