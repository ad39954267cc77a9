"""Spanning tree BPDUs: what the switch says of its port, IEEE 802.1D-2004 §9 and IEEE 802.1Q §14; Cisco's per-VLAN kind too."""

from enum import IntEnum
from typing import Final

from msgspec import Struct

from bellrock.wire.cursor import Cursor
from bellrock.wire.errors import Reason, WireError

BRIDGE_MAC: Final = "01:80:c2:00:00:00"
PER_VLAN_MAC: Final = "01:00:0c:cc:cc:cd"
"""PVST+ and Rapid PVST+, sent tagged where the VLAN is."""
LLC: Final = bytes.fromhex("424203")
"""IEEE 802.2: the LLC address of the spanning tree protocol, unnumbered information."""
LLC_SNAP_PER_VLAN: Final = bytes.fromhex("aaaa03 00000c 010b")

CONFIGURATION, RAPID, TOPOLOGY_CHANGE = 0x00, 0x02, 0x80
"""IEEE 802.1D-2004 §9.3: BPDU types. MSTP's begins like a rapid one (IEEE 802.1Q §14.2)."""
_LEARNING, _FORWARDING = 0x10, 0x20
_TICK: Final = 256
"""IEEE 802.1D-2004 §9.2.8: times are in units of 1/256 s."""


class PortRole(IntEnum):
    """What the port is to the tree (IEEE 802.1D-2004 §9.2.9); bits 3 and 4 of the flags of a rapid BPDU."""

    UNKNOWN = 0
    ALTERNATE = 1
    ROOT = 2
    DESIGNATED = 3


class Bpdu(Struct, frozen=True, kw_only=True):
    """One BPDU. What only a rapid one tells is None for the others. Times in seconds."""

    version: int
    """0: STP, 2: RSTP, 3: MSTP."""
    root: str
    """`8000.02:00:00:00:00:01`: priority in hex, MAC address."""
    bridge: str
    port: int
    message_age: float
    max_age: float
    hello: float
    forward_delay: float
    role: PortRole | None = None
    learning: bool | None = None
    forwarding: bool | None = None


def parse(payload: bytes | memoryview) -> Bpdu | None:
    """A BPDU, from its LLC header on. None for a notice of change, which comes from bridges below and says nothing of a port.

    Raises:
        WireError: TRUNCATED, UNSUPPORTED (another protocol, or another type of BPDU).
    """
    cursor = Cursor(_strip(bytes(payload)), "STP")
    protocol, version, kind = cursor.u16(), cursor.u8(), cursor.u8()
    if protocol:
        raise WireError(Reason.UNSUPPORTED, ("STP: protocol 0x%04x, expected 0", protocol))
    if kind == TOPOLOGY_CHANGE:
        return None
    if kind not in (CONFIGURATION, RAPID):
        raise WireError(Reason.UNSUPPORTED, ("STP: BPDU type 0x%02x; 0x00, 0x02 and 0x80 are known", kind))
    return _read(cursor, version, rapid=kind == RAPID)


def _strip(data: bytes) -> bytes:
    for header in (LLC, LLC_SNAP_PER_VLAN):
        if data.startswith(header):
            return data[len(header) :]
    raise WireError(Reason.UNSUPPORTED, "STP: no LLC header of a spanning tree in front")


def _read(cursor: Cursor, version: int, *, rapid: bool) -> Bpdu:
    flags = cursor.u8()
    root, _cost, bridge = _identity(cursor), cursor.take(4), _identity(cursor)
    port = cursor.u16()
    age, most, hello, delay = (cursor.u16() / _TICK for _ in range(4))
    return Bpdu(
        version=version,
        root=root,
        bridge=bridge,
        port=port,
        message_age=age,
        max_age=most,
        hello=hello,
        forward_delay=delay,
        role=PortRole(flags >> 2 & 3) if rapid else None,
        learning=bool(flags & _LEARNING) if rapid else None,
        forwarding=bool(flags & _FORWARDING) if rapid else None,
    )


def _identity(cursor: Cursor) -> str:
    """IEEE 802.1D-2004 §9.2.5: two octets of priority, six of address."""
    return f"{cursor.u16():04x}.{cursor.take(6).hex(':')}"
