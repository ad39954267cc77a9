"""Right-hand sides → sets of numbers."""

import pytest

from bellrock.firewall.verify.boxes import Intervals
from bellrock.firewall.verify.read.values import UndecidedError, interface, scalar, values

NAME = int.from_bytes(b"eth0".ljust(16, b"\0"))


@pytest.mark.parametrize(
    ("kind", "right", "expected"),
    [
        ("ipv4", "10.0.0.1", [(0x0A000001, 0x0A000001)]),
        ("ipv4", {"prefix": {"addr": "10.0.0.0", "len": 8}}, [(0x0A000000, 0x0AFFFFFF)]),
        ("ipv4", {"range": ["10.0.0.1", "10.0.0.5"]}, [(0x0A000001, 0x0A000005)]),
        ("ipv6", "::1", [(1, 1)]),
        ("ipv6", {"prefix": {"addr": "fe80::", "len": 10}}, [(0xFE80 << 112, (0xFEC0 << 112) - 1)]),
        ("port", 80, [(80, 80)]),
        ("port", "0x50", [(80, 80)]),
        ("port", "80", [(80, 80)]),
        ("proto", "tcp", [(6, 6)]),
        ("ether", "02:00:00:00:00:ff", [(0x0200000000FF, 0x0200000000FF)]),
        ("tcp_flags", ["syn", "ack"], [(0x12, 0x12)]),
        ("tcp_flags", {"|": ["syn", {"|": ["ack", "fin"]}]}, [(0x13, 0x13)]),
        ("dscp", "ef", [(46, 46)]),
        ("dscp", "af31", [(26, 26)]),
        ("ethertype", "8021q", [(0x8100, 0x8100)]),
        ("ifname", "eth0", [(NAME, NAME)]),
        ("ifname", "eth*", [(NAME - 0x30 * 256**12, NAME - 0x30 * 256**12 + 256**13 - 1)]),
        ("ifindex", "eth0", [(NAME, NAME)]),
    ],
)
def test_values(kind, right, expected):
    assert values(kind, right) == Intervals(expected)


@pytest.mark.parametrize(
    ("kind", "right"),
    [
        ("ipv4", "host.example"),
        ("ipv4", 5),
        ("ipv4", {"prefix": {"addr": "10.0.0.0", "len": 33}}),
        ("ipv4", {"range": ["10.0.0.5", "10.0.0.1"]}),
        ("ipv6", "10.0.0.1"),
        ("port", 65536),
        ("port", -1),
        ("port", True),
        ("port", "http"),
        ("port", None),
        ("port", {"surprise": 1}),
        ("ether", "02:00"),
        ("ifname", "a-name-that-is-too-long"),
        ("ifindex", "5"),
        ("ifindex", 5),
        ("ct_state", ["new", "shiny"]),
    ],
)
def test_what_is_not_known_is_undecided(kind, right):
    with pytest.raises(UndecidedError):
        values(kind, right)


def test_an_escaped_asterisk_is_one():
    assert interface("eth\\*") == Intervals.of(int.from_bytes(b"eth*".ljust(16, b"\0")))
    assert values("ifindex", "br*") == Intervals.of(int.from_bytes(b"br*".ljust(16, b"\0")))


def test_a_pattern_is_no_one_value():
    assert scalar("ifname", "eth0") == NAME
    with pytest.raises(UndecidedError):
        scalar("ifname", "eth*")
