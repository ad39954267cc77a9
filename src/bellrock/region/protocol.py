"""HTTP as uvicorn reads it, with a bound on what it holds before a request is understood."""

from typing import Final

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD: Final = 32 * 1024
"""Octets of a request's line and headers together, give or take one read; llhttp itself sets no limit."""


class BoundedHttp(HttpToolsProtocol):
    """Ends a connection whose request head does not come to an end."""

    _head = 0
    _heading = True

    @override
    def on_message_begin(self) -> None:
        self._head, self._heading = 0, True
        super().on_message_begin()

    @override
    def on_headers_complete(self) -> None:
        self._heading = False
        super().on_headers_complete()

    @override
    def data_received(self, data: bytes) -> None:
        self._head += len(data)
        super().data_received(data)
        # One read may hold a whole head and much of a body: only a head that is still open counts.
        if self._heading and self._head > MAX_HEAD and not self.transport.is_closing():
            self.send_400_response("The request's head is too large.")
