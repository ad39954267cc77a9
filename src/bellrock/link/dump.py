"""Asking the kernel for all of something by netlink(7), once."""

import errno
import os
import socket
from collections.abc import Iterator
from typing import Final

from bellrock.link import rtnetlink
from bellrock.link.device import interface_text
from bellrock.link.rtnetlink import Address, Message

_TIMEOUT: Final = 5.0
_DATAGRAM: Final = 256 * 1024


def addresses() -> tuple[tuple[str, str], ...]:
    """Interface and address with prefix length of every usable address, those of loopback and tunnels among them; by interface index.

    Raises:
        OSError: the kernel does not answer.
    """
    found = (
        rtnetlink.change(message) for message in dump(socket.NETLINK_ROUTE, rtnetlink.request(rtnetlink.GET_ADDRESS, 1))
    )
    usable = [it for it in found if isinstance(it, Address) and it.usable]
    return tuple((interface_text(it.index), it.text) for it in sorted(usable, key=lambda it: it.index))


def dump(protocol: int, request: bytes) -> Iterator[Message]:
    """The kernel's answers to a dump request of a netlink protocol.

    Raises:
        OSError: it refuses, or does not answer.
    """
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol) as sock:
        sock.settimeout(_TIMEOUT)
        sock.sendto(request, (0, 0))
        while True:
            for message in rtnetlink.messages(sock.recv(_DATAGRAM)):
                if message.type in (rtnetlink.DONE, rtnetlink.ERROR):
                    _check_end(message)
                    return
                yield message


def _check_end(message: Message) -> None:
    """A dump that cannot even begin ends with the reason in its last message."""
    number = rtnetlink.error_number(message) or (errno.EPROTO if message.type == rtnetlink.ERROR else 0)
    if number:
        raise OSError(number, os.strerror(number))
