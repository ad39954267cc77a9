"""Single packets with a small hop limit: the router at which it runs out says who it is (RFC 792, RFC 4443 §3.3)."""

import contextlib
import errno
import socket
from collections.abc import Iterator
from typing import Final

from bellrock.link.obstacle import from_error
from bellrock.link.source import Source, bind, socket_address

_UNICAST_HOPS: Final = 16
"""IPV6_UNICAST_HOPS of linux/in6.h."""


def limit(sock: socket.socket, hops: int) -> None:
    """Have a socket's packets pass so many routers, less one; what was sent before is not changed."""
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, _UNICAST_HOPS, hops)
    else:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, hops)


@contextlib.contextmanager
def short_lived(address: str, port: int, source: Source, hops: int, payload: bytes | None) -> Iterator[None]:
    """Send one UDP datagram, or with `payload` None one TCP SYN, that passes `hops` - 1 routers.

    It is not waited for an answer: the socket is there, and for TCP repeats its SYN, as long as the block runs.

    Raises:
        Obstructed: it cannot be sent.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_STREAM if payload is None else socket.SOCK_DGRAM
    with socket.socket(family, kind | socket.SOCK_NONBLOCK) as sock:
        bind(sock, source)
        limit(sock, hops)
        try:
            if payload is None:
                sock.connect(socket_address(address, port))
            else:
                sock.sendto(payload, socket_address(address, port))
        except OSError as error:
            if error.errno != errno.EINPROGRESS:
                raise from_error(error) from None
        yield
