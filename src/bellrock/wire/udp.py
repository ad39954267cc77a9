"""UDP (RFC 768, RFC 8200 §8.1)."""

import struct
from typing import Final

from msgspec import Struct

from bellrock.wire import ip
from bellrock.wire.checksum import complement_nonzero, remainder
from bellrock.wire.errors import Reason, WireError

HEADER: Final = struct.Struct("!HHHH")


class Segment(Struct, frozen=True):
    """The content of a UDP datagram."""

    source_port: int
    destination_port: int
    payload: bytes | memoryview


def parse(datagram: ip.Datagram, checksum_ready: bool = True) -> Segment:
    """Take the payload of an IP packet apart.

    Args:
        datagram: the packet.
        checksum_ready: False where the kernel says (TP_STATUS_CSUMNOTREADY) that the checksum is not filled in yet,
            because the packet never left this machine; it is not judged then.

    Raises:
        WireError: UNSUPPORTED (not UDP), TRUNCATED, MALFORMED, BAD_CHECKSUM.
    """
    if datagram.protocol != ip.PROTOCOL_UDP:
        raise WireError(Reason.UNSUPPORTED, ("IP protocol %d, expected UDP", datagram.protocol))
    data = datagram.payload
    if len(data) < HEADER.size:
        raise WireError(Reason.TRUNCATED, ("UDP: %d octets, a header has 8", len(data)))
    source_port, destination_port, length, checksum = HEADER.unpack_from(data)
    check_length(length, len(data))
    if checksum_ready:
        addresses = ip.address_bytes(datagram.source) + ip.address_bytes(datagram.destination)
        check_checksum(checksum, datagram.version, remainder(addresses), data[:length])
    return Segment(source_port, destination_port, data[HEADER.size : length])


def check_length(length: int, there: int) -> None:
    """Judge the length field of a segment in `there` octets of IP payload; what comes after it is no part of it.

    Raises:
        WireError: MALFORMED, TRUNCATED.
    """
    if length < HEADER.size:
        raise WireError(Reason.MALFORMED, ("UDP: length %d is shorter than the header", length))
    if length > there:
        raise WireError(Reason.TRUNCATED, ("UDP: length %d, %d octets are there", length, there))


def check_checksum(checksum: int, version: int, addresses: int, segment: bytes | memoryview) -> None:
    """Judge the checksum of a segment; `addresses` is the remainder of both IP addresses.

    Raises:
        WireError: BAD_CHECKSUM; none at all is right in IPv4 (RFC 768) and wrong in IPv6 (RFC 8200 §8.1).
    """
    if checksum == 0 and version == 4:
        return
    if checksum == 0 or (addresses + ip.PROTOCOL_UDP + len(segment) + remainder(segment)) % 0xFFFF:
        raise WireError(Reason.BAD_CHECKSUM, ("UDP: checksum 0x%04x", checksum))


def build(source: str, destination: str, segment: Segment) -> bytes:
    """The octets of a segment between two addresses of one family, checksum included.

    Raises:
        ValueError: an address, port or size that does not fit.
    """
    length = HEADER.size + len(segment.payload)
    if length > 0xFFFF:
        raise ValueError(f"{len(segment.payload)} octets do not fit a UDP datagram")
    addresses = ip.address_bytes(source) + ip.address_bytes(destination)
    try:
        blank = HEADER.pack(segment.source_port, segment.destination_port, length, 0) + segment.payload
    except struct.error:
        raise ValueError(f"ports {segment.source_port}, {segment.destination_port} are not in 0–65535") from None
    total = remainder(addresses) + ip.PROTOCOL_UDP + length + remainder(blank)
    return blank[:6] + complement_nonzero(total).to_bytes(2, "big") + blank[8:]
