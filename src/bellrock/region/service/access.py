"""Who may use the API: users, sessions, tokens for programs, one-time logins and the API token. Only hashes are kept."""

import os
import secrets
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bellrock.model import Monotonic, Wall
from bellrock.region.errors import RegionError
from bellrock.region.roles import Caller, How, UserRole
from bellrock.region.service.apitokens import ApiTokens
from bellrock.region.service.guesses import Guesses, TooManyFailures
from bellrock.region.service.limit import Bucket
from bellrock.region.service.passwords import Passwords
from bellrock.region.service.sessions import SESSION_LIFE, TOKEN_BYTES, Sessions, digest
from bellrock.region.service.tokens import Tokens
from bellrock.region.service.users import Users
from bellrock.region.store import CredentialKind, SessionRow, Store

LOGIN_LIFE: Final = 24 * 3600.0
FAILURES: Final = (10, 6.0)
"""Wrong login tokens at once, and seconds for each further one."""
API_TOKEN_FILE: Final = "api-token"  # noqa: S105 -- a file's name
API_HASH_FILE: Final = "api-token.sha256"
"""Hash of the API token that this state directory had last, so that the store forgets it when the token's file is replaced."""

__all__ = ["API_TOKEN_FILE", "LOGIN_LIFE", "SESSION_LIFE", "Access", "TooManyFailures"]


class Access:
    """Checks what callers show. Times are the region's wall clock, failures are limited by the monotonic one."""

    def __init__(self, store: Store, passwords: Passwords | None = None) -> None:
        self._store = store
        self._passwords = passwords or Passwords()
        self._logins: dict[str, Wall] = {}
        """Those not used yet, so that a guess costs no look on the disk."""
        self._failures = Bucket(*FAILURES)
        self._guesses = Guesses()
        self.sessions = Sessions(store.people)
        self.users = Users(store.people, self._passwords, self.sessions)
        self.api_tokens = ApiTokens(store, self._token_ended)
        self.tokens = Tokens(store.people, self.users.get, self._token_ended)
        self.token_ended: list[Callable[[], None]] = []
        """Called when a token ends before its time."""

    async def start(self, state_dir: Path, now: Wall) -> str:
        """Load everybody, make or read the API token, and return a fresh one-time login token; older ones are void.

        Raises:
            RegionError: the API token's file cannot be written or read, or the store is corrupt.
        """
        await self.load(now)
        own = digest(_api_token(state_dir / API_TOKEN_FILE))
        if await self.api_tokens.is_revoked(own, now):
            (state_dir / API_TOKEN_FILE).unlink(missing_ok=True)
            own = digest(_api_token(state_dir / API_TOKEN_FILE))
        # Other processes on the same database have tokens and logins of their own.
        alone = not self._store.shared
        if (before := _replaced_hash(state_dir / API_HASH_FILE, own)) is not None:
            await self._store.take_credential(CredentialKind.API, before, now)
        _keep_hash(state_dir / API_HASH_FILE, own)
        await self.api_tokens.add(own, _name_of(state_dir), now, alone=alone)
        token = await self.new_login(now, alone=alone)
        await self.refresh(now)
        return token

    async def load(self, now: Wall) -> None:
        """Load everybody.

        Raises:
            StoreError: what is on disk is not what a region writes.
        """
        people = await self._store.load_people(now)
        self.sessions.start(people.sessions)
        self.tokens.start(people.tokens)
        await self.users.start(people.users)

    async def refresh(self, now: Wall) -> None:
        """Read which API tokens and one-time logins are good: another process may have added some."""
        await self.api_tokens.refresh(now)
        self._logins = await self._store.credentials(CredentialKind.LOGIN, now)

    async def new_login(self, now: Wall, *, alone: bool = False) -> str:
        """A one-time login token, good for a day; if `alone`, all others are void."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        expires = Wall(now + LOGIN_LIFE)
        self._logins = {} if alone else {key: until for key, until in self._logins.items() if until > now}
        self._logins[digest(token)] = expires
        await self._store.add_credential(CredentialKind.LOGIN, digest(token), expires, now, alone=alone)
        return token

    async def login(self, token: str, now: Wall, mono: Monotonic) -> str | None:
        """A new session for a one-time token, or None if it is wrong, used or too old.

        A right token is taken however many were wrong: any process of this machine can guess, and must not lock out who knows.

        Raises:
            TooManyFailures: it is wrong, as too many were lately.
        """
        if await self._take_login(digest(token), now):
            return await self.sessions.open("", now)
        if wait := self._failures.wait(mono):
            raise TooManyFailures(wait)
        self._failures.take(mono)
        return None

    async def sign_in(self, user: str, password: str, address: str, now: Wall, mono: Monotonic) -> str | None:
        """A new session for a user's password, or None if one of the two is wrong.

        Raises:
            TooManyFailures: too many of this address were wrong lately.
        """
        if not await self.knows(user, password, address, now, mono):
            return None
        return await self._session_of(user, now)

    async def knows(self, user: str, password: str, address: str, now: Wall, mono: Monotonic) -> bool:
        """Whether it is the user's password; counted as a guess where it is not.

        Raises:
            TooManyFailures: too many of this address were wrong lately.
        """
        key = user.lower()
        self._guesses.begin(key, address, mono)
        right = False
        try:
            right = await self.users.check(user, password, now) is not None
        finally:
            self._guesses.end(key, address, right=right)
        return right

    async def logout(self, session: str, now: Wall) -> None:
        """End the session of a cookie's value."""
        if row := self.sessions.find(session, now):
            await self.sessions.close(row.hash)

    def by_token(self, token: str, now: Wall, *, local: bool, secure: bool) -> Caller | None:
        """Who shows this bearer token. `local`: on this machine; `secure`: over TLS.

        The API token is good on this machine only, and no token is taken where others could have read it.
        """
        if not token or not (local or secure):
            return None
        if self.is_api_token(token):
            return Caller("api token", UserRole.ADMIN, How.API_TOKEN) if local else None
        return self.tokens.who(token, now)

    def by_session(self, session: str, now: Wall) -> Caller | None:
        """Whose session a cookie's value is."""
        row = self.sessions.find(session, now)
        return self._caller(row) if row else None

    def is_api_token(self, token: str) -> bool:
        """Whether it is the API token."""
        return self.api_tokens.knows(token)

    def _token_ended(self) -> None:
        self.sessions.tell()
        for told in self.token_ended:
            told()

    def _caller(self, row: SessionRow) -> Caller | None:
        if not row.user:
            return Caller("one-time login", UserRole.ADMIN, How.ONE_TIME, row.hash)
        user = self.users.get(row.user)
        return Caller(user.name, user.role, How.PASSWORD, row.hash) if user else None

    async def _session_of(self, name: str, now: Wall) -> str | None:
        user = self.users.get(name)
        if user is None:
            return None
        session = await self.sessions.open(user.name, now)
        current = self.users.get(name)
        if current is None or (current.hash, current.role) != (user.hash, user.role):
            await self.logout(session, now)  # changed meanwhile: the sessions that were to end are to be all of them
            return None
        return session

    async def _take_login(self, hashed: str, now: Wall) -> bool:
        if hashed not in self._logins:
            return False
        taken = await self._store.take_credential(CredentialKind.LOGIN, hashed, now)
        self._logins.pop(hashed, None)
        return taken


def _name_of(state_dir: Path) -> str:
    return f"{socket.gethostname()}:{state_dir.absolute()}"


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


def _replaced_hash(path: Path, own: str) -> str | None:
    """The hash that was kept here, if it is another one."""
    try:
        with open(path, encoding="ascii", opener=_unfollowed) as file:
            before = file.read(256).strip()
    except (FileNotFoundError, UnicodeError):
        return None
    except OSError as error:
        raise RegionError(f"{path}: {error.strerror}; the API token's hash is kept there") from None
    return before if before != own else None


def _keep_hash(path: Path, own: str) -> None:
    fresh = path.with_name(f"{path.name}.new")
    try:
        fresh.unlink(missing_ok=True)
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(file, "w") as out:
            out.write(own + "\n")
        fresh.replace(path)
    except OSError as error:
        raise RegionError(f"{path}: {error.strerror}; the API token's hash is kept there") from None


def _unfollowed(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


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
