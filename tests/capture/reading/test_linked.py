"""Link layers."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.capture.reading import linked as module
from bellrock.capture.reading.linked import linked
from bellrock.wire import ethernet
from bellrock.wire.errors import WireError
from tests.capture.reading.made import chunk_of

A, B = 0x020000000001, 0x020000000002
MACS = B.to_bytes(6, "big") + A.to_bytes(6, "big")
IP4, IP6 = b"\x45" + bytes(19), b"\x60" + bytes(39)


def told(*frames, **about):
    """(source, destination, vid, inner vid, EtherType, where the next layer begins) of each."""
    chunk, interfaces = chunk_of(*frames, **about)
    link = linked(chunk, interfaces)
    network = link.network - chunk.offsets
    return list(zip(*(column.tolist() for column in (*link[:5], network)), strict=True))


def tag(vid, tpid=0x8100):
    return struct.pack("!HH", tpid, vid)


ETHERNET = {
    "plain": (MACS + b"\x08\0" + IP4, (A, B, -1, -1, 0x0800, 14)),
    "tagged": (MACS + tag(10) + b"\x08\0" + IP4, (A, B, 10, -1, 0x0800, 18)),
    "priority tag": (MACS + tag(0xE000) + b"\x08\x06", (A, B, 0, -1, 0x0806, 18)),
    "QinQ": (MACS + tag(100, 0x88A8) + tag(0xE00A) + b"\x86\xdd" + IP6, (A, B, 100, 10, 0x86DD, 22)),
    "old QinQ": (MACS + tag(100, 0x9100) + tag(10) + b"\x86\xdd", (A, B, 100, 10, 0x86DD, 22)),
    "three tags": (MACS + tag(1) + tag(2) + tag(3) + b"\x08\0", (A, B, 1, 2, 0x0800, 26)),
    "length": (MACS + b"\0\x26" + bytes(46), (A, B, -1, -1, 0x26, 14)),
    "nothing": (b"", (-1, -1, -1, -1, -1, 14)),
    "half an address": (MACS[:9], (-1, -1, -1, -1, -1, 14)),
    "no type": (MACS + b"\x08", (-1, -1, -1, -1, -1, 14)),
    "half a tag": (MACS + b"\x81\0\0", (A, B, -1, -1, -1, 18)),
    "too many tags": (MACS + tag(1) * 9 + b"\x08\0", (A, B, 1, 1, 0x8100, 14 + 32)),
}


@pytest.mark.parametrize("name", ETHERNET)
def test_ethernet(name):
    frame, expected = ETHERNET[name]
    # What follows belongs to another packet, and must not be taken for this one's.
    assert told(frame, MACS + tag(99) + b"\x08\0")[0] == expected


def test_all_at_once():
    frames = [frame for frame, _ in ETHERNET.values()]
    assert told(*frames) == [expected for _, expected in ETHERNET.values()]


@given(st.binary(max_size=80))
def test_as_the_parser_of_frames_has_it(octets):
    try:
        frame = ethernet.parse(octets)
    except WireError:
        return
    source, destination, vid, inner, ethertype, _ = told(octets)[0]
    assert source == int(frame.source.replace(":", ""), 16)
    assert destination == int(frame.destination.replace(":", ""), 16)
    assert [one for one in (vid, inner) if one >= 0] == [one.vid for one in frame.tags[:2]]
    assert ethertype == frame.ethertype


COOKED = struct.pack("!HHH", 0, 1, 6) + A.to_bytes(6, "big") + bytes(2)
COOKED2 = lambda kind, size: struct.pack("!HHIHBB", kind, 0, 7, 1, 0, size) + A.to_bytes(6, "big") + bytes(2)  # noqa: E731


@pytest.mark.parametrize(
    ("link", "octets", "expected"),
    [
        (113, COOKED + b"\x08\0" + IP4, (A, -1, -1, -1, 0x0800, 16)),
        (113, COOKED + b"\x81\0" + b"\0\x0a\x08\0" + IP4, (A, -1, 10, -1, 0x0800, 20)),
        (113, COOKED[:4] + b"\0\0" + COOKED[6:] + b"\x86\xdd" + IP6, (-1, -1, -1, -1, 0x86DD, 16)),
        (113, COOKED, (-1, -1, -1, -1, -1, 16)),
        (276, COOKED2(0x0800, 6) + IP4, (A, -1, -1, -1, 0x0800, 20)),
        (276, COOKED2(0x0806, 0), (-1, -1, -1, -1, 0x0806, 20)),
        (101, IP4, (-1, -1, -1, -1, 0x0800, 0)),
        (12, IP6, (-1, -1, -1, -1, 0x86DD, 0)),
        (228, IP4, (-1, -1, -1, -1, 0x0800, 0)),
        (229, IP6, (-1, -1, -1, -1, 0x86DD, 0)),
        (101, b"\x70" + bytes(30), (-1, -1, -1, -1, -1, 0)),
        (101, b"", (-1, -1, -1, -1, -1, 0)),
        (0, struct.pack("<I", 2) + IP4, (-1, -1, -1, -1, 0x0800, 4)),
        (0, struct.pack(">I", 2) + IP4, (-1, -1, -1, -1, 0x0800, 4)),
        (0, struct.pack("<I", 30) + IP6, (-1, -1, -1, -1, 0x86DD, 4)),
        (108, struct.pack(">I", 24) + IP6, (-1, -1, -1, -1, 0x86DD, 4)),
        (0, struct.pack("<I", 99) + IP4, (-1, -1, -1, -1, -1, 4)),
        (0, b"\2\0\0", (-1, -1, -1, -1, -1, 4)),
        (105, bytes(60), (-1, -1, -1, -1, -1, 0)),
    ],
)
def test_other_link_types(link, octets, expected):
    assert told(octets, b"\xff" * 60, link=link)[0] == expected


def test_link_types_side_by_side():
    got = told(MACS + tag(5) + b"\x08\0" + IP4, IP6, COOKED + b"\x08\0" + IP4, link=[1, 101, 113])
    assert got == [(A, B, 5, -1, 0x0800, 18), (-1, -1, -1, -1, 0x86DD, 0), (A, -1, -1, -1, 0x0800, 16)]


def test_every_link_type_has_a_name():
    assert module.NAMES[1] == "Ethernet"
    assert {module.NULL, module.LOOP, module.LINUX_SLL, module.LINUX_SLL2, *module.RAW} <= module.NAMES.keys()


def test_none():
    chunk, interfaces = chunk_of()
    assert len(linked(chunk, interfaces).network) == 0
    assert np.array_equal(linked(chunk, interfaces).vid, np.zeros(0))
