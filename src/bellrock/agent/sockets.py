"""Bound sockets for walks: made here where this process may, by the companion where it may not."""

import errno
import socket
from typing import Literal

from bellrock.agent.companion import Companion, bound


async def bound_here(
    protocol: Literal["tcp", "udp"], address: str, port: int, companion: Companion | None
) -> socket.socket:
    """A socket at an address and port of this host, that does not block.

    Raises:
        OSError: EADDRINUSE, somebody has it; EADDRNOTAVAIL, no such address here; EACCES, not permitted and nobody to ask.
        ValueError: not an address.
    """
    try:
        sock = bound(protocol, address, port)
    except PermissionError:
        if companion is None:
            raise OSError(errno.EACCES, "this agent may not bind ports below 1024") from None
        return await companion.bind(protocol, address, port)
    sock.setblocking(False)
    return sock
