"""How the region's process treats its memory: it holds millions of small values for months, and must not stop to look through them."""

import asyncio.sslproto
import gc
import sys
from typing import Final

YOUNG: Final = 50_000
"""New objects after which the cycle collector looks at those that are young; its own 700 are for small programs."""
ANEW: Final = 64
"""Full collections after which the next one looks at everything again."""
TLS_BUFFER: Final = 32 * 1024
"""Octets in which asyncio takes what comes over TLS, for each connection: two of its largest records, as a message is put together elsewhere."""
TURN: Final = 0.001
"""Seconds after which a thread that computes lets the event loop go on; Python's own 5 ms are felt by whoever asks for a page."""


class Calm:
    """Has what outlived a full collection left out of the next ones, which then take milliseconds and not a second.

    What becomes garbage there in a cycle stays until everything is looked at again.
    """

    def __init__(self) -> None:
        self._full = 0

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        """For `gc.callbacks`."""
        if phase != "stop" or info["generation"] < 2:
            return
        self._full += 1
        if self._full % ANEW:
            gc.freeze()
        else:
            gc.unfreeze()


def settle_in() -> None:
    """What is loaded is here to stay. For a process that is a region and nothing else; once."""
    gc.set_threshold(YOUNG, 20, 20)
    gc.callbacks.append(Calm())
    gc.collect()
    sys.setswitchinterval(TURN)


def slim_tls() -> None:
    """Have TLS connections that are made from now on hold a buffer of TLS_BUFFER octets instead of 256 KiB each.

    asyncio has no way to ask for it: `SSLProtocol.max_size` is the size of the buffer that each one makes and fills with zeros. With ten thousand
    agents that is 2.5 GB of nothing.
    """
    asyncio.sslproto.SSLProtocol.max_size = TLS_BUFFER
