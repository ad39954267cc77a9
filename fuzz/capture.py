"""Capture files of any octets: containers, columns, conversations, and what rules read of them.

The first octet: 0x01 the rest is packets, each behind its length (two octets), in a file that is made for them · 0x02 that is a pcapng file ·
0x1c (times four) the link type of that · 0x20 only so much of each packet was kept as its length's upper four bits say ·
0x40 also name the conversations, and make what rules read (which takes ten times as long).
"""

import io
import struct
from collections.abc import Iterator

from bellrock.capture import pcapng
from bellrock.capture.reading import chain, pieces
from bellrock.capture.reading.columns import columns
from bellrock.capture.reading.containers import Opened
from bellrock.capture.reading.explained import explained
from bellrock.capture.reading.fragments import Pieces
from bellrock.capture.reading.health import Health
from bellrock.capture.reading.register import Register
from bellrock.capture.reading.sight import Flows, Limits, Sight
from bellrock.capture.reading.source import Source
from bellrock.capture.reading.tally import Tally
from bellrock.flows.catalogue import CATALOGUE
from fuzz.contract import demand, value_or_refusal

LINKS = (1, 113, 276, 101, 0, 108, 12, 147)
SMALL = 1 << 14, 1 << 7
"""Octets of a piece, and between the places where it is entered: so few hundred octets show what megabytes would."""


def split(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Packets, and the octets kept of each."""
    at = 0
    while at + 2 <= len(data):
        word = int.from_bytes(data[at : at + 2], "big")
        packet = data[at + 2 : at + 2 + (word & 0xFFF)]
        yield packet, len(packet) - (word >> 12)
        at += 2 + len(packet)


def made(flags: int, data: bytes) -> bytes:
    """A file of packets."""
    link = LINKS[flags >> 2 & 7]
    packets = [(packet[: max(0, kept)] if flags & 0x20 else packet, len(packet)) for packet, kept in split(data)]
    if flags & 2:
        head = pcapng.section("fuzz") + pcapng.interface("eth0", 0).replace(
            struct.pack("<HH", 1, 0), struct.pack("<HH", link, 0), 1
        )
        return head + b"".join(pcapng.packet(0, at * 10**7, kept, size, 0) for at, (kept, size) in enumerate(packets))
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 18, link)
    return head + b"".join(
        struct.pack("<IIII", at, 0, len(kept), size) + kept for at, (kept, size) in enumerate(packets)
    )


def one(data: bytes) -> None:
    before = pieces.MAX_CHUNK, chain.LEAST_APART
    pieces.MAX_CHUNK, chain.LEAST_APART = SMALL
    try:
        read(data)
    finally:
        pieces.MAX_CHUNK, chain.LEAST_APART = before


def read(data: bytes) -> None:
    flags, rest = (data[0], data[1:]) if data else (0, b"")
    sight = Sight(Limits(), Flows())
    interfaces = sight.interfaces
    origin = Source(io.BytesIO(made(flags, rest) if flags & 1 else rest), "a")
    capture = value_or_refusal(lambda: Opened(origin, interfaces))
    if capture is None:
        return
    register, waiting, health = Register(), Pieces(), Health(interfaces)
    tally = Tally(register)
    for chunk in capture.chunks():
        demand(bool((chunk.offsets + chunk.kept <= len(chunk.octets)).all()), "a packet reaches over its chunk")
        found = columns(chunk, interfaces, waiting)
        demand(bool((found.end <= chunk.offsets + chunk.kept).all()), "a packet's end is behind what was kept of it")
        health.watch(found)
        tally.take(found, register.number(found))
        sight.add(chunk)
    ways = tally.ways()
    told = int(ways.packets.sum()) + tally.left_out + sum(packets for packets, _ in tally.below.values())
    demand(told == tally.packets == capture.packets, "packets are lost on the way")
    demand(all(line.isprintable() for line in (*health.troubles(), *capture.troubles)), "not lines for people")
    if flags & 0x40:
        explained(register.ends(), ways, CATALOGUE, {})
        demand(sight.wire().seen == tally.packets, "rules would read another number of packets")


def seeds() -> Iterator[tuple[str, bytes]]:
    """Files and packets of each kind, small."""
    arp = bytes(12) + b"\x08\x06" + bytes(28)
    udp = struct.pack("!HHHH", 68, 67, 12, 0) + b"xyzu"
    plain = b"\x45\0" + struct.pack("!HHHBBH", 20 + len(udp), 7, 0, 64, 17, 0) + bytes((10, 0, 0, 1, 10, 0, 0, 2)) + udp
    tcp = struct.pack("!HHIIBBHHH", 40000, 80, 1, 1, 0x50, 2, 9, 0, 0)
    six = struct.pack("!IHBB", 6 << 28, len(tcp), 6, 64) + bytes(31) + b"\1" + tcp
    framed, tagged = bytes(12) + b"\x08\0" + plain, bytes(12) + b"\x81\0\0\x0a\x86\xdd" + six
    piece = bytes(12) + b"\x08\0" + plain[:6] + b"\x20\0" + plain[8:]
    gre = b"\x45\0" + struct.pack("!HHHBBH", 24 + len(plain), 7, 0, 64, 47, 0) + bytes(8) + b"\0\0\x08\0" + plain
    for name, flags, packets in (
        ("ethernet", 0x41, (framed, tagged, arp)), ("pieces", 0x03, (piece, piece)), ("gre", 0x4D, (gre,)), ("raw", 0x0F, (plain, six)),
        ("cooked", 0x05, (bytes(14) + b"\x08\0" + plain,)), ("loop", 0x11, (b"\2\0\0\0" + plain,)), ("cut", 0x21, (framed,)),
    ):  # fmt: skip
        yield (
            name,
            bytes((flags,))
            + b"".join(struct.pack("!H", len(one) | (0x5000 if name == "cut" else 0)) + one for one in packets),
        )
    yield "pcap", b"\0" + made(0, struct.pack("!H", len(arp)) + arp)
    yield "pcapng", b"\0" + made(2, struct.pack("!H", len(arp)) + arp) + pcapng.statistics(0, 5, {pcapng.DROPPED: 3}, 1)
    yield (
        "big",
        b"\0" + struct.pack(">IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 96, 113) + struct.pack(">IIII", 1, 2, 4, 9) + b"abcd",
    )
