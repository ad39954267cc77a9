"""IPv4 (RFC 791) and IPv6 (RFC 8200) packets that are whole; fragments are refused."""

import struct
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from msgspec import Struct

from bellrock.wire.checksum import complement, remainder
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.ethernet import mac_bytes

PROTOCOL_UDP: Final = 17
HEADER4: Final = struct.Struct("!BBHHHBBH4s4s")
HEADER6: Final = struct.Struct("!IHBB16s16s")
DONT_FRAGMENT: Final = 0x4000
FRAGMENT_BITS: Final = 0x3FFF
"""RFC 791 §3.1: "more fragments" and the offset; either one set makes the packet a fragment."""

HOP_BY_HOP: Final = 0
ROUTING: Final = 43
FRAGMENT_HEADER: Final = 44
DESTINATION_OPTIONS: Final = 60
PASSED_OVER: Final = frozenset((HOP_BY_HOP, ROUTING, DESTINATION_OPTIONS))
MAX_EXTENSION_HEADERS: Final = 8


class Datagram(Struct, frozen=True):
    """A whole IP packet.

    `hop_limit` is IPv4's time to live; `protocol` is that of the payload, after IPv6's extension headers.
    """

    version: int
    source: str
    destination: str
    hop_limit: int
    protocol: int
    payload: bytes | memoryview

    @property
    def source_is_link_local(self) -> bool:
        """169.254.0.0/16 or fe80::/10: no router passes it on."""
        return ip_address(self.source).is_link_local

    @property
    def multicast(self) -> bool:
        """Whether the destination is a group."""
        first = address_bytes(self.destination)[0]
        return 224 <= first < 240 if self.version == 4 else first == 0xFF


@lru_cache(maxsize=4096)
def address_text(address: bytes) -> str:
    """Four or sixteen octets → `10.0.0.1`, `fe80::1` (RFC 5952). Cached: the same few neighbours speak all day."""
    if len(address) == 4:
        return f"{address[0]}.{address[1]}.{address[2]}.{address[3]}"
    return str(IPv6Address(address))


@lru_cache(maxsize=4096)
def address_bytes(text: str) -> bytes:
    """`10.0.0.1`, `fe80::1` → four or sixteen octets.

    Raises:
        ValueError: not an address.
    """
    return ip_address(text).packed


def link_local_from_mac(mac: str) -> str:
    """The fe80:: address that an interface with this MAC gives itself (RFC 4291 Appendix A, modified EUI-64).

    Raises:
        ValueError: not a MAC address.
    """
    m = mac_bytes(mac)
    return str(IPv6Address(b"\xfe\x80" + bytes(6) + bytes((m[0] ^ 2, m[1], m[2], 0xFF, 0xFE, m[3], m[4], m[5]))))


def parse(data: bytes | memoryview) -> Datagram:
    """Take a packet apart. Octets after its own length (Ethernet's padding) are left out.

    Raises:
        WireError: TRUNCATED, MALFORMED, BAD_CHECKSUM (IPv4 header), FRAGMENT, UNSUPPORTED.
    """
    if not data:
        raise WireError(Reason.TRUNCATED, "IP: no octets")
    if data[0] >> 4 == 4:
        return parse4(data)
    if data[0] >> 4 == 6:
        return parse6(data)
    raise WireError(Reason.MALFORMED, ("IP: version %d", data[0] >> 4))


def parse4(data: bytes | memoryview) -> Datagram:
    """`parse` where an EtherType says that it is IPv4."""
    header_length, end = _bounds4(data)
    _, _, _, _, _, ttl, protocol, _, source, destination = HEADER4.unpack_from(data)
    payload = data[header_length:end]
    return Datagram(4, address_text(source), address_text(destination), ttl, protocol, payload)


def _bounds4(data: bytes | memoryview) -> tuple[int, int]:
    """Where the payload begins and ends."""
    if len(data) < HEADER4.size:
        raise WireError(Reason.TRUNCATED, ("IPv4: %d octets, a header has 20", len(data)))
    first, _, end, _, fragment, *_ = HEADER4.unpack_from(data)
    if not 0x45 <= first <= 0x4F:
        raise WireError(Reason.MALFORMED, ("IPv4: version and header length 0x%02x", first))
    start = (first & 15) * 4
    if end < start:
        raise WireError(Reason.MALFORMED, ("IPv4: total length %d is shorter than the header", end))
    if end > len(data):
        raise WireError(Reason.TRUNCATED, ("IPv4: total length %d, %d octets are there", end, len(data)))
    if remainder(data[:start]):
        raise WireError(Reason.BAD_CHECKSUM, "IPv4: header checksum")
    if fragment & FRAGMENT_BITS:
        raise WireError(Reason.FRAGMENT, "IPv4: a fragment")
    return start, end


def parse6(data: bytes | memoryview) -> Datagram:
    """`parse` where an EtherType says that it is IPv6."""
    start, end, protocol = _bounds6(data)
    _, _, _, hop_limit, source, destination = HEADER6.unpack_from(data)
    return Datagram(6, address_text(source), address_text(destination), hop_limit, protocol, data[start:end])


def _bounds6(data: bytes | memoryview) -> tuple[int, int, int]:
    """Where the payload begins and ends, and its protocol."""
    start = HEADER6.size
    if len(data) < start:
        raise WireError(Reason.TRUNCATED, ("IPv6: %d octets, a header has 40", len(data)))
    if data[0] >> 4 != 6:
        raise WireError(Reason.MALFORMED, ("IPv6: version %d", data[0] >> 4))
    length = data[4] << 8 | data[5]
    if start + length > len(data):
        there = len(data) - start
        raise WireError(Reason.TRUNCATED, ("IPv6: payload length %d, %d octets are there", length, there))
    at, protocol = _skip_extensions(data, start, start + length, data[6])
    return at, start + length, protocol


def _skip_extensions(data: bytes | memoryview, start: int, end: int, protocol: int) -> tuple[int, int]:
    for _ in range(MAX_EXTENSION_HEADERS):
        if protocol not in PASSED_OVER:
            break
        # RFC 8200 §4.3, §4.4, §4.6: next header, length in units of 8 octets without the first.
        if start + 8 > end or start + 8 + data[start + 1] * 8 > end:
            raise WireError(Reason.TRUNCATED, ("IPv6: ends inside extension header %d", protocol))
        if protocol == ROUTING and data[start + 3]:
            raise WireError(Reason.UNSUPPORTED, "IPv6: on its way to another host (routing header, segments left)")
        start, protocol = start + 8 + data[start + 1] * 8, data[start]
    if protocol == FRAGMENT_HEADER:
        raise WireError(Reason.FRAGMENT, "IPv6: a fragment")
    if protocol in PASSED_OVER:
        raise WireError(Reason.UNSUPPORTED, ("IPv6: more than %d extension headers", MAX_EXTENSION_HEADERS))
    return start, protocol


def build(source: str, destination: str, hop_limit: int, protocol: int, payload: bytes) -> bytes:
    """A whole IP packet; DF set and identification 0 in IPv4, because it is never to be fragmented (RFC 6864 §4.1).

    Raises:
        ValueError: addresses of two families, or a size or number that does not fit.
    """
    ours, theirs = ip_address(source), ip_address(destination)
    if not (0 <= hop_limit <= 255 and 0 <= protocol <= 255):
        raise ValueError(f"hop limit {hop_limit} or protocol {protocol} is not in 0–255")
    if isinstance(ours, IPv4Address) and isinstance(theirs, IPv4Address):
        return _build4(ours.packed + theirs.packed, hop_limit, protocol, payload)
    if isinstance(ours, IPv6Address) and isinstance(theirs, IPv6Address):
        return _build6(ours.packed + theirs.packed, hop_limit, protocol, payload)
    raise ValueError(f"{source} and {destination} are not of one family")


def _build4(addresses: bytes, ttl: int, protocol: int, payload: bytes) -> bytes:
    total = HEADER4.size + len(payload)
    if total > 0xFFFF:
        raise ValueError(f"{len(payload)} octets do not fit an IPv4 packet")
    header = struct.pack("!BBHHHBBH", 0x45, 0, total, 0, DONT_FRAGMENT, ttl, protocol, 0) + addresses
    return header[:10] + complement(remainder(header)).to_bytes(2, "big") + header[12:] + payload


def _build6(addresses: bytes, hop_limit: int, protocol: int, payload: bytes) -> bytes:
    if len(payload) > 0xFFFF:
        raise ValueError(f"{len(payload)} octets do not fit an IPv6 packet")
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, hop_limit) + addresses + payload
