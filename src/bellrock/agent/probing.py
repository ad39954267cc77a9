"""The region's order to try flows: a few at a time, each result told as soon as it is there."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from msgspec import structs

from bellrock.contract import MAX_TRIES, AgentMessage, Order, Results, RunProbes, Tried, Try
from bellrock.flows import Protocol
from bellrock.link.source import Source
from bellrock.model import Probed
from bellrock.probe.manners import Manners
from bellrock.probe.registry import UnknownProbeError, probe_of
from bellrock.probe.run import check
from bellrock.probe.values import Ask, PlanError

AT_ONCE: Final = 32
"""Tries under way, over all orders."""
MAX_WITHIN: Final = 600.0
"""Seconds that one try may ask for."""
MAX_RESULT: Final = 192 * 1024
"""Octets of one try's results as they travel; of larger ones the evidence and the facts stay behind."""
MAX_MESSAGE: Final = 256 * 1024
"""Octets of results in one message, well below what the contract lets pass."""
COMPANY: Final = 0.05
"""Seconds that a result waits for others to travel with."""

log = logging.getLogger(__name__)

Tell = Callable[[AgentMessage], Awaitable[bool]]
Check = Callable[[Ask, Manners], Awaitable[tuple[Probed, ...]]]


class Probing:
    """Tries flows for the region, with the manners of one machine over all that it is asked for."""

    def __init__(self, tell: Tell, host: str, run: Check = check) -> None:
        """`tell` tells the region something, or says that it does not listen; `host`: this machine's name, the source of what is tried."""
        self._tell = tell
        self._host = host
        self._check = run
        self._manners = Manners()
        self._room = asyncio.Semaphore(AT_ONCE)

    async def probe(self, order: Order) -> str:
        """Carry out an order of RunProbes; why it cannot be, or nothing."""
        assert isinstance(order.do, RunProbes)  # noqa: S101 -- Orders finds handlers by type
        tries = order.do.tries
        if len(tries) > MAX_TRIES:
            return f"{len(tries)} tries in one order; at most {MAX_TRIES} are taken"
        log.info("order=%s: trying %d flows", order.id, len(tries))
        found: asyncio.Queue[Tried] = asyncio.Queue()
        async with asyncio.TaskGroup() as tasks:
            for index, one in enumerate(tries):
                tasks.create_task(self._try(index, one, found))
            left = len(tries)
            while left:
                told = await _together(found)
                left -= len(told)
                if not await self._tell(Results(order.id, told, left)):
                    return "the region does not listen any more"
        return ""

    async def _try(self, index: int, one: Try, found: "asyncio.Queue[Tried]") -> None:
        async with self._room:
            tried = await self._tried(index, one)
        found.put_nowait(_bounded(tried))

    async def _tried(self, index: int, one: Try) -> Tried:
        try:
            probed = await self._check(ask_of(one, os.urandom(16)), self._manners)
        except (PlanError, UnknownProbeError) as error:
            return Tried(index, why=str(error))
        except Exception as error:
            # A probe that goes wrong is told as such, and the others are done.
            log.exception("flow=%s target=%s: the probe failed", one.flow, one.address)
            return Tried(index, why=f"the probe failed: {type(error).__name__}: {error}"[:300])
        return Tried(index, tuple(structs.replace(result, source=self._host) for result in probed))


def ask_of(one: Try, nonce: bytes) -> Ask:
    """What a try of the contract asks for.

    Raises:
        PlanError, UnknownProbeError: nothing that can be asked.
    """
    if one.protocol and one.protocol not in tuple(Protocol):
        raise PlanError(f"protocol {one.protocol!r} is not one of {', '.join(Protocol)}")
    if not 0 <= one.port <= 65535 or not 0 < one.within <= MAX_WITHIN:
        raise PlanError(
            f"port {one.port} or {one.within:g} s is not possible; ports end at 65535, times at {MAX_WITHIN:g} s"
        )
    secret = {option.name for option in probe_of(one.flow).options if option.secret}
    for name in one.options:
        if name in secret or name.endswith("-file"):
            raise PlanError(
                f"option {name} is or names a secret, which no region is told: use `bellrock probe` on this machine"
            )
    return Ask(
        flow=one.flow, address=one.address, port=one.port, protocol=Protocol(one.protocol) if one.protocol else None,
        name=one.name, source=Source(interface=one.interface), within=one.within, options=one.options, nonce=nonce,
    )  # fmt: skip


async def _together(found: "asyncio.Queue[Tried]") -> tuple[Tried, ...]:
    """The next results, those that come at about the same time in one message."""
    told = [await found.get()]
    size = _size(told[0])
    try:
        async with asyncio.timeout(COMPANY):
            while size < MAX_MESSAGE:
                told.append(await found.get())
                size += _size(told[-1])
    except TimeoutError:
        pass
    return tuple(told)


def _bounded(tried: Tried) -> Tried:
    """Results that fit into a message. The verdict is what matters most, and always does."""
    if _size(tried) <= MAX_RESULT:
        return tried
    return structs.replace(
        tried, probed=tuple(structs.replace(one, evidence=(), facts={"left out": "too large"}) for one in tried.probed)
    )


def _size(tried: Tried) -> int:
    return len(msgspec.json.encode(tried))
