"""People who log in with a password."""

import asyncio
import re
from collections.abc import Iterable
from typing import Final

from msgspec import structs

from bellrock.model import Wall
from bellrock.region.roles import UserRole
from bellrock.region.service.passwords import Passwords, complaint
from bellrock.region.service.sessions import Sessions
from bellrock.region.store import PeopleStore, UserRow

MAX_USERS: Final = 1000
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


class Unwanted(ValueError):  # noqa: N818 -- says what it is
    """What was asked for will not do: why, in one sentence."""


class NotThere(LookupError):  # noqa: N818 -- says what it is
    """There is none of that name."""


class Conflict(Exception):  # noqa: N818 -- says what it is
    """It does not go together with what is there."""


class Users:
    """All users, in memory and in the store. Names are told apart without regard to case, and shown as they were given."""

    def __init__(self, store: PeopleStore, passwords: Passwords, sessions: Sessions) -> None:
        self._store = store
        self._passwords = passwords
        self._sessions = sessions
        self._rows: dict[str, UserRow] = {}
        self._changing = asyncio.Lock()
        """One change at a time, each made to what the one before has left."""

    async def start(self, rows: Iterable[UserRow]) -> None:
        """Those of before are known."""
        self._rows = {row.name.lower(): row for row in rows}
        if self._rows:
            await self._passwords.warm()

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, name: str) -> UserRow | None:
        """The user of that name."""
        return self._rows.get(name.lower())

    def all(self) -> list[UserRow]:
        """All of them, by name."""
        return [row for _, row in sorted(self._rows.items())]

    async def add(self, name: str, password: str, role: UserRole, now: Wall) -> UserRow:
        """A new user.

        Raises:
            Unwanted: the name or the password will not do.
            Conflict: there is one of that name, or no room for one more.
        """
        if not NAME.fullmatch(name):
            raise Unwanted("a user's name has 1 to 64 letters, digits and . _ @ -, and begins with a letter or digit")
        if why := complaint(password, name):
            raise Unwanted(why)
        self._is_free(name)
        await self._passwords.warm()
        row = UserRow(name=name, role=role, hash=await self._passwords.hash(password), created=now)
        async with self._changing:
            self._is_free(name)  # another may have come while it was hashed
            await self._store.put_user(row)
            self._rows[name.lower()] = row
        return row

    async def change(self, name: str, role: UserRole | None = None, password: str | None = None) -> UserRow:
        """Another role, another password, or both, all or nothing; the user's sessions end. Returns what was.

        Raises:
            NotThere: there is no such user.
            Unwanted: the password will not do.
            Conflict: nobody would be admin.
        """
        row = self._known(name)
        if password is not None and (why := complaint(password, row.name)):
            raise Unwanted(why)
        made = await self._passwords.hash(password) if password is not None else None
        async with self._changing:
            row = self._known(name)
            if role not in (None, UserRole.ADMIN):
                self._keeps_an_admin(row)
            await self._put(structs.replace(row, role=role or row.role, hash=made or row.hash))
        return row

    async def remove(self, name: str) -> UserRow:
        """Forget a user, whose sessions and tokens end. Returns what was.

        Raises:
            NotThere: there is no such user.
            Conflict: nobody would be admin.
        """
        async with self._changing:
            row = self._known(name)
            self._keeps_an_admin(row)
            await self._store.drop_user(row.name)
            del self._rows[row.name.lower()]
        self._sessions.forget(row.name)
        return row

    async def check(self, name: str, password: str, now: Wall) -> UserRow | None:
        """The user, if it is the right password; takes as long where there is no such user."""
        row = self.get(name)
        right = await self._passwords.is_right(row.hash if row else "", password)
        if row is None or not right:
            return None
        made = await self._passwords.hash(password) if self._passwords.is_old(row.hash) else row.hash
        async with self._changing:
            current = self.get(name)
            if current is None or current.hash != row.hash:
                return None  # changed while it was checked
            seen = structs.replace(current, hash=made, seen=now)
            await self._store.put_user(seen)
            self._rows[name.lower()] = seen
        return seen

    async def _put(self, row: UserRow) -> None:
        await self._store.put_user(row, ends_sessions=True)
        self._rows[row.name.lower()] = row
        self._sessions.forget(row.name)

    def _known(self, name: str) -> UserRow:
        if (row := self.get(name)) is None:
            raise NotThere("there is no such user")
        return row

    def _is_free(self, name: str) -> None:
        if (row := self.get(name)) is not None:
            raise Conflict(f"there is a user {row.name} already")
        if len(self._rows) >= MAX_USERS:
            raise Conflict(f"there are {MAX_USERS} users already, which is as many as a region keeps")

    def _keeps_an_admin(self, row: UserRow) -> None:
        if row.role is UserRole.ADMIN and sum(one.role is UserRole.ADMIN for one in self._rows.values()) == 1:
            raise Conflict(f"the only admin is {row.name}; make another one first")
