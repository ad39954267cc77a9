"""Tokens for programs: shown once, kept as hashes, each with a role and an end."""

import secrets
from collections.abc import Callable, Iterable
from typing import Final

from msgspec import structs

from bellrock.model import Wall
from bellrock.region.roles import Caller, How, UserRole
from bellrock.region.service.sessions import TOKEN_BYTES, digest
from bellrock.region.service.users import Conflict, NotThere, Unwanted
from bellrock.region.store import PeopleStore, TokenRow, UserRow

MAX_TOKENS: Final = 1000
MAX_NAME: Final = 64
MAX_DAYS: Final = 3650
PREFIX: Final = "bellrock_"
"""So that scanners of repositories and logs know what they have found."""


class Tokens:
    """All tokens, in memory and in the store."""

    def __init__(self, store: PeopleStore, user: Callable[[str], UserRow | None], tell: Callable[[], None]) -> None:
        """`user`: who has a name, whose tokens may do no more than he; `tell` is called when a token ends before its time."""
        self._store = store
        self._user = user
        self._tell = tell
        self._rows: dict[str, TokenRow] = {}
        self._used: dict[str, Wall] = {}

    def start(self, rows: Iterable[TokenRow]) -> None:
        """Those of before are known."""
        self._rows = {row.hash: row for row in rows}

    async def add(
        self, name: str, role: UserRole, days: int, owner: str, now: Wall, maker: TokenRow | None = None
    ) -> tuple[TokenRow, str]:
        """A new token: what is kept of it, and the token itself, which is nowhere else.

        One that was made with another, its `maker`, has that one's owner, and ends with it at the latest.

        Raises:
            Unwanted: the name or the days will not do.
            Conflict: there are too many tokens, or its owner was removed meanwhile.
        """
        if not 0 < len(name) <= MAX_NAME or not name.isprintable() or not name.strip():
            raise Unwanted(f"a token's name has 1 to {MAX_NAME} printable characters")
        if not 0 < days <= MAX_DAYS:
            raise Unwanted(f"a token lasts 1 to {MAX_DAYS} days")
        self._rows = {key: row for key, row in self._rows.items() if row.expires > now}
        if len(self._rows) >= MAX_TOKENS:
            raise Conflict(f"there are {MAX_TOKENS} tokens already; revoke some that are not used any more")
        token = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
        row = TokenRow(id=f"t-{secrets.token_hex(4)}", hash=digest(token), name=name, role=role, owner=owner,
                       created=now, expires=Wall(now + days * 86400.0))  # fmt: skip
        if maker is not None:
            row = structs.replace(row, owner=maker.owner, expires=min(row.expires, maker.expires))
        self._rows[row.hash] = row
        try:
            await self._store.put_token(row, now)
        except BaseException:
            self._rows.pop(row.hash, None)
            raise
        if row.owner and self._user(row.owner) is None:
            # Written after its owner's tokens were dropped, it would live again with the next user of that name.
            self._rows.pop(row.hash, None)
            await self._store.drop_token(row.hash)
            raise Conflict(f"the user {row.owner}, whose token it would be, was removed meanwhile")
        return row, token

    async def revoke(self, which: str) -> TokenRow:
        """End the token of an id, or of a name that one token has. Returns what was.

        Raises:
            NotThere: there is none.
            Conflict: several have that name.
        """
        found = [row for row in self._rows.values() if row.id == which]
        found = found or [row for row in self._rows.values() if row.name == which]
        if not found:
            raise NotThere("there is no such token")
        if len(found) > 1:
            raise Conflict(f"{len(found)} tokens have that name: {', '.join(row.id for row in found)}; give an id")
        await self._store.drop_token(found[0].hash)
        self._rows.pop(found[0].hash, None)
        self._tell()
        return found[0]

    def forget(self, owner: str) -> int:
        """The store has dropped a user's tokens; drop them here. How many there were."""
        before = len(self._rows)
        self._rows = {key: row for key, row in self._rows.items() if row.owner != owner}
        self._tell()
        return before - len(self._rows)

    def who(self, token: str, now: Wall) -> Caller | None:
        """Who shows this token, if it is one and has not expired."""
        row = self._rows.get(digest(token))
        if row is None or row.expires <= now or (row.owner and self._user(row.owner) is None):
            return None
        self._used[row.hash] = now
        return Caller(f"token {row.name}", self.role(row), How.TOKEN, token=row.id)

    def find(self, which: str) -> TokenRow | None:
        """What is kept of the token with this id."""
        return next((row for row in self._rows.values() if row.id == which), None)

    def role(self, row: TokenRow) -> UserRole:
        """What it may do: no more than its owner."""
        owner = self._user(row.owner) if row.owner else None
        return row.role if owner is None or owner.role.may(row.role) else owner.role

    def all(self, now: Wall) -> list[TokenRow]:
        """All that have not expired, the oldest first."""
        return [row for row in self._rows.values() if row.expires > now]

    def used(self, row: TokenRow) -> Wall | None:
        """When it was used last."""
        return self._used.get(row.hash, row.used)

    async def flush(self) -> None:
        """Note on disk when tokens were used; it is kept in memory until then."""
        if used := {key: at for key, at in self._used.items() if key in self._rows and at != self._rows[key].used}:
            await self._store.used(used)
            for key, at in used.items():
                if key in self._rows:
                    self._rows[key] = structs.replace(self._rows[key], used=at)
