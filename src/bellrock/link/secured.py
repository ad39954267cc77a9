"""TLS between a connection's reader and writer and whoever uses them: it has the methods of both that `link.stream` needs.

asyncio's own TLS keeps to itself what came instead of a handshake; here it is shown, because it says which service is there.
"""

import asyncio
import contextlib
import ssl
from typing import Any, Final

from bellrock.link.obstacle import Obstacle, Obstructed

LIMIT: Final = 64 * 1024
"""Octets that wait in memory, decrypted and unread, while an end of line is looked for."""
MAX_HANDSHAKE: Final = 256 * 1024
"""Octets of a handshake; a chain of certificates is the largest part of it."""
_RECORDS: Final = range(20, 25)
"""RFC 8446 §5.1, RFC 6520: the first octet of a TLS record."""


class NotTls(Exception):  # noqa: N818 -- says what it is
    """What came instead of a handshake is no record of TLS."""

    def __init__(self, said: bytes) -> None:
        super().__init__(f"{said[:40]!r} came instead of TLS")
        self.said = said


class Secured:
    """Both directions of a TLS connection, of which the caller is the client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, context: ssl.SSLContext, name: str) -> None:  # fmt: skip
        """ValueError, UnicodeError: the name is none that TLS can ask for."""
        self._reader = reader
        self._writer = writer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._buffer = bytearray()
        self.session = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)

    async def handshake(self) -> None:
        """Shake hands.

        Raises:
            NotTls: the other end does not speak TLS.
            ssl.SSLError: it does, but nothing was agreed on.
            Obstructed: CLOSED, it ended the connection; SILENCE never: time is bounded by the caller.
        """
        taken = 0
        while not await self._shaken():
            came = await self._reader.read(LIMIT)
            if not came:
                raise Obstructed(Obstacle.CLOSED, why="the connection was closed in the middle of the TLS handshake")
            if not taken and came[0] not in _RECORDS:
                raise NotTls(came)
            taken += len(came)
            if taken > MAX_HANDSHAKE:
                raise ssl.SSLError(f"its handshake is longer than {MAX_HANDSHAKE} octets")
            self._incoming.write(came)

    async def _shaken(self) -> bool:
        try:
            self.session.do_handshake()
        except ssl.SSLWantReadError:
            await self.drain()
            return False
        except ssl.SSLError:
            # The other end is told by an alert what we think of it.
            with contextlib.suppress(OSError):
                await self.drain()
            raise
        await self.drain()
        return True

    async def read(self, most: int) -> bytes:
        """As `StreamReader.read`: what is there, at least one octet; empty at the end."""
        if not self._buffer:
            await self._more()
        return self._taken(most)

    async def readexactly(self, size: int) -> bytes:
        """As `StreamReader.readexactly`."""
        while len(self._buffer) < size:
            if not await self._more():
                raise asyncio.IncompleteReadError(self._taken(size), size)
        return self._taken(size)

    async def readuntil(self, end: bytes) -> bytes:
        """As `StreamReader.readuntil`."""
        looked = 0
        while (at := self._buffer.find(end, looked)) < 0:
            looked = max(0, len(self._buffer) - len(end) + 1)
            if len(self._buffer) > LIMIT:
                raise asyncio.LimitOverrunError("no end within the limit", len(self._buffer))
            if not await self._more():
                raise asyncio.IncompleteReadError(self._taken(LIMIT), None)
        return self._taken(at + len(end))

    async def _more(self) -> bool:
        """Decrypt what comes next; False: nothing comes any more."""
        while True:
            try:
                got = self.session.read(LIMIT)
            except ssl.SSLWantReadError:
                await self.drain()
                came = await self._reader.read(LIMIT)
                if not came:
                    return False
                self._incoming.write(came)
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return False
            else:
                self._buffer += got
                return bool(got)

    def _taken(self, most: int) -> bytes:
        taken = bytes(self._buffer[:most])
        del self._buffer[:most]
        return taken

    def write(self, octets: bytes) -> None:
        """As `StreamWriter.write`."""
        if octets:
            self.session.write(octets)

    async def drain(self) -> None:
        """As `StreamWriter.drain`."""
        if self._outgoing.pending:
            self._writer.write(self._outgoing.read())
        await self._writer.drain()

    def write_eof(self) -> None:
        """RFC 8446 §6.1: say that nothing more will be sent; reading goes on."""
        with contextlib.suppress(ssl.SSLError):
            self.session.unwrap()
        self._writer.write(self._outgoing.read())

    def get_extra_info(self, name: str) -> Any:  # noqa: ANN401 -- as StreamWriter has it
        """As `StreamWriter.get_extra_info`."""
        return self.session if name == "ssl_object" else self._writer.get_extra_info(name)

    @property
    def transport(self) -> asyncio.WriteTransport:
        """What carries it."""
        return self._writer.transport

    async def wait_closed(self) -> None:
        """As `StreamWriter.wait_closed`."""
        await self._writer.wait_closed()
