"""How gently targets are treated: the spacing of packets to one address, over everything that goes on at once."""

import asyncio
from collections import OrderedDict
from typing import Final

from bellrock.link.clock import monotonic
from bellrock.model import Monotonic

MAX_ADDRESSES: Final = 4096
"""Addresses whose last packet is remembered; the oldest are forgotten, by when they have long had their pause."""


class Manners:
    """Shared by all probes of a process."""

    def __init__(self) -> None:
        self._free: OrderedDict[str, Monotonic] = OrderedDict()
        """Address → when the next packet may go to it."""

    async def wait(self, address: str, spacing: float) -> None:
        """Until a packet may be sent to this address; takes the place in the queue. 0: at once."""
        if spacing <= 0:
            return
        now = monotonic()
        at = max(now, self._free.get(address, now))
        self._free[address] = Monotonic(at + spacing)
        self._free.move_to_end(address)
        while len(self._free) > MAX_ADDRESSES:
            self._free.popitem(last=False)
        if at > now:
            await asyncio.sleep(at - now)
