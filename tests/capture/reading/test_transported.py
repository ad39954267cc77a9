"""Transport headers."""

import struct

import pytest

from tests.capture.packets import Packet, ethernet
from tests.capture.reading.made import columns_of


def told(packet, **about):
    found = columns_of(packet, b"\xff" * 80, **about)
    names = (
        "transport", "source_port", "destination_port", "flags", "sequence", "acknowledged", "window", "icmp_type", "icmp_code",
        "payload", "payload_length", "payload_kept",
    )  # fmt: skip
    return {name: getattr(found, name)[0].item() for name in names}


def test_udp():
    got = told(Packet(4, 17, "10.0.0.1", "10.0.0.2", 1000, 53, payload=b"p" * 10).frame())
    assert (got["source_port"], got["destination_port"], got["flags"], got["icmp_type"]) == (1000, 53, -1, -1)
    assert (got["transport"], got["payload"], got["payload_length"], got["payload_kept"]) == (34, 42, 10, 10)


def segment(flags=0x12, words=5, payload=b"x" * 4):
    head = struct.pack("!HHIIBBHHH", 40000, 80, 2**32 - 1, 5, words << 4, flags, 512, 0, 0)
    return head + bytes(max(0, words * 4 - 20)) + payload


def tcp(*how, **more):
    return ethernet(4, Packet(4, 6, "10.0.0.1", "10.0.0.2").around(segment(*how, **more)))


@pytest.mark.parametrize("words", [5, 8, 15])
def test_tcp(words):
    got = told(tcp(words=words))
    assert (got["source_port"], got["destination_port"], got["flags"], got["window"]) == (40000, 80, 0x12, 512)
    assert (got["sequence"], got["acknowledged"]) == (2**32 - 1, 5)
    assert (got["payload"], got["payload_length"]) == (34 + words * 4, 4)


@pytest.mark.parametrize("words", [0, 4])
def test_tcp_whose_header_is_too_short(words):
    got = told(tcp(words=words))
    assert (got["source_port"], got["payload"], got["payload_length"], got["payload_kept"]) == (40000, -1, 0, 0)


def test_tcp_whose_header_is_longer_than_all():
    got = told(
        ethernet(
            4, Packet(4, 6, "10.0.0.1", "10.0.0.2").around(segment(words=5, payload=b"")[:12] + b"\xf0" + bytes(7))
        )
    )
    assert (got["payload_length"], got["payload_kept"]) == (0, 0)


@pytest.mark.parametrize(("protocol", "family", "kind"), [(1, 4, 3), (58, 6, 135)])
def test_icmp(protocol, family, kind):
    ends = ("10.0.0.1", "10.0.0.2") if family == 4 else ("fe80::1", "fe80::2")
    got = told(Packet(family, protocol, *ends, type=kind, code=4, payload=b"q" * 6).frame())
    assert (got["icmp_type"], got["icmp_code"], got["source_port"]) == (kind, 4, -1)
    assert (got["payload"] - got["transport"], got["payload_length"]) == (8, 6)


@pytest.mark.parametrize(
    ("kept", "ports", "flags"),
    [(34, -1, -1), (37, -1, -1), (38, 40000, -1), (49, 40000, -1), (50, 40000, 0x12), (54, 40000, 0x12)],
)
def test_what_was_not_kept_is_not_told(kept, ports, flags):
    frame = tcp()
    got = told(frame, kept=[kept, 80], lengths=[len(frame), 80])
    assert (got["source_port"], got["flags"]) == (ports, flags)
    assert got["payload_length"] == (4 if flags >= 0 else 0)
    assert got["payload_kept"] == 0


def test_another_protocol_has_a_beginning_and_no_more():
    got = told(Packet(4, 89, "10.0.0.1", "224.0.0.5").frame())
    assert (got["transport"], got["source_port"], got["payload"], got["flags"]) == (34, -1, -1, -1)


def test_what_is_not_ip_has_none():
    got = told(bytes(12) + b"\x08\x06" + bytes(46))
    assert (got["transport"], got["source_port"], got["payload"], got["payload_kept"]) == (-1, -1, -1, 0)


@pytest.mark.parametrize(("kept", "kind"), [(35, -1), (36, 3), (41, 3)])
def test_of_icmp_that_was_cut_the_type_is_told(kept, kind):
    frame = Packet(4, 1, "10.0.0.1", "10.0.0.2", type=3, code=4).frame()
    got = told(frame, kept=[kept, 80], lengths=[len(frame), 80])
    assert (got["icmp_type"], got["icmp_code"]) == (kind, 4 if kind > 0 else -1)
