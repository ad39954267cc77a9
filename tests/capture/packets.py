"""A capture with known contents: packets of every exchange of every flow, both ways, with decoys beside each; and who they belong to.

What belongs is decided here by looking at the fields that a packet was made of, one packet and one exchange at a time, and not by
anything of `bellrock.capture`.
"""

import struct
from dataclasses import dataclass, replace
from functools import cache
from ipaddress import ip_address as parse_address
from ipaddress import ip_network as parse_network

from bellrock.flows.catalogue import CATALOGUE
from bellrock.flows.values import ANY_PORT, EPHEMERAL, Protocol, Role

ip_address, ip_network = cache(parse_address), cache(parse_network)
NUMBERS = {Protocol.TCP: 6, Protocol.UDP: 17, Protocol.ICMP: 1, Protocol.ICMPV6: 58, Protocol.IGMP: 2}
ANSWERS = {(1, 8): 0, (58, 128): 129}
STRANGER = {4: "203.0.113.7", 6: "2001:db8:ffff::7"}
ROLES = [role for role in Role if role is not Role.ANYONE]
WORLD = {role: {4: f"10.{10 + at}.0.5", 6: f"2001:db8:{10 + at:x}::5"} for at, role in enumerate(ROLES)}
"""An address of each role."""
KNOWN = {
    role: (ip_network(f"10.{10 + at}.0.0/24"), ip_network(f"2001:db8:{10 + at:x}::/64"))
    for at, role in enumerate(ROLES)
}
MAC_A, MAC_B = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")

TFTP = {
    "data": b"\0\3\0\1" + b"k" * 60,
    "last data": b"\0\3\0\2",
    "acknowledgement": b"\0\4\0\1",
    "error": b"\0\5\0\1File not found\0",
    "options": b"\0\6blksize\x001468\0",
}
NOT_TFTP = {
    "request": b"\0\1pxelinux.0\0octet\0",
    "no opcode": b"\0\7\0\1",
    "zero": b"\0\0\0\1aaaa",
    "long acknowledgement": b"\0\4\0\1\0",
    "unknown error": b"\0\5\0\x63\x00",
    "unended error": b"\0\5\0\1File",
    "options of no letters": b"\0\6\x01\x02\x03\0\0\0",
    "short": b"\0\3",
    "text": b"<30>syslog",
}


@dataclass(frozen=True)
class Packet:
    """What a packet is made of."""

    family: int
    protocol: int
    source: str
    destination: str
    source_port: int = 0
    destination_port: int = 0
    type: int = 0
    code: int = 0
    payload: bytes = b"p" * 18
    hop_by_hop: bool = False
    options: bool = False

    def transport(self) -> bytes:
        match self.protocol:
            case 6:
                return (
                    struct.pack("!HHIIHHHH", self.source_port, self.destination_port, 1, 1, 5 << 12 | 0x18, 512, 0, 0)
                    + self.payload
                )
            case 17:
                return (
                    struct.pack("!HHHH", self.source_port, self.destination_port, 8 + len(self.payload), 0)
                    + self.payload
                )
            case _:
                return struct.pack("!BBHI", self.type, self.code, 0, 7) + self.payload

    def network(self) -> bytes:
        return self.around(self.transport())

    def around(self, body: bytes, fragment: int = 0, fragment_id: int = 7) -> bytes:
        """The IP packet with this body; `fragment` as IPv4's header has it."""
        addresses = ip_address(self.source).packed + ip_address(self.destination).packed
        if self.family == 4:
            options = b"\x94\x04\0\0" if self.options else b""
            head = struct.pack(
                "!BBHHHBBH",
                0x45 + len(options) // 4,
                0,
                20 + len(options) + len(body),
                fragment_id,
                fragment,
                64,
                self.protocol,
                0,
            )
            return head + addresses + options + body
        head = bytes([self.protocol, 0, 5, 2, 0, 0, 1, 0]) if self.hop_by_hop else b""
        kind = 0 if self.hop_by_hop else self.protocol
        return struct.pack("!IHBB", 6 << 28, len(head) + len(body), kind, 64) + addresses + head + body

    def fragment6(self, body: bytes, offset: int, more: bool) -> bytes:
        head = struct.pack("!BBHI", self.protocol, 0, offset | more, 99)
        addresses = ip_address(self.source).packed + ip_address(self.destination).packed
        return struct.pack("!IHBB", 6 << 28, 8 + len(body), 44, 64) + addresses + head + body

    def frame(self, *tags: tuple[int, int]) -> bytes:
        return ethernet(self.family, self.network(), *tags)


def ethernet(family: int, body: bytes, *tags: tuple[int, int]) -> bytes:
    stack = b"".join(struct.pack("!HH", *tag) for tag in tags)
    return MAC_B + MAC_A + stack + (b"\x08\0" if family == 4 else b"\x86\xdd") + body


STACKS = ((), ((0x8100, 0xE00A),), ((0x88A8, 100), (0x8100, 10)))


def universe() -> list[Packet]:
    """Packets of every exchange of the catalogue, and decoys beside each."""
    found: dict[Packet, None] = {}
    for flow in CATALOGUE:
        for exchange in flow.exchanges:
            for family in exchange.families:
                for packet in _of(exchange, family):
                    for one in (packet, *_beside(packet)):
                        found[one] = None
                        found[_turned(one)] = None
    return list(found)


def _of(exchange, family):
    sources, destinations = _ends(exchange, family)
    for source in sources:
        for destination in destinations:
            base = Packet(family, NUMBERS[exchange.protocol], source, destination)
            if exchange.protocol in (Protocol.TCP, Protocol.UDP):
                yield from _ported(base, exchange)
            else:
                for kind, code in exchange.types or ((0x16, 0),):
                    plain = replace(base, type=kind, code=code or 0)
                    yield plain
                    yield replace(plain, hop_by_hop=family == 6, options=family == 4)
                    if code is None:
                        yield replace(plain, code=4)
                    if (base.protocol, kind) in ANSWERS:
                        yield replace(plain, type=ANSWERS[base.protocol, kind])


def _ends(exchange, family):
    def one(roles, named, own):
        addresses = [WORLD[role][family] for role in roles if role in WORLD] or [STRANGER[family]]
        specials = [
            str(net[1 if net.num_addresses > 1 else 0]) for text in named if (net := ip_network(text)).version == family
        ]
        return [*specials, *(addresses if own else ())]

    return (
        one(exchange.source, exchange.source_addresses, True),
        one(
            exchange.destination, exchange.destination_addresses, exchange.or_own or not exchange.destination_addresses
        ),
    )


def _ported(base, exchange):
    samples = {ANY_PORT: (1023, 50000), EPHEMERAL: (1024, 40001)}
    for source in samples.get(exchange.source_ports) or [port for pair in exchange.source_ports for port in pair]:
        for destination in samples.get(exchange.destination_ports) or [
            port for pair in exchange.destination_ports for port in pair
        ]:
            ported = replace(base, source_port=source, destination_port=destination)
            if exchange.expected:
                for payload in (*TFTP.values(), *NOT_TFTP.values()):
                    yield replace(ported, payload=payload)
            else:
                yield ported
                yield replace(ported, options=base.family == 4)


def _beside(packet):
    """Decoys, some of which belong to other flows."""
    for address in ("source", "destination"):
        yield replace(packet, **{address: STRANGER[packet.family]})
    if packet.protocol not in (6, 17):
        yield replace(packet, type=(packet.type + 1) % 256)
        yield replace(packet, code=packet.code + 1)
        return
    yield replace(packet, protocol=23 - packet.protocol)
    for field in ("source_port", "destination_port"):
        for step in (-1, 1):
            yield replace(packet, **{field: min(65535, getattr(packet, field) + step)})


def _turned(packet):
    return replace(
        packet, source=packet.destination, destination=packet.source,
        source_port=packet.destination_port, destination_port=packet.source_port,
    )  # fmt: skip


def belongs(packet, flows, known):
    """Whether a packet is of one of the flows, where so much is known of the roles."""
    return any(_is(packet, exchange, known) for flow in flows for exchange in flow.exchanges)


def _is(packet, exchange, known):
    if packet.family not in exchange.families or packet.protocol != NUMBERS[exchange.protocol]:
        return False
    lenient = known.keys() >= {*exchange.source, *exchange.destination}
    own = exchange.or_own or not exchange.destination_addresses
    asked = _at(packet.source, exchange.source, exchange.source_addresses, True, known) and _at(
        packet.destination, exchange.destination, exchange.destination_addresses, own, known
    )
    if asked and _fits(packet, exchange, packet.source_port, packet.destination_port, packet.type, lenient):
        return True
    answered = _at(packet.destination, exchange.source, exchange.source_addresses, True, known) and _at(
        packet.source, exchange.destination, (), True, known
    )
    request = {answer: kind for (protocol, kind), answer in ANSWERS.items() if protocol == packet.protocol}
    kind = packet.type if packet.protocol in (6, 17) or not exchange.types else request.get(packet.type, -1)
    return (
        exchange.answered
        and answered
        and _fits(packet, exchange, packet.destination_port, packet.source_port, kind, lenient)
    )


def _fits(packet, exchange, source_port, destination_port, kind, lenient):
    if packet.protocol not in (6, 17):
        return not exchange.types or any(kind == a and b in (None, packet.code) for a, b in exchange.types)
    inside = any(a <= source_port <= b for a, b in exchange.source_ports) and any(
        a <= destination_port <= b for a, b in exchange.destination_ports
    )
    if not (inside and exchange.expected):
        return inside
    # Between a rack and a node that are known, what begins like TFTP is TFTP, however well it is made.
    begins = packet.payload[:1] == b"\0" and 3 <= packet.payload[1] <= 6 and len(packet.payload) >= 4
    return begins if lenient else packet.payload in TFTP.values()


def _at(address, roles, named, own, known):
    here = ip_address(address)
    if any(here in ip_network(text) for text in named):
        return True
    if not own:
        return False
    nets = [net for role in roles if role in known for net in known[role]]
    unknown = Role.ANYONE in roles or not any(role in known for role in roles)
    return unknown or any(here in net for net in nets)
