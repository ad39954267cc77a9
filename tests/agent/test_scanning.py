"""Which interfaces can be scanned, and what is said of those that cannot; the rest is in tests/lab."""

import pytest

from bellrock.agent.scanning import ScanError, ready
from bellrock.model import InterfaceKind


@pytest.mark.parametrize(
    ("name", "rest", "line", "usage"),
    [
        ("eth1", {}, "no Ethernet interface 'eth1' here; there are eth0", True),
        (
            "eth0",
            {"kind": InterfaceKind.VLAN, "vid": 10, "parents": ("bond0",)},
            "eth0 is VLAN 10 of bond0: tags are sent on bond0; scan that",
            True,
        ),
        (
            "eth0",
            {"kind": InterfaceKind.VLAN, "vid": 10},
            "eth0 is VLAN 10 of its lower device: tags are sent on its lower device; scan that",
            True,
        ),
        ("eth0", {"master": "br0"}, "eth0 is a member of br0, which its frames belong to; scan that", True),
        ("eth0", {"up": False}, "eth0 is down, so nothing can be sent; `ip link set eth0 up`", False),
        ("eth0", {"carrier": False}, "eth0 has no carrier: no cable, or its other end is down", False),
    ],
)
def test_what_cannot_be_scanned_is_one_line(make, name, rest, line, usage):
    with pytest.raises(ScanError) as caught:
        ready(name, {"eth0": make("eth0", **rest)})
    assert (str(caught.value), caught.value.usage) == (line, usage)


@pytest.mark.parametrize("rest", [{}, {"carrier": None}, {"kind": InterfaceKind.BOND, "parents": ("a",)}])
def test_what_can(make, rest):
    interface = make("eth0", **rest)
    assert ready("eth0", {"eth0": interface}) is interface


def test_where_there_is_none_it_says_so():
    with pytest.raises(ScanError, match="there are none"):
        ready("eth0", {})
