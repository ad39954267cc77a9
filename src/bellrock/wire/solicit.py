"""Neighbour discovery as far as who sends from an address of its own must answer for it (RFC 4861 §4.3, §4.4)."""

from typing import Final

from bellrock.wire import ip
from bellrock.wire.checksum import complement, remainder
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.ethernet import mac_bytes
from bellrock.wire.ip import Datagram, address_bytes, address_text

PROTOCOL_ICMPV6: Final = 58
SOLICITATION: Final = 135
ADVERTISEMENT: Final = 136
HOP_LIMIT: Final = 255
"""RFC 4861 §7.1: a router would have lowered it, so what has it comes from the link."""
_SOLICITED_OVERRIDE: Final = 0x60000000
_TARGET_LINK_LAYER: Final = b"\2\1"


def target(datagram: Datagram) -> str:
    """The address that is looked for.

    Raises:
        WireError: UNSUPPORTED (no neighbour solicitation), OFF_LINK, TRUNCATED, BAD_CHECKSUM.
    """
    data = bytes(datagram.payload)
    if datagram.protocol != PROTOCOL_ICMPV6 or data[:2] != bytes((SOLICITATION, 0)):
        raise WireError(Reason.UNSUPPORTED, "no neighbour solicitation")
    if datagram.hop_limit != HOP_LIMIT:
        raise WireError(Reason.OFF_LINK, ("neighbour solicitation with hop limit %d, not 255", datagram.hop_limit))
    if len(data) < 24:
        raise WireError(Reason.TRUNCATED, ("neighbour solicitation of %d octets; it has at least 24", len(data)))
    if _sum(datagram.source, datagram.destination, data):
        raise WireError(Reason.BAD_CHECKSUM, "neighbour solicitation: checksum")
    return address_text(data[8:24])


def advertisement(address: str, mac: str, to: str) -> bytes:
    """The IPv6 packet that says who has an address, to who looked for it.

    Raises:
        ValueError: something is no address.
    """
    body = _SOLICITED_OVERRIDE.to_bytes(4, "big") + address_bytes(address) + _TARGET_LINK_LAYER + mac_bytes(mac)
    head = bytes((ADVERTISEMENT, 0))
    checksum = complement(_sum(address, to, head + b"\0\0" + body)).to_bytes(2, "big")
    return ip.build(address, to, HOP_LIMIT, PROTOCOL_ICMPV6, head + checksum + body)


def _sum(source: str, destination: str, message: bytes) -> int:
    """With the pseudo-header of RFC 8200 §8.1."""
    addresses = remainder(address_bytes(source) + address_bytes(destination))
    return (addresses + PROTOCOL_ICMPV6 + len(message) + remainder(message)) % 0xFFFF
