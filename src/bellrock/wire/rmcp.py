"""RMCP, and ASF presence messages over it: the way to a management controller on UDP 623 (ASF 2.0 §3.2, IPMI 2.0 §13.1)."""

from typing import Final

from msgspec import Struct

from bellrock.wire.cursor import Cursor
from bellrock.wire.errors import Reason, WireError

VERSION: Final = 6
"""ASF 2.0 §3.2.2.2: RMCP version 1.0."""
NO_ACK: Final = 0xFF
"""Sequence number of a message that wants no acknowledgement; IPMI messages always have it."""
ASF, IPMI = 6, 7
_CLASS_BITS: Final = 0x1F
_ACK: Final = 0x80
_ASF_IANA: Final = 4542
_PING, _PONG = 0x80, 0x40


class Pong(Struct, frozen=True):
    """A presence pong (ASF 2.0 §3.2.4.3)."""

    tag: int
    enterprise: int
    """IANA enterprise number of whoever defines the OEM field; 4542: nobody."""
    ipmi: bool
    """IPMI is spoken here."""
    security: bool
    """RSP, the security extensions of ASF 2.0 on UDP 664."""


def wrap(payload: bytes, kind: int = IPMI) -> bytes:
    """A message of a class, with its RMCP header."""
    return bytes((VERSION, 0, NO_ACK, kind)) + payload


def unwrap(datagram: bytes) -> tuple[int, bytes]:
    """Class and payload of a message.

    Raises:
        WireError: TRUNCATED, UNKNOWN_VERSION (no RMCP, or a later one), UNSUPPORTED (an acknowledgement, which carries nothing).
    """
    cursor = Cursor(datagram, "RMCP")
    version = cursor.u8()
    if version != VERSION:
        raise WireError(Reason.UNKNOWN_VERSION, ("RMCP: the first octet is %d, and not 6", version))
    cursor.take(2)  # reserved, sequence number
    kind = cursor.u8()
    if kind & _ACK:
        raise WireError(Reason.UNSUPPORTED, "RMCP: an acknowledgement, where an answer is waited for")
    return kind & _CLASS_BITS, cursor.rest()


def build_ping(tag: int) -> bytes:
    """A presence ping (ASF 2.0 §3.2.4.2). `tag`: 0 to 254; 255 would ask for no answer."""
    return wrap(_ASF_IANA.to_bytes(4, "big") + bytes((_PING, tag, 0, 0)), ASF)


def parse_pong(payload: bytes) -> Pong:
    """The payload of an ASF message that is a presence pong.

    Raises:
        WireError: TRUNCATED, UNSUPPORTED (another message).
    """
    cursor = Cursor(payload, "ASF")
    iana, kind = cursor.u32(), cursor.u8()
    if (iana, kind) != (_ASF_IANA, _PONG):
        raise WireError(Reason.UNSUPPORTED, ("ASF: message 0x%02x of enterprise %d, and no presence pong", kind, iana))
    tag, _, length = cursor.u8(), cursor.u8(), cursor.u8()
    if length < 10:
        raise WireError(Reason.MALFORMED, ("ASF: a presence pong of %d octets", length))
    enterprise = cursor.u32()
    cursor.take(4)  # OEM defined
    # ASF 2.0 §3.2.4.3: bit 7 of the supported entities is IPMI; bit 7 of the interactions is the security extensions.
    entities, interactions = cursor.u8(), cursor.u8()
    return Pong(tag, enterprise, bool(entities & 0x80), bool(interactions & 0x80))
