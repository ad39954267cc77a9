"""Of a fragmented beacon the first fragment shows whose it is; nothing else is taken for one."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import ip
from bellrock.wire.errors import WireError
from bellrock.wire.ethernet import TPID_CUSTOMER, Tag
from bellrock.wire.fragment import open_first_fragment
from bellrock.wire.frame import BEACON_PORT, build_beacon_frame

MAC = "52:54:00:12:34:56"
WHOLE = b"\x02\x01\x00\x04abcd" + bytes(2000)


def fragment4(size=800, offset=0, more=0x2000, frame=None):
    """The first fragment of the frame that carries WHOLE, as a device on the way would cut it."""
    frame = frame or build_beacon_frame(WHOLE, MAC, "10.0.0.1")
    packet = frame[14 : 14 + 20 + size]
    header = bytearray(packet[:20])
    struct.pack_into("!H", header, 2, len(packet))
    struct.pack_into("!H", header, 6, offset | more)
    return frame[:14] + bytes(header) + packet[20:]


def fragment6(size=800, flags=1, following=17):
    frame = build_beacon_frame(WHOLE, MAC, "fe80::1")
    head, rest = frame[14:54], frame[54 : 54 + size]
    inner = struct.pack("!BBHI", following, 0, flags, 7) + rest
    header = head[:4] + struct.pack("!HB", len(inner), ip.FRAGMENT_HEADER) + head[7:]
    return frame[:14] + header + inner


@pytest.mark.parametrize(
    ("data", "source"), [(fragment4(), "10.0.0.1"), (fragment6(), "fe80::1")], ids=["IPv4", "IPv6"]
)
@pytest.mark.parametrize("tag", [None, Tag(TPID_CUSTOMER, 20)])
def test_a_first_fragment_is_opened(data, source, tag):
    heard = open_first_fragment(data, () if tag is None else (tag,))
    assert (heard.source_ip, heard.source_mac, heard.source_port) == (source, MAC, BEACON_PORT)
    assert (heard.multicast, heard.hop_limit, heard.vid) == (True, 1, tag.vid if tag else None)
    assert heard.payload == WHOLE[:792]


@pytest.mark.parametrize(
    "data",
    [
        build_beacon_frame(WHOLE, MAC, "10.0.0.1"),
        build_beacon_frame(WHOLE, MAC, "fe80::1"),
        fragment4(offset=100),
        fragment4(more=0),
        fragment4(size=4),
        fragment6(flags=8 | 1),
        fragment6(flags=0),
        fragment6(following=6),
        fragment6(size=4),
        fragment4()[:30],
        fragment6()[:50],
        fragment4()[:36] + b"\x14\x79" + fragment4()[38:],
        fragment4()[:14] + b"\x65" + fragment4()[15:],
    ],
    ids=[
        "whole IPv4", "whole IPv6", "a later one", "the last one", "without ports", "a later IPv6 one", "no fragment at all",
        "of TCP", "IPv6 without ports", "cut", "IPv6 cut", "another port", "another version",
    ],
)  # fmt: skip
def test_all_else_is_none(data):
    assert open_first_fragment(data) is None


@given(st.binary(max_size=200))
def test_whatever_comes_it_is_none_or_refused(data):
    try:
        heard = open_first_fragment(fragment4()[:14] + data)
    except WireError:
        return
    assert heard is None or heard.payload in data


@pytest.mark.parametrize("data", [b"", bytes(13)])
def test_no_frame_at_all_is_refused(data):
    with pytest.raises(WireError, match="octets"):
        open_first_fragment(data)
