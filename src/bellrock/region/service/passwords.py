"""Passwords: what will do as one, and their hashes by argon2id (RFC 9106)."""

import asyncio
import os
import secrets
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH: Final = 8
"""Characters (NIST SP 800-63B §5.1.1.2)."""
MAX_LENGTH: Final = 256
AT_ONCE: Final = 2
"""Hashes computed at one time: each takes 64 MiB."""
NICENESS: Final = 5
"""Of the threads that hash, so that whoever has passwords looked at does not slow the region down (setpriority(2))."""

_T = TypeVar("_T")

# RFC 9106 §4, the second recommended choice: 3 passes over 64 MiB in 4 lanes, a salt of 128 and a tag of 256 bits.
HASHER: Final = PasswordHasher(
    time_cost=3, memory_cost=64 * 1024, parallelism=4, hash_len=32, salt_len=16, type=Type.ID
)


def complaint(password: str, user: str) -> str:
    """Why it will not do as this user's password; empty if it will."""
    if len(password) < MIN_LENGTH:
        return f"a password has at least {MIN_LENGTH} characters"
    if len(password) > MAX_LENGTH:
        return f"a password has at most {MAX_LENGTH} characters"
    if user and password.lower() in (user.lower(), user.lower()[::-1]):
        return "the password is the user's name; anybody would try that first"
    if len(set(password)) == 1:
        return "the password is one character over and over; anybody would try that first"
    return ""


class Passwords:
    """Hashes and checks in threads of their own, two at a time; the others wait."""

    def __init__(self, hasher: PasswordHasher = HASHER) -> None:
        self._hasher = hasher
        self._threads = ThreadPoolExecutor(AT_ONCE, "password", _give_way)
        self._nobody = ""

    async def hash(self, password: str) -> str:
        """The hash to keep, with salt and parameters in it."""
        return await self._apart(lambda: self._hasher.hash(_normal(password)))

    async def is_right(self, kept: str, password: str) -> bool:
        """Whether it is the password that was hashed; with nothing kept it never is, and that takes as long to say."""
        if not kept:
            await self.warm()
            await self._verify(self._nobody, password)
            return False
        return await self._verify(kept, password)

    def is_old(self, kept: str) -> bool:
        """Whether it was made with other parameters than now, and should be made anew."""
        return self._hasher.check_needs_rehash(kept)

    async def warm(self) -> None:
        """Make the hash that unknown users are checked against, so that the first of them does not wait for it."""
        self._nobody = self._nobody or await self.hash(secrets.token_hex(16))

    async def _verify(self, kept: str, password: str) -> bool:
        return await self._apart(lambda: self._matches(kept, _normal(password)))

    async def _apart(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _matches(self, kept: str, password: bytes) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False


def _give_way() -> None:
    # Linux keeps niceness by thread, and those that argon2 starts for its lanes inherit it.
    thread = threading.get_native_id()
    os.setpriority(os.PRIO_PROCESS, thread, max(NICENESS, os.getpriority(os.PRIO_PROCESS, thread)))


def _normal(password: str) -> bytes:
    # SP 800-63B §5.1.1.2: one form for what keyboards and systems write in several.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
