"""Coming in and going out: one-time tokens, passwords, sessions."""

import time
from http import HTTPStatus
from typing import Annotated, Final

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.exceptions import ClientException, PermissionDeniedException
from litestar.openapi.spec import Example
from litestar.params import Body
from msgspec import Meta, Struct

from bellrock.model import Monotonic
from bellrock.region.api.audited import caller_in, note_login, note_unheard, tell
from bellrock.region.api.guards import (
    address_of,
    cookie_name,
    is_secure,
    must_be_private,
    needs_own_origin,
    needs_private,
    region_of,
    session_of,
)
from bellrock.region.api.problems import AnyRequest, problem, problems
from bellrock.region.roles import How, UserRole
from bellrock.region.service import TooManyFailures, wall
from bellrock.region.service.sessions import SESSION_LIFE
from bellrock.region.service.users import NotThere, Unwanted

Password = Annotated[str, Meta(min_length=1, max_length=1000)]
UserName = Annotated[str, Meta(min_length=1, max_length=64)]
WRONG_TOKEN: Final = (
    "The login token is wrong, was used before, or is too old; the region prints a new one at each start."  # noqa: S105
)
WRONG_PASSWORD: Final = "The user's name or the password is wrong."  # noqa: S105 -- a sentence


class LoginRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """A one-time token, from the fragment of the address that the region printed; or a user's name and password."""

    token: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    user: UserName | None = None
    password: Password | None = None


class LoginToken(Struct, frozen=True):
    """A fresh one-time token."""

    token: str


class Me(Struct, frozen=True):
    """Who is logged in."""

    user: str
    """A user's name; words with a space in them for what is no user: `one-time login`, `api token`, `token NAME`."""
    role: UserRole
    how: How
    first_run: bool
    """There are no users yet: whoever came in by the one-time address should make the first."""


class NewPassword(Struct, frozen=True, forbid_unknown_fields=True):
    """The password that was, and the one that is to be."""

    old: Password
    new: Password


@post("/api/v1/login", summary="Buy a session with a one-time token or a password", tags=["access"], status_code=204,
      guards=[needs_own_origin], responses=problems(400, 403, 429))  # fmt: skip
async def login(
    request: AnyRequest,
    data: Annotated[
        LoginRequest,
        Body(examples=[Example(value={"token": "the part after #login="}),
                       Example(value={"user": "anna", "password": "correct horse battery"})]),
    ],
) -> Response[None]:  # fmt: skip
    """Sets the session cookie: `bellrock_session`, over TLS `__Host-bellrock_session`. A one-time token works once, and for a day."""
    by_token, by_password = data.token is not None, data.user is not None and data.password is not None
    if by_token == by_password:
        raise ClientException("Send either {token} or {user, password}.")
    if by_password:
        must_be_private(request)
    try:
        session = await _by_token(request, data) if by_token else await _by_password(request, data)
    except TooManyFailures as error:
        await note_unheard(request, data.user, by_token=by_token, why="not looked at: too many failures")
        return _later(error)
    if session is None:
        await note_login(request, data.user, by_token=by_token, outcome="wrong")
        raise PermissionDeniedException(WRONG_TOKEN if by_token else WRONG_PASSWORD)
    await region_of(request).access.logout(session_of(request), wall())  # what this browser was before
    await note_login(request, data.user, by_token=by_token, outcome="done")
    return Response(None, status_code=HTTPStatus.NO_CONTENT, cookies=[_cookie(request, session, int(SESSION_LIFE))])


@post("/api/v1/logout", summary="End the session", tags=["access"], status_code=204, responses=problems(401, 403))
async def logout(request: AnyRequest) -> Response[None]:
    """Ends the session of the cookie, if there is one."""
    await region_of(request).access.logout(session_of(request), wall())
    return Response(None, status_code=HTTPStatus.NO_CONTENT, cookies=[_cookie(request, "", 0)])


@post("/api/v1/login-tokens", summary="A fresh one-time login token", tags=["access"], status_code=201,
      responses=problems(401, 403))  # fmt: skip
async def new_login_token(request: AnyRequest) -> LoginToken:
    """For who holds the API token: opens the page in one more browser."""
    if caller_in(request).how is not How.API_TOKEN:
        raise PermissionDeniedException("Only the holder of the API token may hand out login tokens.")
    return LoginToken(await region_of(request).access.new_login(wall()))


@get("/api/v1/me", summary="Who is logged in", tags=["access"], responses=problems(401), sync_to_thread=False)
def me(request: AnyRequest) -> Me:
    """The caller's name and role, and whether the first user is still to be made."""
    caller = caller_in(request)
    return Me(caller.user, caller.role, caller.how, first_run=not len(region_of(request).access.users))


@post("/api/v1/me/password", summary="Change one's own password", tags=["access"], status_code=204,
      guards=[needs_private], responses=problems(400, 401, 403, 429))  # fmt: skip
async def change_password(request: AnyRequest, data: Annotated[NewPassword, Body()]) -> Response[None]:
    """Ends all of the user's sessions but this one, which is made anew."""
    access, caller = region_of(request).access, caller_in(request)
    if caller.how is not How.PASSWORD:
        raise PermissionDeniedException(f"{caller.user} has no password; this is for users who logged in with one.")
    tell(request, subject=caller.user)
    now, mono = wall(), Monotonic(time.monotonic())
    try:
        if not await access.knows(caller.user, data.old, address_of(request), now, mono):
            raise PermissionDeniedException("The old password is wrong.")
        await access.users.change(caller.user, password=data.new)
    except TooManyFailures as error:
        return _later(error)
    except Unwanted as error:
        raise ClientException(f"{error}.") from None
    except NotThere:
        raise PermissionDeniedException(f"The user {caller.user} was removed meanwhile.") from None
    session = await access.sessions.open(caller.user, now)
    return Response(None, status_code=HTTPStatus.NO_CONTENT, cookies=[_cookie(request, session, int(SESSION_LIFE))])


async def _by_token(request: AnyRequest, data: LoginRequest) -> str | None:
    return await region_of(request).access.login(data.token or "", wall(), Monotonic(time.monotonic()))


async def _by_password(request: AnyRequest, data: LoginRequest) -> str | None:
    user, password = data.user or "", data.password or ""
    now, mono = wall(), Monotonic(time.monotonic())
    return await region_of(request).access.sign_in(user, password, address_of(request), now, mono)


def _later(error: TooManyFailures) -> Response[None]:
    wait = {"Retry-After": str(int(error.wait) + 1)}
    return problem(HTTPStatus.TOO_MANY_REQUESTS, f"{error}.", wait)  # type: ignore[return-value]


def _cookie(request: AnyRequest, value: str, life: int) -> Cookie:
    return Cookie(cookie_name(request), value=value, path="/", max_age=life, httponly=True, samesite="strict",
                  secure=is_secure(request))  # fmt: skip
