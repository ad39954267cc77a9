import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import arp
from bellrock.wire.arp import Arp
from bellrock.wire.errors import Reason, WireError
from tests.wire.vectors import refuses

A, B, NONE = "52:54:00:12:34:56", "02:00:00:00:00:02", "00:00:00:00:00:00"
TABLE = [
    ("asks", "0001 0800 06 04 0001 525400123456 0a000039 000000000000 0a000002", Arp(1, A, "10.0.0.57", NONE, "10.0.0.2")),
    ("answers", "0001 0800 06 04 0002 020000000002 0a000002 525400123456 0a000039", Arp(2, B, "10.0.0.2", A, "10.0.0.57")),
    ("probes", "0001 0800 06 04 0001 525400123456 00000000 000000000000 0a000039", Arp(1, A, "0.0.0.0", NONE, "10.0.0.57")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_both_ways(text, value):
    data = bytes.fromhex(text)
    assert arp.parse(data) == arp.parse(memoryview(data + bytes(18))) == value
    assert arp.build(value) == data


@pytest.mark.parametrize(
    "text",
    ["0006 0800 06 04 0001", "0001 86dd 06 04 0001", "0001 0800 08 04 0001", "0001 0800 06 10 0001", "0001 0800 06 04 0003"],
)  # fmt: skip
def test_other_hardware_and_operations(text):
    with refuses(Reason.UNSUPPORTED):
        arp.parse(bytes.fromhex(text) + bytes(20))


def test_every_prefix_is_truncated():
    data = bytes.fromhex(TABLE[0][1])
    for size in range(len(data)):
        with refuses(Reason.TRUNCATED):
            arp.parse(data[:size])


@pytest.mark.parametrize(
    "packet",
    [Arp(65536, A, "10.0.0.1", NONE, "10.0.0.2"), Arp(1, "x", "10.0.0.1", NONE, "10.0.0.2"), Arp(1, A, "fe80::1", NONE, "10.0.0.2")],
)  # fmt: skip
def test_what_does_not_fit_is_not_built(packet):
    with pytest.raises(ValueError, match="ARP|MAC"):
        arp.build(packet)


@given(st.sampled_from(["", "0001 0800 06 04 0001"]), st.binary(max_size=40))
def test_a_value_or_the_one_error(head, data):
    try:
        found = arp.parse(bytes.fromhex(head) + data)
    except WireError:
        return
    assert arp.parse(arp.build(found)) == found
