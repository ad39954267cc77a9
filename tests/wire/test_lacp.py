import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import lacp
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.lacp import Lacpdu, Party
from tests.wire.vectors import refuses

REST = "03 10 8000 000000000000000000000000 00 00" + "00" * 50
NOBODY = Party(system="00:00:00:00:00:00", system_priority=0, key=0, port=0, port_priority=0, state=0)

TABLE = [
    (
        "a switch that asks, and heard nobody",
        # actor: priority 32768, key 15, port 3 of priority 255; active, aggregates, out of sync, defaulted
        "01 01 01 14 8000 001b210a0b0c 000f 00ff 0003 45 000000 02 14 0000 000000000000 0000 0000 0000 00 000000" + REST,
        Lacpdu(Party(system="00:1b:21:0a:0b:0c", system_priority=32768, key=15, port=3, port_priority=255, state=0x45), NOBODY),
    ),
    (
        "a link that is bundled, version 2",
        "01 02 01 14 0001 001b210a0b0c 0001 8000 0101 3d 000000 02 14 ffff 525400123456 0011 00ff 0001 3d 000000" + REST,
        Lacpdu(
            Party(system="00:1b:21:0a:0b:0c", system_priority=1, key=1, port=257, port_priority=32768, state=0x3D),
            Party(system="52:54:00:12:34:56", system_priority=65535, key=17, port=1, port_priority=255, state=0x3D),
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_parse(text, value):
    data = bytes.fromhex(text)
    assert lacp.parse(data) == lacp.parse(memoryview(data)) == value


def test_what_the_state_says():
    asking, bundled = (row[2].actor for row in TABLE)
    assert (asking.active, asking.aggregates, asking.passes) == (True, True, False)
    assert (bundled.active, bundled.aggregates, bundled.passes) == (True, True, True)
    assert not NOBODY.active
    assert not NOBODY.aggregates


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("02 01", Reason.UNSUPPORTED),
        ("01 00", Reason.UNKNOWN_VERSION),
        ("01 01 02 14", Reason.MALFORMED),
        ("01 01 01 13", Reason.MALFORMED),
        ("01 01 01 14 8000 001b210a0b0c 000f 00ff 0003 45 000000 01 14", Reason.MALFORMED),
    ],
)
def test_refuses(text, reason):
    with refuses(reason):
        lacp.parse(bytes.fromhex(text))


def test_every_prefix_is_truncated():
    data = bytes.fromhex(TABLE[0][1])
    for size in range(42):
        with refuses(Reason.TRUNCATED):
            lacp.parse(data[:size])
    assert lacp.parse(data[:42]) == TABLE[0][2], "what follows the partner is of no use here"


@given(st.binary(max_size=130), st.booleans())
def test_a_value_or_the_one_error(data, begun):
    try:
        found = lacp.parse(b"\x01\x01\x01\x14" + data if begun else data)
    except WireError:
        return
    assert 0 <= found.actor.state <= 255
    assert len(found.partner.system) == 17
