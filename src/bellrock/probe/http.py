"""HTTP/1.1 over a stream that stands, bounded in every direction (RFC 9110, RFC 9112). The grammar is h11's, the sockets are link's.

answer = await fetch(net, stream, Request(host="rack.example"), most=65536)
"""

import asyncio
import contextlib
from base64 import b64encode
from typing import Any, Final

import h11
from msgspec import Struct

from bellrock.link.clock import monotonic
from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.link.stream import Stream
from bellrock.probe.net import Net
from bellrock.probe.url import Url, UrlError, url, without_query
from bellrock.probe.values import PlanError, Unexpected
from bellrock.wire.text import printable

MAX_HEAD: Final = 64 * 1024
"""Octets of status line and fields together."""
MAX_INTERIM: Final = 8
"""RFC 9110 §15.2: a server may say 1xx first; so often at most."""
MAX_REDIRECTS: Final = 5
MAX_OTHER: Final = 64 * 1024
"""Octets of body that are read at most where the answer is none of success: an explanation, or a redirect's."""
_CHUNK: Final = 64 * 1024
_AGENT: Final = "bellrock"
_START: Final = 80
"""Octets of an answer's beginning that are looked at, to say what it is when it is no HTTP."""


class Request(Struct, frozen=True, kw_only=True):
    """What is asked. Strings are ASCII without control characters; a `plan` sees to that."""

    method: str = "GET"
    target: str = "/"
    """Path and query, the whole URL towards a proxy, `HOST:PORT` for CONNECT (RFC 9112 §3.2)."""
    host: str
    """For the Host field."""
    headers: tuple[tuple[str, str], ...] = ()
    """Further fields. Their values are never shown: credentials are among them."""
    body: bytes = b""

    @property
    def shown(self) -> str:
        """Without the query, in which secrets travel; with the part that is asked for."""
        part = next((f", Range {value}" for name, value in self.headers if name == "Range"), "")
        return f"{self.method} {without_query(self.target)}{part}"


class Answer(Struct, frozen=True, kw_only=True):
    """What came back."""

    status: int
    reason: str
    version: str
    """`1.1`."""
    headers: tuple[tuple[bytes, bytes], ...]
    """Names in small letters."""
    body: bytes
    """What was kept of it."""
    size: int
    """Octets of body that were read."""
    length: int | None
    """What Content-Length says; None: nothing, as with chunks."""
    complete: bool
    """Whether the body was read to its end."""
    cut: str = ""
    """Why it ended too early, where the server is to blame: it closed, or its framing is broken."""
    first: float
    """Seconds from the request to the first octet of the answer."""
    seconds: float
    """From the head of the answer to the last octet read."""
    reusable: bool = False
    """Whether the stream may carry another request."""

    def header(self, name: str) -> str:
        """The first field of a name, printable and bounded; empty where there is none."""
        return next((printable(value) for found, value in self.headers if found == name.encode()), "")

    def all(self, name: str) -> tuple[str, ...]:
        """All fields of a name, as `header` shows them."""
        return tuple(printable(value) for found, value in self.headers if found == name.encode())

    @property
    def rate(self) -> float | None:
        """Octets of body per second; None where too little came, or too quickly, to say."""
        enough = self.size >= _CHUNK or not self.complete
        return self.size / self.seconds if enough and self.seconds > 0 else None

    @property
    def said(self) -> str:
        """`404 Not Found`."""
        return f"{self.status} {self.reason}".strip()

    def facts(self) -> dict[str, Any]:
        """`status`, and `server`, `content_type`, `length` where they are told."""
        told = {
            "server": self.header("server") or None,
            "content_type": self.header("content-type") or None,
            "length": self.length,
        }
        return {"status": self.status} | {name: value for name, value in told.items() if value is not None}


async def fetch(net: Net, stream: Stream, request: Request, *, most: int, keep: int | None = None,
                patience: float | None = None) -> Answer:  # fmt: skip
    """Ask, and read the answer: at most `most` octets of body (MAX_OTHER but of 2xx), of which the first `keep` (all) are kept.

    A body that ends too early is told in `cut`. Reading stops at `most`, or `patience` seconds after the head came (None: the
    caller bounds it), and then `complete` is false.

    Raises:
        Unexpected: what comes back is no HTTP.
        Obstructed: the connection ended before an answer.
    """
    reading = _Reading(net, stream, request)
    await reading.ask()
    head = await reading.head()
    most = most if 200 <= head.status_code < 300 else min(most, MAX_OTHER)
    body = _Body(most, most if keep is None else keep)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience):
            await reading.body(body)
    return reading.answer(head, body)


def basic(user: str, password: str) -> str:
    """RFC 7617 §2: for an Authorization field; empty where there is no user.

    Raises:
        PlanError: the name holds a colon.
    """
    if ":" in user:
        raise PlanError("a user name with a colon cannot be sent by the scheme Basic (RFC 7617 §2)")
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}" if user else ""


class Redirects:
    """Where a server points to, followed by the caller; a circle and an endless chain are found out."""

    def __init__(self, start: Url) -> None:
        self._seen = [start]

    @property
    def count(self) -> int:
        """How often it pointed elsewhere so far."""
        return len(self._seen) - 1

    def follow(self, answer: Answer) -> Url | None:
        """Where to go next; None: the answer is no redirect.

        Raises:
            Unexpected: in a circle, more than MAX_REDIRECTS, or to what is no address.
        """
        if answer.status not in (301, 302, 303, 307, 308):
            return None
        try:
            there = url(answer.header("location"), self._seen[-1])
        except UrlError as error:
            raise Unexpected(f"it redirects to nowhere: {error}") from None
        if there in self._seen:
            circle = len(self._seen) - self._seen.index(there)
            raise Unexpected(f"it redirects in a circle of {circle}: back to {there.shown}")
        if len(self._seen) > MAX_REDIRECTS:
            raise Unexpected(f"it redirects more than {MAX_REDIRECTS} times, at last to {there.shown}")
        self._seen.append(there)
        return there


class _Body:
    """What has come of a body, and how much of it is wanted."""

    def __init__(self, most: int, keep: int) -> None:
        self.most, self.keep = most, keep
        self.kept = bytearray()
        self.size = 0
        self.complete = self.full = False
        self.cut = ""

    def take(self, octets: bytes) -> None:
        """More of it."""
        taken = octets[: self.most - self.size]
        self.size += len(taken)
        self.kept += taken[: self.keep - len(self.kept)]
        self.full = len(taken) < len(octets)


class _Reading:
    """One request and its answer."""

    def __init__(self, net: Net, stream: Stream, request: Request) -> None:
        self._net, self._stream, self._request = net, stream, request
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
        self._sent = self._began = monotonic()
        self._start = b""
        self._in_body = False

    async def ask(self) -> None:
        """Send it."""
        asked = self._request
        fields = [("Host", asked.host), ("User-Agent", _AGENT), *asked.headers]
        if all(name.lower() != "accept" for name, _ in asked.headers):
            fields.append(("Accept", "*/*"))
        if asked.body:
            fields.append(("Content-Length", str(len(asked.body))))
        octets = self._h11.send(h11.Request(method=asked.method, target=asked.target, headers=fields)) or b""
        if asked.body:
            octets += self._h11.send(h11.Data(data=asked.body)) or b""
        octets += self._h11.send(h11.EndOfMessage()) or b""
        self._sent = monotonic()
        self._net.record.sent(asked.shown, len(octets))
        await self._stream.write(octets)

    async def head(self) -> h11.Response:
        """The answer's status and fields."""
        for _ in range(MAX_INTERIM):
            event = await self._event()
            if isinstance(event, h11.Response):
                self._in_body = True
                self._note_head(event)
                return event
            if isinstance(event, h11.InformationalResponse):
                self._net.record.received(f"HTTP {event.status_code}")
        raise Unexpected(f"more than {MAX_INTERIM} interim answers (HTTP 1xx)")

    async def body(self, body: "_Body") -> None:
        """Read it, as far as is wanted."""
        try:
            while not body.full:
                event = await self._event()
                if not isinstance(event, h11.Data):
                    body.complete = True
                    return
                body.take(event.data)
        except Unexpected as error:
            body.cut = str(error)
        except Obstructed as error:
            if error.obstacle is not Obstacle.CLOSED:
                raise
            body.cut = error.why

    def answer(self, head: h11.Response, body: "_Body") -> Answer:
        """All of it."""
        seconds = monotonic() - self._began
        if body.size or body.cut:
            how = body.cut or ("to its end" if body.complete else "and no more is read")
            self._net.record.received(f"{body.size} octets of body in {seconds * 1000:.1f} ms, {how}", body.size)
        told = next((value for name, value in head.headers if name == b"content-length"), None)
        done = body.complete and self._h11.our_state is h11.DONE and self._h11.their_state is h11.DONE
        return Answer(
            status=head.status_code, reason=printable(head.reason), version=head.http_version.decode(), headers=tuple(head.headers),
            body=bytes(body.kept), size=body.size, length=None if told is None else int(told), complete=body.complete, cut=body.cut,
            first=self._began - self._sent, seconds=seconds, reusable=done,
        )  # fmt: skip

    async def _event(self) -> h11.Event | None:
        """What h11 makes of the next octets; reads while it needs more. None: HTTP ends here, CONNECT has its tunnel."""
        while True:
            try:
                event = self._h11.next_event()
                if isinstance(event, h11.Event):
                    return event
                if event is h11.PAUSED:
                    return None
                octets = await self._stream.some(_CHUNK)
                self._heard(octets)
                self._h11.receive_data(octets)
            except h11.RemoteProtocolError as error:
                raise Unexpected(_broken(str(error))) from None

    def _heard(self, octets: bytes) -> None:
        """Not to wait for the end of a line that is none of HTTP: many services greet first, and then wait."""
        if self._in_body:
            return
        if not octets:
            how = "before its answer was complete" if self._start else "without an answer"
            raise Obstructed(Obstacle.CLOSED, why=f"the connection was closed {how}")
        if not self._start:
            self._began = monotonic()
            if b"\r\n\r\n" not in octets:
                self._net.record.received("the beginning of an answer", len(octets))
        self._start += octets[: _START - len(self._start)]
        if not _begins_as_http(self._start):
            raise Unexpected(_no_http(self._start))

    def _note_head(self, head: h11.Response) -> None:
        server = next((printable(value) for name, value in head.headers if name == b"server"), "")
        said = f"HTTP/{head.http_version.decode()} {head.status_code} {printable(head.reason)}".strip()
        self._net.record.received(f"{said}, server {server}" if server else said)


def _broken(why: str) -> str:
    # h11 shows the octets that it means as Python writes them; the sentence before them says it.
    if why.startswith("Receive buffer too long"):
        return f"its HTTP is broken: the head of its answer does not end within {MAX_HEAD >> 10} KiB"
    return f"its HTTP is broken: {printable(why.partition(': bytearray')[0].encode())[:160]}"


def _begins_as_http(start: bytes) -> bool:
    return b"HTTP/".startswith(start[:5])


def _no_http(start: bytes) -> str:
    """In words: RFC 8446 §5.1: a TLS record begins with its type, 21 alert or 22 handshake, and major version 3."""
    if start[:1] in (b"\x15", b"\x16") and start[1:2] in (b"", b"\x03"):
        return "it answers in TLS, not in plain HTTP"
    words = printable(start.partition(b"\n")[0])
    return f"it does not answer in HTTP, but says {words!r}"
