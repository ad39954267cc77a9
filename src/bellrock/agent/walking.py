"""The source's side of a walk: sends the real first packets by ordinary sockets, so that its own firewall and routes apply to them."""

import asyncio
import contextlib
import errno
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Final

from msgspec import structs

from bellrock.agent.companion import Companion
from bellrock.agent.sockets import bound_here
from bellrock.agent.watching import SETTLE
from bellrock.agent.wires import BusyError, Wire, Wires
from bellrock.contract import AgentMessage, Order
from bellrock.contract.walk import MAX_HOPS, Path, Seen, Sent, Sighting, WalkPath
from bellrock.diagnosis.sighted import requests, sightings
from bellrock.link.clock import monotonic
from bellrock.link.datagram import Datagram, Datagrams, open_datagrams
from bellrock.link.hoplimit import short_lived
from bellrock.link.nexthop import Ports, next_hop
from bellrock.link.obstacle import Obstacle, Obstructed, tell_errors
from bellrock.link.source import Source
from bellrock.link.stream import Stream, TooMuch, connect
from bellrock.wire import mark, marked
from bellrock.wire.errors import WireError
from bellrock.wire.mark import Kind, Mark

SPACING: Final = 0.25
"""Seconds between two tries."""
TRIES: Final = 3
SAY: Final = 1.0
"""Seconds for the marks on a connection that stands."""
BATCH: Final = 4
"""Hop limits tried at once."""
HOP_WAIT: Final = 0.4
"""Seconds for routers to say that the hop limit ran out."""
SYSTEM_PORTS: Final = 1024
_STARTS: Final = (64, 128, 255)
"""Hop limits that systems begin with."""

log = logging.getLogger(__name__)


class Walker:
    """Carries out WalkPath."""

    def __init__(self, wires: Wires, companion: Companion | None, say: Callable[[AgentMessage], bool]) -> None:
        self._wires = wires
        self._companion = companion
        self._say = say

    async def walk(self, order: Order) -> str:
        """Send, wait, look for the routers on the way, and tell; why it cannot be done, or nothing."""
        assert isinstance(order.do, WalkPath)  # noqa: S101 -- Orders finds handlers by type
        path = order.do.path
        try:
            with self._wires.watch(path) as wire:
                began = monotonic()
                try:
                    sent = await self._sent(path, speak=order.do.speak)
                except ValueError as error:
                    return str(error)
                sent = structs.replace(sent, waited=monotonic() - began)
                await asyncio.sleep(SETTLE)
                await _look_for_routers(path, wire, sent, order.do.hops)
                sent = _with_way(path, sent)
                self._say(
                    Seen(
                        order=order.id,
                        sightings=sightings(path, wire.passed),
                        lost=wire.lost,
                        watched=monotonic() - began,
                        sent=_short(sent),
                    )
                )
        except BusyError as error:
            return str(error)
        return ""

    async def _sent(self, path: Path, *, speak: bool) -> Sent:
        if path.protocol == "tcp":
            return await _connected(path, speak=speak)
        try:
            opened = await self._datagrams(path)
        except Obstructed as error:
            return _obstructed(Sent(), error)
        except OSError as error:
            return Sent(obstacle=Obstacle.LOCAL.value, why=(error.strerror or str(error)).lower())
        with opened:
            return await _asked(path, opened)

    async def _datagrams(self, path: Path) -> Datagrams:
        if path.source_port >= SYSTEM_PORTS:
            return open_datagrams(path.target, path.port, Source(path.interface, path.source, path.source_port))
        here = path.source or ("::" if ":" in path.target else "0.0.0.0")  # noqa: S104 -- any address of ours
        sock = await bound_here("udp", here, path.source_port, self._companion)
        tell_errors(sock)
        return Datagrams(sock, path.target, path.port)


async def _asked(path: Path, opened: Datagrams) -> Sent:
    """Ask until something answers, at most TRIES times, and wait for it."""
    sent = Sent()
    end = monotonic() + path.within
    for number in range(TRIES):
        left = TRIES - 1 - number
        try:
            await opened.send(request(path, number, Kind.REQUEST))
            sent = structs.replace(sent, tries=number + 1)
            async with asyncio.timeout(SPACING if left else max(SPACING, end - monotonic())):
                return _answered(path, sent, await opened.receive())
        except TimeoutError:
            continue
        except Obstructed as error:
            sent = _obstructed(sent, error)
            if error.obstacle is not Obstacle.OWN_FIREWALL:
                return sent
    return sent


def request(path: Path, number: int, kind: Kind) -> bytes:
    """The payload of a first packet over UDP."""
    made = mark.encode(Mark(bytes.fromhex(path.walk), kind, number), bytes.fromhex(path.key))
    return marked.payload(path.port, made, path.source or ("::" if ":" in path.target else "0.0.0.0"))  # noqa: S104 -- as DHCP has it


def _answered(path: Path, sent: Sent, came: Datagram) -> Sent:
    return structs.replace(
        sent, answered=True, marked=_is_reply(path, came.payload), answered_by=came.address, obstacle="", why=""
    )


def _is_reply(path: Path, said: bytes) -> bool:
    with contextlib.suppress(WireError):
        return mark.find(said, bytes.fromhex(path.walk), bytes.fromhex(path.key)).kind is Kind.REPLY
    return False


async def _connected(path: Path, *, speak: bool) -> Sent:
    sent = Sent(tries=1)
    try:
        async with asyncio.timeout(path.within):
            stream = await connect(path.target, path.port, Source(path.interface, path.source, path.source_port))
    except TimeoutError:
        return sent
    except Obstructed as error:
        return _obstructed(sent, error)
    async with stream:
        ends = stream.ends
        sent = structs.replace(
            sent, answered=True, answered_by=ends.remote, source=ends.local, source_port=ends.local_port
        )
        return await _spoken(path, stream, sent) if speak else sent


async def _spoken(path: Path, stream: Stream, sent: Sent) -> Sent:
    """Say the mark, and wait for the other agent's."""
    said = mark.encode(Mark(bytes.fromhex(path.walk), Kind.REQUEST), bytes.fromhex(path.key))
    try:
        async with asyncio.timeout(SAY):
            await stream.write(said)
            return structs.replace(sent, marked=_is_reply(path, await stream.exactly(mark.SIZE)))
    except TimeoutError:
        return structs.replace(
            sent, obstacle=Obstacle.SILENCE.value, why="the connection stands, but nothing more came"
        )
    except Obstructed as error:
        return _obstructed(sent, error)
    except TooMuch as error:
        return structs.replace(sent, why=str(error))


def _obstructed(sent: Sent, error: Obstructed) -> Sent:
    taken = error.obstacle is Obstacle.LOCAL and error.why.endswith(os.strerror(errno.EADDRINUSE))
    return structs.replace(sent, obstacle=error.obstacle.value, by=error.by, why=error.why, taken=taken)


async def _look_for_routers(path: Path, wire: Wire, sent: Sent, most: int) -> None:
    """Send the same packets with small hop limits. Where nothing left this host there is nothing to look for."""
    seen = sightings(path, wire.passed)
    if not any(requests(seen, out=True)):
        return
    known = distance(seen) if sent.answered else None
    top = min(most if known is None else known, most, MAX_HOPS)
    for first in range(1, top + 1, BATCH):
        limits = range(first, min(first + BATCH, top + 1))
        with ExitStack() as stack:
            for hops in limits:
                _send_probe(path, hops, stack)
            answered = await _told(path, wire, set(limits))
        # Routers answer in order: where none of a batch did, those behind it will not either.
        if known is None and limits[-1] not in answered:
            return


def distance(seen: tuple[Sighting, ...]) -> int | None:
    """How many routers the answer has passed, by its hop limit; None: there is none to tell."""
    left = next(
        (one.hop_limit for one in seen if one.what in ("reply", "refusal") and not one.out and one.hop_limit), 0
    )
    return min((start - left for start in _STARTS if start >= left), default=None) if left else None


def _send_probe(path: Path, hops: int, stack: ExitStack) -> None:
    source = Source(path.interface, path.source, path.source_port + (0 if path.fixed else hops))
    if path.fixed:
        return
    payload = None if path.protocol == "tcp" else request(path, hops, Kind.PROBE)
    with contextlib.suppress(Obstructed):
        stack.enter_context(short_lived(path.target, path.port, source, hops, payload))


async def _told(path: Path, wire: Wire, limits: set[int]) -> set[int]:
    """Hop limits of which somebody said that they ran out, or that the packet went no further."""
    found: set[int] = set()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(HOP_WAIT):
            while not found >= limits:
                wire.news.clear()
                found |= {one.number for one in _errors(path, wire)} & limits
                if not found >= limits:
                    await wire.news.wait()
    return found


def _errors(path: Path, wire: Wire) -> Iterator[Sighting]:
    return (one for one in sightings(path, wire.passed) if one.what in ("error", "refusal") and not one.out)


def _with_way(path: Path, sent: Sent) -> Sent:
    """With what the kernel says of the way out; asked last, when a neighbour that does not answer has had its time."""
    with contextlib.suppress(OSError):
        way = next_hop(path.target, path.source, path.interface, Ports(path.protocol, path.source_port, path.port))
        if way is None:
            return structs.replace(sent, obstacle=sent.obstacle or Obstacle.NO_ROUTE.value)
        return structs.replace(
            sent, source=sent.source or path.source or way.source, source_port=sent.source_port or path.source_port,
            interface=path.interface or way.interface, gateway=way.gateway, neighbour=way.neighbour,
        )  # fmt: skip
    return sent


def _short(sent: Sent) -> Sent:
    return structs.replace(sent, why=sent.why[:256])
