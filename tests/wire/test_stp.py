import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import stp
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.stp import Bpdu, PortRole
from tests.wire.vectors import refuses

# flags, root 8001.00:1b:21:0a:0b:0c, cost 4, bridge 8001.52:54:00:12:34:56, port 0x8003, age 1, max age 20, hello 2, delay 15
BODY = "8001001b210a0b0c 00000004 8001525400123456 8003 0100 1400 0200 0f00"
FIELDS = {
    "root": "8001.00:1b:21:0a:0b:0c", "bridge": "8001.52:54:00:12:34:56", "port": 0x8003, "message_age": 1.0, "max_age": 20.0,
    "hello": 2.0, "forward_delay": 15.0,
}  # fmt: skip

TABLE = [
    ("configuration", f"424203 0000 00 00 00 {BODY}", Bpdu(version=0, **FIELDS)),
    (
        "rapid, designated, discarding, proposing",
        f"424203 0000 02 02 0e {BODY} 00",
        Bpdu(version=2, role=PortRole.DESIGNATED, learning=False, forwarding=False, **FIELDS),
    ),
    (
        "rapid, designated, forwarding",
        f"424203 0000 02 02 7c {BODY} 00",
        Bpdu(version=2, role=PortRole.DESIGNATED, learning=True, forwarding=True, **FIELDS),
    ),
    (
        "MSTP, alternate",
        f"424203 0000 03 02 04 {BODY} 00 0040" + "00" * 64,
        Bpdu(version=3, role=PortRole.ALTERNATE, learning=False, forwarding=False, **FIELDS),
    ),
    (
        "per VLAN, root port, learning",
        f"aaaa03 00000c 010b 0000 02 02 18 {BODY} 00 0000 0002 000a",
        Bpdu(version=2, role=PortRole.ROOT, learning=True, forwarding=False, **FIELDS),
    ),
    ("a notice of change says nothing of a port", "424203 0000 00 80", None),
]


@pytest.mark.parametrize(("text", "value"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_parse(text, value):
    data = bytes.fromhex(text)
    assert stp.parse(data) == stp.parse(memoryview(data)) == value


@pytest.mark.parametrize("text", ["", "424303", "aaaa03 00000c 2000", "424203 0001 00 00", "424203 0000 00 01"])
def test_other_protocols(text):
    with refuses(Reason.UNSUPPORTED):
        stp.parse(bytes.fromhex(text))


@pytest.mark.parametrize("text", [row[1] for row in TABLE[:3]])
def test_every_prefix_is_truncated(text):
    data = bytes.fromhex(text)
    for size in range(3, 38):
        with refuses(Reason.TRUNCATED):
            stp.parse(data[:size])


@given(st.sampled_from([stp.LLC, stp.LLC_SNAP_PER_VLAN, b""]), st.sampled_from(range(4)), st.binary(max_size=60))
def test_a_value_or_the_one_error(header, version, data):
    try:
        found = stp.parse(header + bytes((0, 0, version)) + data)
    except WireError:
        return
    assert found is None or 0 <= found.forward_delay < 256
