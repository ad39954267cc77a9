"""From a whole Ethernet frame to the beacon's UDP payload in one pass, and back.

`open_beacon_frame` says what the parsers of `ethernet`, `ip` and `udp` say one after the other. For frames of the usual shape
it does so in one pass, at a third of the cost, because under a flood each forged frame goes through here; all others it hands to
those parsers. A law in its tests holds the two together.
"""

import struct
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

from msgspec import Struct

from bellrock.wire import ethernet, ip, udp
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.ethernet import EthernetFrame, Tag, only_vid, two_tags

BEACON_PORT: Final = 5240
GROUP4: Final = "224.0.0.118"
GROUP6: Final = "ff02::15a"
GROUP4_MAC: Final = "01:00:5e:00:00:76"
GROUP6_MAC: Final = "33:33:00:00:01:5a"
LLDP_MAC: Final = "01:80:c2:00:00:0e"
"""IEEE 802.1AB §7.1: the nearest bridge."""
LLDP_MACS: Final = (LLDP_MAC, "01:80:c2:00:00:03", "01:80:c2:00:00:00")
"""Nearest bridge, nearest non-TPMR bridge, nearest customer bridge."""
CDP_MAC: Final = "01:00:0c:cc:cc:cc"

LINK_TTL: Final = 1
UNICAST_TTL: Final = 64

_usual4: Final = struct.Struct("!6s6sH BxH 2xHBB 2x4s4s HHHH").unpack_from
_usual6: Final = struct.Struct("!6s6sH B3xHBB 16s16s HHHH").unpack_from


class HeardDatagram(Struct, frozen=True):
    """A UDP datagram to the beacon port, and how it came.

    `vid` is None for untagged and priority-tagged frames; `hop_limit` is IPv4's TTL; `multicast` says whether the
    destination address is a group.
    """

    source_mac: str
    destination_mac: str
    vid: int | None
    source_ip: str
    destination_ip: str
    hop_limit: int
    multicast: bool
    source_port: int
    payload: bytes
    outer: Tag | None = None
    """The service tag around the VID's, where two tags name a VLAN."""


def open_beacon_frame(
    data: bytes | memoryview, tags: Sequence[Tag] = (), checksum_ready: bool = True, *, stacked: bool = False
) -> HeardDatagram:
    """Take a frame apart down to the payload of UDP port 5240.

    Args:
        data: the frame from its Ethernet header on.
        tags: VLAN tags that the kernel stripped, outermost first.
        checksum_ready: False where the kernel says that the UDP checksum is not filled in yet; it is not judged then.
        stacked: take a frame with two tags, too (IEEE 802.1ad). For the caller who authenticates what is in it before he
            believes that it belongs to any VLAN of his.

    Raises:
        WireError: TRUNCATED, MALFORMED, BAD_CHECKSUM, FRAGMENT, STACKED_TAGS, UNSUPPORTED (no UDP to port 5240).
    """
    heard = _open_usual(data, tags, checksum_ready)
    if heard is not None:
        return heard
    return _open_any(data, tags, checksum_ready, stacked)


def _open_usual(data: bytes | memoryview, tags: Sequence[Tag], judge: bool) -> HeardDatagram | None:
    """What nearly every frame is: no tag in the data, no IP options, nothing wrong. None for all others."""
    if len(data) < 42 or len(tags) > 1:
        return None
    vid = tags[0].vid or None if tags else None
    if data[12] == 0x08:
        return _open_usual4(data, vid, judge)
    return _open_usual6(data, vid, judge) if len(data) >= 62 else None


def _open_usual4(data: bytes | memoryview, vid: int | None, judge: bool) -> HeardDatagram | None:
    fields = _usual4(data)
    theirs, ours, ethertype, first, total, flags, ttl, protocol, source, destination, sport, dport, size, check = fields
    end = 14 + total
    if (
        ethertype != ethernet.ETHERTYPE_IPV4
        or first != 0x45  # RFC 791 §3.1: version 4, five words of header
        or protocol != ip.PROTOCOL_UDP
        or flags & ip.FRAGMENT_BITS
        or dport != BEACON_PORT
        or not 8 <= size == total - 20 <= len(data) - 34
        or int.from_bytes(data[14:34], "big") % 0xFFFF
    ):
        return None
    if judge and check:
        # Both addresses stand right before the UDP header, so that one number holds all but protocol and length.
        words = int.from_bytes(data[26:end], "big")
        if ((words << 8 if total & 1 else words) + 17 + size) % 0xFFFF:
            return None
    multicast = 224 <= destination[0] < 240
    source, destination = ip.address_text(source), ip.address_text(destination)
    payload = bytes(data[42:end])
    return HeardDatagram(ours.hex(":"), theirs.hex(":"), vid, source, destination, ttl, multicast, sport, payload)


def _open_usual6(data: bytes | memoryview, vid: int | None, judge: bool) -> HeardDatagram | None:
    fields = _usual6(data)
    theirs, ours, ethertype, first, total, protocol, hops, source, destination, sport, dport, size, check = fields
    end = 54 + total
    if (
        ethertype != ethernet.ETHERTYPE_IPV6
        or first >> 4 != 6
        or protocol != ip.PROTOCOL_UDP
        or dport != BEACON_PORT
        or not 8 <= size == total <= len(data) - 54
        or (judge and not check)  # RFC 8200 §8.1: there must be one
    ):
        return None
    if judge:
        words = int.from_bytes(data[22:end], "big")
        if ((words << 8 if total & 1 else words) + 17 + size) % 0xFFFF:
            return None
    multicast = destination[0] == 0xFF
    source, destination = ip.address_text(source), ip.address_text(destination)
    payload = bytes(data[62:end])
    return HeardDatagram(ours.hex(":"), theirs.hex(":"), vid, source, destination, hops, multicast, sport, payload)


def _open_any(data: bytes | memoryview, tags: Sequence[Tag], checksum_ready: bool, stacked: bool) -> HeardDatagram:
    """The same for every frame, layer by layer, and what is wrong with it."""
    outer = ethernet.parse(data, tags)
    service, vid = (None, only_vid(outer.tags)) if not stacked else two_tags(outer.tags)
    if outer.ethertype == ethernet.ETHERTYPE_IPV4:
        datagram = ip.parse4(outer.payload)
    elif outer.ethertype == ethernet.ETHERTYPE_IPV6:
        datagram = ip.parse6(outer.payload)
    else:
        raise WireError(Reason.UNSUPPORTED, ("EtherType 0x%04x, expected IPv4 or IPv6", outer.ethertype))
    segment = udp.parse(datagram, checksum_ready)
    if segment.destination_port != BEACON_PORT:
        raise WireError(Reason.UNSUPPORTED, ("UDP port %d, expected %d", segment.destination_port, BEACON_PORT))
    return HeardDatagram(
        outer.source,
        outer.destination,
        vid,
        datagram.source,
        datagram.destination,
        datagram.hop_limit,
        datagram.multicast,
        segment.source_port,
        bytes(segment.payload),
        service,
    )


def build_beacon_frame(
    payload: bytes,
    source_mac: str,
    source_ip: str,
    tags: Sequence[Tag] = (),
    unicast: tuple[str, str, int] | None = None,
) -> bytes:
    """A whole Ethernet frame that carries a beacon, all tags in the data.

    Args:
        payload: from `beacon.encode`.
        source_mac: the sending interface's.
        source_ip: decides the family. An interface without an IPv6 address uses `ip.link_local_from_mac`.
        tags: outermost first.
        unicast: MAC, IP address and UDP port of the peer; without it, the group of the family, TTL or hop limit 1.

    Raises:
        ValueError: an address, tag or port that cannot be written, or a payload that does not fit.
    """
    version = ip_address(source_ip).version
    group = (GROUP4_MAC, GROUP4, BEACON_PORT) if version == 4 else (GROUP6_MAC, GROUP6, BEACON_PORT)
    mac, address, port = unicast or group
    segment = udp.build(source_ip, address, udp.Segment(BEACON_PORT, port, payload))
    packet = ip.build(source_ip, address, UNICAST_TTL if unicast else LINK_TTL, ip.PROTOCOL_UDP, segment)
    ethertype = ethernet.ETHERTYPE_IPV4 if version == 4 else ethernet.ETHERTYPE_IPV6
    return ethernet.build(EthernetFrame(mac, source_mac, tuple(tags), ethertype, packet))
