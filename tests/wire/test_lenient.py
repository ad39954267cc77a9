import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import ip, lenient
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.lenient import Packet
from tests.wire.vectors import refuses

FOUR = ip.build("10.0.0.1", "10.0.0.2", 64, 17, b"payload")
SIX = ip.build("fd00::1", "fd00::2", 64, 17, b"payload")


def options6(*headers: str, last: int = 17) -> bytes:
    """An IPv6 packet with extension headers in front of its payload; each text begins with the octet behind `next header`."""
    data = b"payload"
    kind = last
    for text in reversed(headers):
        number, _, rest = text.partition(" ")
        data = bytes((kind,)) + bytes.fromhex(rest) + data
        kind = int(number)
    return ip.build("fd00::1", "fd00::2", 64, kind, data)


TABLE = [
    ("IPv4", FOUR, Packet(4, "10.0.0.1", "10.0.0.2", 64, 17, b"payload")),
    ("IPv4, padded", FOUR + bytes(9), Packet(4, "10.0.0.1", "10.0.0.2", 64, 17, b"payload")),
    ("IPv4, cut", FOUR[:-3], Packet(4, "10.0.0.1", "10.0.0.2", 64, 17, b"payl")),
    ("IPv4, no checksum yet", FOUR[:10] + bytes(2) + FOUR[12:], Packet(4, "10.0.0.1", "10.0.0.2", 64, 17, b"payload")),
    ("IPv4, first fragment", FOUR[:6] + b"\x20\0" + FOUR[8:], Packet(4, "10.0.0.1", "10.0.0.2", 64, 17, b"payload")),
    ("IPv4, later fragment", FOUR[:6] + b"\0\1" + FOUR[8:], None),
    ("IPv6", SIX, Packet(6, "fd00::1", "fd00::2", 64, 17, b"payload")),
    ("IPv6, hop by hop", options6("0 00000000000000"), Packet(6, "fd00::1", "fd00::2", 64, 17, b"payload")),
    ("IPv6, two headers", options6("0 00000000000000", "60 01" + "00" * 14), Packet(6, "fd00::1", "fd00::2", 64, 17, b"payload")),
    ("IPv6, fragment", options6("44 00000000000000"), None),
]  # fmt: skip


@pytest.mark.parametrize(("data", "value"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_parse(data, value):
    assert lenient.parse(data) == value


@pytest.mark.parametrize("data", [b"", FOUR[:19], SIX[:39], options6("0 00000000000000")[:44]])
def test_truncated(data):
    with refuses(Reason.TRUNCATED):
        lenient.parse(data)


@pytest.mark.parametrize("data", [b"\x50" + FOUR[1:], b"\x44" + FOUR[1:], FOUR[:2] + b"\0\x13" + FOUR[4:]])
def test_malformed(data):
    with refuses(Reason.MALFORMED):
        lenient.parse(data)


def test_more_headers_than_are_passed_over():
    assert lenient.parse(options6(*["60 00000000000000"] * 9)).protocol == 60


@given(st.sampled_from([b"", FOUR[:12], SIX[:24], b"\x45", b"\x60"]), st.binary(max_size=80))
def test_a_value_or_the_one_error(head, data):
    try:
        found = lenient.parse(head + data)
    except WireError:
        return
    assert found is None or found.version in (4, 6)
