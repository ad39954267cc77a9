import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import ethernet, ip, udp
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.ethernet import EthernetFrame, Tag
from bellrock.wire.five_tuple import FiveTuple, five_tuple

MACS = ("52:54:00:00:00:01", "52:54:00:00:00:02")
PAIR4, PAIR6 = ("10.0.0.9", "10.0.0.2"), ("2001:db8::9", "2001:db8::2")
UDP = FiveTuple("udp", *("10.0.0.9", 2070, "10.0.0.2", 69))


def frame(packet, ethertype=0x0800, tags=()):
    return ethernet.build(EthernetFrame(*MACS, tags, ethertype, packet))


def tcp(flags, source=40000, destination=5240):
    return struct.pack("!HHIIBBHHH", source, destination, 1, 0, 0x50, flags, 1024, 0, 0)


def over4(payload, protocol=17):
    return ip.build(*PAIR4, 64, protocol, payload)


def over6(payload, protocol=17, extensions=b""):
    return ip.build(*PAIR6, 64, protocol, extensions + payload)


DATAGRAM = struct.pack("!HHHH", 2070, 69, 8, 0)


@pytest.mark.parametrize(
    ("tags", "stripped", "vid"),
    [
        ((), (), None),
        ((Tag(0x8100, 20),), (), 20),
        ((), (Tag(0x8100, 20),), 20),
        ((Tag(0x8100, 20),), (Tag(0x88A8, 100),), 20),
        ((Tag(0x8100, 0, 7),), (), None),
    ],
)
def test_udp_over_ipv4_behind_any_tags(tags, stripped, vid):
    expected = FiveTuple("udp", "10.0.0.9", 2070, "10.0.0.2", 69, vid=vid)
    assert five_tuple(frame(over4(DATAGRAM), tags=tags), stripped) == expected


@pytest.mark.parametrize(("flags", "opens"), [(0x02, True), (0xC2, True), (0x12, False), (0x10, False), (0x04, False)])
def test_who_begins_a_tcp_connection(flags, opens):
    expected = FiveTuple("tcp", "10.0.0.9", 40000, "10.0.0.2", 5240, opens=opens)
    assert five_tuple(frame(over4(tcp(flags), 6))) == expected


def test_ports_behind_ipv4_options():
    header = bytearray(over4(bytes(4) + DATAGRAM))
    header[0] = 0x46
    assert five_tuple(frame(bytes(header))) == UDP


HOP_BY_HOP = bytes((17, 0)) + bytes(6)
TWO = bytes((60, 0)) + bytes(6) + bytes((17, 1)) + bytes(14)
FIRST_FRAGMENT = bytes((17, 0, 0, 1)) + bytes(4)


@pytest.mark.parametrize(("protocol", "extensions"), [(17, b""), (0, HOP_BY_HOP), (0, TWO), (44, FIRST_FRAGMENT)])
def test_udp_over_ipv6_behind_extension_headers(protocol, extensions):
    expected = FiveTuple("udp", "2001:db8::9", 2070, "2001:db8::2", 69)
    assert five_tuple(frame(over6(DATAGRAM, protocol, extensions), 0x86DD)) == expected


LATER4 = bytearray(over4(DATAGRAM))
LATER4[6:8] = (0, 8)


@pytest.mark.parametrize(
    ("packet", "ethertype"),
    [
        (b"\x00" * 28, 0x0806),
        (over4(b"\x08\x00", 1), 0x0800),
        (bytes(LATER4), 0x0800),
        (over6(DATAGRAM, 44, bytes((17, 0, 0, 8)) + bytes(4)), 0x86DD),
        (over6(b"\x80\x00", 58), 0x86DD),
    ],
    ids=["ARP", "ICMP", "later IPv4 fragment", "later IPv6 fragment", "ICMPv6"],
)
def test_what_shows_no_ports(packet, ethertype):
    assert five_tuple(frame(packet, ethertype)) is None


@pytest.mark.parametrize(
    ("packet", "ethertype", "reason"),
    [
        (over4(DATAGRAM)[:19], 0x0800, Reason.TRUNCATED),
        (over4(DATAGRAM)[:23], 0x0800, Reason.TRUNCATED),
        (b"\x44" + over4(DATAGRAM)[1:], 0x0800, Reason.MALFORMED),
        (over6(DATAGRAM)[:39], 0x86DD, Reason.TRUNCATED),
        (over6(b"", 0, b"\x11\x00"), 0x86DD, Reason.TRUNCATED),
        (b"\x45" + over6(DATAGRAM)[1:], 0x86DD, Reason.MALFORMED),
    ],
)
def test_what_is_refused(packet, ethertype, reason):
    with pytest.raises(WireError) as refused:
        five_tuple(frame(packet, ethertype))
    assert refused.value.reason is reason


def test_extension_headers_without_end_are_followed_to_a_bound():
    endless = (bytes((0, 0)) + bytes(6)) * 20
    assert five_tuple(frame(over6(DATAGRAM, 0, endless), 0x86DD)) is None


@given(
    st.binary(max_size=120), st.sampled_from([b"\x08\x00\x45", b"\x86\xdd\x60", b"\x81\x00\x00\x0a\x08\x00\x45", b""])
)
def test_any_octets_give_a_value_or_the_documented_error(data, head):
    try:
        found = five_tuple(bytes(12) + head + data)
    except WireError:
        return
    assert found is None or found.protocol in ("tcp", "udp")


@given(st.integers(0, 65535), st.integers(0, 65535), st.sampled_from([PAIR4, PAIR6]))
def test_what_is_built_is_read(source, destination, pair):
    segment = udp.build(*pair, udp.Segment(source, destination, b"x"))
    ethertype = 0x0800 if pair is PAIR4 else 0x86DD
    found = five_tuple(frame(ip.build(*pair, 64, 17, segment), ethertype))
    assert found == FiveTuple("udp", pair[0], source, pair[1], destination)
