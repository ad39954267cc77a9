"""IP headers."""

import struct

import numpy as np
import pytest

from bellrock.capture.reading.networked import networked
from bellrock.capture.reading.values import FIRST_PIECE, LATER_PIECE, PADDING, WHOLE
from tests.capture.packets import Packet

UDP4 = Packet(4, 17, "10.0.0.1", "10.0.0.2", 1000, 53, payload=b"p" * 10)
UDP6 = Packet(6, 17, "2001:db8::1", "fe80::2", 1000, 53, payload=b"p" * 10)


def told(packet, ethertype=0x0800, kept=None, length=None):
    """All fields of one packet, which begins at 3; others' octets are around it."""
    octets = np.frombuffer(b"\x45\x60\xff" + packet + b"\x45\xff" + bytes(PADDING), np.uint8)
    at = np.array([3], np.int64)
    ends = at + (len(packet) if kept is None else kept)
    found = networked(octets, np.array([ethertype], np.int32), at, ends, at + (length or len(packet)))
    return {name: column[0].item() for name, column in found._asdict().items()}


def test_ipv4():
    got = told(UDP4.network())
    assert (got["version"], got["protocol"], got["hop_limit"], got["ip_length"]) == (4, 17, 64, 38)
    assert (got["source_low"], got["destination_low"], got["source_high"]) == (0x0A000001, 0x0A000002, 0)
    assert (got["header_end"], got["wire_end"], got["dont_fragment"], got["piece"]) == (23, 41, False, WHOLE)


def test_ipv4_with_options_and_padding_behind():
    got = told(Packet(4, 17, "10.0.0.1", "10.0.0.2", options=True).network() + bytes(20))
    assert (got["header_end"], got["wire_end"]) == (3 + 24, 3 + 24 + 8 + 18)


def test_ipv6():
    got = told(UDP6.network(), 0x86DD)
    assert (got["version"], got["protocol"], got["hop_limit"], got["ip_length"]) == (6, 17, 64, 58)
    assert (got["source_high"], got["source_low"]) == (0x20010DB8 << 32, 1)
    assert (got["destination_high"], got["destination_low"]) == (0xFE80 << 48, 2)
    assert (got["header_end"], got["dont_fragment"]) == (43, True)


@pytest.mark.parametrize("at", range(20))
def test_a_cut_ipv4_header_tells_nothing(at):
    assert told(UDP4.network(), kept=at)["version"] == 0


@pytest.mark.parametrize(
    "packet",
    [
        b"\x65" + UDP4.network()[1:], b"\x44" + UDP4.network()[1:], b"\x4f" + UDP4.network()[1:30],
        UDP4.network()[:2] + b"\0\x13" + UDP4.network()[4:],
    ],
    ids=["version", "short header", "header longer than all", "total below header"],
)  # fmt: skip
def test_a_wrong_ipv4_header_tells_nothing(packet):
    got = told(packet, length=len(packet))
    if packet[0] != 0x4F:
        assert (got["version"], got["protocol"], got["ip_length"], got["hop_limit"]) == (0, -1, 0, -1)
    assert got["wire_end"] >= 3


@pytest.mark.parametrize("kept", [0, 1, 39])
def test_a_cut_ipv6_header_tells_nothing(kept):
    assert told(UDP6.network(), 0x86DD, kept=kept)["version"] == 0


def test_ipv6_of_another_version_tells_nothing():
    assert told(b"\x45" + UDP6.network()[1:], 0x86DD)["version"] == 0


@pytest.mark.parametrize(("packet", "ethertype", "at"), [(UDP4, 0x0800, 2), (UDP6, 0x86DD, 4)])
def test_a_length_of_none_reaches_to_the_end(packet, ethertype, at):
    """A card's that cuts it later (TSO)."""
    octets = packet.network()
    got = told(octets[:at] + b"\0\0" + octets[at + 2 :], ethertype, length=5000)
    assert (got["ip_length"], got["wire_end"]) == (5000, 5003)


@pytest.mark.parametrize(
    ("field", "piece", "offset", "more", "dont"),
    [
        (0, WHOLE, 0, False, False), (0x4000, WHOLE, 0, False, True), (0x2000, FIRST_PIECE, 0, True, False),
        (0x2001, LATER_PIECE, 8, True, False), (185, LATER_PIECE, 1480, False, False),
    ],
)  # fmt: skip
def test_fragments_of_ipv4(field, piece, offset, more, dont):
    got = told(UDP4.around(b"x" * 16, field, 77))
    assert (got["piece"], got["piece_offset"], got["more"], got["dont_fragment"]) == (piece, offset, more, dont)
    assert got["piece_id"] == 77


@pytest.mark.parametrize(
    ("offset", "more", "piece"),
    [(0, True, FIRST_PIECE), (0, False, WHOLE), (1232, False, LATER_PIECE), (1232, True, LATER_PIECE)],
)
def test_fragments_of_ipv6(offset, more, piece):
    got = told(UDP6.fragment6(b"x" * 16, offset, more), 0x86DD)
    assert (got["piece"], got["piece_offset"], got["piece_id"], got["more"]) == (piece, offset, 99, more)
    assert (got["protocol"], got["header_end"]) == (17, 3 + 48)


def six(first, *headers, body=bytes(8)):
    inside = b"".join(headers) + body
    return struct.pack("!IHBB", 6 << 28, len(inside), first, 64) + bytes(32) + inside


HOP, ROUTE, LAST = (lambda following, size=0: bytes([following, size]) + bytes(6 + 8 * size) for _ in range(3))


@pytest.mark.parametrize(
    ("packet", "protocol", "header_end"),
    [
        (six(0, HOP(17)), 17, 48),
        (six(0, HOP(43), ROUTE(60, 2), LAST(58)), 58, 40 + 8 + 24 + 8),
        (six(59), 59, 40),
        (six(0, HOP(17, 9)[:8], body=b""), 17, 40 + 80),
        (six(0, b"\x11\0", body=b""), 0, 40),
    ],
    ids=["hop by hop", "three", "none follows", "longer than all", "cut"],
)
def test_extension_headers(packet, protocol, header_end):
    got = told(packet, 0x86DD)
    assert (got["protocol"], got["header_end"]) == (protocol, 3 + header_end)


def test_extension_headers_are_bounded():
    got = told(six(60, *[LAST(60)] * 100), 0x86DD)
    assert got["protocol"] == 60
    assert got["header_end"] < 3 + 40 + 8 * 100


@pytest.mark.parametrize("ethertype", [0x0806, -1, 0x26, 0x88CC])
def test_what_is_not_ip(ethertype):
    got = told(UDP4.network(), ethertype)
    assert (got["version"], got["protocol"], got["header_end"], got["wire_end"]) == (0, -1, 3, 41)


def test_versions_side_by_side():
    four, six_octets = UDP4.network(), UDP6.network()
    octets = np.frombuffer(four + six_octets + bytes(PADDING), np.uint8)
    at, sizes = np.array([0, len(four), 0]), np.array([len(four), len(six_octets), len(four)])
    found = networked(octets, np.array([0x0800, 0x86DD, 0x0806], np.int32), at, at + sizes, at + sizes)
    assert found.version.tolist() == [4, 6, 0]
    assert found.protocol.tolist() == [17, 17, -1]
