"""Random packets near the edges of random rules: as frames for the kernel, and as the fields that the verifier knows."""

import ipaddress
import random
import struct
from dataclasses import dataclass, field

from bellrock.firewall.verify.read.values import interface
from bellrock.wire.checksum import complement, remainder

V4 = [
    "10.1.0.1", "10.1.0.2", "10.1.5.6", "10.1.255.254", "10.3.0.1", "10.3.0.9", "10.3.7.7", "192.168.1.1",
    "192.168.1.2", "192.168.1.255", "172.16.0.1", "8.8.8.8", "8.8.8.9", "100.64.0.1",
]  # fmt: skip
V6 = [
    "2001:db8:1::1", "2001:db8:1::2", "2001:db8:1:5::6", "2001:db8:3::1", "2001:db8:3::9", "2001:db8:3:7::7",
    "2001:db8:77::1", "2a00:1:2:3::4", "fd00::1",
]  # fmt: skip
PORTS = [1, 21, 22, 23, 53, 67, 68, 69, 70, 79, 80, 81, 443, 1023, 1024, 1025, 5240, 33000, 65535]
MARKS = [0, 1, 2, 5, 0x10, 0xFF, 0x105, 0x4000]
DSCPS = [0, 8, 10, 46]
TTLS = [2, 3, 63, 64, 65, 254, 255]
FLAGS = [0x02, 0x10, 0x12, 0x18, 0x04, 0x14, 0x11, 0x01, 0x00, 0x03, 0x29, 0x3F]
ICMP = [(0, 0), (8, 0), (3, 0), (3, 1), (3, 3), (3, 4), (5, 0), (11, 0), (13, 0)]
ICMPV6 = [(1, 0), (1, 4), (2, 0), (3, 0), (128, 0), (129, 0)]
VIDS = [1, 5, 10, 20, 4094]
MACS = ["02:aa:00:00", "02:bb:00:00", "0a:00:00:00"]
"""First octets of bridged frames' source addresses; the last two are the frame's number."""
OTHER_TYPES = [0x0806, 0x88B5, 0x88CC, 0x8847]
LOCAL4 = {"lan0": "10.99.0.1", "lan1": "10.99.1.1", "wan0": "10.99.2.1"}
LOCAL6 = {"lan0": "2001:db8:99:0::1", "lan1": "2001:db8:99:1::1", "wan0": "2001:db8:99:2::1"}
TCP, UDP, ICMP4, ICMP6, GRE = 6, 17, 1, 58, 47


@dataclass
class Probe:
    """A packet, where it goes in, and what the verifier is told about it."""

    number: int
    into: str
    """An interface, or `out` for the router's own."""
    frame: bytes
    fields: dict[str, int]
    words: dict[str, object] = field(default_factory=dict)
    """What it was made of, for whoever reads of a disagreement."""


@dataclass
class Words:
    """What a packet is made of."""

    version: int
    source: str
    destination: str
    protocol: int
    sport: int = 0
    dport: int = 0
    flags: int = 0x02
    type: int = 8
    code: int = 0
    ttl: int = 64
    dscp: int = 0
    ecn: int = 0
    df: bool = False
    size: int = 0
    quoted: bytes = b""
    """Of an ICMP error: the packet that it is about."""
    data: bytes = b""
    """What TCP or UDP carry, instead of `size` zeros."""
    echo: int = 0
    """The identifier of an echo; 0 for the packet's number."""


def interface_number(name: str) -> int:
    """The 16 octets of an interface's name, as the verifier compares them."""
    return interface(name).first if name else 0


def packet(words: Words, number: int) -> bytes:
    """The IP packet."""
    source, destination = (ipaddress.ip_address(text).packed for text in (words.source, words.destination))
    payload = _payload(words, source, destination, number)
    if words.version == 4:
        head = struct.pack(
            ">BBHHHBBH4s4s", 0x45, words.dscp << 2 | words.ecn, 20 + len(payload), number,
            0x4000 if words.df else 0, words.ttl, words.protocol, 0, source, destination,
        )  # fmt: skip
        return head[:10] + struct.pack(">H", complement(remainder(head))) + head[12:] + payload
    first = 6 << 28 | (words.dscp << 2 | words.ecn) << 20 | number
    return struct.pack(">IHBB", first, len(payload), words.protocol, words.ttl) + source + destination + payload


def _payload(words: Words, source: bytes, destination: bytes, number: int) -> bytes:
    data = words.data or bytes(words.size)
    if words.protocol == TCP:
        segment = (
            struct.pack(">HHIIBBHHH", words.sport, words.dport, number << 8, 0, 0x50, words.flags, 1024, 0, 0) + data
        )
        return _summed(segment, 16, words, source, destination)
    if words.protocol == UDP:
        segment = struct.pack(">HHHH", words.sport, words.dport, 8 + len(data), 0) + data
        return _summed(segment, 6, words, source, destination)
    if words.protocol in {ICMP4, ICMP6}:
        rest = bytes(4) + words.quoted if words.quoted else struct.pack(">HH", words.echo or number, 1) + data
        segment = struct.pack(">BBH", words.type, words.code, 0) + rest
        return _summed(segment, 2, words, source, destination)
    return struct.pack(">HH", 0, 0x0800) + data


def _summed(segment: bytes, at: int, words: Words, source: bytes, destination: bytes) -> bytes:
    total = remainder(segment)
    if words.protocol != ICMP4:
        total += remainder(source + destination) + words.protocol + len(segment)
    checksum = complement(total) or (0xFFFF if words.protocol == UDP else 0)
    return segment[:at] + struct.pack(">H", checksum) + segment[at + 2 :]


def fields(words: Words, number: int, into: str, out: str) -> dict[str, int]:
    """What the verifier is told."""
    six = "" if words.version == 4 else "6"
    found = {
        "nfproto": 2 if words.version == 4 else 10,
        "ether_type": 0x0800 if words.version == 4 else 0x86DD,
        "iifname": 0 if into == "out" else interface_number(into),
        "oifname": interface_number(out),
        "l4proto": words.protocol,
        f"saddr{six}": int(ipaddress.ip_address(words.source)),
        f"daddr{six}": int(ipaddress.ip_address(words.destination)),
        "ttl" if words.version == 4 else "hoplimit": words.ttl,
        "dscp": words.dscp,
        "ecn": words.ecn,
        "length": len(packet(words, number)),
    }
    if words.version == 4:
        found["frag_off"] = 0x4000 if words.df else 0
    if words.protocol in {TCP, UDP}:
        found |= {"sport": words.sport, "dport": words.dport}
    if words.protocol == TCP:
        found["tcp_flags"] = words.flags
    if words.protocol in {ICMP4, ICMP6}:
        kind = "icmp" if words.protocol == ICMP4 else "icmpv6"
        found |= {f"{kind}_type": words.type, f"{kind}_code": words.code}
    return found


def random_words(rng: random.Random, hints: dict[str, list], version: int | None = None) -> Words:
    """A packet with values from the rules, and next to them."""
    version = version or rng.choice((4, 4, 6))
    pool = V4 if version == 4 else V6
    protocol = rng.choice((TCP, TCP, UDP, UDP, ICMP4 if version == 4 else ICMP6, GRE))
    source, destination = (_address(rng, pool, hints.get(f"v{version}", [])) for _ in range(2))
    kind, code = rng.choice(ICMP if version == 4 else ICMPV6)
    return Words(
        version, source, destination, protocol,
        sport=_port(rng, hints), dport=_port(rng, hints), flags=rng.choice(FLAGS if rng.random() < 0.5 else [2]),
        type=kind, code=code, ttl=rng.choice(TTLS), dscp=rng.choice(DSCPS), ecn=rng.choice((0, 0, 1, 3)),
        df=rng.random() < 0.5, size=rng.choice((0, 0, 20, 100)),
    )  # fmt: skip


def _address(rng: random.Random, pool: list[str], hints: list[int]) -> str:
    if not hints or rng.random() < 0.4:
        return rng.choice(pool)
    made = type(ipaddress.ip_address(pool[0]))
    number = rng.choice(hints) + rng.choice((0, 0, 0, -1, 1))
    if not 0 <= number < 1 << (32 if made is ipaddress.IPv4Address else 128):
        return rng.choice(pool)
    return str(made(number)) if _usable(made(number)) else rng.choice(pool)


def _usable(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Neither martian nor the router's own."""
    if address.version == 4:
        first = int(address) >> 24
        return first not in {0, 127} and first < 224 and int(address) >> 16 != 10 << 8 | 99
    return address.packed[0] in {0x20, 0x2A, 0xFD} and not str(address).startswith("2001:db8:99")


def _port(rng: random.Random, hints: dict[str, list]) -> int:
    if rng.random() < 0.5 and hints.get("port"):
        return min(65535, max(1, rng.choice(hints["port"]) + rng.choice((0, 0, -1, 1))))
    return rng.choice(PORTS)
