"""At the leader: requests that came to other members, answered by its application as if they had come here."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator
from http import HTTPStatus
from typing import Any, Final

from litestar.types import ASGIApp

from bellrock.region.api.problems import MEDIA_TYPE, encoded
from bellrock.region.api.sockets import TRY_AGAIN
from bellrock.region.cluster.window import Pace
from bellrock.region.cluster.words import Event, Open, Shut, Taken, Word, weight
from bellrock.region.logs import line
from bellrock.region.protocol import CHANNEL

MAX_PART: Final = 256 * 1024
"""Octets of an answer's body in one word."""
MAX_EVENTS: Final = 512
"""Events of one request that its application has not taken yet."""
MAX_WEIGHT: Final = 16 << 20
"""Their weight: a member that knows windows never sends so much."""
OWED: Final = 256 * 1024
"""Weight of events that the application has taken before the member is told, where more wait."""
MAX_RUNNING: Final = 2048
"""Requests of one member under way."""
TOO_MUCH: Final = "The process that leads the region has too much to do for this; try again in a few seconds."

log = logging.getLogger(__name__)


class _Asked:
    """A request of a member, and what of it its application has not taken."""

    def __init__(self, member: str, word: Open, say: Callable[[str, Word], None]) -> None:
        self.member = member
        self.stream = word.stream
        self.kind = word.kind
        self.began = False
        """Something was answered."""
        self.pace = Pace(word.window) if word.window else None
        """Of the answer; None at a member that does not tell what its client has taken."""
        self.task: asyncio.Task[None] | None = None
        self._say = say
        self._waiting: deque[dict[str, Any]] = deque()
        self._more = asyncio.Event()
        self._weight = self._owed = 0
        if self.pace is not None:
            self.say(Taken(self.stream, 0))

    def say(self, word: Word) -> None:
        """Something of this request, to its member."""
        self._say(self.member, word)

    def put(self, event: dict[str, Any]) -> bool:
        """Whether there is room for one more event from the client."""
        self._weight += weight(event)
        self._waiting.append(event)
        self._more.set()
        return len(self._waiting) <= MAX_EVENTS and self._weight <= MAX_WEIGHT

    async def next(self) -> dict[str, Any]:
        """The next event, for the application."""
        while not self._waiting:
            self._more.clear()
            await self._more.wait()
        event = self._waiting.popleft()
        self._weight -= weight(event)
        self._owed += weight(event)
        if self.pace is not None and (self._owed >= OWED or not self._waiting):
            self.say(Taken(self.stream, self._owed))
            self._owed = 0
        return event

    def end(self) -> None:
        """Nothing more is said: the client is told so, as far as it was answered."""
        for event in _cut(self.kind, began=self.began):
            self.say(Event(self.stream, event))


class Mouth:
    """Answers for the region, by letters."""

    def __init__(self, app: ASGIApp, say: Callable[[str, Word], None], room: Callable[[], Awaitable[None]]) -> None:
        """`say`: to a member; `room`: waits until there is room for more."""
        self._app = app
        self._say = say
        self._room = room
        self._running: dict[tuple[str, int], _Asked] = {}
        self._of: Counter[str] = Counter()
        """Requests of each member."""

    def hear(self, member: str, word: Open | Event | Taken | Shut) -> None:
        """A word about a request that came to a member."""
        key = (member, word.stream)
        found = self._running.get(key)
        match word:
            case Open():
                self.shut(key)
                self._open(key, word)
            case Event(event=event):
                if found is not None and not found.put(event):
                    self.shut(key)
                    found.end()
            case Taken(weight=taken):
                if found is not None and found.pace is not None:
                    found.pace.taken(taken)
            case Shut():
                self.shut(key)

    def shut(self, key: tuple[str, int]) -> None:
        """Nobody waits for this answer."""
        if (found := self._forget(key)) is not None and found.task is not None:
            found.task.cancel()

    def gone(self, member: str) -> None:
        """Nobody is there to hear."""
        for key in [key for key in self._running if key[0] == member]:
            self.shut(key)

    async def close(self) -> None:
        """Answer nobody any more."""
        tasks = [one.task for one in self._running.values() if one.task is not None]
        for key in [*self._running]:
            self.shut(key)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _open(self, key: tuple[str, int], word: Open) -> None:
        asked = _Asked(key[0], word, self._say)
        if self._of[key[0]] >= MAX_RUNNING:
            asked.end()
            return
        self._running[key] = asked
        self._of[key[0]] += 1
        asked.task = asyncio.create_task(self._run(key, _scope(word), asked), name=f"tunnel {word.path}")

    def _forget(self, key: tuple[str, int]) -> _Asked | None:
        if (found := self._running.pop(key, None)) is not None:
            self._of[key[0]] -= 1
        return found

    async def _run(self, key: tuple[str, int], scope: Any, asked: _Asked) -> None:  # noqa: ANN401 -- a scope
        async def send(event: Any) -> None:  # noqa: ANN401 -- an event
            for part in _parts(dict(event)):
                if asked.pace is not None:
                    await asked.pace.room()
                    asked.pace.sent(weight(part))
                await self._room()
                asked.began = True
                asked.say(Event(asked.stream, part))

        try:
            await self._app(scope, asked.next, send)  # type: ignore[arg-type]  # events as they came
        except Exception:
            log.exception(line("fault", path=scope["path"], member=asked.member))
            await send(_fault(scope["type"]))
        finally:
            if self._running.get(key) is asked:
                self._forget(key)


def _parts(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The body of an answer in pieces, so that nothing else waits long behind it."""
    body = event.get("body", b"")
    while event["type"] == "http.response.body" and len(body) > MAX_PART:
        yield event | {"body": body[:MAX_PART], "more_body": True}
        body = body[MAX_PART:]
    yield event | {"body": body} if "body" in event else event


def _fault(kind: str) -> dict[str, Any]:
    # Whatever was said before: this is where it ends.
    if kind == "websocket":
        return {
            "type": "websocket.close",
            "code": 1011,
            "reason": "the region has a fault; its log has the particulars",
        }
    return {"type": "http.response.body", "body": b"", "more_body": False}


def _cut(kind: str, *, began: bool) -> list[dict[str, Any]]:
    if kind == "websocket":
        return [{"type": "websocket.close", "code": TRY_AGAIN, "reason": TOO_MUCH}]
    if began:
        return [_fault(kind)]
    status, body = HTTPStatus.SERVICE_UNAVAILABLE, encoded(HTTPStatus.SERVICE_UNAVAILABLE, TOO_MUCH, "")
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", b"2"),
    ]
    return [
        {"type": "http.response.start", "status": int(status), "headers": headers},
        {"type": "http.response.body", "body": body, "more_body": False},
    ]


def _scope(word: Open) -> dict[str, Any]:
    scope: dict[str, Any] = {
        "type": word.kind, "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": word.http_version,
        "scheme": word.scheme, "path": word.path, "raw_path": word.raw_path, "query_string": word.query,
        "root_path": word.root_path, "headers": [*word.headers], "client": word.client, "server": word.server,
        "extensions": {name: {} for name in word.extensions}, "state": {CHANNEL: word.channel},
    }  # fmt: skip
    return scope | ({"method": word.method} if word.kind == "http" else {"subprotocols": [*word.subprotocols]})
