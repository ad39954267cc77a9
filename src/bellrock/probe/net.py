"""What a probe is given to reach the network with: sockets of the asked source, manners, clocks, and a record of what happened."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, Literal

from bellrock.link.clock import monotonic, wall
from bellrock.link.datagram import Datagram, Datagrams, open_datagrams
from bellrock.link.source import Source
from bellrock.link.stream import Stream, TooMuch, connect
from bellrock.link.taps import Taps
from bellrock.model import Monotonic, Traced
from bellrock.probe.manners import Manners
from bellrock.probe.values import Ask, Load
from bellrock.wire.text import endpoint

MAX_TRACED: Final = 64
"""Steps that a record keeps; of what follows only the last."""
MAX_STREAMS: Final = 8
"""Connections that a record remembers."""
MAX_WORDS: Final = 240


class Record:
    """What was sent, what came back, when."""

    def __init__(self) -> None:
        self._steps: list[Traced] = []
        self._sent: Monotonic | None = None
        self.rtt: float | None = None
        """Seconds from the first thing sent to the first thing received after it."""
        self.answered = False
        """Whether anything at all came back."""
        self.first: Callable[[], None] | None = None
        """Told once that something did."""
        self.said = False
        """Whether that was more than a connection."""
        self._streams: deque[Stream] = deque(maxlen=MAX_STREAMS)
        self.stranger = ""
        """Address and port of who spoke last without having been asked: perhaps the answer, gone astray."""

    @property
    def steps(self) -> tuple[Traced, ...]:
        """In order."""
        return tuple(self._steps)

    @property
    def began(self) -> bool:
        """Whether anything has happened at all."""
        return bool(self._steps)

    @property
    def stuck(self) -> bool:
        """Whether a connection stood on which packets of ours were lost."""
        return any(stream.stuck for stream in self._streams)

    @property
    def heard(self) -> int:
        """Octets that came on connections that are closed by now, be they read or not: whoever is slow says something as well."""
        return sum(stream.heard for stream in self._streams)

    def sent(self, what: str, octets: int = 0) -> None:
        """We sent this now."""
        if self._sent is None:
            self._sent = monotonic()
        self._note("sent", what, octets)

    def received(self, what: str, octets: int = 0, at: Monotonic | None = None) -> None:
        """This came back."""
        self.said = True
        self._came(what, octets, at)

    def connected(self, stream: Stream) -> None:
        """A connection stands: the target's kernel answered, and so far nobody else."""
        self._streams.append(stream)
        self._came(f"TCP connection from {stream.ends.local} stands", 0, None)

    def _came(self, what: str, octets: int, at: Monotonic | None) -> None:
        if not self.answered and self.first is not None:
            self.first()
        self.answered = True
        if self.rtt is None and self._sent is not None:
            self.rtt = max(0.0, (monotonic() if at is None else at) - self._sent)
        self._note("received", what, octets)

    def noticed(self, what: str) -> None:
        """Neither sent nor received, but part of the proof."""
        self._note("noticed", what, 0)

    def _note(self, direction: Literal["sent", "received", "noticed"], what: str, octets: int) -> None:
        step = Traced(at=wall(), direction=direction, what=what[:MAX_WORDS], octets=octets)
        if len(self._steps) >= MAX_TRACED:
            self._steps[-1] = step
        else:
            self._steps.append(step)


class Net:
    """One ask's way to the network."""

    def __init__(self, ask: Ask, load: Load, manners: Manners, taps: Taps | None = None) -> None:
        self.ask = ask
        self.record = Record()
        self.taps = taps
        """Raw frames, where the process was given them before it dropped its privileges; None: a probe opens its own."""
        self.limit: asyncio.Timeout | None = None
        """When the time of the exchange that goes on is over."""
        self._load = load
        self._manners = manners

    def apart(self) -> "Net":
        """The same way to the network with a record of its own, for one variant of several."""
        return Net(self.ask, self._load, self._manners, self.taps)

    async def connect(self, port: int = 0, *, address: str = "", source: Source | None = None) -> Stream:
        """A TCP connection to the target, or to another address; noted with its round trip.

        Raises:
            Obstructed: there is none.
        """
        address, port = address or self.ask.address, port or self.ask.port
        await self._manners.wait(address, self._load.spacing)
        self.record.sent(f"TCP SYN to {endpoint(address, port)}")
        stream = await connect(address, port, source or self.ask.source)
        self.record.connected(stream)
        return stream

    async def turn(self, whom: str = "") -> None:
        """Until the next message of a conversation may go to the target: TCP's own packets are the kernel's, messages are ours to space."""
        await self._manners.wait(whom or self.ask.address, self._load.spacing)

    def alone(self) -> AbstractAsyncContextManager[None]:
        """While no other ask that wants the same talks to the target."""
        return self._manners.alone(self.ask.address)

    def datagrams(
        self, port: int = 0, *, address: str = "", source: Source | None = None, pieces: bool = False
    ) -> "Exchange":
        """A UDP socket towards the target; to be used in a `with`. `pieces`: datagrams tell whether they were fragmented."""
        address = address or self.ask.address
        opened = open_datagrams(address, port or self.ask.port, source or self.ask.source, pieces=pieces)
        return Exchange(opened, self.record, self._manners, self._load)


class Exchange:
    """A UDP socket that keeps the record and the manners."""

    def __init__(self, opened: Datagrams, record: Record, manners: Manners, load: Load) -> None:
        self._opened = opened
        self._record = record
        self._manners = manners
        self._spacing = load.spacing
        self._left = load.octets

    async def send(self, payload: bytes, what: str, port: int | None = None) -> Monotonic:
        """Send, and note it as `what` (empty: as one of many, not at all); when it went."""
        await self._manners.wait(self._opened.address, self._spacing)
        if what:
            self._record.sent(what, len(payload))
        at = await self._opened.send(payload, port)
        self._manners.went(self._opened.address, self._spacing)
        return at

    async def receive(self, port: int = 0) -> Datagram:
        """The next datagram of the target, from this port of it or (0) from any; strangers' are passed over. The caller notes what it means.

        Raises:
            TooMuch: more octets than this probe reads.
        """
        while True:
            came = await self._opened.receive()
            self._left -= len(came.payload)
            if self._left < 0:
                raise TooMuch("more came in than this probe reads")
            if came.address == self._opened.address.partition("%")[0] and port in (0, came.port):
                return came
            self._record.stranger = f"{came.address} port {came.port}"
            self._record.noticed(f"{len(came.payload)} octets from {self._record.stranger}, who was not asked")

    async def ask(self, payload: bytes, what: str, tries: int, wait: float) -> Datagram:
        """Send until something comes back, at most `tries` times, `wait` seconds apart.

        Raises:
            TimeoutError: nothing came back.
            Obstructed: an ICMP error came back.
        """
        for left in reversed(range(tries)):
            await self.send(payload, what)
            try:
                async with asyncio.timeout(wait):
                    return await self.receive()
            except TimeoutError:
                if not left:
                    raise
        raise TimeoutError

    @property
    def local(self) -> tuple[str, int]:
        """Our address and port."""
        return self._opened.local

    def __enter__(self) -> "Exchange":
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()
