"""One question to the database for all who ask at once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Set
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class _Round(Generic[Key, Value]):
    def __init__(self) -> None:
        self.keys: set[Key] = set()
        self.found: Mapping[Key, Value] | None = None
        self.failed: Exception | None = None


class Together(Generic[Key, Value]):
    """While a question is under way, all who ask wait for the next, which is one for all of them.

    So what each is told is of a moment after they asked, and there are never more than two questions, however many ask.
    """

    def __init__(self, ask: Callable[[Set[Key]], Awaitable[Mapping[Key, Value]]]) -> None:
        """`ask`: what is known of these; what is not in its answer is not known."""
        self._ask = ask
        self._next: _Round[Key, Value] = _Round()
        self._asking = asyncio.Lock()

    async def find(self, key: Key) -> Value | None:
        """What is known of one. What `ask` raises is raised for all whom it was for."""
        mine = self._next
        mine.keys.add(key)
        async with self._asking:
            if mine.found is None and mine.failed is None:
                # Who was first may have been cancelled; then it is the next one's turn to ask for them all.
                await self._begin(mine)
        if mine.failed is not None:
            raise mine.failed.with_traceback(None)
        return (mine.found or {}).get(key)

    async def _begin(self, mine: _Round[Key, Value]) -> None:
        if mine is self._next:
            self._next = _Round()
        try:
            mine.found = await self._ask(mine.keys)
        except Exception as error:  # noqa: BLE001 -- theirs, who asked
            mine.failed = error
