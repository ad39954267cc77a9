"""A UDP port of this host from which many ask at once, as a relay's or a client's port of DHCP is only there once."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from msgspec import Struct

from bellrock.link.clock import monotonic
from bellrock.link.datagram import MOST, Datagram
from bellrock.link.obstacle import Obstructed, from_error, tell_errors, told_about
from bellrock.link.source import Source, bind
from bellrock.link.stream import _numeric

BUDGET: Final = 64
"""Datagrams taken at once."""

Keep = Callable[[Datagram], None]
Refuse = Callable[[bytes, Obstructed], None]
"""Is told which payload met an obstacle."""


class _Listener(Struct, frozen=True, eq=False):
    keep: Keep
    refuse: Refuse


class SharedPort:
    """A bound socket, shared within one event loop; every listener hears everything and takes what is his."""

    def __init__(self, source: Source, *, broadcast: bool) -> None:
        family = socket.AF_INET6 if ":" in source.address else socket.AF_INET
        self._sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.listeners: list[_Listener] = []
        try:
            tell_errors(self._sock)
            if broadcast:
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            bind(self._sock, source)
            asyncio.get_running_loop().add_reader(self._sock.fileno(), self._read)
        except BaseException:
            self._sock.close()
            raise

    def send(self, payload: bytes, address: str, port: int) -> None:
        """Send.

        Raises:
            Obstructed: it cannot be sent.
        """
        try:
            self._sock.sendto(payload, _numeric(address, port))
        except OSError as error:
            self._told()
            raise from_error(error) from None

    def close(self) -> None:
        """Give back the port."""
        asyncio.get_running_loop().remove_reader(self._sock.fileno())
        self._sock.close()

    def _read(self) -> None:
        for _ in range(BUDGET):
            try:
                payload, address = self._sock.recvfrom(MOST)
            except BlockingIOError:
                return
            except OSError:
                self._told()
                return
            came = Datagram(payload, address[0].partition("%")[0], address[1], monotonic())
            for listener in self.listeners:
                listener.keep(came)

    def _told(self) -> None:
        """Hand on the ICMP errors that are queued."""
        for _ in range(BUDGET):
            found = told_about(self._sock)
            if found is None:
                return
            for listener in self.listeners:
                listener.refuse(*found)


_PORTS: Final[dict[tuple[int, Source], SharedPort]] = {}


@contextmanager
def shared_port(source: Source, keep: Keep, refuse: Refuse, *, broadcast: bool = False) -> Iterator[SharedPort]:
    """The port of a source, opened for the first who wants it in this event loop and closed after the last.

    Raises:
        Obstructed: LOCAL, another program has it, or the privilege for ports below 1024 is missing.
    """
    key = (id(asyncio.get_running_loop()), source)
    port = _PORTS.get(key)
    if port is None:
        port = _PORTS[key] = SharedPort(source, broadcast=broadcast)
    listener = _Listener(keep, refuse)
    port.listeners.append(listener)
    try:
        yield port
    finally:
        port.listeners.remove(listener)
        if not port.listeners:
            del _PORTS[key]
            port.close()
