"""Several checks of one flow at one target, side by side: what becomes of one does not touch the others."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from msgspec import structs

from bellrock.probe.net import Net
from bellrock.probe.run import settled
from bellrock.probe.values import Found

Check = Callable[[Net], Awaitable[Found]]
_SHARE: Final = 0.95
"""Of the time of the whole ask: a variant that is late is judged before all of them are."""


async def each(net: Net, checks: Mapping[str, Check]) -> tuple[Found, ...]:
    """What became of each variant, by name and in order; each with its own evidence and round trip."""
    if net.limit is not None:
        # Each keeps the time itself. On a busy machine the time of all may be over before that is seen, and of all nothing is known.
        net.limit.reschedule(None)
    return tuple(await asyncio.gather(*(_one(net.apart(), variant, check) for variant, check in checks.items())))


async def _one(net: Net, variant: str, check: Check) -> Found:
    async def alone() -> tuple[Found, ...]:
        return (await check(net),)

    (found,) = await settled(alone(), net, _SHARE * net.ask.within)
    rtt = net.record.rtt if found.rtt is None else found.rtt
    return structs.replace(found, variant=variant, rtt=rtt, evidence=net.record.steps)
