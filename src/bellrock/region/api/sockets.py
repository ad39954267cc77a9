"""What both WebSockets need."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, Final

from litestar import WebSocket
from litestar.exceptions import WebSocketDisconnect

from bellrock.region.api.problems import MEDIA_TYPE, encoded

NORMAL: Final = 1000
GOING_AWAY: Final = 1001
POLICY: Final = 1008
TRY_AGAIN: Final = 1013
MAX_REASON: Final = 123
"""Octets of a close reason (RFC 6455 §5.5)."""
SEND_WITHIN: Final = 20.0
"""Seconds in which a peer must take a message; one that does not is cut off."""
CLOSE_WITHIN: Final = 1.0
"""Seconds in which a peer must take the closing frame; after that it is left to TCP_USER_TIMEOUT."""

Socket = WebSocket[Any, Any, Any]


class TooSlow(Exception):  # noqa: N818 -- says what it is
    """The peer does not read."""


async def turn_down(socket: Socket, status: int, detail: str) -> None:
    """Answer the handshake with an HTTP error (ASGI's extension `websocket.http.response`)."""
    body = encoded(status, detail, socket.scope["state"].get("request_id", ""))
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    await socket.receive()
    await socket.send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await socket.send({"type": "websocket.http.response.body", "body": body, "more_body": False})


async def send(socket: Socket, text: str) -> None:
    """Send a text message.

    Raises:
        TooSlow: the peer did not take it in time.
    """
    try:
        async with asyncio.timeout(SEND_WITHIN):
            await socket.send_data(text, mode="text")
    except TimeoutError:
        raise TooSlow(f"a message was not taken within {SEND_WITHIN:.0f} s") from None


async def receive(socket: Socket) -> str | bytes | None:
    """The next message; None when the peer has gone."""
    event = await socket.receive()
    if event["type"] == "websocket.receive":
        text: str | None = event.get("text")
        return text if text is not None else event.get("bytes") or b""
    return None


async def close(socket: Socket, code: int, why: str) -> None:
    """Close, with as much of the reason as fits. A peer that reads nothing does not hold this up."""
    reason = why.encode()[:MAX_REASON].decode(errors="ignore")
    with contextlib.suppress(TimeoutError, WebSocketDisconnect):
        async with asyncio.timeout(CLOSE_WITHIN):
            await socket.close(code, reason)


async def race(*works: Coroutine[Any, Any, None]) -> None:
    """Run all until the first ends; the others are cancelled. What the first to fail raises is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work) for work in works]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
