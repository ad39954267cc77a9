"""IP packets as a tap or an ICMP error has them: the beginning only, checksums not filled in. Nothing here is believed, only shown."""

from typing import Final

from msgspec import Struct

from bellrock.wire import ip
from bellrock.wire.errors import Reason, WireError

_LATER: Final = 0x1FFF
"""RFC 791 §3.1: the offset of a fragment; only the first has ports."""


class Packet(Struct, frozen=True, gc=False):
    """What there is of an IP packet."""

    version: int
    source: str
    destination: str
    hop_limit: int
    protocol: int
    """Of the payload, after IPv6's extension headers."""
    payload: bytes


def parse(data: bytes) -> Packet | None:
    """A packet; None for a later fragment in IPv4, and for any in IPv6.

    Raises:
        WireError: TRUNCATED, MALFORMED: it ends inside its headers, or has none of IP.
    """
    if not data:
        raise WireError(Reason.TRUNCATED, "IP: no octets")
    if data[0] >> 4 == 4:
        return _packet4(data)
    if data[0] >> 4 == 6:
        return _packet6(data)
    raise WireError(Reason.MALFORMED, ("IP: version %d", data[0] >> 4))


def _packet4(data: bytes) -> Packet | None:
    if len(data) < ip.HEADER4.size:
        raise WireError(Reason.TRUNCATED, ("IPv4: %d octets, a header has 20", len(data)))
    first, _, total, _, fragment, ttl, protocol, _, source, destination = ip.HEADER4.unpack_from(data)
    start = (first & 15) * 4
    # A quoted packet's total length is that of the original; so is that of one that a tap has cut.
    if start < ip.HEADER4.size or total < start:
        raise WireError(Reason.MALFORMED, ("IPv4: header of %d octets in %d", start, total))
    if fragment & _LATER:
        return None
    return Packet(4, ip.address_text(source), ip.address_text(destination), ttl, protocol, data[start:total])


def _packet6(data: bytes) -> Packet | None:
    if len(data) < ip.HEADER6.size:
        raise WireError(Reason.TRUNCATED, ("IPv6: %d octets, a header has 40", len(data)))
    _, length, protocol, hops, source, destination = ip.HEADER6.unpack_from(data)
    at, end = ip.HEADER6.size, ip.HEADER6.size + length
    for _ in range(ip.MAX_EXTENSION_HEADERS):
        if protocol not in ip.PASSED_OVER:
            break
        if at + 8 > len(data):
            raise WireError(Reason.TRUNCATED, ("IPv6: ends inside extension header %d", protocol))
        protocol, at = data[at], at + 8 + data[at + 1] * 8
    if protocol == ip.FRAGMENT_HEADER:
        return None
    return Packet(6, ip.address_text(source), ip.address_text(destination), hops, protocol, data[at:end])
