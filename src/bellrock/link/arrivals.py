"""Both directions of a TCP connection, of which nothing that has arrived is lost when a reset comes right behind it.

asyncio tells a reset before what came ahead of it is read; and where it was a write that met the reset, it closes the socket with what the kernel still
holds for us. Whoever answers and closes with octets of ours unread does this to every client (RFC 1122 §4.2.2.13).
"""

import asyncio
import contextlib
import socket

from typing_extensions import override


class Arrivals(asyncio.StreamReader):
    """What has arrived. It ends behind the last octet, whether the connection was closed or lost; `lost` says which."""

    def __init__(self, sock: socket.socket, limit: int) -> None:
        """`limit`: octets that wait unread, about, before the peer is made to wait."""
        super().__init__(limit=limit)
        self._sock = sock
        self._most = 2 * limit
        self._is_ended = False
        self._gone: OSError | None = None
        self.lost: OSError | None = None
        """Why nothing more comes, where the peer has not ended its side before."""

    @property
    def is_left(self) -> bool:
        """Whether the connection is lost and not all that came before has been read."""
        return self._gone is not None and not self.at_eof()

    @override
    def exception(self) -> Exception | None:
        return self._gone or super().exception()

    @override
    def feed_eof(self) -> None:
        self._is_ended = True
        super().feed_eof()

    @override
    def set_exception(self, exc: Exception) -> None:
        if not isinstance(exc, OSError):
            super().set_exception(exc)
            return
        self._gone = exc
        if not self._is_ended:
            self.lost = exc
            self._take_rest()
            self.feed_eof()

    def _take_rest(self) -> None:
        """What the kernel holds for us: asyncio closes the socket right after this."""
        with contextlib.suppress(OSError):
            if rest := self._sock.recv(self._most, socket.MSG_DONTWAIT):
                self.feed_data(rest)


class Departures(asyncio.StreamWriter):
    """What is sent. That the connection is lost is told here once all that arrived before has been read: until then, reading tells more."""

    def __init__(self, transport: asyncio.WriteTransport, protocol: asyncio.StreamReaderProtocol, arrivals: Arrivals) -> None:  # fmt: skip
        super().__init__(transport, protocol, arrivals, asyncio.get_running_loop())
        self._arrivals = arrivals

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self.is_closing():
            super().write(data)

    @override
    async def drain(self) -> None:
        try:
            await super().drain()
        except OSError:
            if not self._arrivals.is_left:
                raise


async def open_both(sock: socket.socket, limit: int) -> tuple[Arrivals, Departures]:
    """Both directions of a connected socket, which they own from here on; `limit` as Arrivals has it.

    Raises:
        OSError: the connection is no more.
    """
    arrivals = Arrivals(sock, limit)
    protocol = asyncio.StreamReaderProtocol(arrivals)
    transport, _ = await asyncio.get_running_loop().create_connection(lambda: protocol, sock=sock)
    return arrivals, Departures(transport, protocol, arrivals)
