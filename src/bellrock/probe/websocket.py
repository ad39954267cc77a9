"""A WebSocket over a stream that stands: `websockets` speaks, and our bounded sockets carry (RFC 6455)."""

import asyncio
from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake, WebSocketException
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import WebSocketURI

from bellrock.link.clock import monotonic
from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.link.stream import Stream, TooMuch
from bellrock.probe.net import Net
from bellrock.probe.values import Unexpected
from bellrock.wire.greeting import described
from bellrock.wire.text import printable

MOST: Final = 256 * 1024
"""Octets that are read of one connection, messages and all."""
_HTTP: Final = b"HTTP/"


class Opening(Struct, frozen=True):
    """What the server answered to the request to open one."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    open: bool
    """Whether it stands now."""
    why: str = ""
    """Why it does not, though the server said that it does."""
    wants_tls: bool = False
    """Whether it says that plain HTTP was sent to a port of TLS."""

    @property
    def said(self) -> str:
        """`404 Not Found`."""
        return f"{self.status} {self.reason}".strip()

    def header(self, name: str) -> str:
        """The first field of a name (small letters); empty where there is none."""
        return next((value for found, value in self.headers if found == name), "")


class Ended(Exception):  # noqa: N818 -- says what it is
    """The connection is over. `how`: by a Close frame, by the end of TCP's stream, or by a reset."""

    def __init__(self, how: Literal["close", "end", "reset"], code: int = 0, reason: str = "") -> None:
        super().__init__(f"closed with {code} {reason}".strip() if how == "close" else how)
        self.how = how
        self.code = code
        self.reason = reason


class WebSocket:
    """The client's side of one."""

    def __init__(
        self, net: Net, stream: Stream, *, host: str, port: int, path: str, secure: bool, token: str = ""
    ) -> None:
        self._net, self._stream = net, stream
        self._protocol = ClientProtocol(WebSocketURI(secure, host, port, path, ""), max_size=MOST)
        self._first = True
        self._token = token
        self._pongs: list[bytes] = []
        self._over: Literal["", "end", "reset"] = ""
        self.pings = 0
        """Those of the server so far; they are answered."""

    async def open(self) -> Opening:
        """Ask for it.

        Raises:
            Unexpected: the answer is no HTTP.
            Obstructed: the connection ended without one.
        """
        request = self._protocol.connect()
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        self._protocol.send_request(request)
        self._net.record.sent(f"GET {request.path}, upgrade to WebSocket")
        await self._flush()
        while True:
            await self._feed()
            events = self._protocol.events_received()
            # What it says first may come in one piece with its answer.
            self._noted(events)
            if events and isinstance(events[0], Response):
                return self._opened(events[0])
            if (broken := self._protocol.handshake_exc) is not None:
                why = printable(str(broken.__cause__ or broken).encode())
                raise Unexpected(f"its answer to the request for a WebSocket is broken: {why}")

    def _opened(self, answer: Response) -> Opening:
        error = self._protocol.handshake_exc
        headers = tuple((name.lower(), printable(value.encode())) for name, value in answer.headers.raw_items())
        self._net.record.received(f"HTTP {answer.status_code} {answer.reason_phrase}"[:80])
        why = (
            printable(str(error).encode()) if isinstance(error, InvalidHandshake) and answer.status_code == 101 else ""
        )
        wants_tls = answer.status_code == 400 and b"HTTPS" in (answer.body or b"")
        return Opening(
            answer.status_code, printable(answer.reason_phrase.encode()), headers, error is None, why, wants_tls
        )

    async def ping(self, payload: bytes, within: float) -> float | None:
        """Seconds to the pong; None: it did not come in time.

        Raises:
            Ended: the connection is over.
        """
        self._raise_if_over()
        began = monotonic()
        self._protocol.send_ping(payload)
        self._net.record.sent("ping", len(payload))
        try:
            await self._flush()
        except Obstructed as error:
            # Who closed has perhaps said why before, and that is still to be read.
            if error.obstacle is not Obstacle.CLOSED:
                raise
        try:
            async with asyncio.timeout(within):
                while payload not in self._pongs:
                    await self._listen()
        except TimeoutError:
            return None
        took = monotonic() - began
        self._net.record.received(f"pong after {took * 1000:.1f} ms")
        return took

    async def quiet(self, seconds: float) -> float:
        """Say nothing for so long, but answer; the longest time in which nothing came either, in seconds.

        Raises:
            Ended: the connection is over.
        """
        began = heard = monotonic()
        longest = 0.0
        try:
            async with asyncio.timeout(seconds):
                while True:
                    await self._listen()
                    longest, heard = max(longest, monotonic() - heard), monotonic()
        except TimeoutError:
            # Clocks are fine and timers coarse: where nothing came it was as long as was wanted.
            return seconds if not longest else max(longest, seconds - (heard - began))

    async def goodbye(self) -> None:
        """RFC 6455 §7.1.1: say that it is over; the answer is not waited for."""
        self._protocol.send_close(1000)
        await self._flush()

    async def _listen(self) -> None:
        """Take in what comes next. That it is over is told when nothing is left to be heard."""
        self._raise_if_over()
        try:
            octets = await self._stream.some()
            self._take(octets)
            await self._flush()
        except Obstructed as error:
            if error.obstacle is not Obstacle.CLOSED:
                raise
            self._over = "reset"
        else:
            self._over = "" if octets else "end"
        self._noted(self._protocol.events_received())

    def _raise_if_over(self) -> None:
        if (close := self._protocol.close_rcvd) is not None:
            raise Ended("close", close.code, printable(close.reason.encode()))
        if self._over:
            raise Ended(self._over)

    def _noted(self, events: Sequence[object]) -> None:
        for event in events:
            if isinstance(event, Frame) and event.opcode is Opcode.PONG:
                self._pongs = [*self._pongs[-7:], bytes(event.data)]
            elif isinstance(event, Frame) and event.opcode is Opcode.PING:
                self.pings += 1

    async def _feed(self) -> None:
        octets = await self._stream.some()
        if not octets:
            raise Obstructed(
                Obstacle.CLOSED, why="the connection was closed without an answer to the request for a WebSocket"
            )
        if self._first and not _HTTP.startswith(octets[:5]):
            raise Unexpected(f"it does not answer in HTTP; what came back is {described(octets)}")
        self._first = False
        self._take(octets)

    def _take(self, octets: bytes) -> None:
        if self._stream.received > MOST:
            raise TooMuch(f"more than {MOST} octets")
        if not octets:
            self._protocol.receive_eof()
            return
        self._protocol.receive_data(octets)
        if isinstance(broken := self._protocol.parser_exc, WebSocketException):
            raise Unexpected(f"its WebSocket is broken: {printable(str(broken).encode())}")

    async def _flush(self) -> None:
        for octets in self._protocol.data_to_send():
            if octets:
                await self._stream.write(octets)
