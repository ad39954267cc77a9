"""Probes: single crafted packets of any source, protocol and port, as values and as octets."""

import struct
from functools import cache, lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

from bellrock.wire import ip
from bellrock.wire.checksum import complement, remainder

TCP, UDP, ICMP, ICMPV6, IGMP, SCTP = 6, 17, 1, 58, 2, 132
SYN, ACK, RST, FIN = 0x02, 0x10, 0x04, 0x01
MARK = b"\xbe\x11\x00\x0c"
"""Begins every payload, followed by a number; no opcode of TFTP, so that a helper takes no probe for a request."""


_QUESTIONS = {(ICMP, 0): 8, (ICMP, 14): 13, (ICMP, 16): 15, (ICMP, 18): 17, (ICMPV6, 129): 128, (ICMPV6, 140): 139}
"""Which type of ICMP each answers (nf_conntrack_proto_icmp, nf_conntrack_proto_icmpv6)."""


class Probe(NamedTuple):
    """A packet that is sent by itself. `sport` and `dport` are the type and code of ICMP, ICMPv6 and IGMP."""

    zone: str
    """Where it is sent into the router or host; the interface's name."""
    source: str
    destination: str
    protocol: int
    sport: int = 0
    dport: int = 0
    flags: int = SYN
    payload: bytes | None = None
    """Instead of the number that makes packets differ."""
    hop_limit: int = 64

    @property
    def family(self) -> int:
        """4 or 6."""
        return 6 if ":" in self.source else 4

    @property
    def connection(self) -> tuple[object, ...]:
        """The tuple that connection tracking knows it by, the same in both directions."""
        if self.protocol in (ICMP, ICMPV6, IGMP):
            kind = _QUESTIONS.get((self.protocol, self.sport), self.sport)
            return (self.protocol, kind, *sorted((self.source, self.destination)))
        ends = sorted(((self.source, self.sport), (self.destination, self.dport)))
        return (self.protocol, *ends)


@lru_cache(maxsize=1 << 17)
def octets(probe: Probe, number: int = 0) -> bytes:
    """The IP packet; `number` makes it differ from others of the same header fields.

    Cached: the same questions are asked of every style of rules.
    """
    payload = probe.payload if probe.payload is not None else MARK + number.to_bytes(4, "big")
    return ip.build(probe.source, probe.destination, probe.hop_limit, probe.protocol, _content(probe, payload))


def _content(probe: Probe, payload: bytes) -> bytes:
    addresses = ip.address_bytes(probe.source) + ip.address_bytes(probe.destination)
    match probe.protocol:
        case 6:
            # RFC 9293 §3.1
            blank = struct.pack("!HHIIBBHHH", probe.sport, probe.dport, 1, 0, 5 << 4, probe.flags, 8192, 0, 0) + payload
            return _summed(blank, 16, addresses, TCP)
        case 17:
            blank = struct.pack("!HHHH", probe.sport, probe.dport, 8 + len(payload), 0) + payload
            return _summed(blank, 6, addresses, UDP)
        case 58:
            blank = struct.pack("!BBHHH", probe.sport, probe.dport, 0, 0xBE11, 1) + payload
            return _summed(blank, 2, addresses, ICMPV6)
        case 1 | 2:
            blank = struct.pack("!BBHHH", probe.sport, probe.dport, 0, 0xBE11, 1) + payload
            return _summed(blank, 2, b"", 0)
        case _:
            return struct.pack("!HHII", probe.sport, probe.dport, 0, 0) + payload


def _summed(blank: bytes, at: int, addresses: bytes, protocol: int) -> bytes:
    total = remainder(blank)
    if addresses:
        total += remainder(addresses) + protocol + len(blank)
    # RFC 768: a checksum of 0 means none; 0xFFFF is the same number.
    return blank[:at] + (complement(total) or 0xFFFF).to_bytes(2, "big") + blank[at + 2 :]


def reply(probe: Probe, zone: str) -> Probe:
    """What the other end answers, sent from its zone."""
    protocol = probe.protocol
    back = probe._replace(zone=zone, source=probe.destination, destination=probe.source)
    if protocol in (ICMP, ICMPV6):
        # RFC 792 (8 → 0), RFC 4443 §4 (128 → 129)
        return back._replace(sport={8: 0, 128: 129}[probe.sport])
    return back._replace(sport=probe.dport, dport=probe.sport, flags=SYN | ACK)


def error_about(probe: Probe, zone: str, source: str, kind: int, code: int, number: int = 0) -> Probe:
    """An ICMP error that `source` sends to the sender of `probe`, quoting it (RFC 792, RFC 4443 §3)."""
    protocol = ICMPV6 if probe.family == 6 else ICMP
    return Probe(zone, source, probe.source, protocol, kind, code, payload=octets(probe, number))


def fragments(packet: bytes, size: int = 8, identification: int = 7) -> list[bytes]:
    """An IPv4 packet cut after `size` octets of its payload (RFC 791 §3.2)."""
    header, content = packet[:20], packet[20:]
    parts = ((content[:size], 0x2000), (content[size:], size // 8))
    return [_fragment4(header, identification, part, flags) for part, flags in parts]


def _fragment4(header: bytes, identification: int, part: bytes, flags: int) -> bytes:
    blank = (
        header[:2] + struct.pack("!HHH", 20 + len(part), identification, flags) + header[8:10] + bytes(2) + header[12:]
    )
    return blank[:10] + complement(remainder(blank)).to_bytes(2, "big") + blank[12:] + part


def fragments6(packet: bytes, size: int = 8, identification: int = 7) -> list[bytes]:
    """An IPv6 packet cut after `size` octets of its payload (RFC 8200 §4.5)."""
    header, content = packet[:40], packet[40:]
    out = []
    for part, offset in ((content[:size], 1), (content[size:], size)):
        extension = struct.pack("!BBHI", header[6], 0, offset, identification)
        out.append(header[:4] + struct.pack("!HBB", 8 + len(part), 44, header[7]) + header[8:] + extension + part)
    return out


def identity(packet: bytes) -> bytes:
    """What stays of a packet on its way: all but hop limits, IPv4's header checksum, and what fragments are numbered with."""
    if packet[0] >> 4 == 4:
        end = packet[2] << 8 | packet[3]
        return packet[:1] + packet[2:4] + packet[6:8] + packet[9:10] + packet[12:end]
    end = 40 + (packet[4] << 8 | packet[5])
    if packet[6] == ip.FRAGMENT_HEADER:
        return packet[4:7] + packet[8:44] + packet[48:end]
    return packet[4:7] + packet[8:end]


@cache
def text_of(address: int, family: int) -> str:
    """An address as text; ranges of the flow catalogue hold numbers."""
    return str(IPv4Address(address) if family == 4 else IPv6Address(address))


@cache
def number_of(address: str) -> int:
    """The other way round."""
    return int(ip_address(address))
