"""Who talks to whom in a frame: addresses and ports, read leniently, because it is counted and not believed.

Checksums are not judged, and a packet may be cut off after its ports: a capture keeps no more. What shows no ports (later
fragments, other protocols) is no five-tuple.
"""

import struct
from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct

from bellrock.wire import ethernet, ip
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.ethernet import Tag

PROTOCOL_TCP: Final = 6
_PORTS: Final = struct.Struct("!HH")
_SYN, _ACK = 0x02, 0x10
_TCP_FLAGS_AT: Final = 13
_OFFSET4: Final = 0x1FFF
_OFFSET6: Final = 0xFFF8
_NAMES: Final[dict[int, Literal["tcp", "udp"]]] = {PROTOCOL_TCP: "tcp", ip.PROTOCOL_UDP: "udp"}


class FiveTuple(Struct, frozen=True, gc=False):
    """Both ends of a TCP or UDP packet. `opens`: a SYN without ACK, so that the source is who begins (RFC 9293 §3.5)."""

    protocol: Literal["tcp", "udp"]
    source: str
    source_port: int
    destination: str
    destination_port: int
    opens: bool = False
    vid: int | None = None
    """Of the innermost tag; None for untagged and priority-tagged frames."""


def five_tuple(data: bytes, tags: Sequence[Tag] = ()) -> FiveTuple | None:
    """The ends of a TCP or UDP packet in an Ethernet frame; None where it carries neither, or is a later fragment.

    Args:
        data: the frame from its Ethernet header on.
        tags: VLAN tags that the kernel stripped, outermost first.

    Raises:
        WireError: TRUNCATED, MALFORMED, STACKED_TAGS: it ends before its ports, or is no Ethernet or IP.
    """
    frame = ethernet.parse(data, tags)
    vid = (frame.tags[-1].vid or None) if frame.tags else None
    payload = bytes(frame.payload)
    if frame.ethertype == ethernet.ETHERTYPE_IPV4:
        return _ipv4(payload, vid)
    if frame.ethertype == ethernet.ETHERTYPE_IPV6:
        return _ipv6(payload, vid)
    return None


def _ipv4(data: bytes, vid: int | None) -> FiveTuple | None:
    if len(data) < ip.HEADER4.size:
        raise WireError(Reason.TRUNCATED, ("IPv4: %d octets, a header has 20", len(data)))
    first, _, _, _, fragment, _, protocol, _, source, destination = ip.HEADER4.unpack_from(data)
    if not 0x45 <= first <= 0x4F:
        raise WireError(Reason.MALFORMED, ("IPv4: version and header length 0x%02x", first))
    if fragment & _OFFSET4:
        return None
    return _transport(data[(first & 15) * 4 :], protocol, source, destination, vid)


def _ipv6(data: bytes, vid: int | None) -> FiveTuple | None:
    if len(data) < ip.HEADER6.size:
        raise WireError(Reason.TRUNCATED, ("IPv6: %d octets, a header has 40", len(data)))
    first, _, protocol, _, source, destination = ip.HEADER6.unpack_from(data)
    if first >> 28 != 6:
        raise WireError(Reason.MALFORMED, ("IPv6: version %d", first >> 28))
    at = ip.HEADER6.size
    for _ in range(ip.MAX_EXTENSION_HEADERS):
        if protocol not in ip.PASSED_OVER and protocol != ip.FRAGMENT_HEADER:
            break
        if at + 8 > len(data):
            raise WireError(Reason.TRUNCATED, ("IPv6: ends inside extension header %d", protocol))
        if protocol == ip.FRAGMENT_HEADER:
            # RFC 8200 §4.5: 8 octets; the offset is in the upper 13 bits of the second word.
            if int.from_bytes(data[at + 2 : at + 4], "big") & _OFFSET6:
                return None
            protocol, at = data[at], at + 8
        else:
            protocol, at = data[at], at + 8 + data[at + 1] * 8
    return _transport(data[at:], protocol, source, destination, vid)


def _transport(data: bytes, protocol: int, source: bytes, destination: bytes, vid: int | None) -> FiveTuple | None:
    name = _NAMES.get(protocol)
    if name is None:
        return None
    if len(data) < _PORTS.size:
        raise WireError(Reason.TRUNCATED, ("%s: ends before its ports", name.upper()))
    ours, theirs = _PORTS.unpack_from(data)
    flags = data[_TCP_FLAGS_AT] if name == "tcp" and len(data) > _TCP_FLAGS_AT else _ACK
    opens = flags & (_SYN | _ACK) == _SYN
    return FiveTuple(name, ip.address_text(source), ours, ip.address_text(destination), theirs, opens, vid)
