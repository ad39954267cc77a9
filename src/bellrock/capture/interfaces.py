"""The interfaces that a user names."""

import errno
import fcntl
import socket
import struct
import sys
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from bellrock.link.device import LinkError

_SIOCGIFFLAGS: Final = 0x8913
_SIOCGIFHWADDR: Final = 0x8927
_IFF_UP: Final = 1
_WITH_ETHERNET_HEADER: Final = (1, 772)
"""ARPHRD_ETHER, ARPHRD_LOOPBACK."""
_NAME_SIZE: Final = 16


def indexes(names: Iterable[str]) -> tuple[int, ...]:
    """The kernel's indexes of interfaces that can be captured on, each once.

    Raises:
        LinkError: one does not exist, is down, or has no Ethernet frames.
    """
    return tuple(dict.fromkeys(_index(name) for name in names))


def _index(name: str) -> int:
    try:
        index = socket.if_nametoindex(name)
    except (OSError, ValueError):
        raise LinkError(f"there is no interface {name[:64]!r}; {_those_there(name)}", errno.ENODEV) from None
    hardware = _ask(name, _SIOCGIFHWADDR)
    if hardware not in _WITH_ETHERNET_HEADER:
        raise LinkError(
            f"{name} carries no Ethernet frames (hardware type {hardware}); capture on the interface below it"
        )
    if not _ask(name, _SIOCGIFFLAGS) & _IFF_UP:
        raise LinkError(f"{name} is down, so nothing can be heard; `ip link set {name} up`", errno.ENETDOWN)
    return index


def _ask(name: str, request: int) -> int:
    """The 16 bits that follow the name in struct ifreq: flags, or the address family, which is the hardware type."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            answer = fcntl.ioctl(sock, request, struct.pack("16s24x", name.encode()))
        except OSError as error:
            raise LinkError(f"{name} cannot be asked about: {error.strerror}", error.errno) from None
    return int.from_bytes(answer[_NAME_SIZE : _NAME_SIZE + 2], sys.byteorder)


def _those_there(name: str) -> str:
    there = [one for _, one in socket.if_nameindex()]
    near = get_close_matches(name[:64], there, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(there)}"
