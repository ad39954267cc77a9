"""Requests that are still under way when the region stops: their answer is that it does."""

from asyncio import CancelledError
from http import HTTPStatus
from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from bellrock.region.api.problems import MEDIA_TYPE, encoded
from bellrock.region.service import Outpost, Region

STOPPING: Final = "The region is stopping."


class Stopping:
    """ASGI middleware: takes the cancelling of a request for what it is, while the server would take it for a fault of ours."""

    def __init__(self, app: ASGIApp, region: Region | Outpost) -> None:
        self._app = app
        self._region = region

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; answer in the application's place if it was cancelled before it said anything."""
        began = False

        async def send_noted(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except CancelledError:
            if not self._region.stopping.is_set():
                raise
            if not began and scope["type"] == ScopeType.HTTP:
                await _answer(send)


async def _answer(send: Send) -> None:
    status, body = HTTPStatus.SERVICE_UNAVAILABLE, encoded(HTTPStatus.SERVICE_UNAVAILABLE, STOPPING)
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode()),
               (b"connection", b"close")]  # fmt: skip
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
