"""Every change that is asked for goes to the audit log, whichever route it takes and whatever becomes of it."""

from http import HTTPStatus
from typing import Any, cast

from litestar.types import ASGIApp, Message, Receive, Scope, Send
from msgspec import Struct

from bellrock.model import Wall
from bellrock.region.api.guards import SAFE_METHODS, address_of, region_of
from bellrock.region.api.problems import Connection
from bellrock.region.api.rights import right_of
from bellrock.region.roles import Caller
from bellrock.region.service import Region, wall
from bellrock.region.service.audit import AuditKind
from bellrock.region.store import AuditRow


class Told(Struct, frozen=True):
    """What a route adds to its entry."""

    subject: str = ""
    before: str = ""
    after: str = ""


def tell(connection: Connection, *, subject: str = "", before: str = "", after: str = "") -> None:
    """What is changed, from what to what, for the entry that this request makes; without it, the path's parameters are the subject.

    Nothing secret may be in it.
    """
    connection.scope["state"]["told"] = Told(subject, before, after)


def caller_in(connection: Connection) -> Caller:
    """Who asks, as the guard has found."""
    return cast("Caller", connection.scope["state"]["caller"])


class Audited:
    """ASGI middleware: notes each request that changes something before its answer leaves."""

    def __init__(self, app: ASGIApp, region: Region) -> None:
        self._app = app
        self._region = region

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; note on the way back."""
        if scope.get("method", "GET") in SAFE_METHODS:  # a WebSocket has none
            await self._app(scope, receive, send)
            return

        async def send_noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self._note(scope, message["status"])
            await send(message)

        await self._app(scope, receive, send_noted)

    async def _note(self, scope: Any, status: int) -> None:  # noqa: ANN401 -- a scope, with keys that its type lacks
        right = right_of(scope["method"], scope.get("path_template", ""))
        caller: Caller | None = scope.get("state", {}).get("caller")
        if right is None or not right.action or caller is None:
            return  # no such route, one that notes by itself, or nobody who is known, who changes nothing
        told: Told = scope["state"].get("told") or Told(_named(scope))
        row = entry(
            wall(), AuditKind.CHANGE, caller.user, caller.how, _address(scope), right.action, _outcome(status), told
        )
        await self._region.audit.note(row)


def entry(at: Wall, kind: AuditKind, who: str, how: str, address: str, action: str, outcome: str,
          told: Told) -> AuditRow:  # fmt: skip
    """An entry, to be numbered by the store."""
    return AuditRow(
        at=at, kind=kind, who=who, how=how, address=address, action=action, subject=told.subject, before=told.before,
        after=told.after, outcome=outcome,
    )  # fmt: skip


async def note_login(connection: Connection, user: str | None, *, by_token: bool, outcome: str) -> None:
    """A login, or a try. A name that nobody has may be a password in the wrong field: it is not written down."""
    region = region_of(connection)
    known = region.access.users.get(user) if user else None
    who = "one-time login" if by_token else known.name if known else "unknown user"
    how = "one-time" if by_token else "password"
    row = entry(wall(), AuditKind.LOGIN, who, how, address_of(connection), "log in", outcome, Told())
    await region.audit.note(row)


async def note_carried(connection: Connection, action: str, subject: str) -> None:
    """Something that is carried away, though nothing is changed."""
    caller = caller_in(connection)
    row = entry(
        wall(), AuditKind.CHANGE, caller.user, caller.how, address_of(connection), action, "done", Told(subject)
    )
    await region_of(connection).audit.note(row)


async def note_unheard(connection: Connection, user: str | None, *, by_token: bool, why: str) -> None:
    """A try at a login that was not looked at; of many, one entry now and then."""
    if region_of(connection).audit.may_repeat():
        await note_login(connection, user, by_token=by_token, outcome=why)


def _named(scope: Any) -> str:  # noqa: ANN401
    # What was sent as a token's id may be the token.
    return " ".join(value for name, value in scope.get("path_params", {}).items() if name != "token")


def _address(scope: Any) -> str:  # noqa: ANN401
    client = scope.get("client")
    return client[0] if client else "unix"


def _outcome(status: int) -> str:
    if status < HTTPStatus.BAD_REQUEST:
        return "done"
    word = "refused" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "failed"
    return f"{word}: {status} {HTTPStatus(status).phrase}"
