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
from bellrock.link.source import Source, bind, socket_address

BUDGET: Final = 64
"""Datagrams taken at once."""

TRIES: Final = 4
"""A send that fails for what is queued about an earlier one, to somebody else, is done again so many times."""

Keep = Callable[[Datagram], bool]
"""Says whether it was his."""
Refuse = Callable[[bytes, Obstructed], None]
"""Is told which payload met an obstacle."""


class Listener(Struct, frozen=True, eq=False):
    """One of those who share a port."""

    peer: str
    """The address that he talks to; empty: whoever answers."""
    keep: Keep
    refuse: Refuse


class SharedPort:
    """A bound socket, shared within one event loop; what comes from a listener's peer is offered to him first, then to all until somebody takes it."""

    def __init__(self, source: Source, *, broadcast: bool) -> None:
        family = socket.AF_INET6 if ":" in source.address else socket.AF_INET
        self._sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._by_peer: dict[str, list[Listener]] = {}
        self.count = 0
        try:
            tell_errors(self._sock)
            if broadcast:
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            bind(self._sock, source)
            asyncio.get_running_loop().add_reader(self._sock.fileno(), self._read)
        except BaseException:
            self._sock.close()
            raise

    def add(self, listener: Listener) -> None:
        """One more."""
        self._by_peer.setdefault(listener.peer, []).append(listener)
        self.count += 1

    def remove(self, listener: Listener) -> None:
        """One less."""
        same = self._by_peer[listener.peer]
        same.remove(listener)
        if not same:
            del self._by_peer[listener.peer]
        self.count -= 1

    def send(self, payload: bytes, address: str, port: int) -> None:
        """Send.

        Raises:
            Obstructed: it cannot be sent.
        """
        for left in reversed(range(TRIES)):
            try:
                self._sock.sendto(payload, socket_address(address, port))
            except OSError as error:
                # ip(7), IP_RECVERR: an ICMP error about what others sent makes the next send fail, whosever that is.
                if not self._told() or not left:
                    raise from_error(error) from None
            else:
                return

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
            self._offer(Datagram(payload, address[0].partition("%")[0], address[1], monotonic()))

    def _offer(self, came: Datagram) -> None:
        if any(listener.keep(came) for listener in tuple(self._by_peer.get(came.address, ()))):
            return
        # A server with several addresses may answer from another than was asked.
        for peer, listeners in tuple(self._by_peer.items()):
            if peer != came.address and any(listener.keep(came) for listener in tuple(listeners)):
                return

    def _told(self) -> bool:
        """Hand on the ICMP errors that are queued; whether there were any."""
        for number in range(BUDGET):
            found = told_about(self._sock)
            if found is None:
                return number > 0
            payload, why, whom = found
            for listener in (*self._by_peer.get(whom, ()), *self._by_peer.get("", ())):
                listener.refuse(payload, why)
        return True


_PORTS: Final[dict[tuple[int, Source], SharedPort]] = {}


@contextmanager
def shared_port(source: Source, listener: Listener, *, broadcast: bool = False) -> Iterator[SharedPort]:
    """The port of a source, opened for the first who wants it in this event loop and closed after the last.

    Raises:
        Obstructed: LOCAL, another program has it, or the privilege for ports below 1024 is missing.
    """
    key = (id(asyncio.get_running_loop()), source)
    port = _PORTS.get(key)
    if port is None:
        port = _PORTS[key] = SharedPort(source, broadcast=broadcast)
    port.add(listener)
    try:
        yield port
    finally:
        port.remove(listener)
        if not port.count:
            del _PORTS[key]
            port.close()
