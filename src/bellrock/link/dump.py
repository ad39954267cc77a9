"""Asking the kernel for all of something by netlink(7), once."""

import errno
import os
import socket
from typing import Final

from bellrock.link import rtnetlink
from bellrock.link.device import interface_text
from bellrock.link.rtnetlink import Address, Message

_TIMEOUT: Final = 5.0
_DATAGRAM: Final = 256 * 1024
_TRIES: Final = 5
MAX_ANSWERS: Final = 1 << 17
"""More than any machine has addresses."""


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


def dump(protocol: int, request: bytes, most: int = MAX_ANSWERS) -> list[Message]:
    """The kernel's answers to a dump request of a netlink protocol.

    Asked again where something changed while it was told (NLM_F_DUMP_INTR: some may be missing, some told twice).

    Args:
        protocol: of netlink(7).
        request: a whole message with NLM_F_DUMP.
        most: answers that are taken.

    Raises:
        OSError: it refuses, does not answer, has more to tell than `most` (EOVERFLOW), or it changes all the time (EAGAIN).
    """
    for _ in range(_TRIES):
        found = _once(protocol, request, most)
        if found is not None:
            return found
    raise OSError(errno.EAGAIN, f"it changed each of the {_TRIES} times that the kernel was asked")


def _once(protocol: int, request: bytes, most: int) -> list[Message] | None:
    """None where it was interrupted by a change."""
    found: list[Message] = []
    whole = True
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol) as sock:
        sock.settimeout(_TIMEOUT)
        sock.sendto(request, (0, 0))
        while True:
            for message in rtnetlink.messages(sock.recv(_DATAGRAM)):
                whole = whole and not message.flags & rtnetlink.DUMP_INTERRUPTED
                if message.type in (rtnetlink.DONE, rtnetlink.ERROR):
                    _check_end(message)
                    return found if whole else None
                found.append(message)
            if len(found) > most:
                raise OSError(errno.EOVERFLOW, f"the kernel has more than {most:,} to tell")


def _check_end(message: Message) -> None:
    """A dump that cannot even begin ends with the reason in its last message."""
    number = rtnetlink.error_number(message) or (errno.EPROTO if message.type == rtnetlink.ERROR else 0)
    if number:
        raise OSError(number, os.strerror(number))
