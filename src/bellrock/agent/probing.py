"""The region's order to try flows: bounded, each result told as soon as it is there."""

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from msgspec import structs

from bellrock.contract import MAX_TRIES, AgentMessage, Order, Results, RunProbes, Tried, Try
from bellrock.flows import Protocol
from bellrock.link.source import Source
from bellrock.link.taps import Taps
from bellrock.model import Probed
from bellrock.probe.manners import Manners
from bellrock.probe.registry import UnknownProbeError, probe_of
from bellrock.probe.sweep import Limits, not_checked, sweep
from bellrock.probe.values import Ask, Option, PlanError
from bellrock.wire.exposition import Counts
from bellrock.wire.logline import sentence

AT_ONCE: Final = 4
"""Orders whose tries go on at one time; others wait."""
LIMITS: Final = Limits(at_once=64)
"""Tries of one order under way."""
MAX_WITHIN: Final = 600.0
"""Seconds that one try may ask for."""
RESOLVE: Final = 5.0
"""Seconds for the name of a target to be found."""
MAX_RESULT: Final = 192 * 1024
"""Octets of one try's results as they travel; of larger ones the evidence and the facts stay behind."""
MAX_MESSAGE: Final = 256 * 1024
"""Octets of results from which on a message takes no more, well below what the contract lets pass."""
COMPANY: Final = 0.05
"""Seconds that a result waits for others to travel with."""

log = logging.getLogger(__name__)

Tell = Callable[[AgentMessage], Awaitable[bool]]
Found = tuple[int, tuple[Probed, ...]]
"""Place of the try in its order, and what became of it."""


class Probing:
    """Tries flows for the region, with the manners of one machine over all that it is asked for."""

    def __init__(self, tell: Tell, host: str, taps: Taps | None = None) -> None:
        """`tell` tells the region something; `host`: this machine's name, the source of what is tried; `taps`: raw frames for DHCP."""
        self._tell = tell
        self._host = host
        self._taps = taps
        self._manners = Manners()
        self._room = asyncio.Semaphore(AT_ONCE)
        self.results = Counts(
            "bellrock_rack_probe_results_total", "What became of tries that the region ordered.", "flow", "verdict"
        )

    async def probe(self, order: Order) -> str:
        """Carry out an order of RunProbes; why it cannot be, or nothing."""
        assert isinstance(order.do, RunProbes)  # noqa: S101 -- Orders finds handlers by type
        tries = order.do.tries
        if len(tries) > MAX_TRIES:
            return f"{len(tries)} tries in one order; at most {MAX_TRIES} are taken"
        log.info(sentence("order-tries", "order={order}: trying {flows} flows", order=order.id, flows=len(tries)))
        found: asyncio.Queue[Found] = asyncio.Queue()
        async with self._room, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._sweep(tries, found))
            left = len(tries)
            while left:
                told = tuple(self._told(*one) for one in await _together(found))
                left -= len(told)
                await self._tell(Results(order.id, told, left))
        return ""

    async def _sweep(self, tries: tuple[Try, ...], found: asyncio.Queue[Found]) -> None:
        made = await asyncio.gather(*(_asked(one) for one in tries))
        for place, one in enumerate(made):
            if isinstance(one, Probed):
                found.put_nowait((place, (one,)))
        places = [place for place, one in enumerate(made) if isinstance(one, Ask)]
        await sweep(
            [one for one in made if isinstance(one, Ask)],
            LIMITS,
            done=lambda at, probed: found.put_nowait((places[at], probed)),
            manners=self._manners,
            taps=self._taps,
        )

    def _told(self, place: int, probed: tuple[Probed, ...]) -> Tried:
        for one in probed:
            self.results.add(one.flow, one.verdict.value)
        return _bounded(Tried(place, tuple(structs.replace(one, source=self._host) for one in probed)))


def ask_of(one: Try, nonce: bytes) -> Ask:
    """What a try of the contract asks for.

    Raises:
        PlanError, UnknownProbeError: nothing that can be asked.
    """
    if one.protocol and one.protocol not in tuple(Protocol):
        raise PlanError(f"protocol {one.protocol!r} is not one of {', '.join(Protocol)}")
    if not 0 <= one.port <= 65535 or not 0 < one.within <= MAX_WITHIN:
        raise PlanError(f"port {one.port}, {one.within:g} s: ports end at 65535, and times at {MAX_WITHIN:g} s")
    known = {option.name: option for option in probe_of(one.flow).options}
    for name in one.options:
        if why := _not_for_regions(name, known.get(name)):
            raise PlanError(f"option {name} {why}: use `bellrock probe` on this machine")
    return Ask(
        flow=one.flow, address=one.address, port=one.port, protocol=Protocol(one.protocol) if one.protocol else None,
        name=one.name, source=Source(interface=one.interface), within=one.within, options=one.options, nonce=nonce,
    )  # fmt: skip


def _not_for_regions(name: str, option: Option | None) -> str:
    """Why a region may not set an option: whoever rules it, or breaks into it, would rule this machine's files as well."""
    if name.endswith("-file") or (option and option.secret):
        return "is or names a secret, which no region is told"
    if option and option.file:
        return "names a file of this machine, which no region may"
    if option and option.by_hand:
        return "takes something of the network, which no region may order"
    return ""


async def _asked(one: Try) -> Ask | Probed:
    """What is to be tried, or what there is to say where it cannot be."""
    try:
        return await _resolved(ask_of(one, os.urandom(16)))
    except (PlanError, UnknownProbeError) as error:
        named = Ask(flow=one.flow, address=one.address, port=one.port, name=one.name, source=Source(one.interface))
        return not_checked(named, str(error))


async def _resolved(ask: Ask) -> Ask:
    """With an address, where only a name is given: the first that this machine's own resolver finds.

    Raises:
        PlanError: it finds none.
    """
    if ask.address or not ask.name or probe_of(ask.flow).link_wide:
        return ask
    try:
        async with asyncio.timeout(RESOLVE):
            found = await asyncio.get_running_loop().getaddrinfo(ask.name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as error:
        why = (
            f"no answer within {RESOLVE:g} s" if isinstance(error, TimeoutError) else getattr(error, "strerror", error)
        )
        raise PlanError(f"{ask.name} does not resolve here: {why}") from None
    return structs.replace(ask, address=str(found[0][4][0]))


async def _together(found: asyncio.Queue[Found]) -> list[Found]:
    """The next results, those that come at about the same time in one message."""
    told = [await found.get()]
    size = _size(told[0][1])
    try:
        async with asyncio.timeout(COMPANY):
            while size < MAX_MESSAGE:
                told.append(await found.get())
                size += _size(told[-1][1])
    except TimeoutError:
        pass
    return told


def _bounded(tried: Tried) -> Tried:
    """Results that fit into a message. The verdict is what matters most, and always does."""
    if _size(tried.probed) <= MAX_RESULT:
        return tried
    return structs.replace(
        tried, probed=tuple(structs.replace(one, evidence=(), facts={"left out": "too large"}) for one in tried.probed)
    )


def _size(probed: tuple[Probed, ...]) -> int:
    return len(msgspec.json.encode(probed))
