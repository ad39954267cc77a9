"""What is left out of a capture."""

import struct

import pytest

from bellrock.capture.redact import Blanker, headers_only
from bellrock.wire import ip
from bellrock.wire.checksum import remainder
from tests.capture.packets import STACKS, Packet, ethernet

AUTHORIZATION = b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer 0123456789abc\r\n\r\nbody"


@pytest.mark.parametrize("stack", STACKS, ids=len)
@pytest.mark.parametrize(
    "packet",
    [
        Packet(family, protocol, *ends, 1, 2, payload=b"SECRET" * 9)
        for family, ends in ((4, ("10.0.0.1", "10.0.0.2")), (6, ("fe80::1", "fe80::2")))
        for protocol in (6, 17, 1, 58)
    ],
    ids=str,
)
def test_headers_only(packet, stack):
    frame = packet.frame(*stack)
    kept = headers_only(frame)
    assert frame.startswith(kept)
    assert b"SECRET" not in kept
    if (packet.family, packet.protocol) not in ((4, 58), (6, 1)):
        assert len(frame) - len(kept) == len(packet.payload)


def test_headers_only_of_fragments_and_others():
    packet = Packet(4, 17, "10.0.0.1", "10.0.0.2", 1, 2, payload=b"SECRET")
    assert (
        headers_only(ethernet(4, packet.around(b"SECRET", 0x0001)))
        == ethernet(4, packet.around(b"SECRET", 0x0001))[:34]
    )
    arp = bytes(12) + b"\x08\x06" + bytes(28) + b"padding"
    assert headers_only(arp) == arp[:42]
    assert headers_only(bytes(12) + b"\x88\xcc" + b"SECRET") == bytes(12) + b"\x88\xcc"


def sums(frame, packet):
    """Whether the transport checksum is right."""
    at = 34 if packet.family == 4 else 54
    body = frame[at:]
    addresses = frame[26:34] if packet.family == 4 else frame[22:54]
    return remainder(addresses + struct.pack("!II", len(body), packet.protocol) + body) == 0


def with_checksum(packet):
    frame = bytearray(packet.frame())
    at = (34 if packet.family == 4 else 54) + {6: 16, 17: 6}[packet.protocol]
    addresses = bytes(frame[26:34] if packet.family == 4 else frame[22:54])
    body = bytes(frame[34 if packet.family == 4 else 54 :])
    frame[at : at + 2] = (
        -remainder(addresses + struct.pack("!II", len(body), packet.protocol) + body) % 0xFFFF
    ).to_bytes(2, "big")
    return bytes(frame)


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("odd", [0, 1])
def test_blanked_with_its_checksum_mended(family, odd):
    ends = ("10.0.0.1", "10.0.0.2") if family == 4 else ("fe80::1", "fe80::2")
    packet = Packet(family, 6, *ends, 40000, 80, payload=b"x" * odd + b"\r\n" + AUTHORIZATION)
    frame = with_checksum(packet)
    assert sums(frame, packet)
    blanker = Blanker()
    done = blanker(frame)
    assert len(done) == len(frame)
    assert b"0123456789abc" not in done
    assert b"Authorization: xxxxxxxxxxxxxxxxxxxx\r\n\r\nbody" in done
    assert sums(done, packet)
    assert blanker.blanked == 1


def test_ipmi_is_blanked():
    payload = b"\x06\x00\xff\x07\x06\x14" + bytes(8) + b"\x1c\x00" + bytes(8) + b"0123456789abcdefghij"
    packet = Packet(4, 17, "10.0.0.1", "10.0.0.2", 40000, 623, payload=payload)
    done = Blanker()(with_checksum(packet))
    assert b"0123456789abcdefghij" not in done
    assert sums(done, packet)
    unsummed = Blanker()(packet.frame())
    assert unsummed[40:42] == b"\0\0"
    assert b"0123456789abcdefghij" not in unsummed


@pytest.mark.parametrize(
    "packet",
    [
        Packet(4, 17, "10.0.0.1", "10.0.0.2", 40000, 53, payload=AUTHORIZATION),
        Packet(4, 17, "10.0.0.1", "10.0.0.2", 40000, 623, payload=b"other"),
        Packet(4, 6, "10.0.0.1", "10.0.0.2", 40000, 80, payload=b""),
        Packet(4, 6, "10.0.0.1", "10.0.0.2", 40000, 80, payload=b"GET / HTTP/1.1\r\n"),
        Packet(4, 1, "10.0.0.1", "10.0.0.2", payload=AUTHORIZATION),
    ],
    ids=str,
)
def test_what_is_left_as_it_is(packet):
    blanker = Blanker()
    assert blanker(packet.frame()) == packet.frame()
    assert blanker.blanked == 0


def test_later_tcp_fragments_are_blanked_whole():
    packet = Packet(4, 6, "10.0.0.1", "10.0.0.2", 40000, 80)
    done = Blanker()(ethernet(4, packet.around(b"SECRETS", 0x0002)))
    assert done.endswith(b"xxxxxxx")
    assert b"SECRET" not in done


def test_the_sites_directory_port():
    bind = bytes.fromhex("300c020101600702010304008000")[:-2] + b"\x80\x02pw"
    bind = b"\x30" + bytes([len(bind) - 2]) + bind[2:5] + b"\x60" + bytes([len(bind) - 7]) + bind[7:]
    packet = Packet(4, 6, "10.0.0.1", "10.0.0.2", 40000, 3890, payload=bind)
    assert b"pw" not in Blanker(frozenset((3890,)))(packet.frame())
    assert b"pw" in Blanker()(packet.frame())


WORD = b"c2VjcmV0"
HTTP = Packet(
    4, 6, "10.0.0.1", "10.0.0.2", 40000, 80, payload=b"GET / HTTP/1.1\r\nAuthorization: Basic " + WORD + b"\r\n\r\n"
)


def udp(port, payload):
    return Packet(4, 17, "10.0.0.1", "10.0.0.2", 40000, port, payload=payload).frame()


def gre(flags, kind, inner, fields=b""):
    packet = ip.build(
        "10.0.0.1", "10.0.0.2", 64, 47, flags.to_bytes(2, "big") + kind.to_bytes(2, "big") + fields + inner
    )
    return bytes(12) + b"\x08\0" + packet


def nested(times):
    inner = HTTP.frame()
    for _ in range(times):
        inner = udp(4789, bytes(8) + inner)
    return inner


@pytest.mark.parametrize(
    ("frame", "kept"),
    [
        (udp(161, b"\x30\x1a\x02\x01\x01\x04\x08" + WORD + b"\xa0\x0d behind"), b"behind"),
        (udp(162, b"\x30\x1a\x02\x01\x01\x04\x08" + WORD[:7]), b""),
        (udp(69, b"\0\x01http://bob:" + WORD + b"@10.0.0.1/x\0octet\0"), b"@10.0.0.1/x"),
        (nested(1), b"Authorization"),
        (nested(4), b"Authorization"),
        (nested(6), b""),
        (gre(0, 0x0800, HTTP.frame()[14:]), b"Authorization"),
        (gre(0xB000, 0x6558, HTTP.frame(), bytes(12)), b"Authorization"),
    ],
    ids=range(8),
)
def test_datagrams_and_tunnels(frame, kept):
    blanker = Blanker()
    out = blanker(frame)
    assert (len(out), WORD[:7] in frame, WORD[:7] in out, kept in out) == (len(frame), True, False, True)
    assert (blanker.blanked, Blanker()(out)) == (1, out)


@pytest.mark.parametrize(
    "frame", [udp(161, b"x"), udp(161, b""), udp(4789, bytes(8)), gre(0, 0x0800, b"")], ids=range(4)
)
def test_what_is_cut_in_them(frame):
    assert len(Blanker()(frame)) == len(frame)
