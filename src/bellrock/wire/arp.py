"""ARP for IPv4 over Ethernet, RFC 826."""

import struct
from typing import Final

from msgspec import Struct

from bellrock.wire.errors import Reason, WireError
from bellrock.wire.ethernet import mac_bytes, mac_text
from bellrock.wire.ip import address_bytes, address_text

ETHERTYPE: Final = 0x0806
REQUEST, REPLY = 1, 2
"""RFC 826: ares_op$REQUEST, ares_op$REPLY."""
BODY: Final = struct.Struct("!HHBBH6s4s6s4s")
_ETHERNET, _IPV4 = 1, 0x0800


class Arp(Struct, frozen=True, gc=False):
    """RFC 826. A probe asks as 0.0.0.0 (RFC 5227); an announcement has sender = target."""

    op: int
    """1 asks, 2 answers."""
    sender_mac: str
    sender: str
    target_mac: str
    target: str


def parse(payload: bytes | memoryview) -> Arp:
    """The payload of a frame of EtherType 0x0806; padding behind it is passed over.

    Raises:
        WireError: TRUNCATED, UNSUPPORTED (other hardware or another protocol, RARP and the like).
    """
    if len(payload) < BODY.size:
        raise WireError(Reason.TRUNCATED, ("ARP: %d octets, a packet has %d", len(payload), BODY.size))
    hardware, protocol, hlen, plen, op, sender_mac, sender, target_mac, target = BODY.unpack_from(payload)
    if (hardware, protocol, hlen, plen) != (_ETHERNET, _IPV4, 6, 4) or op not in (REQUEST, REPLY):
        what = (
            "ARP: hardware %d, protocol 0x%04x, operation %d; Ethernet, IPv4, 1 and 2 are known",
            hardware,
            protocol,
            op,
        )
        raise WireError(Reason.UNSUPPORTED, what)
    return Arp(op, mac_text(sender_mac), address_text(sender), mac_text(target_mac), address_text(target))


def build(packet: Arp) -> bytes:
    """Its 28 octets.

    Raises:
        ValueError: an address that is none, or an operation that does not fit.
    """
    try:
        return BODY.pack(
            _ETHERNET, _IPV4, 6, 4, packet.op, mac_bytes(packet.sender_mac), _four(packet.sender), mac_bytes(packet.target_mac),
            _four(packet.target),
        )  # fmt: skip
    except struct.error as error:
        raise ValueError(f"ARP: operation {packet.op}: {error}") from None


def _four(text: str) -> bytes:
    octets = address_bytes(text)
    if len(octets) != 4:
        raise ValueError(f"ARP: {text} is no IPv4 address")
    return octets
