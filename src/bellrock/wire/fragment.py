"""The first fragment of a datagram to the beacon port: enough of it to know whose it is, and for nothing else.

A beacon stands at the begin of its datagram, so that the first fragment of a padded one holds all of its token, which
authenticates it. The UDP checksum covers what is missing and cannot be judged.
"""

from collections.abc import Sequence
from typing import Final

from bellrock.wire import ethernet, ip, udp
from bellrock.wire.ethernet import Tag, only_vid
from bellrock.wire.frame import BEACON_PORT, HeardDatagram

MORE: Final = 0x2000
"""RFC 791 §3.1: more fragments follow."""
OFFSET: Final = 0x1FFF
FRAGMENT6: Final = 8
"""Octets of an IPv6 fragment header (RFC 8200 §4.5)."""


def open_first_fragment(data: bytes | memoryview, tags: Sequence[Tag] = ()) -> HeardDatagram | None:
    """What a frame holds of a datagram to the beacon port, if it is that datagram's first fragment; else None.

    Extension headers other than the fragment header are not passed over.

    Raises:
        WireError: no Ethernet frame, or stacked tags.
    """
    outer = ethernet.parse(data, tags)
    vid = only_vid(outer.tags)
    packet = bytes(outer.payload)
    found = _first4(packet) if outer.ethertype == ethernet.ETHERTYPE_IPV4 else _first6(packet)
    if found is None:
        return None
    source, destination, hops, segment = found
    if len(segment) < udp.HEADER.size:
        return None
    source_port, destination_port, _, _ = udp.HEADER.unpack_from(segment)
    if destination_port != BEACON_PORT:
        return None
    multicast = 224 <= destination[0] < 240 if len(destination) == 4 else destination[0] == 0xFF
    return HeardDatagram(
        outer.source, outer.destination, vid, ip.address_text(source), ip.address_text(destination), hops, multicast,
        source_port, segment[udp.HEADER.size :],
    )  # fmt: skip


_Found = tuple[bytes, bytes, int, bytes]
"""Source, destination, hop limit, and what there is of the payload."""


def _first4(packet: bytes) -> _Found | None:
    if len(packet) < ip.HEADER4.size or packet[0] >> 4 != 4:
        return None
    first, _, total, _, fragment, hops, protocol, _, source, destination = ip.HEADER4.unpack_from(packet)
    if protocol != ip.PROTOCOL_UDP or fragment & OFFSET or not fragment & MORE:
        return None
    return source, destination, hops, packet[(first & 15) * 4 : total]


def _first6(packet: bytes) -> _Found | None:
    start = ip.HEADER6.size
    if len(packet) < start + FRAGMENT6 or packet[0] >> 4 != 6:
        return None
    _, length, following, hops, source, destination = ip.HEADER6.unpack_from(packet)
    # RFC 8200 §4.5: 13 bits of offset, 2 reserved, 1 bit "more fragments".
    fragment = packet[start + 2] << 8 | packet[start + 3]
    is_first = following == ip.FRAGMENT_HEADER and fragment & 0xFFF8 == 0 and fragment & 1
    if not is_first or packet[start] != ip.PROTOCOL_UDP:
        return None
    return source, destination, hops, packet[start + FRAGMENT6 : start + length]
