"""Where layers begin and end."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.capture.layers import Layers, layers
from tests.capture.packets import STACKS, Packet, ethernet

V4 = Packet(4, 17, "10.0.0.1", "10.0.0.2", 1000, 53, payload=b"q" * 30)
V6 = Packet(6, 6, "2001:db8::1", "2001:db8::2", 1000, 80, payload=b"q" * 30)


@pytest.mark.parametrize("stack", STACKS, ids=len)
def test_udp_and_tcp(stack):
    shift = 4 * len(stack)
    assert layers(V4.frame(*stack)) == Layers(34 + shift, 42 + shift, 72 + shift, 17, bytes([10, 0, 0, 1, 10, 0, 0, 2]))
    found = layers(V6.frame(*stack))
    assert (found.transport, found.payload, found.end, found.protocol) == (54 + shift, 74 + shift, 104 + shift, 6)
    assert len(found.addresses) == 32


def test_options_and_padding():
    optional = Packet(4, 17, "10.0.0.1", "10.0.0.2", 1000, 53, payload=b"", options=True).frame() + bytes(6)
    assert (layers(optional).transport, layers(optional).payload, layers(optional).end) == (38, 46, 46)
    hop = Packet(6, 58, "fe80::1", "ff02::16", type=143, hop_by_hop=True).frame()
    assert (layers(hop).transport, layers(hop).payload) == (62, 70)
    large = bytearray(V4.frame())
    large[16:18] = b"\0\0"
    assert layers(bytes(large)).end == len(large)


def test_tcp_options():
    frame = bytearray(V6.frame())
    frame[54 + 12] = 0x80
    assert layers(bytes(frame)).payload == 54 + 32
    frame[54 + 12] = 0xF0
    assert layers(bytes(frame)).payload == len(frame)
    frame[54 + 12] = 0
    assert layers(bytes(frame)).payload == 74


def test_fragments():
    first = layers(ethernet(4, V4.around(V4.transport(), 0x2000)))
    assert (first.transport, first.fragment) == (34, False)
    later = layers(ethernet(4, V4.around(V4.transport(), 0x2001)))
    assert (later.transport, later.payload, later.fragment) == (None, 34, True)
    assert layers(ethernet(6, V6.fragment6(V6.transport(), 0, True))).transport == 62
    assert layers(ethernet(6, V6.fragment6(V6.transport(), 8, True))).fragment


@pytest.mark.parametrize(
    ("frame", "payload"),
    [
        (bytes(12) + b"\x08\x06" + bytes(46), 42),
        (bytes(12) + b"\x88\xcc" + bytes(46), 14),
        (bytes(12) + b"\x00\x26" + bytes(46), 14),
        (bytes(12) + b"\x81\x00\x00\x01" * 9 + bytes(20), 46),
        (ethernet(4, struct.pack("!B19x", 0x44)), 34),
        (ethernet(4, b"\x45"), 15),
        (ethernet(4, b""), 14),
        (ethernet(6, b"\x60"), 15),
        (ethernet(4, Packet(4, 89, "10.0.0.1", "10.0.0.2").network()), 34),
        (ethernet(4, V4.network()[:25]), 39),
        (ethernet(6, struct.pack("!IHBB32x", 6 << 28, 4, 0, 1) + bytes(4)), 58),
        (bytes(5), 5),
    ],
)
def test_what_is_not_whole_or_not_known(frame, payload):
    found = layers(frame)
    assert found.transport is None
    assert found.payload == payload


@given(st.binary(max_size=120), st.sampled_from([b"\x08\0", b"\x86\xdd", b"\x81\0\0\1\x08\0", b""]))
def test_offsets_are_in_the_frame(noise, kind):
    frame = bytes(12) + kind + noise
    found = layers(frame)
    assert 0 <= found.payload <= len(frame) or not noise
    assert found.payload <= found.end or found.end <= len(frame)
    assert found.transport is None or found.transport < found.payload
