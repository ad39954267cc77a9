"""Where the layers of a frame begin and end. Lenient: a frame that is cut or wrong has as many layers as can be seen."""

from typing import Final

from msgspec import Struct

from bellrock.wire import ip
from bellrock.wire.ethernet import ETHERTYPE_IPV4, ETHERTYPE_IPV6, HEADER, MAX_TAGS, TPIDS

ETHERTYPE_ARP: Final = 0x0806
TCP, UDP, ICMP, ICMPV6, IGMP = 6, 17, 1, 58, 2
_ARP_SIZE: Final = 28
_FIXED: Final = {UDP: 8, ICMP: 8, ICMPV6: 8, IGMP: 8}
"""Octets of headers that have one size; of ICMP what comes before a quoted packet."""
_TCP_LEAST: Final = 20


class Layers(Struct, frozen=True):
    """Offsets from the start of the frame."""

    transport: int | None
    """Where TCP, UDP or ICMP begins; None where there is none, or a later fragment."""
    payload: int
    """Where the headers end."""
    end: int
    """Where the IP packet ends; padding follows."""
    protocol: int = -1
    """The number in the IP header, also of a fragment."""
    addresses: bytes = b""
    """Source and destination."""
    fragment: bool = False
    """A later fragment: what it holds cannot be told."""


def layers(data: bytes) -> Layers:
    """The layers of an Ethernet frame."""
    kind, at = _ethertype(data)
    if kind == ETHERTYPE_IPV4:
        return _ipv4(data, at)
    if kind == ETHERTYPE_IPV6:
        return _ipv6(data, at)
    end = len(data)
    return Layers(None, min(end, at + _ARP_SIZE if kind == ETHERTYPE_ARP else at), end)


def _ethertype(data: bytes) -> tuple[int, int]:
    """And where what it names begins."""
    at = HEADER.size
    for _ in range(MAX_TAGS):
        kind = int.from_bytes(data[at - 2 : at], "big")
        if kind not in TPIDS:
            return kind, at
        at += 4
    return 0, at


def _ipv4(data: bytes, at: int) -> Layers:
    size = len(data)
    length = (data[at] & 15) * 4 if at < size else 0
    if size < at + ip.HEADER4.size or length < ip.HEADER4.size:
        return Layers(None, min(size, at + ip.HEADER4.size), size)
    total = int.from_bytes(data[at + 2 : at + 4], "big")
    # 0: the card cuts it into packets later (TSO); it reaches to the end.
    end = min(size, at + total) if total else size
    later = int.from_bytes(data[at + 6 : at + 8], "big") & 0x1FFF > 0
    return _transport(data, at + length, end, data[at + 9], data[at + 12 : at + 20], later)


def _ipv6(data: bytes, at: int) -> Layers:
    size = len(data)
    if size < at + ip.HEADER6.size:
        return Layers(None, size, size)
    total = int.from_bytes(data[at + 4 : at + 6], "big")
    addresses = data[at + 8 : at + 40]
    end = min(size, at + ip.HEADER6.size + total) if total else size
    kind, at, later = data[at + 6], at + ip.HEADER6.size, False
    for _ in range(ip.MAX_EXTENSION_HEADERS):
        if kind not in ip.PASSED_OVER and kind != ip.FRAGMENT_HEADER:
            break
        if at + 8 > end:
            return Layers(None, end, end, kind, addresses)
        if kind == ip.FRAGMENT_HEADER:
            later = later or int.from_bytes(data[at + 2 : at + 4], "big") & 0xFFF8 > 0
            kind, at = data[at], at + 8
        else:
            kind, at = data[at], at + 8 + data[at + 1] * 8
    return _transport(data, at, end, kind, addresses, later)


def _transport(data: bytes, at: int, end: int, protocol: int, addresses: bytes, later: bool) -> Layers:
    at = min(at, end)
    if later or (protocol != TCP and protocol not in _FIXED):
        return Layers(None, at, end, protocol, addresses, later)
    size = _FIXED.get(protocol, _TCP_LEAST)
    if at + size > end:
        return Layers(None, end, end, protocol, addresses)
    if protocol == TCP:
        size = max(_TCP_LEAST, (data[at + 12] >> 4) * 4)
    return Layers(at, min(end, at + size), end, protocol, addresses)
