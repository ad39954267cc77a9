"""ICMP's "fragmentation needed" (RFC 792, RFC 1191) and ICMPv6's "packet too big" (RFC 4443 §3.2) about a multicast beacon.

Nobody signs them. What they quote must be a beacon to the group (RFC 8899 §4.6.1 asks for as much), and what follows from them is an
explanation, never a size. ICMP says nothing about multicast (RFC 1122 §3.2.2), but a bridge or tunnel that is none may not know that.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from bellrock.wire import ethernet, ip
from bellrock.wire.checksum import remainder
from bellrock.wire.errors import WireError
from bellrock.wire.ethernet import Tag, only_vid
from bellrock.wire.frame import BEACON_PORT, GROUP4, GROUP6

ICMP, ICMP6 = 1, 58
"""IP protocol numbers."""
FRAGMENTATION_NEEDED: Final = b"\x03\x04"
PACKET_TOO_BIG: Final = b"\x02\x00"
HEADER: Final = 8
"""Octets of type, code, checksum and MTU in either."""


class Quoted(Struct, frozen=True):
    """What the message quotes: how large our packet was, and on which VID the message came."""

    vid: int | None
    size: int


def open_too_big(data: bytes | memoryview, tags: Sequence[Tag] = ()) -> Quoted | None:
    """What a frame says of a beacon that was too big; None if it is anything else, or broken."""
    try:
        outer = ethernet.parse(data, tags)
        vid = only_vid(outer.tags)
        datagram = ip.parse(outer.payload)
    except WireError:
        return None
    message = bytes(datagram.payload)
    size = _quoted4(message) if datagram.version == 4 else _quoted6(message)
    if size is None or datagram.protocol != (ICMP if datagram.version == 4 else ICMP6) or not _sound(datagram, message):
        return None
    return Quoted(vid, size)


def _sound(datagram: ip.Datagram, message: bytes) -> bool:
    """The checksum, which in ICMPv6 covers a pseudo-header (RFC 4443 §2.3)."""
    total = remainder(message)
    if datagram.version == 6:
        total += remainder(ip.address_bytes(datagram.source) + ip.address_bytes(datagram.destination))
        total += ICMP6 + len(message)
    return total % 0xFFFF == 0


def _quoted4(message: bytes) -> int | None:
    packet = message[HEADER:]
    if message[:2] != FRAGMENTATION_NEEDED or len(packet) < ip.HEADER4.size + 4 or packet[0] != 0x45:
        return None
    _, _, total, _, _, _, protocol, _, _, destination = ip.HEADER4.unpack_from(packet)
    ours = protocol == ip.PROTOCOL_UDP and destination == ip.address_bytes(GROUP4)
    return total if ours and _port(packet[ip.HEADER4.size :]) == BEACON_PORT else None


def _quoted6(message: bytes) -> int | None:
    packet = message[HEADER:]
    if message[:2] != PACKET_TOO_BIG or len(packet) < ip.HEADER6.size + 4 or packet[0] >> 4 != 6:
        return None
    _, length, protocol, _, _, destination = ip.HEADER6.unpack_from(packet)
    ours = protocol == ip.PROTOCOL_UDP and destination == ip.address_bytes(GROUP6)
    return ip.HEADER6.size + length if ours and _port(packet[ip.HEADER6.size :]) == BEACON_PORT else None


def _port(segment: bytes) -> int:
    """The destination port, of which a message quotes at least so much."""
    return int.from_bytes(segment[2:4], "big")
