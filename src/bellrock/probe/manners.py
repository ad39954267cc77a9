"""How gently targets are treated: the spacing of packets to one address, over everything that goes on at once."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from bellrock.link.clock import monotonic
from bellrock.model import Monotonic

MAX_ADDRESSES: Final = 4096
"""Addresses whose last packet is remembered; the oldest are forgotten, by when they have long had their pause."""


class _Lines:
    """One line of people for each address: served one at a time, in the order in which they came (asyncio.Lock is fair)."""

    def __init__(self) -> None:
        self._lines: dict[str, tuple[asyncio.Lock, int]] = {}
        """Address → whose turn it is, and how many there are with those who wait."""

    @asynccontextmanager
    async def turn(self, address: str) -> AsyncIterator[None]:
        """While it is ours."""
        lock, many = self._lines.get(address, (asyncio.Lock(), 0))
        self._lines[address] = lock, many + 1
        try:
            async with lock:
                yield
        finally:
            _, many = self._lines.pop(address)
            if many > 1:
                self._lines[address] = lock, many - 1


class Manners:
    """Shared by all probes of a process."""

    def __init__(self) -> None:
        self._alone = _Lines()
        self._waiting = _Lines()
        self._free: OrderedDict[str, Monotonic] = OrderedDict()
        """Address → when the next packet may go to it."""

    async def wait(self, address: str, spacing: float) -> None:
        """Until a packet may be sent to this address, and from then on it is the next one's turn to wait. 0: at once.

        The pause is counted from when a packet may really go, and not from when it should have: one that was late on a busy
        machine pushes back the next.
        """
        if spacing <= 0:
            return
        async with self._waiting.turn(address):
            while (pause := self._free.get(address, 0.0) - monotonic()) > 0:  # noqa: ASYNC110 -- there is no event: time itself is waited for
                await asyncio.sleep(pause)
            self._free[address] = Monotonic(monotonic() + spacing)
        self._free.move_to_end(address)
        while len(self._free) > MAX_ADDRESSES:
            self._free.popitem(last=False)

    def went(self, address: str, spacing: float) -> None:
        """A packet has left just now: between `wait` and its leaving, too, a busy machine may have let time pass."""
        if spacing > 0:
            self._free[address] = max(self._free.get(address, Monotonic(0.0)), Monotonic(monotonic() + spacing))

    def alone(self, address: str) -> AbstractAsyncContextManager[None]:
        """While nobody else who asks for this talks to the address."""
        return self._alone.turn(address)
