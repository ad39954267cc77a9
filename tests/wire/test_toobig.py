"""Messages that a beacon was too big: read if they quote one of ours to the group, and are whole; nothing else is one."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import ip
from bellrock.wire.checksum import complement, remainder
from bellrock.wire.ethernet import TPID_CUSTOMER, EthernetFrame, Tag, build
from bellrock.wire.frame import build_beacon_frame
from bellrock.wire.toobig import Quoted, open_too_big

MAC, DEVICE = "52:54:00:12:34:56", "02:00:00:00:00:01"
OURS = {4: "10.0.0.1", 6: "fe80::1"}
THEIRS = {4: "10.0.0.254", 6: "fe80::fe"}


def beacon(version=4, size=9000) -> bytes:
    """The IP packet of a padded beacon."""
    return build_beacon_frame(bytes(size - (28 if version == 4 else 48)), MAC, OURS[version])[14:]


def message(version=4, quoted=None, kind=None, protocol=None, broken=0, octets=128) -> bytes:
    """A device on the link says that a packet was too big."""
    quoted = beacon(version) if quoted is None else quoted
    kind = kind or (b"\x03\x04" if version == 4 else b"\x02\x00")
    body = kind + bytes(2) + struct.pack("!I", 1500) + quoted[:octets]
    total = remainder(body)
    protocol = protocol or (1 if version == 4 else 58)
    if version == 6:
        total += remainder(ip.address_bytes(THEIRS[6]) + ip.address_bytes(OURS[6])) + 58 + len(body)
    body = body[:2] + (complement(total % 0xFFFF) ^ broken).to_bytes(2, "big") + body[4:]
    packet = ip.build(THEIRS[version], OURS[version], 64, protocol, body)
    return build(EthernetFrame(MAC, DEVICE, (), 0x0800 if version == 4 else 0x86DD, packet))


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("tag", [None, Tag(TPID_CUSTOMER, 20)])
def test_what_quotes_a_beacon_is_read(version, tag):
    found = open_too_big(message(version), () if tag is None else (tag,))
    assert found == Quoted(tag.vid if tag else None, 9000)


@pytest.mark.parametrize("version", [4, 6])
def test_as_little_as_must_be_quoted_is_enough(version):
    """RFC 792: the IP header and 64 bits."""
    assert open_too_big(message(version, octets=28 if version == 4 else 48)) == Quoted(None, 9000)


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize(
    "changes",
    [
        {"kind": b"\x03\x01"},
        {"broken": 1},
        {"protocol": 17},
        {"quoted": b""},
        {"octets": 22},
        {"quoted": bytes(60)},
    ],
    ids=["another type", "broken checksum", "another protocol", "nothing quoted", "cut before the port", "zeros"],
)
def test_all_else_is_none(version, changes):
    assert open_too_big(message(version, **changes)) is None


@pytest.mark.parametrize(("version", "at"), [(4, 16), (4, 9), (4, 22), (6, 24), (6, 6), (6, 42)])
def test_what_quotes_something_else_is_none(version, at):
    """Another destination, another protocol, another port."""
    quoted = bytearray(beacon(version))
    quoted[at] ^= 1
    assert open_too_big(message(version, bytes(quoted))) is None


@given(st.binary(max_size=100))
def test_no_octets_make_it_fail(octets):
    assert open_too_big(octets) is None
    assert open_too_big(message()[:14] + octets) is None
