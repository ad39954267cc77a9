"""How far one side of a request may be ahead of the other: who reads slowly holds up who writes, and nobody's memory."""

import asyncio
from typing import Final

MOST: Final = 16 << 20
"""The widest window that is believed."""


class Pace:
    """What is on its way to the other side, by weight."""

    def __init__(self, window: int) -> None:
        """`window`: so much may be on its way, and one event more of any size."""
        self._window = min(window, MOST)
        self._ahead = 0
        self._open = asyncio.Event()
        self._open.set()

    async def room(self) -> None:
        """Wait until there is room for one more event."""
        await self._open.wait()

    def sent(self, weight: int) -> None:
        """An event was sent."""
        self._ahead += weight
        if self._ahead >= self._window:
            self._open.clear()

    def taken(self, weight: int) -> None:
        """The other side has taken so much."""
        self._ahead = max(0, self._ahead - max(0, weight))
        if self._ahead < self._window:
            self._open.set()
