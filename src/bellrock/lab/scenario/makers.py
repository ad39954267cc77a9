"""Makers of raw frames, for what is not in a lab: firmware of switches, and strangers whose programs are not. Pure.

Each takes `source`, the MAC address of the interface, and arguments of its own; `from` (another source), `vid` (a tag) are common to all.
"""

import struct
from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from bellrock.lab.schema import LabError
from bellrock.wire import arp, dhcp, ethernet, ip, lacp, stp, udp
from bellrock.wire.arp import Arp
from bellrock.wire.checksum import complement, remainder
from bellrock.wire.ethernet import ETHERTYPE_IPV4, ETHERTYPE_IPV6, TPID_CUSTOMER, EthernetFrame, Tag, mac_bytes
from bellrock.wire.ip import address_bytes

BROADCAST: Final = "ff:ff:ff:ff:ff:ff"
_ICMPV6: Final = 58
_TICK: Final = 256
_PORT_BITS: Final = {"blocking": 0x04, "listening": 0x0C, "learning": 0x1C, "forwarding": 0x3C}
"""IEEE 802.1D-2004 §9.2.9: flags of a rapid BPDU: role (alternate for blocking, else designated), learning, forwarding."""


class _Made(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"source": "from"}):
    source: str = ""
    """MAC address; empty: the interface's."""
    vid: int | None = None


class ArpFrame(_Made, frozen=True, kw_only=True):
    """ARP (RFC 826)."""

    op: Literal["request", "reply"] = "request"
    sender: str
    sender_mac: str = ""
    """Empty: the frame's source."""
    target: str
    target_mac: str = "00:00:00:00:00:00"
    to: str = BROADCAST


class BpduFrame(_Made, frozen=True, kw_only=True):
    """What a switch says of its port (IEEE 802.1D-2004 §9.3)."""

    state: Literal["blocking", "listening", "learning", "forwarding"] = "listening"
    rapid: bool = True
    """False: a configuration BPDU of the old protocol, which tells no state."""
    priority: int = 0x8000
    bridge: str = "00:1c:73:00:00:01"
    port: int = 0x8001
    hello: float = 2.0
    max_age: float = 20.0
    forward_delay: float = 15.0


class LacpFrame(_Made, frozen=True, kw_only=True):
    """What a switch says of a port that it wants to bundle (IEEE 802.1AX-2014 §6.4.2.3)."""

    system: str = "00:1c:73:00:00:01"
    key: int = 17
    port: int = 5
    state: int = lacp.ACTIVITY | lacp.AGGREGATION | lacp.DEFAULTED
    partner: str = "00:00:00:00:00:00"


class AdvertisementFrame(_Made, frozen=True, kw_only=True):
    """A router advertisement (RFC 4861 §4.2)."""

    lifetime: int = 1800
    prefixes: tuple[str, ...] = ()
    managed: bool = False
    other: bool = False
    mtu: int = 0
    dns: tuple[str, ...] = ()


class UdpFrame(_Made, frozen=True, kw_only=True):
    """A datagram."""

    source_address: str
    source_port: int
    destination: str
    destination_port: int
    text: str = ""
    hex: str = ""
    to: str = BROADCAST


class DhcpFrame(_Made, frozen=True, kw_only=True):
    """A DHCP message (RFC 2131)."""

    kind: Literal["discover", "offer", "request", "decline", "ack", "nak", "release", "inform"] = "discover"
    xid: int = 0x1234567
    client: str = ""
    """MAC address of the client; empty: the frame's source."""
    source_address: str = dhcp.NOBODY
    destination: str = "255.255.255.255"
    ciaddr: str = dhcp.NOBODY
    yiaddr: str = dhcp.NOBODY
    siaddr: str = dhcp.NOBODY
    giaddr: str = dhcp.NOBODY
    file: str = ""
    options: dict[str, str] = {}
    """Code → octets in hex."""
    to: str = BROADCAST


def make(maker: str, arguments: dict[str, Any], source: str) -> bytes:
    """A frame.

    Args:
        maker: its name.
        arguments: what it is given.
        source: MAC address of the interface that sends it.

    Raises:
        LabError: no such maker, or an argument does not fit.
    """
    if maker not in MAKERS:
        raise LabError(f"no maker of frames is called {maker!r}; there are {', '.join(MAKERS)}")
    kind, build = MAKERS[maker]
    try:
        told = msgspec.convert(arguments, kind)
        sender = told.source or source
        ethertype, payload, to = build(told, sender)
        tags = () if told.vid is None else (Tag(TPID_CUSTOMER, told.vid),)
        return ethernet.build(EthernetFrame(to, sender, tags, ethertype, payload))
    except (msgspec.ValidationError, ValueError, OverflowError, struct.error) as error:
        raise LabError(f"maker {maker}: {error}") from None


def from_hex(text: str) -> bytes:
    """A frame as hex digits.

    Raises:
        LabError: it is none.
    """
    try:
        frame = bytes.fromhex("".join(text.split()))
    except ValueError as error:
        raise LabError(f"a frame in hex: {error}") from None
    if len(frame) < ethernet.HEADER.size:
        raise LabError(f"a frame of {len(frame)} octets; an Ethernet header has {ethernet.HEADER.size}")
    return frame


_Frame = tuple[int, bytes, str]


def _arp(told: ArpFrame, sender: str) -> _Frame:
    op = arp.REQUEST if told.op == "request" else arp.REPLY
    return (
        arp.ETHERTYPE,
        arp.build(Arp(op, told.sender_mac or sender, told.sender, told.target_mac, told.target)),
        told.to,
    )


def _bpdu(told: BpduFrame, _: str) -> _Frame:
    version, kind, flags = (2, stp.RAPID, _PORT_BITS[told.state]) if told.rapid else (0, stp.CONFIGURATION, 0)
    bridge = told.priority.to_bytes(2, "big") + mac_bytes(told.bridge)
    times = (int(seconds * _TICK) for seconds in (0, told.max_age, told.hello, told.forward_delay))
    body = struct.pack("!HBBB8sI8sH4H", 0, version, kind, flags, bridge, 0, bridge, told.port, *times)
    payload = stp.LLC + body + (b"\0" if told.rapid else b"")
    return len(payload), payload, stp.BRIDGE_MAC


def _lacp(told: LacpFrame, _: str) -> _Frame:
    def party(kind: int, system: str, key: int, port: int, state: int) -> bytes:
        return struct.pack("!BBH6sHHHB3x", kind, 20, 0x8000, mac_bytes(system), key, 0x8000, port, state)

    known = told.partner != "00:00:00:00:00:00"
    actor = party(1, told.system, told.key, told.port, told.state)
    partner = party(2, told.partner, 1 if known else 0, 1 if known else 0, 0)
    collector = struct.pack("!BBH12x", 3, 16, 0)
    return lacp.ETHERTYPE_SLOW, bytes((lacp.SUBTYPE_LACP, 1)) + actor + partner + collector + bytes(52), lacp.SLOW_MAC


def _advertisement(told: AdvertisementFrame, sender: str) -> _Frame:
    source, group = ip.link_local_from_mac(sender), "ff02::1"
    flags = told.managed << 7 | told.other << 6
    body = struct.pack("!BBHBBHII", 134, 0, 0, 64, flags, told.lifetime, 0, 0) + b"\1\1" + mac_bytes(sender)
    body += struct.pack("!BBHI", 5, 1, 0, told.mtu) if told.mtu else b""
    for prefix in told.prefixes:
        address, _, length = prefix.partition("/")
        body += struct.pack("!BBBBIII16s", 3, 4, int(length or 64), 0xC0, 86_400, 14_400, 0, address_bytes(address))
    if told.dns:
        body += struct.pack("!BBHI", 25, 1 + 2 * len(told.dns), 0, 1800) + b"".join(map(address_bytes, told.dns))
    pseudo = address_bytes(source) + address_bytes(group) + struct.pack("!I3xB", len(body), _ICMPV6)
    body = body[:2] + complement(remainder(pseudo + body)).to_bytes(2, "big") + body[4:]
    # RFC 4861 §4.2: a hop limit of 255, or nobody takes it.
    return ETHERTYPE_IPV6, ip.build(source, group, 255, _ICMPV6, body), "33:33:00:00:00:01"


def _udp(told: UdpFrame, _: str) -> _Frame:
    segment = udp.Segment(told.source_port, told.destination_port, bytes.fromhex(told.hex) or told.text.encode())
    payload = udp.build(told.source_address, told.destination, segment)
    packet = ip.build(told.source_address, told.destination, 64, ip.PROTOCOL_UDP, payload)
    return ETHERTYPE_IPV6 if ":" in told.destination else ETHERTYPE_IPV4, packet, told.to


def _dhcp(told: DhcpFrame, sender: str) -> _Frame:
    kind = dhcp.Kind[told.kind.upper()]
    asks = kind in (dhcp.Kind.DISCOVER, dhcp.Kind.REQUEST, dhcp.Kind.DECLINE, dhcp.Kind.RELEASE, dhcp.Kind.INFORM)
    message = dhcp.Message(
        op=1 if asks else 2, xid=told.xid, kind=kind, chaddr=mac_bytes(told.client or sender), ciaddr=told.ciaddr,
        yiaddr=told.yiaddr, siaddr=told.siaddr, giaddr=told.giaddr, file=told.file.encode(),
        options={int(code): bytes.fromhex(value) for code, value in told.options.items()},
    )  # fmt: skip
    ports = (dhcp.CLIENT_PORT, dhcp.SERVER_PORT) if asks else (dhcp.SERVER_PORT, dhcp.CLIENT_PORT)
    payload = udp.build(told.source_address, told.destination, udp.Segment(*ports, dhcp.encode(message)))
    return ETHERTYPE_IPV4, ip.build(told.source_address, told.destination, 64, ip.PROTOCOL_UDP, payload), told.to


MAKERS: Final[dict[str, tuple[Any, Callable[[Any, str], _Frame]]]] = {
    "arp": (ArpFrame, _arp),
    "bpdu": (BpduFrame, _bpdu),
    "lacpdu": (LacpFrame, _lacp),
    "router-advertisement": (AdvertisementFrame, _advertisement),
    "udp": (UdpFrame, _udp),
    "dhcp": (DhcpFrame, _dhcp),
}
"""By name: what it is given, and the function that builds it."""
