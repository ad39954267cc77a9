"""The largest TFTP block that gets through, found from above: several sizes at once, then those between."""

import asyncio
from typing import Final

from msgspec import structs

from bellrock.probe.net import Net
from bellrock.probe.tftp_fetch import Limits, fetch
from bellrock.wire.tftp import DEFAULT_BLOCK, MIN_BLOCK, Read

USUAL: Final = (1460, 1432, 1418, 1400, 1368, 1248, 1024, DEFAULT_BLOCK)
"""What common paths bear over IPv4: PPPoE, what iPXE asks for, VXLAN, tunnels, MTU 1400 and 1280, what every path bears."""
AT_ONCE: Final = 8
ROUNDS: Final = 4
"""Of 8 sizes each, they single out every size of ordinary paths."""


def headers(address: str) -> int:
    """Octets of IP, UDP and TFTP header before a block."""
    return (40 if ":" in address else 20) + 8 + 4


def between(passes: int, fails: int) -> tuple[int, ...]:
    """Sizes to be tried next, so that the gap between what passes and what fails becomes as small as it can; none: there is no gap."""
    gap = fails - passes - 1
    count = min(AT_ONCE, gap)
    return tuple(sorted({passes + (number * (gap + 1)) // (count + 1) for number in range(1, count + 1)} - {passes}))


async def largest(net: Net, request: Read, fails: int, limits: Limits) -> int:
    """The largest block that comes, knowing that one of `fails` octets does not; 0: not even the smallest usual one does."""
    sizes: tuple[int, ...] = tuple(size for size in USUAL if size < fails) or (MIN_BLOCK,)
    passes = 0
    for _ in range(ROUNDS):
        came = await _which(net, request, sizes, limits)
        passes = max([passes, *came])
        fails = min([fails, *(size for size in sizes if size > passes)])
        if not passes or not (sizes := between(passes, fails)):
            break
    net.record.noticed(
        f"TFTP blocks of {passes} octets come, of {fails} they do not" if passes else "TFTP blocks of no size come"
    )
    return passes


async def _which(net: Net, request: Read, sizes: tuple[int, ...], limits: Limits) -> list[int]:
    came = await asyncio.gather(*(_comes(net.apart(), request, size, limits) for size in sizes))
    return [size for size, one in zip(sizes, came, strict=True) if one]


async def _comes(net: Net, request: Read, size: int, limits: Limits) -> bool:
    """Whether the first block of this size comes."""
    options = request.options | {"blksize": str(size)}
    options.pop("windowsize", None)
    wait = 0.6 * limits.wait
    short = Limits(first=wait, wait=wait, until=limits.until, most=1, blocks=1, tries=2, silences=2)
    fetched = await fetch(net, structs.replace(request, options=options), short)
    return fetched.transfer.blocks > 0
