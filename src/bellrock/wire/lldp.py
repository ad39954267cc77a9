"""LLDP, IEEE 802.1AB: what the device at the other end of the cable says about itself."""

from collections.abc import Callable
from typing import Any, Final

from bellrock.model import Neighbour
from bellrock.wire.cursor import Cursor
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.ip import address_text
from bellrock.wire.text import printable, printable_or_hex

Fields = dict[str, Any]
"""Some fields of Neighbour."""

END: Final = 0
CHASSIS_ID: Final = 1
PORT_ID: Final = 2
TIME_TO_LIVE: Final = 3
PORT_DESCRIPTION: Final = 4
SYSTEM_NAME: Final = 5
ORGANISATION: Final = 127
MANDATORY: Final = (CHASSIS_ID, PORT_ID, TIME_TO_LIVE)
"""IEEE 802.1AB §8.2: they come first, in this order, and once."""

PORT_VLAN_ID: Final = b"\x00\x80\xc2\x01"
"""IEEE 802.1Q Annex D, subtype 1."""
MAX_FRAME_SIZE: Final = b"\x00\x12\x0f\x04"
"""IEEE 802.3 §79.3, subtype 4."""

MAX_TLVS: Final = 256


def parse(payload: bytes | memoryview) -> Neighbour:
    """An LLDPDU (EtherType 0x88CC). A `ttl` of 0 says that the neighbour takes its leave (shutdown LLDPDU).

    A TLV that is not known, or known and of a wrong size, is passed over, as IEEE 802.1AB §9.2.7.7 asks.

    Raises:
        WireError: TRUNCATED, MALFORMED (a mandatory TLV missing, twice, out of order or of a wrong size), TOO_BIG.
    """
    cursor = Cursor(payload, "LLDP")
    chassis, port, ttl = (_mandatory(cursor, expected) for expected in MANDATORY)
    if len(ttl) < 2:
        raise WireError(Reason.MALFORMED, "LLDP: a time to live of less than two octets")
    return Neighbour(
        protocol="lldp",
        chassis_id=_identity(chassis, _CHASSIS_ID, "chassis id"),
        port_id=_identity(port, _PORT_ID, "port id"),
        ttl=int.from_bytes(ttl[:2], "big"),
        **_optional(cursor),
    )


def _next(cursor: Cursor) -> tuple[int, bytes]:
    """One TLV: 7 bits of type, 9 bits of length (IEEE 802.1AB §8.4)."""
    header = cursor.u16()
    return header >> 9, cursor.take(header & 0x1FF)


def _mandatory(cursor: Cursor, expected: int) -> bytes:
    found, value = _next(cursor)
    if found != expected:
        raise WireError(Reason.MALFORMED, ("LLDP: TLV %d where the mandatory TLV %d belongs", found, expected))
    return value


def _optional(cursor: Cursor) -> Fields:
    """What the optional TLVs say, as fields of Neighbour. The End TLV may be left out (IEEE 802.1AB-2009 §8.5.1)."""
    fields: Fields = {}
    for _ in range(MAX_TLVS):
        if not cursor.left:
            return fields
        kind, value = _next(cursor)
        if kind == END:
            return fields
        if kind in MANDATORY:
            raise WireError(Reason.MALFORMED, ("LLDP: the mandatory TLV %d comes twice", kind))
        fields |= _READERS.get(kind, _ignore)(value)
    raise WireError(Reason.TOO_BIG, ("LLDP: more than %d TLVs", MAX_TLVS))


def _ignore(_: bytes) -> Fields:
    return {}


def _port_description(value: bytes) -> Fields:
    return {"port_description": printable(value)}


def _system_name(value: bytes) -> Fields:
    return {"system_name": printable(value)}


def _organisation(value: bytes) -> Fields:
    """The TLVs of IEEE 802.1 and 802.3. A port VLAN id of 0 says that the port has none."""
    owner, content = value[:4], value[4:]
    number = int.from_bytes(content, "big")
    if owner == PORT_VLAN_ID and len(content) == 2 and 0 < number < 4095:
        return {"pvid": number}
    if owner == MAX_FRAME_SIZE and len(content) == 2 and number:
        return {"max_frame_size": number}
    return {}


_READERS: Final[dict[int, Callable[[bytes], Fields]]] = {
    PORT_DESCRIPTION: _port_description,
    SYSTEM_NAME: _system_name,
    ORGANISATION: _organisation,
}


def _identity(value: bytes, renderers: dict[int, Callable[[bytes], str]], what: str) -> str:
    """A chassis or port id: an octet of subtype, then up to 255 of the id itself (§8.5.2, §8.5.3)."""
    if not 2 <= len(value) <= 256:
        raise WireError(Reason.MALFORMED, ("LLDP: a %s of %d octets; expected 2–256", what, len(value)))
    return renderers.get(value[0], printable_or_hex)(value[1:])


def _mac(value: bytes) -> str:
    return value.hex(":")


def _network_address(value: bytes) -> str:
    """An octet of address family (IANA: 1 IPv4, 2 IPv6), then the address."""
    if (value[0], len(value)) in ((1, 5), (2, 17)):
        return address_text(value[1:])
    return value.hex(":")


_CHASSIS_ID: Final[dict[int, Callable[[bytes], str]]] = {4: _mac, 5: _network_address}
_PORT_ID: Final[dict[int, Callable[[bytes], str]]] = {3: _mac, 4: _network_address}
