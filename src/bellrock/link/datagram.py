"""UDP of ordinary sockets, one peer at a time; ICMP errors are told with who sent them."""

import asyncio
import contextlib
import errno
import socket
from typing import Final, Self

from msgspec import Struct

from bellrock.link.clock import monotonic
from bellrock.link.obstacle import Obstacle, Obstructed, from_error, tell_errors, told
from bellrock.link.pieces import receive_pieces, tell_pieces
from bellrock.link.source import Source, bind, socket_address
from bellrock.model import Monotonic

MOST: Final = 65_535


class Datagram(Struct, frozen=True, gc=False):
    """What came in."""

    payload: bytes
    address: str
    port: int
    at: Monotonic
    piece: int = 0
    """Octets of its largest fragment, IP header included; 0: it came whole, or nobody asked."""


class Datagrams:
    """A UDP socket that talks to one address; `open` makes it. Answers from its other ports count as well, as TFTP's do.

    Time is bounded by the caller (`asyncio.timeout`).
    """

    def __init__(self, sock: socket.socket, address: str, port: int, *, pieces: bool = False) -> None:
        self._sock = sock
        self._pieces = pieces
        self._peer = socket_address(address, port)
        self.address = address

    async def send(self, payload: bytes, port: int | None = None) -> Monotonic:
        """Send to the peer, or to another port of it; when.

        Raises:
            Obstructed: it cannot be sent, or an earlier one met an obstacle.
        """
        peer = self._peer if port is None else (self._peer[0], port, *self._peer[2:])
        try:
            self._sock.sendto(payload, peer)
        except OSError as error:
            if error.errno == errno.EMSGSIZE and (found := told(self._sock)) is not None:
                raise found from None
            raise from_error(error, self._sock, (self.address, peer[1])) from None
        return monotonic()

    async def receive(self) -> Datagram:
        """The next datagram, of whoever sent it: look at its address.

        Raises:
            Obstructed: an ICMP error came instead.
        """
        piece = 0
        try:
            if self._pieces:
                payload, address, piece = await receive_pieces(self._sock, MOST)
            else:
                payload, address = await asyncio.get_running_loop().sock_recvfrom(self._sock, MOST)
        except OSError as error:
            raise from_error(error, self._sock) from None
        return Datagram(payload, address[0].partition("%")[0], address[1], monotonic(), piece)

    @property
    def local(self) -> tuple[str, int]:
        """Address and port that it sends from; the address is unspecified until something was sent."""
        address, port = self._sock.getsockname()[:2]
        return address, port

    def close(self) -> None:
        """Close it."""
        with contextlib.suppress(OSError):
            self._sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_datagrams(
    address: str, port: int, source: Source | None = None, *, broadcast: bool = False, pieces: bool = False
) -> Datagrams:
    """A socket for one peer. It is not connected, so that answers from another port or address are seen too.

    `pieces`: what comes in tells whether it was fragmented on its way.

    Raises:
        Obstructed: LOCAL, the source or the zone of the address is not of this host.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        tell_errors(sock)
        if broadcast:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if pieces:
            tell_pieces(sock)
        bind(sock, source)
        return Datagrams(sock, address, port, pieces=pieces)
    except OSError as error:  # the zone of a link-local address
        sock.close()
        raise Obstructed(
            Obstacle.LOCAL, why=f"cannot send to {address}: {(error.strerror or str(error)).lower()}"
        ) from None
    except BaseException:
        sock.close()
        raise
