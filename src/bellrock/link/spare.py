"""Packet sockets kept for later: opened while the process may, used when it no longer may.

A spare socket hears nothing: it is not bound. Giving it a ring, a filter and an interface needs no privilege, and neither does taking
them away again (packet(7)).
"""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from bellrock.link import libc
from bellrock.link.filter import assemble, pack
from bellrock.link.packet import cannot_open
from bellrock.link.ring import RX_RING, SOL_PACKET

_NOTHING: Final = assemble("ret #0")
_NO_RING: Final = struct.pack("=7I", 0, 0, 0, 0, 0, 0, 0)


class NoneLeftError(Exception):
    """All spare sockets are in use."""


class Spares:
    """Some sockets.

    Raises:
        LinkError: no right to open them, or no AF_PACKET.
    """

    def __init__(self, number: int) -> None:
        self._free: list[socket.socket] = []
        try:
            for _ in range(number):
                self._free.append(socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0))
        except OSError as error:
            self.close()
            raise cannot_open(error) from None

    @contextmanager
    def lent(self) -> Iterator[socket.socket]:
        """A socket for `PacketDevice`, as long as the block runs; whoever borrows it closes it, and its devices, before the end.

        Raises:
            NoneLeftError: none is free.
        """
        if not self._free:
            raise NoneLeftError("all are in use")
        mine = self._free.pop()
        try:
            with mine.dup() as lent:
                lent.setblocking(False)
                yield lent
        finally:
            self._quieten(mine)
            self._free.append(mine)

    @staticmethod
    def _quieten(mine: socket.socket) -> None:
        """Hear nothing again, and give its memory back."""
        libc.attach_filter(mine.fileno(), pack(_NOTHING))
        with suppress(OSError):  # somebody still reads the ring: it goes with the next use
            mine.setsockopt(SOL_PACKET, RX_RING, _NO_RING)

    def close(self) -> None:
        """Give back those that are not lent; may be called twice."""
        for one in self._free:
            one.close()
        self._free.clear()
