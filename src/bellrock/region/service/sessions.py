"""Browsers that logged in, each until it logs out, its time is over, or its user is changed or removed."""

import asyncio
import hashlib
import secrets
from collections.abc import Iterable
from typing import Final

from bellrock.model import Wall
from bellrock.region.store import PeopleStore, SessionRow

SESSION_LIFE: Final = 7 * 24 * 3600.0
MAX_SESSIONS: Final = 1000
MAX_EACH: Final = 50
"""Sessions of one user, so that none pushes out the others'."""
TOKEN_BYTES: Final = 32


class Sessions:
    """Times are the region's wall clock."""

    def __init__(self, store: PeopleStore) -> None:
        self._store = store
        self._rows: dict[str, SessionRow] = {}
        self._changed = asyncio.Event()

    def start(self, rows: Iterable[SessionRow]) -> None:
        """Those of before go on."""
        self._rows = {row.hash: row for row in rows}

    async def open(self, user: str, now: Wall) -> str:
        """A new session's secret; `user` is empty where a one-time token was used."""
        secret = secrets.token_urlsafe(TOKEN_BYTES)
        row = SessionRow(hash=digest(secret), user=user, created=now, expires=Wall(now + SESSION_LIFE))
        gone = self._make_room(user, now)
        await self._store.put_session(row, gone, now)
        self._rows[row.hash] = row
        return secret

    def __len__(self) -> int:
        """How many are held; some may have ended a while ago."""
        return len(self._rows)

    def find(self, secret: str, now: Wall) -> SessionRow | None:
        """The session of a cookie's value, if it has not ended."""
        row = self._rows.get(digest(secret)) if secret else None
        return row if row is not None and row.expires > now else None

    async def close(self, session: str) -> None:
        """End the session of a digest."""
        if self._rows.pop(session, None):
            self.tell()
            await self._store.drop_session(session)

    def forget(self, user: str) -> None:
        """The user's sessions have ended in the store; let them end here."""
        self._rows = {key: row for key, row in self._rows.items() if row.user != user}
        self.tell()

    def count(self, user: str, now: Wall) -> int:
        """Sessions that the user has."""
        return sum(row.user == user and row.expires > now for row in self._rows.values())

    async def changed(self) -> None:
        """Wait until some session ends before its time."""
        await self._changed.wait()

    def tell(self) -> None:
        """Wake all who wait for a session, or what its user may do, to end."""
        self._changed.set()
        self._changed = asyncio.Event()

    def _make_room(self, user: str, now: Wall) -> list[str]:
        """Take out what is over, and of too many the oldest: the user's own where he has too many."""
        self._rows = {key: row for key, row in self._rows.items() if row.expires > now}
        own = [row for row in self._rows.values() if row.user == user]
        surplus = own if len(own) >= MAX_EACH else [*self._rows.values()] if len(self._rows) >= MAX_SESSIONS else []
        if not surplus:
            return []
        oldest = min(surplus, key=lambda row: row.expires).hash
        del self._rows[oldest]
        self.tell()
        return [oldest]


def digest(token: str) -> str:
    """What is kept of a token. It is 256 random bits: a fast hash keeps it as safe as a slow one would."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
