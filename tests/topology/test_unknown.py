"""Why nothing is known about an interface."""

import pytest

from bellrock.model import RefusalCount
from bellrock.topology.batch import infer
from tests.topology.worlds import host, interface, lldp, port, saw


def why(*observations, of="a/eth0"):
    owner, name = of.split("/")
    found = [u.why for u in infer(observations).unknown if (u.host, u.interface) == (owner, name)]
    return found[0] if found else None


REFUSED = RefusalCount(port("a/eth0"), "02:00:00:00:00:aa", "wrong-secret", 12)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ([interface("a", "eth0", up=False, carrier=False)], "administratively down"),
        ([interface("a", "eth0", carrier=False)], "no carrier"),
        ([interface("a", "eth0", mac="")], "no link-layer address"),
        ([interface("a", "eth0", master="br0")], "member of br0, of which nothing is known either"),
        ([interface("a", "eth0", master="bond0", forwarding=False)], "member of bond0, which passes no frames"),
        ([interface("a", "eth0", settled=False)], "beaconing is still under way"),
        ([interface("a", "eth0", speaks=False)], "no beacons are sent on it"),
        ([interface("a", "eth0"), saw("loop", "a/eth0", "a/eth0")], "only its own beacons come back"),
        (
            [interface("a", "eth0"), saw("routable", "a/eth0", "b/eth0", peer_name="far")],
            "crossed a router reach it, from far/eth0",
        ),
        ([interface("a", "eth0"), REFUSED], "no beacon was accepted: 12 from 02:00:00:00:00:aa refused (wrong-secret)"),
        ([interface("a", "eth0")], "start a rack on another machine there"),
        ([interface("a", "eth0", addresses=("10.0.0.1/24",))], "start a rack on another machine there"),
    ],
)
def test_why(seen, expected):
    assert expected in why(*seen)


VETH = interface("a", "va", "veth", parents=("vb",)), interface("a", "vb", "veth", parents=("va",))
BRIDGE = (
    interface("a", "br0", "bridge"),
    interface("a", "eth0", master="br0", speaks=False),
    interface("a", "tap0", "other", master="br0", speaks=False),
)


@pytest.mark.parametrize("beacons", [(), (saw("own-beacon", "a/vb", "a/va"), saw("own-beacon", "a/va", "a/vb"))])
def test_a_machine_that_is_alone_learns_which_of_its_interfaces_share_a_segment(beacons):
    assert why(host("a", "me"), *VETH, *beacons, of="a/va") == (
        "one segment with me/vb by this host's own configuration; nothing heard from outside: "
        "start a rack on another machine there (`bellrock rack`)"
    )


@pytest.mark.parametrize(
    ("of", "others"), [("a/br0", "a/eth0 and a/tap0"), ("a/eth0", "a/br0 and a/tap0"), ("a/tap0", "a/br0 and a/eth0")]
)
def test_a_bridge_and_its_members_say_what_they_share(of, others):
    assert why(*BRIDGE, of=of).startswith(f"one segment with {others} by this host's own configuration")


def test_two_interfaces_that_hear_each_other_by_a_wire_are_claimed():
    heard = saw("own-beacon", "a/eth0", "a/eth1"), saw("own-beacon", "a/eth1", "a/eth0")
    found = infer([interface("a", "eth0"), interface("a", "eth1"), *heard])
    (vlan,) = found.fabrics[0].vlans
    assert [(m.port, m.strength) for m in vlan.members] == [
        (port("a/eth0"), "heard"),
        (port("a/eth1"), "heard"),
    ]
    assert not found.unknown


def test_a_vlan_interface_says_its_vlan():
    vlan = interface("a", "eth0.10", "vlan", parents=("eth0",), vid=10)
    assert why(interface("a", "eth0"), vlan, of="a/eth0.10").startswith("nothing heard on VLAN 10")
    # The trunk is known by another VLAN; this one still is not.
    trunk = interface("a", "eth0"), vlan, saw("heard", "a/eth0.20", "b/eth0.20")
    assert why(*trunk) is None
    assert why(*trunk, of="a/eth0.10").startswith("nothing heard on VLAN 10")
    assert why(*trunk, saw("heard", "a/eth0.10", "b/eth0.10"), of="a/eth0.10") is None


def test_an_address_that_belongs_elsewhere_is_named():
    there = [
        saw("confirmed", "b/eth0.20", "c/eth0"),
        interface("b", "eth0"),
        interface("c", "eth0", addresses=("10.0.0.9/24",)),
    ]
    alone = interface("a", "eth0", addresses=("fe80::1/64", "10.0.0.5/24"))
    assert why(*there, alone) == "10.0.0.5/24 belongs to VLAN 20, but no beacon passes between it and that segment"
    untagged = [
        saw("confirmed", "d/eth0", "e/eth0"),
        interface("d", "eth0", addresses=("10.0.0.8/24",)),
        host("d", "rack-4"),
    ]
    assert "VLAN 20 and the segment of e/eth0 and rack-4/eth0, but no beacon passes between it and those" in why(
        *there, *untagged, alone
    )


def test_known_interfaces_are_not_listed():
    assert why(interface("a", "eth0"), lldp("a/eth0")) is None
    assert why(interface("a", "lo"), of="a/lo") is None
    bridged = interface("a", "br0", "bridge"), interface("a", "eth0", master="br0"), saw("heard", "a/br0", "b/eth0")
    assert why(*bridged) is None
