"""LACP, IEEE 802.1AX: the switch port at the other end expects to be one of several cables that act as one."""

from typing import Final

from msgspec import Struct

from bellrock.wire.cursor import Cursor
from bellrock.wire.errors import Reason, WireError

SLOW_MAC: Final = "01:80:c2:00:00:02"
"""IEEE 802.3 Annex 57A: the group of the slow protocols."""
ETHERTYPE_SLOW: Final = 0x8809
SUBTYPE_LACP: Final = 1
"""IEEE 802.3 Annex 57A.4; 2 is the marker protocol, 3 is OAM."""

_ACTOR, _PARTNER = 1, 2
_INFORMATION: Final = 20
"""Octets of actor and partner information with their type and length (IEEE 802.1AX-2014 §6.4.2.3)."""

ACTIVITY, SHORT_TIMEOUT, AGGREGATION, SYNCHRONIZATION, COLLECTING, DISTRIBUTING, DEFAULTED, EXPIRED = (
    1 << bit for bit in range(8)
)
"""IEEE 802.1AX-2014 §6.4.2.3, Actor_State."""


class Party(Struct, frozen=True, kw_only=True):
    """One end of a link as a LACPDU describes it. `state`: the bits above."""

    system: str
    """MAC address."""
    system_priority: int
    key: int
    """Ports of one system with one key may become one link."""
    port: int
    port_priority: int
    state: int

    @property
    def active(self) -> bool:
        """Whether it asks for aggregation on its own account, and not only where it is asked."""
        return bool(self.state & ACTIVITY)

    @property
    def aggregates(self) -> bool:
        """Whether it takes the link for one that may be bundled with others."""
        return bool(self.state & AGGREGATION)

    @property
    def passes(self) -> bool:
        """Whether it takes in and gives out ordinary frames on the link."""
        return self.state & (COLLECTING | DISTRIBUTING) == COLLECTING | DISTRIBUTING


class Lacpdu(Struct, frozen=True):
    """What the sender says of itself, and what it believes of us. A partner whose system is all zeros: it heard nobody."""

    actor: Party
    partner: Party


def parse(payload: bytes | memoryview) -> Lacpdu:
    """A slow protocols PDU (EtherType 0x8809) that is a LACPDU, of version 1 or a later one that begins like it.

    Raises:
        WireError: TRUNCATED, UNSUPPORTED (another slow protocol), MALFORMED (actor or partner missing or of a wrong size).
    """
    cursor = Cursor(payload, "LACP")
    subtype = cursor.u8()
    if subtype != SUBTYPE_LACP:
        raise WireError(Reason.UNSUPPORTED, ("slow protocol %d, expected LACP (1)", subtype))
    # IEEE 802.1AX-2014 §6.4.2.3.1: a version above one's own is read as one's own.
    if not cursor.u8():
        raise WireError(Reason.UNKNOWN_VERSION, "LACP version 0; 1 and later are known")
    return Lacpdu(_party(cursor, _ACTOR), _party(cursor, _PARTNER))


def _party(cursor: Cursor, expected: int) -> Party:
    kind, length = cursor.u8(), cursor.u8()
    if (kind, length) != (expected, _INFORMATION):
        what = ("LACP: TLV %d of %d octets where TLV %d of %d belongs", kind, length, expected, _INFORMATION)
        raise WireError(Reason.MALFORMED, what)
    party = Party(
        system_priority=cursor.u16(),
        system=cursor.take(6).hex(":"),
        key=cursor.u16(),
        port_priority=cursor.u16(),
        port=cursor.u16(),
        state=cursor.u8(),
    )
    cursor.take(3)  # reserved
    return party
