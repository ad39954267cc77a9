"""Frames by name, and whether the kernel filter is to pass them."""

import struct

SOURCE = bytes.fromhex("020000000001")
GROUP4 = bytes.fromhex("01005e000076")


def ethernet(kind: int, payload: bytes, *tags: tuple[int, int], destination: bytes = GROUP4) -> bytes:
    stack = b"".join(struct.pack("!HH", tpid, control) for tpid, control in tags)
    return destination + SOURCE + stack + struct.pack("!H", kind) + payload


def udp(port: int = 5240, payload: bytes = b"beacon") -> bytes:
    return struct.pack("!HHHH", 5240, port, 8 + len(payload), 0) + payload


def ipv4(payload: bytes, protocol: int = 17, options: bytes = b"", fragment: int = 0x4000) -> bytes:
    words = 5 + len(options) // 4
    head = struct.pack("!BBHHHBBH", 0x40 | words, 0, words * 4 + len(payload), 7, fragment, 1, protocol, 0)
    return head + bytes([10, 0, 0, 1, 224, 0, 0, 118]) + options + payload


def ipv6(payload: bytes, next_header: int = 17) -> bytes:
    addresses = bytes.fromhex("fe800000000000000000000000000001" + "ff02000000000000000000000000015a")
    return struct.pack("!IHBB", 6 << 28, len(payload), next_header, 1) + addresses + payload


def option_header(next_header: int, words: int = 0) -> bytes:
    return bytes([next_header, words, 1, 4 + 8 * words]) + bytes(4 + 8 * words)


def fragment_header(next_header: int, offset: int, more: bool = True) -> bytes:
    return struct.pack("!BBHI", next_header, 0, offset << 3 | more, 99)


V4, V6 = ipv4(udp()), ipv6(udp())
Q10, Q20, AD, OLD = (0x8100, 0x600A), (0x8100, 20), (0x88A8, 100), (0x9100, 7)
CDP = bytes.fromhex("aaaa0300000c2000") + b"\x02\xb4" + bytes(30)

TOO_BIG4 = b"\x03\x04\0\0\0\0\x05\xdc" + ipv4(udp())
TOO_BIG6 = b"\x02\x00\0\0\0\0\x05\xdc" + ipv6(udp())
PASSED = {
    "IPv4": ethernet(0x0800, V4),
    "IPv4, header of 24 octets": ethernet(0x0800, ipv4(udp(), options=bytes(4))),
    "IPv4, header of 60 octets": ethernet(0x0800, ipv4(udp(), options=bytes(40))),
    "IPv4, first fragment: wire refuses it with a reason": ethernet(0x0800, ipv4(udp(), fragment=0x2000)),
    "IPv4, unicast": ethernet(0x0800, V4, destination=bytes.fromhex("020000000002")),
    "IPv4, one tag": ethernet(0x0800, V4, Q10),
    "IPv4, priority tag": ethernet(0x0800, V4, (0x8100, 0xE000)),
    "IPv4, 802.1ad tag": ethernet(0x0800, V4, AD),
    "IPv4, 802.1ad and 802.1Q tag": ethernet(0x0800, V4, AD, Q10),
    "IPv4, two 802.1Q tags": ethernet(0x0800, V4, Q10, Q20),
    "IPv4, three tags": ethernet(0x0800, V4, AD, Q10, Q20),
    "IPv4, tag of before 802.1ad": ethernet(0x0800, V4, OLD, Q10),
    "IPv6": ethernet(0x86DD, V6),
    "IPv6, one tag": ethernet(0x86DD, V6, Q10),
    "IPv6, two tags": ethernet(0x86DD, V6, AD, Q10),
    "IPv6, hop-by-hop options": ethernet(0x86DD, ipv6(option_header(17) + udp(), 0)),
    "IPv6, destination options of 24 octets": ethernet(0x86DD, ipv6(option_header(17, 2) + udp(), 60)),
    "IPv6, both options, tagged twice": ethernet(
        0x86DD, ipv6(option_header(60, 1) + option_header(17) + udp(), 0), AD, Q10
    ),
    "IPv6, four extension headers": ethernet(
        0x86DD, ipv6(option_header(60) + option_header(43) + option_header(60) + option_header(17) + udp(), 0)
    ),
    "IPv6, first fragment: wire refuses it with a reason": ethernet(0x86DD, ipv6(fragment_header(17, 0) + udp(), 44)),
    "IPv4, ICMP about a beacon": ethernet(0x0800, ipv4(TOO_BIG4, 1)),
    "IPv4, ICMP about a beacon, options, tagged": ethernet(0x0800, ipv4(TOO_BIG4, 1, bytes(4)), Q10),
    "IPv6, ICMP about a beacon": ethernet(0x86DD, ipv6(TOO_BIG6, 58)),
    "IPv6, ICMP about a beacon, tagged twice": ethernet(0x86DD, ipv6(TOO_BIG6, 58), AD, Q10),
    "LLDP": ethernet(0x88CC, bytes(40)),
    "LLDP, tagged": ethernet(0x88CC, bytes(40), Q10),
    "CDP": ethernet(len(CDP), CDP),
    "CDP, tagged": ethernet(len(CDP), CDP, Q10),
}

REFUSED = {
    "IPv4, another port": ethernet(0x0800, ipv4(udp(5241))),
    "IPv4, the port is the source's": ethernet(0x0800, ipv4(struct.pack("!HHHH", 5240, 53, 14, 0) + b"answer")),
    "IPv4, TCP": ethernet(0x0800, ipv4(udp(), protocol=6)),
    "IPv4, later fragment that looks like a beacon": ethernet(0x0800, ipv4(udp(), fragment=0x2003)),
    "IPv4, last fragment": ethernet(0x0800, ipv4(udp(), fragment=0x0001)),
    "IPv4, cut in the IP header": ethernet(0x0800, V4[:16]),
    "IPv4, cut in the UDP header": ethernet(0x0800, V4[:22]),
    "IPv4, header length that leads elsewhere": ethernet(0x0800, bytes([0x4F]) + V4[1:]),
    "IPv4, another port, tagged": ethernet(0x0800, ipv4(udp(67)), Q10),
    "IPv4, another port, tagged twice": ethernet(0x0800, ipv4(udp(67)), AD, Q10),
    "IPv4, four tags": ethernet(0x0800, V4, AD, Q10, Q20, Q20),
    "IPv6, another port": ethernet(0x86DD, ipv6(udp(546))),
    "IPv4, ICMP about another port": ethernet(0x0800, ipv4(TOO_BIG4[:8] + ipv4(udp(67)), 1)),
    "IPv4, ICMP of another type": ethernet(0x0800, ipv4(b"\x03\x01" + TOO_BIG4[2:], 1)),
    "IPv4, later fragment of ICMP": ethernet(0x0800, ipv4(TOO_BIG4, 1, fragment=0x2001)),
    "IPv6, ICMP about another port": ethernet(0x86DD, ipv6(TOO_BIG6[:8] + ipv6(udp(67)), 58)),
    "IPv6, ICMP of another type": ethernet(0x86DD, ipv6(b"\x01\x04" + TOO_BIG6[2:], 58)),
    "IPv6, ICMP": ethernet(0x86DD, ipv6(udp(), 58)),
    "IPv6, later fragment that looks like a beacon": ethernet(0x86DD, ipv6(fragment_header(17, 8) + udp(), 44)),
    "IPv6, another port behind options": ethernet(0x86DD, ipv6(option_header(17) + udp(547), 0)),
    "IPv6, five extension headers": ethernet(
        0x86DD,
        ipv6(
            option_header(60) + option_header(60) + option_header(60) + option_header(60) + option_header(17) + udp(), 0
        ),
    ),
    "IPv6, authentication header": ethernet(0x86DD, ipv6(option_header(17) + udp(), 51)),
    "IPv6, no next header": ethernet(0x86DD, ipv6(udp(), 59)),
    "IPv6, options longer than the packet": ethernet(0x86DD, ipv6(bytes([17, 255]) + udp(), 0)),
    "IPv6, cut": ethernet(0x86DD, V6[:41]),
    "ARP": ethernet(0x0806, bytes(46)),
    "beacon under another EtherType": ethernet(0x88B5, V4),
    "SNAP of Cisco, but VTP": ethernet(40, bytes.fromhex("aaaa0300000c2003") + bytes(32)),
    "SNAP of another OUI": ethernet(40, bytes.fromhex("aaaa030000f82000") + bytes(32)),
    "LLC, spanning tree": ethernet(38, bytes.fromhex("424203") + bytes(35)),
    "length and nothing else": ethernet(2, b"\xaa\xaa"),
    "another port that has 5240 where a tagged frame would": ethernet(
        0x0800, ipv4(udp(4000, struct.pack("!HH", 5240, 5240)))
    ),
}


def without_outer_tag(frame: bytes) -> bytes:
    """What the kernel shows a filter: it takes out the first tag, if that is 802.1Q or 802.1ad."""
    return frame[:12] + frame[16:] if frame[12:14] in (b"\x81\x00", b"\x88\xa8") else frame
