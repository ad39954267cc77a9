"""Which ports interfaces give, and which of them speak."""

import pytest

from bellrock.agent.ports import ignored, port_of, ports_of
from bellrock.model import InterfaceKind, Port


def test_an_interface_without_addresses_is_a_port_that_speaks(make):
    facts = ports_of("H", [make("eth0")], {}, raw=True)[Port("H", "eth0")]
    assert facts.speaks
    assert (facts.ipv4, facts.ipv6) == ((), ())


@pytest.mark.parametrize("state", [{"carrier": False}, {"up": False}])
def test_without_carrier_or_down_there_is_no_port(make, state):
    assert ports_of("H", [make("eth0", **state)], {}, raw=True) == {}


def test_an_unknown_carrier_is_no_missing_carrier(make):
    assert Port("H", "eth0") in ports_of("H", [make("eth0", carrier=None)], {}, raw=True)


def test_a_vlan_interface_is_its_lower_device_with_its_vid(make):
    vlan = make("eth0.10", index=3, kind=InterfaceKind.VLAN, parents=("eth0",), vid=10, addresses=("10.0.0.1/24",))
    ports = ports_of("H", [make("eth0"), vlan], {}, raw=True)
    assert set(ports) == {Port("H", "eth0"), Port("H", "eth0", 10)}
    facts = ports[Port("H", "eth0", 10)]
    assert (facts.interface, facts.ipv4, facts.learn_vids) == ("eth0.10", ("10.0.0.1/24",), False)


def test_a_vlan_interface_whose_lower_device_is_elsewhere_is_a_port_of_its_own(make):
    vlan = make("v10", kind=InterfaceKind.VLAN, parents=("eth0",), vid=10)
    assert port_of("H", vlan, {"v10": vlan}) == Port("H", "v10")


def test_members_listen_and_their_master_speaks(make):
    bridge = make("br0", index=3, kind=InterfaceKind.BRIDGE, parents=("eth0",))
    ports = ports_of("H", [make("eth0", master="br0"), bridge], {}, raw=True)
    assert not ports[Port("H", "eth0")].speaks
    assert ports[Port("H", "br0")].speaks


def test_vids_that_were_asked_for_are_ports_without_addresses(make):
    ports = ports_of("H", [make("eth0", addresses=("10.0.0.1/24", "fe80::1/64"))], {"eth0": (10, 20)}, raw=True)
    assert set(ports) == {Port("H", "eth0"), Port("H", "eth0", 10), Port("H", "eth0", 20)}
    assert ports[Port("H", "eth0")].ipv6 == ("fe80::1/64",)
    assert ports[Port("H", "eth0", 10)].ipv4 == ()


def test_without_raw_frames_tags_are_neither_learnt_nor_sent(make):
    ports = ports_of("H", [make("eth0")], {"eth0": (10,)}, raw=False)
    assert set(ports) == {Port("H", "eth0")}
    assert not ports[Port("H", "eth0")].learn_vids
    assert ports[Port("H", "eth0")].hears_itself, "its own multicast coming back is no loop"


@pytest.mark.parametrize(("name", "expected"), [("docker0", True), ("eth0", False), ("veth12", True)])
def test_patterns_leave_interfaces_alone(name, expected):
    assert ignored(name, ("docker*", "veth??")) is expected
