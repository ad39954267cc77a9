"""Sockets of this network namespace, asked by sock_diag(7): unlike /proc/net it tells the device and whether IPv6 takes IPv4."""

import socket
import struct
from ipaddress import IPv4Address, IPv6Address
from typing import Final, Literal

from bellrock.link.device import interface_text
from bellrock.link.dump import dump
from bellrock.model.listening import Listener

_NETLINK_SOCK_DIAG: Final = 4
_SOCK_DIAG_BY_FAMILY: Final = 20
_DUMP: Final = 0x301
"""NLM_F_REQUEST | NLM_F_DUMP."""
_HEADER: Final = struct.Struct("=IHHII")
_REQUEST: Final = struct.Struct("=BBBxI48x")
"""struct inet_diag_req_v2 of linux/inet_diag.h: family, protocol, extensions, states; no socket in particular."""
_ANSWER: Final = struct.Struct("=BBxx 2s2x 16s16x I8x 12xII")
"""struct inet_diag_msg: family, state, local port, local address, device index, uid, inode."""
_ATTRIBUTE: Final = struct.Struct("=HH")
_SKV6ONLY: Final = 11
_LISTEN, _UNCONNECTED = 1 << 10, 1 << 7
_QUERIES: Final[tuple[tuple[Literal["tcp", "udp"], int, int], ...]] = (
    ("tcp", socket.IPPROTO_TCP, _LISTEN),
    ("udp", socket.IPPROTO_UDP, _UNCONNECTED),
)
MAX_SOCKETS: Final = 65536
"""Of a protocol and a family. Where there are more, nothing is told rather than a part of it."""


def sockets() -> list[Listener]:
    """TCP sockets that listen and UDP sockets with a port and no peer, without their owners.

    Raises:
        OSError: the kernel has no sock_diag for these protocols, does not answer, or has more than MAX_SOCKETS of one (EOVERFLOW).
    """
    found: list[Listener] = []
    for protocol, number, states in _QUERIES:
        for family in (socket.AF_INET, socket.AF_INET6):
            body = _REQUEST.pack(family, number, 0, states)
            request = _HEADER.pack(_HEADER.size + len(body), _SOCK_DIAG_BY_FAMILY, _DUMP, 1, 0) + body
            messages = dump(_NETLINK_SOCK_DIAG, request, MAX_SOCKETS)
            found += (listener for it in messages if (listener := parse(protocol, it.body)))
    return found


def parse(protocol: Literal["tcp", "udp"], body: bytes) -> Listener | None:
    """One answer of the kernel; None where it is too short, of another family, or has no port yet."""
    if len(body) < _ANSWER.size:
        return None
    family, _, port, address, ifindex, uid, inode = _ANSWER.unpack_from(body)
    number = int.from_bytes(port, "big")
    if not number or family not in (socket.AF_INET, socket.AF_INET6):
        return None
    four = family == socket.AF_INET
    return Listener(
        protocol=protocol,
        family=4 if four else 6,
        address=str(IPv4Address(address[:4]) if four else IPv6Address(address)),
        port=number,
        interface=interface_text(ifindex) if ifindex else "",
        dual=not four and _v6_only(body[_ANSWER.size :]) == 0,
        uid=uid,
        inode=inode,
    )


def _v6_only(data: bytes) -> int | None:
    """The socket's IPV6_V6ONLY; None where the kernel does not tell it."""
    at = 0
    while at + _ATTRIBUTE.size < len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < _ATTRIBUTE.size:
            return None
        if kind == _SKV6ONLY:
            return data[at + _ATTRIBUTE.size]
        at += length + 3 & ~3
    return None
