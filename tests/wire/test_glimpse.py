"""What a frame shows of a packet: built by the rooms that build packets, cut anywhere, broken in every way."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import ethernet, ip, udp
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.ethernet import EthernetFrame, Tag
from bellrock.wire.glimpse import ACK, RST, SYN, TCP, Complaint, Ends, Glimpse, glimpse
from bellrock.wire.udp import Segment

A4, B4, A6, B6, R4, R6 = "10.1.0.2", "10.2.0.2", "fd01::2", "fd02::2", "10.1.0.1", "fd01::1"


def frame(packet: bytes, kind: int | None = None, tags=()) -> bytes:
    kind = kind or (ethernet.ETHERTYPE_IPV6 if packet[0] >> 4 == 6 else ethernet.ETHERTYPE_IPV4)
    return ethernet.build(EthernetFrame("02:00:00:00:00:01", "02:00:00:00:00:02", tags, kind, packet))


def datagram(source, destination, payload=b"hello", hops=63):
    return ip.build(source, destination, hops, 17, udp.build(source, destination, Segment(50000, 53, payload)))


def segment(source, destination, flags, sequence=7, acknowledged=0, ports=(50000, 80), payload=b""):
    octets = struct.pack("!HHIIBBHHH", *ports, sequence, acknowledged, 5 << 4, flags, 1024, 0, 0) + payload
    return ip.build(source, destination, 64, TCP, octets)


def error(by, to, kind, code, quoted):
    protocol = 58 if ":" in by else 1
    return ip.build(by, to, 64, protocol, struct.pack("!BBHI", kind, code, 0, 0) + quoted)


@pytest.mark.parametrize(("source", "destination"), [(A4, B4), (A6, B6)], ids=["4", "6"])
def test_udp(source, destination):
    seen = glimpse(frame(datagram(source, destination)))
    assert seen == Glimpse(ends=Ends("udp", source, 50000, destination, 53), hop_limit=63, payload=b"hello")


@pytest.mark.parametrize(("source", "destination"), [(A4, B4), (A6, B6)], ids=["4", "6"])
@pytest.mark.parametrize("flags", [SYN, SYN | ACK, RST | ACK])
def test_tcp(source, destination, flags):
    seen = glimpse(frame(segment(source, destination, flags, 7, 9, payload=b"x")))
    ends = Ends("tcp", source, 50000, destination, 80)
    assert seen == Glimpse(ends=ends, hop_limit=64, flags=flags, sequence=7, acknowledged=9, payload=b"x")


@pytest.mark.parametrize(
    ("by", "to", "kind", "code", "about"),
    [(R4, A4, 11, 0, (A4, B4)), (R4, A4, 3, 13, (A4, B4)), (R6, A6, 3, 0, (A6, B6)), (R6, A6, 1, 1, (A6, B6))],
    ids=["exceeded4", "prohibited4", "exceeded6", "prohibited6"],
)
def test_errors(by, to, kind, code, about):
    seen = glimpse(frame(error(by, to, kind, code, datagram(*about))))
    ends = Ends("udp", about[0], 50000, about[1], 53)
    assert seen == Complaint(by=by, to=to, kind=kind, code=code, about=ends, quoted=b"hello")
    seen = glimpse(frame(error(by, to, kind, code, segment(*about, SYN, 77))))
    assert (seen.sequence, seen.about.protocol) == (77, "tcp")


def test_an_error_that_quotes_eight_octets():
    seen = glimpse(frame(error(R4, A4, 11, 0, segment(A4, B4, SYN, 77)[:28])))
    assert seen.sequence == 77
    seen = glimpse(frame(error(R4, A4, 11, 0, datagram(A4, B4)[:24])))
    assert (seen.about.source_port, seen.quoted) == (50000, b"")


def test_a_tag_is_passed_over():
    assert glimpse(frame(datagram(A4, B4), tags=(Tag(0x8100, 10),))).ends.destination_port == 53


def _fragment():
    packet = bytearray(datagram(A4, B4))
    packet[6:8] = b"\x00\x10"
    return bytes(packet)


def _extended(protocol):
    """A UDP datagram behind an extension header of eight octets."""
    inner = datagram(A6, B6)
    head = bytearray(inner[:40])
    head[4:6] = (len(inner) - 40 + 8).to_bytes(2, "big")
    head[6] = protocol
    return bytes(head) + bytes((17, 0, 0, 0, 0, 0, 0, 0)) + inner[40:]


def test_extension_headers():
    assert glimpse(frame(_extended(60))).ends.destination_port == 53
    assert glimpse(frame(_extended(44))) is None
    many = ip.build(A6, B6, 64, 60, bytes((60, 0, 0, 0, 0, 0, 0, 0)) * 12)
    assert glimpse(frame(many)) is None, "more headers than anybody needs are not followed"


@pytest.mark.parametrize(
    "packet",
    [
        _fragment(),
        ip.build(A4, B4, 64, 47, b"gre"),
        error(R4, A4, 8, 0, b"echo"),
        ip.build(R4, A4, 64, 1, b"abc"),
        error(R4, A4, 11, 0, ip.build(A4, B4, 1, 1, b"ping")),
        error(R4, A4, 11, 0, datagram(A6, B6)),
        error(R4, A4, 11, 0, _fragment()),
    ],
    ids=["fragment", "gre", "echo", "short-icmp", "about-icmp", "other-family", "about-fragment"],
)
def test_what_is_nothing_to_a_walk(packet):
    assert glimpse(frame(packet)) is None
    assert glimpse(frame(b"arp" * 10, 0x0806)) is None


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (b"", Reason.TRUNCATED),
        (b"\x45\0", Reason.TRUNCATED),
        (b"\x60\0", Reason.TRUNCATED),
        (b"\x75" + bytes(30), Reason.MALFORMED),
        (b"\x41" + bytes(30), Reason.MALFORMED),
        (datagram(A4, B4)[:22], Reason.TRUNCATED),
        (segment(A4, B4, SYN)[:30], Reason.TRUNCATED),
        (_extended(60)[:44], Reason.TRUNCATED),
    ],
    ids=["empty", "short4", "short6", "version", "header", "ports", "tcp", "extension"],
)
def test_what_is_broken_is_refused(packet, reason):
    with pytest.raises(WireError) as refused:
        glimpse(frame(packet, 0x0800))
    assert refused.value.reason is reason


@given(st.binary(max_size=200))
def test_any_octets_give_a_value_or_the_one_error(data):
    for kind in (b"", b"\2" * 12 + b"\x08\x00", b"\2" * 12 + b"\x86\xdd"):
        with contextlib.suppress(WireError):
            glimpse(kind + data)


@given(
    st.sampled_from([datagram(A4, B4), segment(A6, B6, SYN), error(R4, A4, 11, 0, datagram(A4, B4)), _extended(60)]),
    st.data(),
)
def test_whole_packets_cut_or_changed_anywhere(packet, data):
    octets = bytearray(frame(packet))
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= data.draw(st.integers(0, 255))
    with contextlib.suppress(WireError):
        glimpse(bytes(octets[: data.draw(st.integers(0, len(octets)))]))
