"""Bound and deaf sockets on the beacon port, so that the kernel does not answer unicast beacons with "port unreachable".

An agent that hears through AF_PACKET needs no UDP socket. But where nobody is bound to the port, the kernel sends an ICMP error for each
unicast beacon (RFC 1122 §3.2.2.1), and its sender's socket fails for it. The sockets here take part in sharing the port, and keep nothing.
"""

import contextlib
import socket

from bellrock.link import libc
from bellrock.link.filter import assemble, pack
from bellrock.wire.frame import BEACON_PORT


class Shield:
    """Holds the port open, in both families as far as they exist. A port that somebody holds for himself needs no shield."""

    def __init__(self, port: int = BEACON_PORT) -> None:
        self._sockets: list[socket.socket] = []
        for family in (socket.AF_INET, socket.AF_INET6):
            with contextlib.suppress(OSError):
                self._open(family, port)

    @property
    def families(self) -> tuple[int, ...]:
        """Those in which the port is held open."""
        return tuple(sock.family for sock in self._sockets)

    def close(self) -> None:
        """Let go of the port; may be called twice."""
        for sock in self._sockets:
            sock.close()
        self._sockets.clear()

    def _open(self, family: int, port: int) -> None:
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            libc.attach_filter(sock.fileno(), pack(assemble("ret #0")))
            sock.bind(("", port))
        except OSError:
            sock.close()
            raise
        self._sockets.append(sock)
