"""Packets inside of packets."""

import struct

import pytest

from bellrock.capture.reading.addresses import text
from bellrock.capture.reading.values import GRE, NO_TUNNEL, VXLAN
from tests.capture.packets import MAC_A, MAC_B, Packet, ethernet
from tests.capture.reading.made import columns_of

INNER = Packet(4, 17, "192.0.2.1", "192.0.2.2", 68, 67, payload=b"i" * 5)
OUTER = Packet(4, 47, "10.0.0.1", "10.0.0.2")
INNER_MACS = bytes.fromhex("0a0000000001") + bytes.fromhex("0a0000000002")


def gre(flags, kind, options=b"", inside=None):
    return ethernet(
        4, OUTER.around(struct.pack("!HH", flags, kind) + options + (inside or INNER.network())), (0x8100, 10)
    )


def vxlan(port=4789, flags=0x08000000, vni=42, inside=None):
    frame = INNER_MACS + b"\x08\0" + INNER.network() if inside is None else inside
    body = struct.pack("!II", flags, vni << 8) + frame
    udp = struct.pack("!HHHH", 5555, port, 8 + len(body), 0) + body
    return ethernet(4, Packet(4, 17, "10.0.0.1", "10.0.0.2").around(udp), (0x8100, 10))


def seen(*frames):
    """(tunnel, its id, source, source port, VLAN, source MAC, protocol) of each."""
    one = columns_of(*frames, bytes(80))
    return [
        (
            one.tunnel[at].item(), one.tunnel_id[at].item(), text(one.version[at], one.source_high[at], one.source_low[at]),
            one.source_port[at].item(), one.vid[at].item(), f"{one.source_mac[at].item():012x}", one.protocol[at].item(),
        )
        for at in range(len(frames))
    ]  # fmt: skip


INSIDE = ("192.0.2.1", 68, 10)
KEY = struct.pack("!I", 77)


@pytest.mark.parametrize(
    ("frame", "number"),
    [
        (gre(0, 0x0800), -1),
        (gre(0x2000, 0x0800, KEY), 77),
        (gre(0x8000, 0x0800, bytes(4)), -1),
        (gre(0xA000, 0x0800, bytes(4) + KEY), 77),
        (gre(0xB000, 0x0800, bytes(4) + KEY + bytes(4)), 77),
        (gre(0x1000, 0x0800, bytes(4)), -1),
        (gre(0x2000, 0x0800, b"\xff" * 4), -1),
    ],
    ids=["plain", "key", "checksum", "checksum and key", "all", "sequence", "large key"],
)
def test_gre(frame, number):
    assert seen(frame) == [(GRE, number, *INSIDE, MAC_A.hex(), 17)]


def test_gre_with_frames_inside():
    (got,) = seen(gre(0, 0x6558, inside=INNER_MACS + b"\x08\0" + INNER.network()))
    assert got == (GRE, -1, *INSIDE, "0a0000000002", 17)


def test_gre_with_ipv6_inside():
    (got,) = seen(gre(0, 0x86DD, inside=Packet(6, 6, "2001:db8::1", "2001:db8::2", 99, 80).network()))
    assert got[:4] == (GRE, -1, "2001:db8::1", 99)


@pytest.mark.parametrize("port", [4789, 8472])
def test_vxlan(port):
    assert seen(vxlan(port)) == [(VXLAN, 42, *INSIDE, "0a0000000002", 17)]


@pytest.mark.parametrize(
    "frame",
    [
        gre(0x4000, 0x0800), gre(1, 0x0800), gre(0, 0x9999), gre(0, 0x0800)[:40], vxlan(4790), vxlan(flags=0),
        ethernet(4, Packet(4, 17, "10.0.0.1", "10.0.0.2", 1, 4789, payload=b"\x08").network()),
    ],
    ids=["routing", "version 1", "other type", "cut", "other port", "no VNI", "short"],
)  # fmt: skip
def test_what_is_no_tunnel_stays_what_it_is(frame):
    ((tunnel, number, source, *_),) = seen(frame)
    assert (tunnel, number, source) == (NO_TUNNEL, -1, "10.0.0.1")


def test_what_is_inside_and_no_ip():
    (got,) = seen(vxlan(inside=INNER_MACS + b"\x08\x06" + bytes(28)))
    assert got == (VXLAN, 42, "", -1, 10, "0a0000000002", -1)


def test_one_deep_and_no_deeper():
    twice = vxlan(inside=INNER_MACS + b"\x08\0" + OUTER.around(struct.pack("!HH", 0, 0x0800) + INNER.network()))
    ((tunnel, _, source, _, _, _, protocol),) = seen(twice)
    assert (tunnel, source, protocol) == (VXLAN, "10.0.0.1", 47)


def test_both_kinds_in_one_chunk():
    plain = ethernet(4, INNER.network())
    assert [one[0] for one in seen(gre(0, 0x0800), plain, vxlan(), gre(0, 0x6558, inside=INNER_MACS + b"\x08\0" + INNER.network()))] == [
        GRE, NO_TUNNEL, VXLAN, GRE,
    ]  # fmt: skip


def test_padding_of_the_outer_packet_is_not_the_inner_ones():
    one = columns_of(gre(0, 0x0800) + b"\xee" * 30)
    assert one.payload_length[0] == one.payload_kept[0] == 5
    assert MAC_B.hex() == f"{one.destination_mac[0].item():012x}"
