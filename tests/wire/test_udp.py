import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import ip, udp
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.udp import Segment
from tests.wire.test_ip import ADDRESSES
from tests.wire.vectors import refuses

PAIR4, PAIR6 = ("10.20.30.41", "224.0.0.118"), ("fe80::5054:ff:fe12:3456", "ff02::15a")
SEGMENT = Segment(5240, 5240, b"abc")
TABLE = [
    pytest.param(PAIR4, "1478 1478 000b 09d2 616263", SEGMENT, id="over IPv4, odd length"),
    pytest.param(PAIR6, "1478 1478 000b 8feb 616263", SEGMENT, id="over IPv6, odd length"),
]


def datagram(pair, data, protocol=17):
    return ip.parse(ip.build(*pair, 1, protocol, data))


@pytest.mark.parametrize(("pair", "text", "segment"), TABLE)
def test_parse(pair, text, segment):
    assert udp.parse(datagram(pair, bytes.fromhex(text))) == segment


@pytest.mark.parametrize(("pair", "text", "segment"), TABLE)
def test_build(pair, text, segment):
    assert udp.build(*pair, segment) == bytes.fromhex(text)


@pytest.mark.parametrize(("pair", "text", "segment"), TABLE)
def test_every_prefix_is_truncated(pair, text, segment):
    data = bytes.fromhex(text)
    for size in range(len(data)):
        with refuses(Reason.TRUNCATED):
            udp.parse(datagram(pair, data[:size]))


@pytest.mark.parametrize("pair", [PAIR4, PAIR6])
@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (Reason.TRUNCATED, "1478 1478 000c 0000 616263"),
        (Reason.MALFORMED, "1478 1478 0007 0000 616263"),
        (Reason.BAD_CHECKSUM, "1478 1478 000b 1234 616263"),
    ],
)
def test_refusals(pair, reason, text):
    with refuses(reason):
        udp.parse(datagram(pair, bytes.fromhex(text)))


def test_only_udp():
    with refuses(Reason.UNSUPPORTED):
        udp.parse(datagram(PAIR4, bytes(20), protocol=6))


def test_no_checksum_is_right_in_ipv4_and_wrong_in_ipv6():
    data = bytes.fromhex("1478 1478 000b 0000 616263")
    assert udp.parse(datagram(PAIR4, data)) == SEGMENT
    with refuses(Reason.BAD_CHECKSUM):
        udp.parse(datagram(PAIR6, data))


@pytest.mark.parametrize("pair", [PAIR4, PAIR6])
@pytest.mark.parametrize("checksum", ["0000", "1234"])
def test_a_checksum_that_is_not_filled_in_yet_is_not_judged(pair, checksum):
    data = bytes.fromhex(f"1478 1478 000b {checksum} 616263")
    assert udp.parse(datagram(pair, data), checksum_ready=False) == SEGMENT


def test_what_follows_the_segment_is_left_out():
    data = udp.build(*PAIR4, SEGMENT) + b"trailer"
    assert udp.parse(datagram(PAIR4, data)) == SEGMENT


@pytest.mark.parametrize(("ports", "size"), [((-1, 5240), 0), ((5240, 65536), 0), ((5240, 5240), 65528)])
def test_what_cannot_be_written(ports, size):
    with pytest.raises(ValueError, match="not"):
        udp.build(*PAIR4, Segment(*ports, bytes(size)))


PORTS = st.integers(0, 65535)


@given(ADDRESSES, PORTS, PORTS, st.binary(max_size=60))
def test_what_is_built_is_parsed(addresses, source_port, destination_port, payload):
    pair, segment = tuple(map(str, addresses)), Segment(source_port, destination_port, payload)
    data = udp.build(*pair, segment)
    assert data[6:8] != b"\0\0"
    assert udp.parse(datagram(pair, data)) == segment


@given(ADDRESSES, st.binary(min_size=1, max_size=60), st.data())
def test_one_changed_bit_is_noticed(addresses, payload, data):
    pair = tuple(map(str, addresses))
    octets = bytearray(udp.build(*pair, Segment(5240, 5240, payload)))
    bit = data.draw(st.integers(0, 8 * len(octets) - 1))
    octets[bit // 8] ^= 1 << bit % 8
    if octets[6:8] == b"\0\0" and addresses[0].version == 4:
        return  # that one bit switched the checksum off
    with pytest.raises(WireError):
        udp.parse(datagram(pair, bytes(octets)))
