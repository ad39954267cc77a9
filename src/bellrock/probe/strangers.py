"""Who it is that answers in another protocol: a little more of what he says, as far as it is there already."""

import asyncio
from typing import Final

from bellrock.link.obstacle import Obstructed
from bellrock.link.stream import Stream
from bellrock.wire.greeting import described

PATIENCE: Final = 0.2
"""Seconds for the rest of what he has begun to say."""
MOST: Final = 512


async def who(stream: Stream, said: bytes) -> str:
    """A phrase: the protocol, or what was said. `said`: what was read before it was clear that this is not ours."""
    try:
        async with asyncio.timeout(PATIENCE):
            said += await stream.some(MOST)
    except (TimeoutError, Obstructed):
        pass
    return described(said)
