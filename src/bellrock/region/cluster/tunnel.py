"""At a member that does not lead: requests and WebSockets go to the leader's application, and its answers come back."""

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

from litestar.types import ASGIApp, Receive, Scope, Send

from bellrock.region.api.identified import HEADER, given
from bellrock.region.api.problems import MEDIA_TYPE, encoded
from bellrock.region.api.sockets import TRY_AGAIN
from bellrock.region.cluster.window import Pace
from bellrock.region.cluster.words import EACH, Event, Open, Shut, Taken, Word, weight
from bellrock.region.crowd import Crowd
from bellrock.region.protocol import shown_in
from bellrock.region.service.guesses import place

PATIENCE: Final = 5.0
"""Seconds for which a request waits for somebody to lead."""
CUT_OFF: Final = 0.5
"""The same, where this process is cut off from the database: those who ask must not pile up for as long as it is away."""
MAX_STREAMS: Final = 1024
"""Requests under way, shared out by where they come from (`Crowd`)."""
WINDOW: Final = 1 << 20
"""Weight of events of one request that may be on their way, to a client that reads slowly as to an application that is busy."""
MAX_OCTETS: Final = 16 << 20
"""Octets of events that may wait for a client whatever the leader thinks of windows, but for one event, which may be of any size."""
MAX_EVENTS: Final = 512
"""Events that a slow client may leave waiting before it is cut off."""
TRIES: Final = 3
"""Times that a request which changes nothing is asked again, as its leader was gone."""
CREDENTIALS: Final = frozenset({b"authorization", b"cookie"})
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
NO_LEADER: Final = "No process of the region leads at this moment; try again in a few seconds."
AWAY: Final = "This process does not reach the region's database; try again in a few seconds."
BUSY: Final = "Too many requests are under way here; try again in a few seconds."
CUT: Final = (
    "The process that leads the region changed while this was under way; see whether it was done before trying again."
)


class _Lost(Exception):  # noqa: N818 -- says what it is
    """The leader has gone, or the way to it."""


class _Caller:
    """Somebody whose request is under way."""

    def __init__(self, scope: Scope, told: "_Told") -> None:
        client = scope.get("client")
        self.address = client[0] if client else ""
        names = {bytes(name).lower() for name, _ in scope["headers"]}
        self.anonymous = not names & CREDENTIALS and not shown_in(scope).agent
        """Shows nothing that the leader could look at."""
        self.told = told
        self.shed = False
        self.waiting: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(MAX_EVENTS)
        self.octets = 0
        self.pace: Pace | None = None
        """Of what the client says; None while the leader has not said that it tells what it has taken."""

    def take(self, event: dict[str, Any]) -> bool:
        """Whether there is room for one more event."""
        size = weight(event) - EACH
        if self.octets and self.octets + size > MAX_OCTETS:
            return False
        self.octets += size
        return _put(self.waiting, event)

    async def next(self) -> dict[str, Any] | None:
        """The next event for the client; None where it ends."""
        event = await self.waiting.get()
        self.octets -= weight(event or {}) - EACH
        return event


class Tunnel:
    """An ASGI application that is somewhere else."""

    def __init__(
        self, say: Callable[[Word], None], room: Callable[[], Awaitable[None]], stands: Callable[[], bool] = lambda: True
    ) -> None:  # fmt: skip
        """`say`: to the leader; `room`: waits until there is room for more; `stands`: whether there is a way to anybody."""
        self._stands = stands
        self._say = say
        self._room = room
        self._numbers = itertools.count(1)
        self._streams: dict[int, _Caller] = {}
        self._crowd = Crowd(MAX_STREAMS)
        self._here: dict[_Caller, None] = {}
        """The oldest first."""
        self._led = asyncio.Event()
        self._own: ASGIApp | None = None

    def begin(self, own: ASGIApp | None = None) -> None:
        """Somebody leads. `own`: it is this process, whose application answers those who wait."""
        self._own = own
        self._led.set()

    def end(self) -> None:
        """Nobody does, or somebody else: what is under way is cut."""
        self._led.clear()
        self._own = None
        for caller in self._streams.values():
            _put(caller.waiting, None)

    def hear(self, word: Event | Taken) -> None:
        """The leader's application says something, or has taken what a client said."""
        if (caller := self._streams.get(word.stream)) is None:
            return
        if isinstance(word, Taken):
            caller.pace = caller.pace or Pace(WINDOW)
            caller.pace.taken(word.weight)
        elif not caller.take(word.event):
            _put(caller.waiting, None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and back."""
        told = _Told(send)
        why = await self._tried(scope, receive, told)
        if str(scope["type"]) == "websocket":
            await told.end({"type": "websocket.close", "code": TRY_AGAIN, "reason": why or NO_LEADER})
        elif not told.began:
            await _unavailable(send, why, given(scope))
        # An answer that is cut short ends without its last part: the server closes the connection, which says so.

    async def _tried(self, scope: Scope, receive: Receive, told: "_Told") -> str:
        """Pass on, again where that does no harm; why there is no answer, if there is none."""
        caller = _Caller(scope, told)
        if not self._let_in(caller):
            return BUSY
        try:
            return await self._asked(scope, receive, caller)
        finally:
            self._let_out(caller)

    async def _asked(self, scope: Scope, receive: Receive, caller: _Caller) -> str:
        safe = scope.get("method") in SAFE
        for _ in range(TRIES if safe else 1):
            if not await self._led_soon():
                return NO_LEADER if self._stands() else AWAY
            if self._own is not None:
                await self._own(scope, _bodiless(receive) if safe else receive, caller.told)  # type: ignore[arg-type]  # as it said it
                return ""
            with contextlib.suppress(_Lost):
                await self._pass(scope, _bodiless(receive) if safe else receive, caller)
                return ""
            if caller.told.began:
                return ""
            if caller.shed:
                return BUSY
        return NO_LEADER if safe else CUT

    def _let_in(self, caller: _Caller) -> bool:
        """Whether there is room; who shows a credential takes that of the oldest of those who show none."""
        while not self._crowd.enter(caller.address):
            oldest = None if caller.anonymous else self._oldest_silent(place(caller.address))
            if oldest is None:
                return False
            oldest.shed = True
            self._let_out(oldest)
            _put(oldest.waiting, None)
        self._here[caller] = None
        return True

    def _oldest_silent(self, origin: str) -> _Caller | None:
        # A place that has its share may make room only among its own: it must not drive others out.
        own = [one for one in self._here if place(one.address) == origin]
        return next((one for one in own or self._here if one.anonymous and not one.told.began), None)

    def _let_out(self, caller: _Caller) -> None:
        if caller in self._here:
            del self._here[caller]
            self._crowd.leave(caller.address)

    async def _led_soon(self) -> bool:
        try:
            async with asyncio.timeout(PATIENCE if self._stands() else CUT_OFF):
                await self._led.wait()
        except TimeoutError:
            return False
        return True

    async def _pass(self, scope: Scope, receive: Receive, caller: _Caller) -> None:
        stream = next(self._numbers)
        if not caller.shed:
            caller.waiting, caller.octets, caller.pace = asyncio.Queue(MAX_EVENTS), 0, None
        self._streams[stream] = caller
        self._say(_open(stream, scope))
        pumping = asyncio.create_task(self._pump(stream, caller, receive))
        taken = 0
        try:
            while not caller.told.over:
                event = await caller.next()
                if event is None:
                    raise _Lost
                await caller.told(event)
                taken += weight(event)
                if taken >= WINDOW // 4:
                    self._say(Taken(stream, taken))
                    taken = 0
        finally:
            pumping.cancel()
            await asyncio.gather(pumping, return_exceptions=True)
            del self._streams[stream]
            self._say(Shut(stream))

    async def _pump(self, stream: int, caller: _Caller, receive: Receive) -> None:
        while True:
            event: dict[str, Any] = dict(await receive())
            if caller.pace is not None:
                await caller.pace.room()
                caller.pace.sent(weight(event))
            await self._room()
            self._say(Event(stream, event))
            if event["type"] in ("http.disconnect", "websocket.disconnect"):
                return


class _Told:
    """What the client was told so far."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.began = False
        self.over = False

    async def __call__(self, event: dict[str, Any]) -> None:
        kind = event["type"]
        if "headers" in event:
            event["headers"] = [(bytes(name), bytes(value)) for name, value in event["headers"]]
        self.began = True
        last = kind in ("http.response.body", "websocket.http.response.body") and not event.get("more_body")
        self.over = last or kind == "websocket.close"
        await self._send(event)  # type: ignore[arg-type]  # as the leader's application said it

    async def end(self, event: dict[str, Any]) -> None:
        """The last word, unless there was one."""
        if not self.over:
            await self(event)


def _bodiless(receive: Receive) -> Receive:
    """A request that changes nothing has no body that matters: so it can be asked again, though the client says it once."""
    said = False

    async def first() -> Any:  # noqa: ANN401 -- an event
        nonlocal said
        if not said:
            said = True
            return {"type": "http.request", "body": b"", "more_body": False}
        while (event := await receive())["type"] == "http.request":
            pass
        return event

    return first


def _put(queue: asyncio.Queue[dict[str, Any] | None], event: dict[str, Any] | None) -> bool:
    if event is None and queue.full():
        queue.get_nowait()
    if queue.full():
        return False
    queue.put_nowait(event)
    return True


def _open(stream: int, scope: Any) -> Open:  # noqa: ANN401 -- a scope of either kind
    return Open(
        stream=stream, kind=scope["type"], path=scope["path"], raw_path=scope.get("raw_path") or b"",
        query=scope["query_string"], headers=tuple((bytes(name), bytes(value)) for name, value in scope["headers"]),
        scheme=scope["scheme"], http_version=scope["http_version"], method=scope.get("method", ""),
        client=tuple(scope["client"]) if scope.get("client") else None,
        server=tuple(scope["server"]) if scope.get("server") else None,
        root_path=scope.get("root_path", ""), subprotocols=tuple(scope.get("subprotocols", ())),
        extensions=tuple(scope.get("extensions") or ()), channel=shown_in(scope), window=WINDOW,
    )  # fmt: skip


async def _unavailable(send: Send, detail: str, identity: str) -> None:
    status, body = HTTPStatus.SERVICE_UNAVAILABLE, encoded(HTTPStatus.SERVICE_UNAVAILABLE, detail, identity)
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", b"2"),
        (HEADER, identity.encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
