"""What a walk must know of a packet that passes by: ends, hop limit, TCP's numbers and flags, or who complains about which packet.

Read leniently, as in `five_tuple`: a tap keeps the beginning of a packet only, checksums may not be filled in yet, and nothing is
believed that its sequence number or mark does not prove.
"""

import struct
from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct

from bellrock.wire import ethernet, ip, lenient
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.ethernet import Tag
from bellrock.wire.toobig import ICMP, ICMP6

TCP: Final = 6
SYN, RST, ACK, FIN = 0x02, 0x04, 0x10, 0x01
_TCP: Final = struct.Struct("!HHIIBB")
"""Ports, sequence and acknowledgement number, data offset, flags (RFC 9293 §3.1)."""
_PORTS: Final = struct.Struct("!HH")
_QUOTED_TCP: Final = struct.Struct("!HHI")
"""RFC 792: 64 bits of the original datagram's data are quoted at least: ports and the sequence number."""
_UDP_HEADER: Final = 8
_ICMP_HEADER: Final = 8
_ERRORS: Final = {4: frozenset((3, 11, 12)), 6: frozenset((1, 2, 3, 4))}


class Ends(Struct, frozen=True, gc=False):
    """From where to where."""

    protocol: Literal["tcp", "udp"]
    source: str
    source_port: int
    destination: str
    destination_port: int


class Glimpse(Struct, frozen=True, kw_only=True, gc=False):
    """A TCP or UDP packet."""

    ends: Ends
    hop_limit: int
    flags: int = 0
    """Of TCP."""
    sequence: int = 0
    acknowledged: int = 0
    payload: bytes = b""
    """Behind the transport header, as far as it was kept."""


class Complaint(Struct, frozen=True, kw_only=True, gc=False):
    """An ICMP error about a TCP or UDP packet."""

    by: str
    """The address that it came from."""
    to: str
    kind: int
    code: int
    about: Ends
    sequence: int = 0
    """Of the quoted TCP packet."""
    quoted: bytes = b""
    """As much as is quoted behind the quoted packet's UDP header."""


def glimpse(data: bytes, tags: Sequence[Tag] = ()) -> Glimpse | Complaint | None:
    """What a frame shows; None where it is neither TCP nor UDP nor an error about one, or a later fragment.

    Raises:
        WireError: TRUNCATED, MALFORMED, STACKED_TAGS: it is broken, or ends before what is asked.
    """
    frame = ethernet.parse(data, tags)
    if frame.ethertype not in (ethernet.ETHERTYPE_IPV4, ethernet.ETHERTYPE_IPV6):
        return None
    packet = lenient.parse(bytes(frame.payload))
    if packet is None:
        return None
    if packet.protocol == (ICMP if packet.version == 4 else ICMP6):
        return _complaint(packet)
    return _glimpse(packet)


def _glimpse(packet: lenient.Packet) -> Glimpse | None:
    data = packet.payload
    if packet.protocol == ip.PROTOCOL_UDP:
        ends = _ends(packet, "udp", data)
        return Glimpse(ends=ends, hop_limit=packet.hop_limit, payload=data[_UDP_HEADER:])
    if packet.protocol != TCP:
        return None
    if len(data) < _TCP.size:
        raise WireError(Reason.TRUNCATED, ("TCP: %d octets, the beginning of its header has 14", len(data)))
    _, _, sequence, acknowledged, offset, flags = _TCP.unpack_from(data)
    return Glimpse(
        ends=_ends(packet, "tcp", data), hop_limit=packet.hop_limit, flags=flags, sequence=sequence,
        acknowledged=acknowledged, payload=data[(offset >> 4) * 4 :],
    )  # fmt: skip


def _complaint(packet: lenient.Packet) -> Complaint | None:
    data = packet.payload
    if len(data) < _ICMP_HEADER or data[0] not in _ERRORS[packet.version]:
        return None
    inner = lenient.parse(data[_ICMP_HEADER:])
    if inner is None or inner.version != packet.version or inner.protocol not in (TCP, ip.PROTOCOL_UDP):
        return None
    tcp = inner.protocol == TCP
    ends = _ends(inner, "tcp" if tcp else "udp", inner.payload)
    sequence = _QUOTED_TCP.unpack_from(inner.payload)[2] if tcp and len(inner.payload) >= _QUOTED_TCP.size else 0
    return Complaint(
        by=packet.source, to=packet.destination, kind=data[0], code=data[1], about=ends, sequence=sequence,
        quoted=b"" if tcp else inner.payload[_UDP_HEADER:],
    )  # fmt: skip


def _ends(packet: lenient.Packet, name: Literal["tcp", "udp"], data: bytes) -> Ends:
    if len(data) < _PORTS.size:
        raise WireError(Reason.TRUNCATED, ("%s: ends before its ports", name.upper()))
    ours, theirs = _PORTS.unpack_from(data)
    return Ends(name, packet.source, ours, packet.destination, theirs)
