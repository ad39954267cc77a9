"""`/metrics` of a process that does not lead: its own figures, to those whom the leader knows.

Where nobody leads, as while the database is away, nobody can be asked who it is that asks: whoever was known within the last hour is told
then, or what happens would be seen by nobody who watches.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from bellrock.region.api.guards import came_locally, came_securely
from bellrock.wire.exposition import CONTENT_TYPE

ASKED: Final = "/api/v1/me"
"""What whoever may read metrics may ask as well."""
PATH: Final = "/metrics"
REMEMBERED: Final = 3600.0
"""Seconds for which whoever was known counts as known where nobody can say. Of a token that ends meanwhile a process knows while it leads, or
when it is shown to it and it can ask the one that does."""
MOST: Final = 64
"""Tokens that are remembered: of scrapers there are few."""


class Scrape:
    """An ASGI application: asks the leader who it is that asks, and answers from here."""

    def __init__(self, tunnel: ASGIApp, text: Callable[[], bytes]) -> None:
        self._tunnel = tunnel
        self._text = text
        self._known: OrderedDict[bytes, float] = OrderedDict()
        """By a hash of what it showed, and of how it came: when somebody was known last."""

    def watching(self, app: ASGIApp) -> ASGIApp:
        """The application of a process that leads; whom it tells its figures is remembered."""

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["path"] != PATH or not (key := _shown(scope)):
                await app(scope, receive, send)
                return

            async def judged(message: Message) -> None:
                if message["type"] == "http.response.start":
                    self._judge(key, message["status"])
                await send(message)

            await app(scope, receive, judged)

        return watched

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; what the leader says to those it does not know is its answer, and so is what it says of parameters."""
        # What it says of them is about the path that was asked for.
        path = PATH if scope["query_string"] else ASKED
        asked: Any = {**scope, "path": path, "raw_path": path.encode()}
        if scope.get("method") != "GET":
            await self._tunnel(scope, receive, send)
            return
        known, key = False, _shown(scope)

        async def judged(message: Message) -> None:
            nonlocal known
            if message["type"] == "http.response.start":
                known = self._judge(key, message["status"])
            if not known:
                await send(message)

        await self._tunnel(asked, receive, judged)
        if known:
            await _answer(send, self._text())

    def forget(self) -> None:
        """A token has ended before its time: nobody is known until the leader says so again."""
        self._known.clear()

    def _judge(self, key: bytes, status: int) -> bool:
        """Whether whoever showed this is told, with what was said to it by whoever can say."""
        now = asyncio.get_running_loop().time()
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            return now - self._known.get(key, float("-inf")) < REMEMBERED
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            self._known.pop(key, None)
        elif status == HTTPStatus.OK and key:
            self._known[key] = now
            self._known.move_to_end(key)
            while len(self._known) > MOST:
                self._known.popitem(last=False)
        return status == HTTPStatus.OK


def _shown(scope: Scope) -> bytes:
    """A hash of the token that a request shows, and of what a token is taken by beside itself; nothing where it shows none.

    What comes with a cookie as well may be known by that alone.
    """
    headers = dict(scope.get("headers", ()))
    token = b"" if b"cookie" in headers else headers.get(b"authorization", b"")
    way = b"%d%d " % (came_locally(scope), came_securely(scope))
    return hashlib.sha256(way + token).digest() if token else b""


async def _answer(send: Send, body: bytes) -> None:
    headers = [
        (b"content-type", CONTENT_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
