import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.model import Neighbour
from bellrock.wire import cdp
from bellrock.wire.errors import Reason, WireError
from tests.wire.vectors import refuses


def tlv(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, 4 + len(value)) + value


def cisco_checksum(data: bytes) -> int:
    """Word by word; an odd last octet is a signed word of its own, and one less than it should be where negative."""
    words = [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data) - 1, 2)]
    if len(data) % 2:
        last = data[-1]
        words.append(last if last < 0x80 else 0xFF00 | (last - 1))
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def rfc_checksum(data: bytes) -> int:
    return cisco_checksum(data + b"\0" * (len(data) % 2))


def packet(*tlvs: bytes, version: int = 2, ttl: int = 180, checksum=rfc_checksum) -> bytes:
    data = struct.pack("!BBH", version, ttl, 0) + b"".join(tlvs)
    return data[:2] + checksum(data).to_bytes(2, "big") + data[4:]


DEVICE, PORT = tlv(1, b"sw1.example"), tlv(3, b"GigabitEthernet1/0/3")
FULL = (DEVICE, tlv(2, bytes(4)), PORT, tlv(4, bytes(4)), tlv(5, b"IOS"), tlv(0x0A, b"\x00\x0a"),
        tlv(0x11, b"\x00\x00\x05\xdc"), tlv(0x14, b"sw1"))  # fmt: skip
NEIGHBOUR = Neighbour(
    protocol="cdp", chassis_id="sw1.example", port_id="GigabitEthernet1/0/3", system_name="sw1", pvid=10,
    max_frame_size=1518, ttl=180,
)  # fmt: skip
TABLE = [
    pytest.param(packet(*FULL), NEIGHBOUR, id="version 2"),
    pytest.param(packet(*FULL, version=1), NEIGHBOUR, id="version 1"),
    pytest.param(cdp.LLC_SNAP + packet(*FULL), NEIGHBOUR, id="with LLC and SNAP"),
    pytest.param(
        bytes.fromhex("02b4 0e84 0001 0007 737731 0003 0006 4731 000a 0006 0001"),
        Neighbour(protocol="cdp", chassis_id="sw1", port_id="G1", system_name="sw1", pvid=1, ttl=180),
        id="the least",
    ),
    pytest.param(
        packet(DEVICE, PORT, tlv(0x0A, b"\0\0"), tlv(0x11, b"\x05\xdc")),
        Neighbour(protocol="cdp", chassis_id="sw1.example", port_id="GigabitEthernet1/0/3", system_name="sw1.example", ttl=180),
        id="no VLAN, MTU of a wrong size",
    ),
    pytest.param(
        packet(tlv(1, b"\x00\x1b\x21"), tlv(3, b"1"), tlv(3, b"2"), tlv(0x14, b"a\x1bb")),
        Neighbour(protocol="cdp", chassis_id="00:1b:21", port_id="1", system_name="a\ufffdb", ttl=180),
        id="octets for an id, two port ids, control characters",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("data", "neighbour"), TABLE)
def test_parse(data, neighbour):
    assert cdp.parse(data) == cdp.parse(memoryview(data)) == neighbour


@pytest.mark.parametrize(("data", "neighbour"), TABLE)
def test_every_prefix_is_refused(data, neighbour):
    for size in range(len(data)):
        with pytest.raises(WireError) as caught:
            cdp.parse(data[:size])
        assert caught.value.reason in {Reason.TRUNCATED, Reason.BAD_CHECKSUM, Reason.UNKNOWN_VERSION}


@pytest.mark.parametrize("last", [b"\x01", b"\x7f", b"\x80", b"\xff"])
@pytest.mark.parametrize("checksum", [rfc_checksum, cisco_checksum])
def test_both_ways_to_add_an_odd_octet(last, checksum):
    odd = tlv(0x99, last) if (len(DEVICE) + len(PORT)) % 2 == 0 else tlv(0x99, b"\0" + last)
    data = packet(DEVICE, PORT, odd, checksum=checksum)
    assert len(data) % 2 == 1
    assert cdp.parse(data).chassis_id == "sw1.example"


@pytest.mark.parametrize(
    ("reason", "data"),
    [
        pytest.param(Reason.TRUNCATED, b"", id="nothing"),
        pytest.param(Reason.TRUNCATED, b"\x02\xb4\x00", id="three octets"),
        pytest.param(Reason.UNKNOWN_VERSION, packet(DEVICE, PORT, version=3), id="version 3"),
        pytest.param(Reason.BAD_CHECKSUM, packet(DEVICE, PORT, checksum=lambda _: 0x1234), id="checksum"),
        pytest.param(Reason.MALFORMED, packet(DEVICE, PORT, b"\x00\x05\x00\x03"), id="TLV shorter than its header"),
        pytest.param(Reason.TRUNCATED, packet(DEVICE, PORT, b"\x00\x05\x00\x09ab"), id="TLV longer than the packet"),
        pytest.param(Reason.MALFORMED, packet(DEVICE), id="no port id"),
        pytest.param(Reason.MALFORMED, packet(PORT, tlv(1, b"")), id="empty device id"),
        pytest.param(Reason.TOO_BIG, packet(DEVICE, PORT, tlv(0x99, b"") * 300), id="hundreds of TLVs"),
    ],
)
def test_refusals(reason, data):
    with refuses(reason):
        cdp.parse(data)


@given(st.lists(st.tuples(st.integers(0, 0x20), st.binary(max_size=40)), max_size=8), st.booleans())
def test_any_tlvs_are_a_neighbour_or_refused(tlvs, begun):
    try:
        neighbour = cdp.parse(packet(*[DEVICE, PORT] * begun, *(tlv(*one) for one in tlvs)))
    except WireError:
        return
    assert all(text.isprintable() and text for text in (neighbour.chassis_id, neighbour.port_id))
    assert neighbour.system_name.isprintable()
