"""TCP connections of ordinary sockets, bounded in time by their caller and in size here; TLS on them on request."""

import asyncio
import contextlib
import socket
import ssl
import sys
from typing import Final, Self

from msgspec import Struct

from bellrock.link.arrivals import Arrivals, Departures, open_both
from bellrock.link.obstacle import Obstacle, Obstructed, from_error, tell_errors
from bellrock.link.secured import NotTls, Secured
from bellrock.link.source import Source, bind, socket_address

__all__ = ["Ends", "NotTls", "Stream", "TooMuch", "connect"]

_UNACKED: Final = 24
"""Where linux/tcp.h has tcpi_unacked in struct tcp_info."""
_BYTES_ACKED, _BYTES_RECEIVED = 120, 128
"""tcpi_bytes_acked and tcpi_bytes_received, 64 bits each; the SYN counts as one that is acknowledged."""
_RETRANSMITS, _RETRANS = 2, 36
"""tcpi_retransmits, an octet, and tcpi_retrans."""
_SYN_SENT: Final = 2
LIMIT: Final = 64 * 1024
"""Octets that wait in memory, unread, before the peer is made to wait."""


class TooMuch(Exception):  # noqa: N818 -- says what it is
    """The peer said more than was agreed to read."""


class Ends(Struct, frozen=True):
    """The addresses of a connection."""

    local: str
    local_port: int
    remote: str
    remote_port: int


class Stream:
    """A connection. Every method may raise Obstructed(CLOSED | …); time is bounded by the caller (`asyncio.timeout`).

    What arrived before the connection was reset is read first, and then the reset; a write says nothing of it before that.
    """

    def __init__(self, arrivals: Arrivals, departures: Departures, sock: socket.socket, whom: tuple[str, int]) -> None:
        """`whom`: the address and port that were asked for."""
        self._reader: Arrivals | Secured = arrivals
        self._writer: Departures | Secured = departures
        self._arrivals = arrivals
        self._whom = whom
        self._sock = sock
        self.received = 0
        """Octets read by the caller so far."""
        self.heard = 0
        """When it was closed: octets that had come by then, whether the caller read them or not."""
        self.stuck = False
        """Whether, when it was closed, the peer's kernel had not acknowledged all that was sent: packets are lost on the way."""

    @property
    def ends(self) -> Ends:
        """Who talks to whom."""
        # The kernel tells no peer of a connection that was reset before it was in hand.
        local, remote = self._writer.get_extra_info("sockname"), self._writer.get_extra_info("peername") or self._whom
        return Ends(local[0], local[1], remote[0], remote[1])

    @property
    def taken(self) -> int:
        """Octets that the other end's kernel has acknowledged; one that its program has closed answers them by RST instead."""
        return max(0, _counted(self._sock, _BYTES_ACKED) - 1)

    async def write(self, octets: bytes) -> None:
        """Send; waits while the peer does not take it."""
        try:
            self._writer.write(octets)
            await self._writer.drain()
        except OSError as error:
            raise _meant(error) from None

    async def some(self, most: int = LIMIT) -> bytes:
        """What is there, at most so much; waits for the first octet. Empty: the peer has ended its side."""
        try:
            octets = await self._reader.read(most)
        except OSError as error:
            raise _meant(error) from None
        if not octets and self._arrivals.lost is not None:
            raise from_error(self._arrivals.lost)
        self.received += len(octets)
        return octets

    async def exactly(self, size: int) -> bytes:
        """So many octets.

        Raises:
            Obstructed: CLOSED, the peer ended before.
        """
        try:
            octets = await self._reader.readexactly(size)
        except asyncio.IncompleteReadError as error:
            raise self._cut(error.partial, f"{len(error.partial)} of {size}") from None
        except OSError as error:
            raise _meant(error) from None
        self.received += size
        return octets

    async def until(self, end: bytes, most: int) -> bytes:
        """Octets up to and with `end`; at most `most` (and LIMIT) of them.

        Raises:
            TooMuch: more without it.
            Obstructed: CLOSED, the peer ended before.
        """
        try:
            octets = await self._reader.readuntil(end)
        except asyncio.IncompleteReadError as error:
            raise self._cut(error.partial, f"{len(error.partial)}") from None
        except asyncio.LimitOverrunError:
            raise TooMuch(f"more than {LIMIT} octets without {end!r}") from None
        except OSError as error:
            raise _meant(error) from None
        self.received += len(octets)
        if len(octets) > most:
            raise TooMuch(f"{len(octets)} octets up to {end!r}; at most {most} are taken")
        return octets

    async def start_tls(self, context: ssl.SSLContext, name: str) -> ssl.SSLObject:
        """TLS from here on; what the session agreed on is asked of the returned object.

        Raises:
            NotTls: the peer does not speak TLS.
            ssl.SSLError: the handshake failed; SSLCertVerificationError where the certificate is to blame.
            ValueError: the name is none that TLS can ask for.
            Obstructed: the peer closed before the handshake was over.
        """
        if isinstance(self._reader, Secured) or isinstance(self._writer, Secured):
            raise TypeError("TLS has been started on this connection before")
        secured = Secured(self._reader, self._writer, context, name)
        try:
            await secured.handshake()
        except OSError as error:
            raise _meant(error) from None
        except Obstructed:
            if self._arrivals.lost is None:
                raise
            raise from_error(self._arrivals.lost) from None
        self._reader = self._writer = secured
        return secured.session

    def _cut(self, said: bytes, how_much: str) -> Obstructed:
        """The connection ended behind `said`."""
        self.received += len(said)
        lost = self._arrivals.lost
        met = from_error(lost) if lost is not None else Obstructed(Obstacle.CLOSED)
        if lost is None or (said and met.obstacle is Obstacle.CLOSED):
            met.why = f"the connection was {'closed' if lost is None else 'reset'} after {how_much} octets"
        met.partial = said
        return met

    def end(self) -> None:
        """Say that nothing more will be sent (FIN); reading goes on."""
        with contextlib.suppress(OSError, RuntimeError):
            self._writer.write_eof()

    async def close(self) -> None:
        """Close at once, without waiting for what the peer still has to say."""
        self.heard = max(self.heard, _counted(self._sock, _BYTES_RECEIVED))
        self.stuck = self.stuck or _unacknowledged(self._sock) > 0
        self._writer.transport.abort()
        with contextlib.suppress(Exception):
            await self._writer.wait_closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def connect(address: str, port: int, source: Source | None = None) -> Stream:
    """A connection to an address (no name).

    Raises:
        Obstructed: why there is none.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        tell_errors(sock)
        bind(sock, source)
        try:
            await asyncio.get_running_loop().sock_connect(sock, socket_address(address, port))
        except OSError as error:
            raise _rejected(from_error(error, sock, (address, port))) from None
        except asyncio.CancelledError:
            # Whoever waits has lost patience. That the kernel never got its SYN out is no silence of the other end.
            if _kept_back(sock):
                raise Obstructed(
                    Obstacle.OWN_FIREWALL,
                    why="this host itself drops what is sent to it: its own rules, or its interface",
                ) from None
            raise
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            arrivals, departures = await open_both(sock, LIMIT)
        except OSError as error:
            raise from_error(error) from None
    except BaseException:
        sock.close()
        raise
    return Stream(arrivals, departures, sock, (address, port))


def _meant(error: OSError) -> Exception:
    """An alert of TLS says more than any errno."""
    return error if isinstance(error, ssl.SSLError) else from_error(error)


def _counted(sock: socket.socket, where: int) -> int:
    """A counter of 64 bits of struct tcp_info; 0 where nobody knows any more."""
    with contextlib.suppress(OSError):
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, where + 8)
        return int.from_bytes(info[where:], sys.byteorder)
    return 0


def _unacknowledged(sock: socket.socket) -> int:
    """Segments under way; 0 where nobody knows any more."""
    with contextlib.suppress(OSError):
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _UNACKED + 4)
        return int.from_bytes(info[_UNACKED:], sys.byteorder)
    return 0


def _kept_back(sock: socket.socket) -> bool:
    """Whether a SYN was due again and did not leave even so: the kernel counts as under way (tcpi_retrans) only what got out."""
    with contextlib.suppress(OSError):
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _RETRANS + 4)
        return info[0] == _SYN_SENT and info[_RETRANSMITS] > 0 and not any(info[_RETRANS:])
    return False


def _rejected(found: Obstructed) -> Obstructed:
    """RFC 9293 §3.10.7.1: a host on whose port nobody listens answers by RST; ICMP port unreachable is a firewall's `reject`."""
    return Obstructed(Obstacle.PROHIBITED, found.by, found.why) if found.obstacle is Obstacle.PORT else found
