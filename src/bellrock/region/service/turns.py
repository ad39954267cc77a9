"""Who goes first where only one may go at a time."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import AsyncExitStack, asynccontextmanager


class Full(Exception):  # noqa: N818 -- says what it is
    """Too many wait for the same thing already: how many."""


class Turns:
    """A lock for each thing that is wanted now; of things that nobody wants nothing is kept."""

    def __init__(self, most: int) -> None:
        """`most`: how many may have or wait for one thing."""
        self._most = most
        self._locks: dict[Hashable, tuple[asyncio.Lock, int]] = {}
        """Thing → its lock, and how many have or wait for it."""

    def __len__(self) -> int:
        return len(self._locks)

    @asynccontextmanager
    async def of(self, *things: Hashable) -> AsyncIterator[None]:
        """Have all these things to oneself, as long as the block runs; first come, first served.

        Things of different kinds must be named in the same order by everybody, lest two wait for each other.

        Raises:
            Full: too many wait for one of them.
        """
        async with AsyncExitStack() as stack:
            for thing in things:
                await stack.enter_async_context(self._one(thing))
            yield

    @asynccontextmanager
    async def _one(self, thing: Hashable) -> AsyncIterator[None]:
        lock, wanted = self._locks.get(thing, (asyncio.Lock(), 0))
        if wanted >= self._most:
            raise Full(f"{wanted} are before it")
        self._locks[thing] = lock, wanted + 1
        try:
            async with lock:
                yield
        finally:
            _, left = self._locks[thing]
            if left > 1:
                self._locks[thing] = lock, left - 1
            else:
                del self._locks[thing]
