"""The part of rtnetlink(7) that tells of interfaces and addresses: messages ↔ values, without a socket.

Attributes and numbers are those of linux/rtnetlink.h, if_link.h, if_addr.h, if_bridge.h and if_bonding.h.
"""

import socket
import struct
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

NEW_LINK, DEL_LINK, GET_LINK = 16, 17, 18
NEW_ADDRESS, DEL_ADDRESS, GET_ADDRESS = 20, 21, 22
ERROR, DONE = 2, 3
DUMP_INTERRUPTED: Final = 0x10

_HEADER: Final = struct.Struct("=IHHII")
_LINK: Final = struct.Struct("=BxHiII")
_ADDRESS: Final = struct.Struct("=BBBBI")
_ATTRIBUTE: Final = struct.Struct("=HH")
_TYPE_MASK: Final = 0x3FFF
"""Without NLA_F_NESTED and NLA_F_NET_BYTEORDER."""

_IFF_UP: Final = 1
_IFF_LOOPBACK: Final = 8
_ARPHRD_ETHER: Final = 1
_AF_BRIDGE: Final = 7
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_LINK, _IFLA_MASTER, _IFLA_PROTINFO = 1, 3, 4, 5, 10, 12
_IFLA_OPERSTATE, _IFLA_LINKINFO, _IFLA_CARRIER, _IFLA_CARRIER_CHANGES, _IFLA_LINK_NETNSID, _IFLA_PERM_ADDRESS = (
    16,
    18,
    33,
    35,
    37,
    54,
)
_IFLA_CARRIER_DOWN_COUNT: Final = 48
_IFLA_EXT_MASK: Final = 29
_RTEXT_FILTER_SKIP_STATS: Final = 8
_INFO_KIND, _INFO_DATA, _INFO_SLAVE_KIND, _INFO_SLAVE_DATA = 1, 2, 4, 5
_IFLA_VLAN_ID, _IFLA_BR_VLAN_FILTERING, _IFLA_BRPORT_STATE, _IFLA_BOND_SLAVE_STATE = 1, 7, 1, 1
_BRIDGE_FORWARDING: Final = 3
_BOND_ACTIVE: Final = 0
_OPERSTATE_UNKNOWN: Final = 0
_OPERSTATES_WITH_CARRIER: Final = (4, 5, 6)
"""TESTING, DORMANT (a cable, but 802.1X has not let us in yet), UP."""
_IFA_ADDRESS, _IFA_LOCAL, _IFA_FLAGS = 1, 2, 8
_PERMANENT: Final = 0x80
"""IFA_F_PERMANENT: without it `ip address` shows `dynamic`, and a time for which the address is valid."""
_UNUSABLE: Final = 0x40 | 0x08
"""IFA_F_TENTATIVE, IFA_F_DADFAILED: nothing may be sent from such an address (RFC 4862 §5.4)."""


class Message(Struct, frozen=True, gc=False):
    """One netlink message; `body` begins behind the header."""

    type: int
    flags: int
    sequence: int
    body: bytes


class Link(Struct, frozen=True, kw_only=True):
    """What one message says of an Ethernet interface. Other interfaces appear by index."""

    index: int
    name: str
    mac: str
    permanent_mac: str | None
    kind: str
    """As the kernel names it (`vlan`, `bridge`, `veth` …), "" for hardware."""
    lower: int
    """Index of the lower device or veth peer; 0 where there is none or it is in another namespace."""
    master: int
    vid: int | None
    forwarding: bool
    vlan_filtering: bool
    up: bool
    carrier: bool | None
    losses: int = 0
    """How often it has lost its carrier since it is there, as the kernel counts; 0 where it does not."""
    mtu: int


class LinkGone(Struct, frozen=True):
    """An interface left this namespace."""

    index: int


class PortState(Struct, frozen=True):
    """A bridge's spanning tree changed what it does with a member."""

    index: int
    forwarding: bool


class Address(Struct, frozen=True):
    """An address with prefix length; `usable` is False when it is gone, or not yet or never to be used."""

    index: int
    text: str
    usable: bool
    leased: bool = False
    """An IPv4 address with an end: who set it (dhclient, systemd-networkd, NetworkManager) has it from DHCP."""


Change = Link | LinkGone | PortState | Address


def request(kind: int, sequence: int) -> bytes:
    """A message that asks for a dump of all links (GET_LINK) or addresses (GET_ADDRESS)."""
    body = _ADDRESS.pack(0, 0, 0, 0, 0)
    if kind == GET_LINK:
        mask = _ATTRIBUTE.pack(8, _IFLA_EXT_MASK) + struct.pack("=I", _RTEXT_FILTER_SKIP_STATS)
        body = _LINK.pack(0, 0, 0, 0, 0) + mask
    return _HEADER.pack(_HEADER.size + len(body), kind, 0x301, sequence, 0) + body  # NLM_F_REQUEST | NLM_F_DUMP


def messages(data: bytes) -> Iterator[Message]:
    """The messages of a datagram; what does not fit its stated length ends them."""
    at = 0
    while at + _HEADER.size <= len(data):
        length, kind, flags, sequence, _ = _HEADER.unpack_from(data, at)
        if length < _HEADER.size or at + length > len(data):
            return
        yield Message(kind, flags, sequence, data[at + _HEADER.size : at + length])
        at += length + 3 & ~3


def error_number(message: Message) -> int:
    """The errno of an ERROR message, 0 for an acknowledgement."""
    return -struct.unpack_from("=i", message.body)[0] if len(message.body) >= struct.calcsize("=i") else 0


def change(message: Message) -> Change | None:
    """What a message says; None where it says nothing that matters here or is too short to."""
    if message.type in (NEW_LINK, DEL_LINK) and len(message.body) >= _LINK.size:
        return _link(message)
    if message.type in (NEW_ADDRESS, DEL_ADDRESS) and len(message.body) >= _ADDRESS.size:
        return _address(message)
    return None


def _link(message: Message) -> Change | None:
    family, hardware, index, flags, _ = _LINK.unpack_from(message.body)
    if family == _AF_BRIDGE:
        return _port_state(message, index)
    if message.type == DEL_LINK:
        return LinkGone(index)
    if hardware != _ARPHRD_ETHER or flags & _IFF_LOOPBACK:
        return None
    fields = attributes(message.body[_LINK.size :])
    info = attributes(fields.get(_IFLA_LINKINFO, b""))
    kind = _text(info.get(_INFO_KIND))
    data = attributes(info.get(_INFO_DATA, b""))
    up = bool(flags & _IFF_UP)
    return Link(
        index=index,
        name=_text(fields.get(_IFLA_IFNAME)),
        mac=fields.get(_IFLA_ADDRESS, b"").hex(":"),
        permanent_mac=fields[_IFLA_PERM_ADDRESS].hex(":") if any(fields.get(_IFLA_PERM_ADDRESS, b"")) else None,
        kind=kind,
        lower=0 if _IFLA_LINK_NETNSID in fields else number(fields.get(_IFLA_LINK)),
        master=number(fields.get(_IFLA_MASTER)),
        vid=number(data.get(_IFLA_VLAN_ID)) if kind == "vlan" else None,
        forwarding=_forwarding(info),
        vlan_filtering=kind == "bridge" and bool(number(data.get(_IFLA_BR_VLAN_FILTERING))),
        up=up,
        carrier=_carrier(fields) if up else None,
        losses=number(fields.get(_IFLA_CARRIER_DOWN_COUNT)),
        mtu=number(fields.get(_IFLA_MTU)),
    )


def _carrier(fields: dict[int, bytes]) -> bool | None:
    """The carrier, once frames can really leave.

    Between the driver's word and the operational state UP the kernel has not yet started the queue and drops what is sent
    without an error; another event follows at once. A driver that never tells leaves the state unknown and has counted no
    changes (Documentation/networking/operstates.rst).
    """
    if _IFLA_CARRIER not in fields:
        return None
    state = number(fields.get(_IFLA_OPERSTATE))
    if not number(fields[_IFLA_CARRIER]) or state in _OPERSTATES_WITH_CARRIER:
        return bool(number(fields[_IFLA_CARRIER]))
    never_told = state == _OPERSTATE_UNKNOWN and not number(fields.get(_IFLA_CARRIER_CHANGES))
    return None if never_told else False


def _forwarding(info: dict[int, bytes]) -> bool:
    member = attributes(info.get(_INFO_SLAVE_DATA, b""))
    match _text(info.get(_INFO_SLAVE_KIND)):
        case "bridge" if _IFLA_BRPORT_STATE in member:
            return number(member[_IFLA_BRPORT_STATE]) == _BRIDGE_FORWARDING
        case "bond" if _IFLA_BOND_SLAVE_STATE in member:
            return number(member[_IFLA_BOND_SLAVE_STATE]) == _BOND_ACTIVE
        case _:
            return True


def _port_state(message: Message, index: int) -> PortState | None:
    port = attributes(attributes(message.body[_LINK.size :]).get(_IFLA_PROTINFO, b""))
    if message.type == DEL_LINK or _IFLA_BRPORT_STATE not in port:
        return None
    return PortState(index, number(port[_IFLA_BRPORT_STATE]) == _BRIDGE_FORWARDING)


def _address(message: Message) -> Address | None:
    family, prefix, short_flags, _, index = _ADDRESS.unpack_from(message.body)
    fields = attributes(message.body[_ADDRESS.size :])
    octets = fields.get(_IFA_LOCAL) or fields.get(_IFA_ADDRESS, b"")
    if {socket.AF_INET: 4, socket.AF_INET6: 16}.get(family) != len(octets):
        return None
    flags = number(fields[_IFA_FLAGS]) if _IFA_FLAGS in fields else short_flags
    usable = message.type == NEW_ADDRESS and not flags & _UNUSABLE
    leased = usable and family == socket.AF_INET and not flags & _PERMANENT
    return Address(index, f"{socket.inet_ntop(family, octets)}/{prefix}", usable, leased)


def attributes(data: bytes) -> dict[int, bytes]:
    """Attribute type → value, the last of a kind; what does not fit its stated length ends them."""
    found: dict[int, bytes] = {}
    at = 0
    while at + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < _ATTRIBUTE.size or at + length > len(data):
            break
        found[kind & _TYPE_MASK] = data[at + _ATTRIBUTE.size : at + length]
        at += length + 3 & ~3
    return found


def number(value: bytes | None) -> int:
    """An unsigned number of 1, 2 or 4 octets in the machine's order; 0 where there is none."""
    return int.from_bytes(value, "little" if struct.pack("=H", 1)[0] else "big") if value else 0


def _text(value: bytes | None) -> str:
    return value.rstrip(b"\0").decode(errors="replace") if value else ""
