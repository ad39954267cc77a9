"""Whether a UDP datagram came whole or in fragments: the kernel says so beside its payload (ip(7), IP_RECVFRAGSIZE)."""

import asyncio
import socket
import struct
from typing import Any

_SOL_IP, _SOL_IPV6, _RECVFRAGSIZE4, _RECVFRAGSIZE6 = 0, 41, 25, 77
_CONTROL = 64
"""Octets of ancillary data that are made room for; one number is waited for."""


def tell_pieces(sock: socket.socket) -> None:
    """Have the size of the largest fragment told with each datagram that was fragmented (Linux 4.11)."""
    if sock.family == socket.AF_INET6:
        sock.setsockopt(_SOL_IPV6, _RECVFRAGSIZE6, 1)
    else:
        sock.setsockopt(_SOL_IP, _RECVFRAGSIZE4, 1)


async def receive_pieces(sock: socket.socket, most: int) -> tuple[bytes, Any, int]:
    """The next datagram, where from, and the octets of its largest fragment with IP header; 0: it came whole.

    Raises:
        OSError: an ICMP error came instead.
    """
    while True:
        try:
            payload, control, _, address = sock.recvmsg(most, _CONTROL)
        except BlockingIOError:
            await _readable(sock)
        else:
            return payload, address, _largest(control)


async def _readable(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(sock, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(sock)


def _largest(control: list[tuple[int, int, bytes]]) -> int:
    for level, kind, data in control:
        if (level, kind) in ((_SOL_IP, _RECVFRAGSIZE4), (_SOL_IPV6, _RECVFRAGSIZE6)):
            size: int = struct.unpack_from("=i", data)[0]
            return size
    return 0
