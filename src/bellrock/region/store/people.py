"""Users, API tokens, sessions and the audit log, as tables. Of secrets only hashes are kept."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, TypeVar

from msgspec import Struct, convert, structs
from sqlalchemy import Result, Select, Table, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bellrock.model import Wall
from bellrock.region.roles import UserRole
from bellrock.region.store import schema
from bellrock.region.store.dialect import upsert

AUDIT_ROWS: Final = 20_000
"""Entries of each kind that are kept; the oldest go first. Apart, so that guessing cannot push out who changed what."""

_Row = TypeVar("_Row", bound=Struct)


class UserRow(Struct, frozen=True, kw_only=True):
    """Somebody who logs in with a password."""

    name: str
    role: UserRole
    hash: str
    """argon2id, in the form of the reference implementation, with salt and parameters."""
    created: Wall
    seen: Wall | None = None
    """The last login."""


class TokenRow(Struct, frozen=True, kw_only=True):
    """A program's token."""

    id: str
    hash: str
    name: str
    role: UserRole
    owner: str
    """The user who made it, or the token that it was made with, and with whom it goes; empty where none did."""
    created: Wall
    expires: Wall
    used: Wall | None = None


class ApiTokenRow(Struct, frozen=True):
    """The token of a state directory, with which its region is asked on its own machine."""

    hash: str
    name: str
    """`HOST:DIRECTORY`; empty where it is not known."""
    seen: Wall
    """When a process with it started last."""


class SessionRow(Struct, frozen=True, kw_only=True):
    """A browser that logged in. `user` is empty where a one-time token was used."""

    hash: str
    user: str
    created: Wall
    expires: Wall


class AuditRow(Struct, frozen=True, kw_only=True):
    """Who did what. No secret is ever in it."""

    id: int = 0
    at: Wall
    kind: str
    """`change` or `login`."""
    who: str
    how: str
    address: str
    action: str
    subject: str
    before: str
    after: str
    outcome: str


class People(Struct, frozen=True):
    """All users, tokens and sessions, as the store has them at the start."""

    users: tuple[UserRow, ...]
    tokens: tuple[TokenRow, ...]
    sessions: tuple[SessionRow, ...]


class PeopleStore:
    """The part of the store that knows people. What it raises is what the store raises."""

    def __init__(
        self, engine: AsyncEngine, transaction: Callable[[], AbstractAsyncContextManager[AsyncConnection]]
    ) -> None:
        self._engine = engine
        self._transaction = transaction
        self.audit_rows = AUDIT_ROWS

    async def load(self, now: Wall) -> People:
        """Everybody, with tokens and sessions that have not expired; `Store.load_people` says what is wrong where it fails."""
        async with self._engine.connect() as connection:
            users = await connection.execute(select(schema.users).order_by(schema.users.c.name))
            tokens = await connection.execute(_valid(schema.tokens, now))
            sessions = await connection.execute(_valid(schema.sessions, now))
            return People(
                tuple(_rows(users, UserRow)),
                tuple(_rows(tokens, TokenRow)),
                tuple(_rows(sessions, SessionRow)),
            )

    async def put_user(self, user: UserRow, *, ends_sessions: bool = False) -> None:
        """Add a user, or take this for what was known; his sessions end with it if so wanted."""
        async with self._transaction() as connection:
            await connection.execute(upsert(schema.users), structs.asdict(user))
            if ends_sessions:
                await connection.execute(delete(schema.sessions).where(schema.sessions.c.user == user.name))

    async def drop_user(self, name: str) -> None:
        """Forget a user, with his sessions and tokens."""
        async with self._transaction() as connection:
            await connection.execute(delete(schema.users).where(schema.users.c.name == name))
            await connection.execute(delete(schema.sessions).where(schema.sessions.c.user == name))
            await connection.execute(delete(schema.tokens).where(schema.tokens.c.owner == name))

    async def put_token(self, token: TokenRow, now: Wall) -> None:
        """Add a token; expired ones go."""
        async with self._transaction() as connection:
            await connection.execute(delete(schema.tokens).where(schema.tokens.c.expires <= now))
            await connection.execute(insert(schema.tokens), structs.asdict(token))

    async def drop_token(self, digest: str) -> None:
        """Forget a token."""
        async with self._transaction() as connection:
            await connection.execute(delete(schema.tokens).where(schema.tokens.c.hash == digest))

    async def used(self, tokens: dict[str, Wall]) -> None:
        """Note when tokens were used last: {hash: time}."""
        async with self._transaction() as connection:
            for digest, at in tokens.items():
                change = update(schema.tokens).where(schema.tokens.c.hash == digest).values(used=at)
                await connection.execute(change)

    async def put_session(self, session: SessionRow, gone: Sequence[str], now: Wall) -> None:
        """Add a session; `gone` (hashes) and expired ones go."""
        table = schema.sessions
        async with self._transaction() as connection:
            await connection.execute(delete(table).where(table.c.expires <= now))
            for digest in gone:
                await connection.execute(delete(table).where(table.c.hash == digest))
            await connection.execute(insert(table), structs.asdict(session))

    async def drop_session(self, digest: str) -> None:
        """Forget a session."""
        async with self._transaction() as connection:
            await connection.execute(delete(schema.sessions).where(schema.sessions.c.hash == digest))

    async def add_audit(self, rows: Sequence[AuditRow]) -> None:
        """Add entries, which are numbered here; the oldest of their kinds go."""
        table = schema.audit
        async with self._transaction() as connection:
            for row in rows:
                values = structs.asdict(row)
                del values["id"]
                await connection.execute(insert(table), values)
            for kind in {row.kind for row in rows}:
                newest = select(table.c.id).where(table.c.kind == kind).order_by(table.c.id.desc())
                last = newest.offset(self.audit_rows).limit(1).scalar_subquery()
                await connection.execute(delete(table).where(table.c.kind == kind, table.c.id <= last))

    async def audit(self, before: int | None, limit: int) -> list[AuditRow]:
        """The newest entries first, from below the number `before`."""
        table = schema.audit
        query = select(table).order_by(table.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(table.c.id < before)
        async with self._engine.connect() as connection:
            return _rows(await connection.execute(query), AuditRow)


def _valid(table: Table, now: Wall) -> Select[Any]:
    return select(table).where(table.c.expires > now).order_by(table.c.created)


def _rows(found: Result[Any], kind: type[_Row]) -> list[_Row]:
    return [convert({name: row[name] for name in kind.__struct_fields__}, kind) for row in found.mappings()]
