"""Cisco Discovery Protocol, versions 1 and 2."""

from typing import Final

from bellrock.model import Neighbour
from bellrock.wire.checksum import remainder
from bellrock.wire.cursor import Cursor
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.text import printable, printable_or_hex

LLC_SNAP: Final = bytes.fromhex("aaaa03 00000c 2000")
"""IEEE 802.2 LLC and SNAP header: organisation Cisco, protocol CDP."""
VERSIONS: Final = (1, 2)

DEVICE_ID: Final = 0x0001
PORT_ID: Final = 0x0003
NATIVE_VLAN: Final = 0x000A
MTU: Final = 0x0011
SYSTEM_NAME: Final = 0x0014
KNOWN: Final = frozenset((DEVICE_ID, PORT_ID, NATIVE_VLAN, MTU, SYSTEM_NAME))

MAX_TLVS: Final = 256
FRAME_OVERHEAD: Final = 18
"""Octets of Ethernet header and frame check sequence, by which a maximum frame is larger than an MTU."""


def parse(payload: bytes | memoryview) -> Neighbour:
    """A CDP packet, with its LLC and SNAP header or without.

    `max_frame_size` is the MTU that it tells plus FRAME_OVERHEAD, so that it means what LLDP's means.

    Raises:
        WireError: TRUNCATED, UNKNOWN_VERSION, BAD_CHECKSUM, MALFORMED (no device id or port id, a TLV too short), TOO_BIG.
    """
    data = bytes(payload).removeprefix(LLC_SNAP)
    cursor = Cursor(data, "CDP")
    version, ttl, _ = cursor.u8(), cursor.u8(), cursor.u16()
    if version not in VERSIONS:
        raise WireError(Reason.UNKNOWN_VERSION, ("CDP version %d; 1 and 2 are known", version))
    if remainder(data) and remainder(_as_cisco_adds(data)):
        raise WireError(Reason.BAD_CHECKSUM, "CDP: checksum")
    return _neighbour(_values(cursor), ttl)


def _as_cisco_adds(data: bytes) -> bytes:
    """An odd last octet as Cisco's own code adds it: as the low octet of a signed word, one off where it is negative."""
    if len(data) % 2 == 0:
        return data
    last = data[-1]
    return data[:-1] + (bytes((0xFF, last - 1)) if last & 0x80 else bytes((0, last)))


def _values(cursor: Cursor) -> dict[int, bytes]:
    """The first TLV of each known type: two octets of type, two of length with these four."""
    values: dict[int, bytes] = {}
    for _ in range(MAX_TLVS):
        if not cursor.left:
            return values
        kind, length = cursor.u16(), cursor.u16()
        if length < 4:
            raise WireError(Reason.MALFORMED, ("CDP: TLV 0x%04x with a length of %d", kind, length))
        value = cursor.take(length - 4)
        if kind in KNOWN:
            values.setdefault(kind, value)
    raise WireError(Reason.TOO_BIG, ("CDP: more than %d TLVs", MAX_TLVS))


def _neighbour(values: dict[int, bytes], ttl: int) -> Neighbour:
    device, port = values.get(DEVICE_ID, b""), values.get(PORT_ID, b"")
    if not (device and port):
        raise WireError(Reason.MALFORMED, "CDP: no device id or no port id")
    mtu = _number(values.get(MTU), 4)
    vlan = _number(values.get(NATIVE_VLAN), 2)
    return Neighbour(
        protocol="cdp",
        chassis_id=printable_or_hex(device),
        port_id=printable_or_hex(port),
        system_name=printable(values.get(SYSTEM_NAME, b"")) or printable(device),
        pvid=vlan if vlan and vlan < 4095 else None,
        max_frame_size=mtu + FRAME_OVERHEAD if mtu else None,
        ttl=ttl,
    )


def _number(value: bytes | None, size: int) -> int | None:
    """A big-endian number, or None where it is missing or of another size."""
    return int.from_bytes(value, "big") if value is not None and len(value) == size else None
