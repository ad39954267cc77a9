"""Who may use the API: one-time login tokens, sessions and the API token. Only hashes are kept."""

import hashlib
import os
import secrets
import stat
from pathlib import Path
from typing import Final

from bellrock.model import Monotonic, Wall
from bellrock.region.errors import RegionError
from bellrock.region.service.limit import Bucket
from bellrock.region.store import CredentialKind, Store

LOGIN_LIFE: Final = 24 * 3600.0
SESSION_LIFE: Final = 7 * 24 * 3600.0
MAX_SESSIONS: Final = 1000
FAILURES: Final = (10, 6.0)
"""Wrong login tokens at once, and seconds for each further one."""
TOKEN_BYTES: Final = 32
API_TOKEN_FILE: Final = "api-token"  # noqa: S105 -- a file's name


class TooManyFailures(Exception):  # noqa: N818 -- says what it is
    """Too many wrong tokens lately; `wait` is the seconds until the next may be tried."""

    def __init__(self, wait: float) -> None:
        super().__init__(f"too many wrong login tokens; try again in {wait:.0f} s")
        self.wait = wait


class Access:
    """Checks what callers show. Times are the region's wall clock, failures are limited by the monotonic one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sessions: dict[str, Wall] = {}
        self._logins: dict[str, Wall] = {}
        """Those not used yet, so that a guess costs no look on the disk."""
        self._api = ""
        self._failures = Bucket(*FAILURES)

    async def start(self, state_dir: Path, now: Wall) -> str:
        """Load the sessions, make or read the API token, and return a fresh one-time login token; older ones are void.

        Raises:
            RegionError: the API token's file cannot be written or read.
        """
        self._sessions = await self._store.credentials(CredentialKind.SESSION, now)
        self._api = _digest(_api_token(state_dir / API_TOKEN_FILE))
        await self._store.add_credential(CredentialKind.API, self._api, Wall(2.0**53), now, alone=True)
        return await self.new_login(now, alone=True)

    async def new_login(self, now: Wall, *, alone: bool = False) -> str:
        """A one-time login token, good for a day; if `alone`, all others are void."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        expires = Wall(now + LOGIN_LIFE)
        self._logins = {} if alone else {digest: until for digest, until in self._logins.items() if until > now}
        self._logins[_digest(token)] = expires
        await self._store.add_credential(CredentialKind.LOGIN, _digest(token), expires, now, alone=alone)
        return token

    async def login(self, token: str, now: Wall, mono: Monotonic) -> str | None:
        """A new session for a one-time token, or None if it is wrong, used or too old.

        A right token is taken however many were wrong: any process of this machine can guess, and must not lock out who knows.

        Raises:
            TooManyFailures: it is wrong, as too many were lately.
        """
        if await self._take_login(_digest(token), now):
            return await self._new_session(now)
        if wait := self._failures.wait(mono):
            raise TooManyFailures(wait)
        self._failures.take(mono)
        return None

    async def logout(self, session: str, now: Wall) -> None:
        """End a session."""
        self._sessions.pop(_digest(session), None)
        await self._store.take_credential(CredentialKind.SESSION, _digest(session), now)

    def has_session(self, session: str, now: Wall) -> bool:
        """Whether the cookie's value is a session that has not ended."""
        return self._sessions.get(_digest(session), 0.0) > now

    def is_api_token(self, token: str) -> bool:
        """Whether it is the API token."""
        return secrets.compare_digest(_digest(token), self._api)

    async def _take_login(self, digest: str, now: Wall) -> bool:
        if digest not in self._logins:
            return False
        taken = await self._store.take_credential(CredentialKind.LOGIN, digest, now)
        self._logins.pop(digest, None)
        return taken

    async def _new_session(self, now: Wall) -> str:
        session = secrets.token_urlsafe(TOKEN_BYTES)
        expires = Wall(now + SESSION_LIFE)
        self._sessions = {digest: until for digest, until in self._sessions.items() if until > now}
        if len(self._sessions) >= MAX_SESSIONS:
            oldest = min(self._sessions, key=self._sessions.__getitem__)
            del self._sessions[oldest]
            await self._store.take_credential(CredentialKind.SESSION, oldest, now)
        await self._store.add_credential(CredentialKind.SESSION, _digest(session), expires, now)
        self._sessions[_digest(session)] = expires
        return session


def _digest(token: str) -> str:
    # The tokens are 256 random bits: a fast hash keeps them as safe as a slow one would.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _api_token(path: Path) -> str:
    try:
        if token := _read_private(path):
            return token
        path.unlink(missing_ok=True)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(file, "w") as out:
            out.write(token + "\n")
    except OSError as error:
        raise RegionError(f"{path}: {error.strerror}; the API token is kept there for the command line") from None
    return token


def _read_private(path: Path) -> str:
    """The token in the file, or nothing where it is missing, malformed, or others could have read or put it there."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    with os.fdopen(file) as source:
        status = os.fstat(file)
        if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077 or not stat.S_ISREG(status.st_mode):
            return ""
        token = source.read(256).strip()
    return token if len(token) >= TOKEN_BYTES and token.isascii() else ""
