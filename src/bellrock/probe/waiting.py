"""Answers that come in while somebody may be busy with an earlier one."""

import asyncio
import contextlib
from typing import Final, Generic, TypeVar

T = TypeVar("T")

MOST: Final = 64
"""Answers kept until they are looked at; what comes then is lost."""


class Waiting(Generic[T]):
    """Answers, or what came instead of one, in their order."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[T | Exception] = asyncio.Queue(MOST)

    async def next(self) -> T:
        """The next answer.

        Raises:
            Exception: what was kept instead of one: Obstructed, Unexpected.
        """
        found = await self._queue.get()
        if isinstance(found, Exception):
            raise found
        return found

    def keep(self, found: T | Exception) -> None:
        """Put an answer where `next` finds it."""
        with contextlib.suppress(asyncio.QueueFull):
            self._queue.put_nowait(found)
