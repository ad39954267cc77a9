"""API tokens: one for each state directory that a region was started with, good on its machine alone. Only hashes are kept.

Where processes share a database, those of machines that are gone stay until somebody revokes them.
"""

import secrets
from collections.abc import Callable
from typing import Final

from bellrock.model import Wall
from bellrock.region.service.sessions import digest
from bellrock.region.store import ApiTokenRow, CredentialKind, Store

FOR_EVER: Final = Wall(2.0**53)
PREFIX: Final = "api-"
"""Of the ids of these tokens, which programs' tokens do not begin with."""
FORBIDDEN: Final = 3650 * 86400.0
"""Seconds for which a revoked token is remembered, so that no start takes it for good again."""


class ApiTokens:
    """Those of all processes of the region."""

    def __init__(self, store: Store, tell: Callable[[], None]) -> None:
        """`tell` is called when one ends."""
        self._store = store
        self._tell = tell
        self._rows: dict[str, ApiTokenRow] = {}
        self._revoked: set[str] = set()

    async def refresh(self, now: Wall) -> None:
        """Read which are good: another process may have added some."""
        found = await self._store.api_tokens(now)
        self._rows = {
            row.hash: row for row in found if row.hash not in self._revoked
        }  # what was revoked since it was read

    def knows(self, token: str) -> bool:
        """Whether it is one of them."""
        shown = digest(token)
        # They are few, and hashes: how many were compared tells nothing of a token.
        return any(secrets.compare_digest(shown, one) for one in self._rows)

    def all(self) -> list[ApiTokenRow]:
        """What is kept of each."""
        return [*self._rows.values()]

    async def add(self, hashed: str, name: str, now: Wall, *, alone: bool) -> None:
        """One is good from now on; no other, if `alone`."""
        await self._store.add_credential(CredentialKind.API, hashed, FOR_EVER, now, alone=alone, name=name)

    async def is_revoked(self, hashed: str, now: Wall) -> bool:
        """Whether it is never to be good again."""
        return hashed in await self._store.credentials(CredentialKind.REVOKED, now)

    def find(self, which: str) -> ApiTokenRow | None:
        """What is kept of the token with this id."""
        return next((row for row in self._rows.values() if id_of(row) == which), None)

    async def revoke(self, row: ApiTokenRow, now: Wall) -> None:
        """End a token for good."""
        await self._store.forbid_api_token(row.hash, Wall(now + FORBIDDEN))
        self._revoked.add(row.hash)
        self._rows.pop(row.hash, None)
        self._tell()


def id_of(row: ApiTokenRow) -> str:
    """By which people name it."""
    return PREFIX + row.hash[:12]
