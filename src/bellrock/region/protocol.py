"""HTTP as uvicorn reads it, with a bound on what it holds and how long it waits before a request is understood, and what the connection showed."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bellrock.region.tls import Channel, channel_of

CHANNEL: Final = "bellrock_channel"
"""Key in an ASGI scope's state."""
MAX_HEAD: Final = 32 * 1024
"""Octets of a request's line and headers together, give or take one read; llhttp itself sets no limit."""
WHOLE: Final = 15.0
"""Seconds in which a request must have come to its end, from the first octet on, or from when the connection was made."""


class BoundedHttp(HttpToolsProtocol):
    """Ends a connection whose request head does not come to an end; puts its Channel into every scope's state."""

    _head = 0
    _heading = True
    _due: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        # uvicorn copies this into the scope of each request, and hands it on to the WebSocket that a request becomes.
        self.app_state = {**self.app_state, CHANNEL: channel_of(transport)}
        self._wait()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._settle()
        super().connection_lost(exc)

    @override
    def handle_websocket_upgrade(self) -> None:
        self._settle()
        super().handle_websocket_upgrade()

    @override
    def on_message_begin(self) -> None:
        self._head, self._heading = 0, True
        self._wait()
        super().on_message_begin()

    @override
    def on_message_complete(self) -> None:
        self._settle()
        super().on_message_complete()

    @override
    def on_headers_complete(self) -> None:
        self._heading = False
        super().on_headers_complete()

    @override
    def data_received(self, data: bytes) -> None:
        self._head += len(data)
        super().data_received(data)
        # Empty lines before a request begin none, and end uvicorn's wait for it.
        answered = self.cycle is None or self.cycle.response_complete
        if answered and self.timeout_keep_alive_task is None and self.transport.get_protocol() is self:
            self._wait()
        # One read may hold a whole head and much of a body: only a head that is still open counts.
        if self._heading and self._head > MAX_HEAD and not self.transport.is_closing():
            self.send_400_response("The request's head is too large.")

    def _wait(self) -> None:
        if self._due is None and not self.transport.is_closing():
            self._due = self.loop.call_later(WHOLE, self.transport.abort)

    def _settle(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None


def shown_in(scope: Mapping[str, Any]) -> Channel:
    """The Channel of the connection on which a request came."""
    channel = scope.get("state", {}).get(CHANNEL)
    return channel if isinstance(channel, Channel) else Channel()
