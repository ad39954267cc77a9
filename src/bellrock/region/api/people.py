"""Users, tokens and the audit log."""

from typing import Annotated, Final

from litestar import Response, delete, get, patch, post
from litestar.exceptions import ClientException, HTTPException, NotFoundException, PermissionDeniedException
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, QueryParameter
from msgspec import Meta, Struct

from bellrock.region.api.audited import caller_in, tell
from bellrock.region.api.conditional import changing
from bellrock.region.api.guards import needs_private, region_of
from bellrock.region.api.hosts import Since
from bellrock.region.api.login import Password
from bellrock.region.api.paging import MANY, NEXT, PAGED, Before, Cursor, Most, Spanned, newest, numbered, paged, rows
from bellrock.region.api.problems import AnyRequest, problems
from bellrock.region.roles import How, UserRole
from bellrock.region.service import wall
from bellrock.region.service.apitokens import id_of
from bellrock.region.service.users import Conflict, NotThere, Unwanted
from bellrock.region.store import UserRow

CONFLICT: Final = 409
Name = Annotated[str, Meta(max_length=1000)]
"""Which names will do, the service says, in words that a person can use."""


class UserView(Struct, frozen=True):
    """Somebody who logs in with a password. Times are seconds since 1970."""

    name: str
    role: UserRole
    created: float
    seen: float | None
    """The last login."""
    sessions: int
    """Browsers that are logged in as this user."""


class NewUser(Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who is to log in with a password."""

    name: Name
    password: Password
    role: UserRole = UserRole.VIEWER


class UserChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be changed of a user; one of the two, or both."""

    role: UserRole | None = None
    password: Password | None = None


class TokenView(Struct, frozen=True):
    """A program's token, or the API token of a state directory. Times are seconds since 1970."""

    id: str
    name: str
    role: UserRole
    """What it may do now: no more than its owner."""
    owner: str
    """The user who made it, or the token that it was made with, and with whom it goes; empty where none did."""
    created: float
    """When it was made; of an API token, when a process with it started last."""
    expires: float | None
    """Null of an API token, which is good until it is revoked."""
    used: float | None


class NewToken(Struct, frozen=True, forbid_unknown_fields=True):
    """A token for a program."""

    name: Name
    role: UserRole = UserRole.VIEWER
    days: Annotated[int, Meta(ge=1, le=3650)] = 90


class MadeToken(Struct, frozen=True):
    """A token that was made; it is not shown again."""

    id: str
    token: str
    expires: float


class AuditView(Struct, frozen=True):
    """Who did what. `at` is seconds since 1970; no secret is ever in it."""

    id: int
    at: float
    kind: str
    """`change` or `login`."""
    who: str
    how: str
    """`password`, `one-time`, `token`, `api-token`."""
    address: str
    action: str
    subject: str
    before: str
    after: str
    outcome: str
    """`done`, or why not."""


class ConflictException(HTTPException):
    """It does not go together with what is there."""

    status_code = CONFLICT


@get("/api/v1/users", summary="The users", tags=["access"], responses=problems(400, 401, 403), sync_to_thread=False,
     dependencies=paged, response_headers=PAGED)  # fmt: skip
def users(
    request: AnyRequest,
    span: Spanned,
    role: Annotated[UserRole | None, QueryParameter(description="Only those of this role")] = None,
) -> Response[list[UserView]]:
    """All who log in with a password, by name."""
    found = [_view(request, row) for row in region_of(request).access.users.all() if role in (None, row.role)]
    return rows(request, found, lambda one: (one.name.lower(),), span)


@get(
    "/api/v1/users/{user:str}",
    summary="A user",
    tags=["access"],
    responses=problems(400, 401, 403, 404),
    sync_to_thread=False,
)
def user(request: AnyRequest, user: FromPath[str]) -> UserView:
    """Its role, its last login, and in how many browsers it is logged in."""
    if (found := _seen(request, user)) is None:
        raise NotFoundException(f"There is no user {user[:64]!r}.")
    return found


@post("/api/v1/users", summary="Add a user", tags=["access"], status_code=201, guards=[needs_private],
      responses=problems(400, 401, 403, 409))  # fmt: skip
async def add_user(
    request: AnyRequest,
    data: Annotated[
        NewUser,
        Body(examples=[Example(value={"name": "anna", "password": "correct horse battery", "role": "operator"})]),
    ],
) -> UserView:
    """The name has 1 to 64 letters, digits and `. _ @ -`, the password 8 to 256 characters."""
    tell(request, subject=data.name, after=data.role)
    try:
        return _view(request, await region_of(request).access.users.add(data.name, data.password, data.role, wall()))
    except (Unwanted, Conflict) as error:
        raise _refusal(error) from None


@patch("/api/v1/users/{user:str}", summary="Change a user", tags=["access"], status_code=204, guards=[needs_private],
       responses=problems(400, 401, 403, 404, 409, 412))  # fmt: skip
async def change_user(request: AnyRequest, user: FromPath[str], data: Annotated[UserChange, Body()]) -> None:
    """Another role, another password, or both; the user's sessions end."""
    if data.role is None and data.password is None:
        raise ClientException("Send a role, a password, or both.")
    known = region_of(request).access.users
    row = known.get(user)
    after = [word for word in (data.role, "another password" if data.password else None) if word]
    tell(request, subject=row.name if row else user, before=row.role if row else "", after=", ".join(after))
    async with changing(request, lambda: _seen(request, user)):
        try:
            await known.change(user, data.role, data.password)
        except (Unwanted, Conflict, NotThere) as error:
            raise _refusal(error) from None


@delete("/api/v1/users/{user:str}", summary="Remove a user", tags=["access"], status_code=204,
        responses=problems(400, 401, 403, 404, 409, 412))  # fmt: skip
async def remove_user(request: AnyRequest, user: FromPath[str]) -> None:
    """The user's sessions end, and the tokens that the user made."""
    access = region_of(request).access
    tell(request, subject=user)
    async with changing(request, lambda: _seen(request, user)):
        try:
            row = await access.users.remove(user)
        except (Conflict, NotThere) as error:
            raise _refusal(error) from None
    ended = access.tokens.forget(row.name)
    tell(request, subject=row.name, before=row.role, after=f"gone, with {ended} tokens" if ended else "gone")


@get("/api/v1/tokens", summary="Tokens", tags=["access"], responses=problems(400, 401, 403), sync_to_thread=False,
     dependencies=paged, response_headers=PAGED)  # fmt: skip
def tokens(
    request: AnyRequest,
    span: Spanned,
    role: Annotated[UserRole | None, QueryParameter(description="Only those of this role")] = None,
    owner: Annotated[str | None, QueryParameter(max_length=1000, description="Only those of this owner")] = None,
) -> Response[list[TokenView]]:
    """All that have not expired, API tokens first, then the oldest first; not the tokens themselves, which nobody has but who was given them."""
    access = region_of(request).access
    known = access.tokens
    views = [
        TokenView(id_of(one), one.name, UserRole.ADMIN, "", one.seen, None, None) for one in access.api_tokens.all()
    ]
    views += [
        TokenView(row.id, row.name, known.role(row), row.owner, row.created, row.expires, known.used(row))
        for row in known.all(wall())
    ]
    shown = [one for one in views if owner in (None, one.owner) and role in (None, one.role)]
    return rows(request, shown, lambda one: (int(one.expires is not None), one.created, one.id), span)


@post("/api/v1/tokens", summary="Make a token", tags=["access"], status_code=201, guards=[needs_private],
      responses=problems(400, 401, 403, 409))  # fmt: skip
async def add_token(
    request: AnyRequest,
    data: Annotated[NewToken, Body(examples=[Example(value={"name": "grafana", "role": "viewer", "days": 90})])],
) -> MadeToken:
    """For a program, to be sent as a bearer token. It is shown this once. One that a token makes ends with it, and goes with its owner."""
    caller, known = caller_in(request), region_of(request).access.tokens
    owner = caller.user if caller.how is How.PASSWORD else ""
    maker = known.find(caller.token)
    if caller.how is How.TOKEN and maker is None:
        raise PermissionDeniedException("The token that asks was revoked meanwhile.")
    tell(request, subject=data.name, after=f"{data.role} for {data.days} days")
    try:
        row, token = await known.add(data.name, data.role, data.days, owner, wall(), maker)
    except (Unwanted, Conflict) as error:
        raise _refusal(error) from None
    tell(request, subject=f"{row.id} {row.name}", after=f"{row.role} for {data.days} days")
    return MadeToken(row.id, token, row.expires)


@delete("/api/v1/tokens/{token:str}", summary="Revoke a token", tags=["access"], status_code=204,
        responses=problems(400, 401, 403, 404, 409))  # fmt: skip
async def revoke_token(request: AnyRequest, token: FromPath[str]) -> None:
    """By its id, or by its name where one program's token has it. It works no more from now on; of an API token, another is made at the next start."""
    tell(request, subject="")  # what was sent may be the token itself
    access = region_of(request).access
    try:
        if (one := access.api_tokens.find(token)) is not None:
            await access.api_tokens.revoke(one, wall())
            tell(request, subject=f"{token} {one.name}", before=UserRole.ADMIN, after="revoked")
            return
        row = await access.tokens.revoke(token)
    except (Conflict, NotThere) as error:
        raise _refusal(error) from None
    tell(request, subject=f"{row.id} {row.name}", before=row.role, after="revoked")


@get(
    "/api/v1/audit",
    summary="Who changed what",
    tags=["access"],
    responses=problems(400, 401, 403),
    response_headers=NEXT,
)
async def audit(
    request: AnyRequest,
    before: Before = None,
    limit: Most = MANY,
    cursor: Cursor = None,
    since: Annotated[Since, QueryParameter(description="Only what was noted then or later")] = None,
) -> Response[list[AuditView]]:
    """Changes, logins and tries at them, the newest first. The oldest go when there are too many."""
    found = await region_of(request).audit.page(numbered(before, cursor), limit)
    views = [
        AuditView(row.id, row.at, row.kind, row.who, row.how, row.address, row.action, row.subject, row.before,
                  row.after, row.outcome)
        for row in found
    ]  # fmt: skip
    return newest(request, views, limit, since)


def _view(request: AnyRequest, row: UserRow) -> UserView:
    sessions = region_of(request).access.sessions.count(row.name, wall())
    return UserView(row.name, row.role, row.created, row.seen, sessions)


def _seen(request: AnyRequest, name: str) -> UserView | None:
    row = region_of(request).access.users.get(name)
    return None if row is None else _view(request, row)


def _refusal(error: Unwanted | Conflict | NotThere) -> HTTPException:
    text = f"{str(error)[:1].upper()}{str(error)[1:]}."
    match error:
        case NotThere():
            return NotFoundException(text)
        case Conflict():
            return ConflictException(text)
        case Unwanted():
            return ClientException(text)


people_routes: Final = [users, user, add_user, change_user, remove_user, tokens, add_token, revoke_token, audit]
