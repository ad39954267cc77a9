import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import tcp
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.tcp import Segment
from tests.wire.vectors import refuses

HEAD = "c350 0050 00000007 00000009"
TABLE = [
    ("opens, as Linux does", f"{HEAD} a002 faf0 0000 0000 020405b4 0402080a 00000001 00000000 01030307", Segment("S", 7, 9, 1460)),
    ("takes, MSS behind another option", f"{HEAD} 7012 faf0 0000 0000 01010402 020405a0", Segment("SA", 7, 9, 1440)),
    ("ends", f"{HEAD} 5011 0000 0000 0000", Segment("FA", 7, 9)),
    ("resets", f"{HEAD} 5004 0000 0000 0000", Segment("R", 7, 9)),
    ("carries", f"{HEAD} 5018 0000 0000 0000 6162", Segment("PA", 7, 9)),
    ("no flags", f"{HEAD} 5000 0000 0000 0000", Segment("", 7, 9)),
    ("options that end", f"{HEAD} 7002 0000 0000 0000 00 020405b4 000000", Segment("S", 7, 9)),
    ("an option without length", f"{HEAD} 6002 0000 0000 0000 010101 02", Segment("S", 7, 9)),
    ("an option that goes beyond", f"{HEAD} 6002 0000 0000 0000 020405", Segment("S", 7, 9)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_parse(text, value):
    data = bytes.fromhex(text)
    assert tcp.parse(data) == tcp.parse(memoryview(data)) == value


def test_every_prefix_is_truncated():
    data = bytes.fromhex(TABLE[0][1])
    for size in range(20):
        with refuses(Reason.TRUNCATED):
            tcp.parse(data[:size])


def test_an_offset_inside_the_header():
    with refuses(Reason.MALFORMED):
        tcp.parse(bytes.fromhex(f"{HEAD} 4002 0000 0000 0000"))


@pytest.mark.parametrize(("flags", "text"), [(0x02, "S"), (0x12, "SA"), (0x14, "RA"), (0x3F, "SFRPA"), (0, "")])
def test_flags_text(flags, text):
    assert tcp.flags_text(flags) == text


@given(st.binary(max_size=60))
def test_a_value_or_the_one_error(data):
    try:
        found = tcp.parse(data)
    except WireError:
        return
    assert 0 <= found.seq < 1 << 32
    assert found.mss is None or 0 <= found.mss < 1 << 16
