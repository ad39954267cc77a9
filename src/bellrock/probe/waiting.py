"""Answers that come in while somebody may be busy with an earlier one."""

import asyncio
from collections import deque
from typing import Final, Generic, TypeVar

T = TypeVar("T")

MOST: Final = 64
"""Answers kept until they are looked at; what comes then is lost."""


class Waiting(Generic[T]):
    """Answers, or what came instead of one, in their order; for one who waits."""

    def __init__(self) -> None:
        self._kept: deque[T | Exception] = deque()
        self._waiter: asyncio.Future[None] | None = None

    async def next(self, seconds: float) -> T | None:
        """The next answer; None: nothing came within so many seconds.

        Raises:
            Exception: what was kept instead of one: Obstructed, Unexpected.
        """
        if not self._kept and seconds > 0:
            await self._wait(seconds)
        found = self._kept.popleft() if self._kept else None
        if isinstance(found, Exception):
            raise found
        return found

    def keep(self, found: T | Exception) -> None:
        """Put an answer where `next` finds it."""
        if len(self._kept) < MOST:
            self._kept.append(found)
        self._wake()

    async def _wait(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = loop.call_later(seconds, self._wake)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)
