"""What a host's own configuration joins."""

import pytest

from bellrock.model import Port
from bellrock.topology.links import configured_links, is_down
from tests.topology.worlds import interface, port


def joined(*seen, observed=()):
    table = {each.interface.name: each.interface for each in seen}
    links = configured_links("a", table, [port(text) for text in observed])
    return {tuple(sorted((text(one), text(other)))) for one, others in links.items() for other in others}


def text(port):
    return port.interface + ("" if port.vid is None else f".{port.vid}")


def test_a_bridge_joins_its_members_untagged():
    bridge = interface("a", "br0", "bridge", parents=("eth0", "eth1"))
    members = interface("a", "eth0", master="br0"), interface("a", "eth1", master="br0")
    assert joined(bridge, *members) == {("br0", "eth0"), ("br0", "eth1")}


def test_membership_is_known_from_either_side():
    assert joined(interface("a", "br0", "bridge"), interface("a", "eth0", master="br0")) == {("br0", "eth0")}
    assert joined(interface("a", "br0", "bridge", parents=("eth0",)), interface("a", "eth0")) == {("br0", "eth0")}


@pytest.mark.parametrize(
    ("bridge", "member"),
    [
        ({"vlan_filtering": True}, {}),
        ({}, {"forwarding": False}),
        ({}, {"carrier": False}),
        ({}, {"up": False}),
        ({"up": False}, {}),
        ({"kind": "other"}, {}),
    ],
)
def test_what_passes_no_frames_joins_nothing(bridge, member):
    seen = interface("a", "br0", **{"kind": "bridge"} | bridge), interface("a", "eth0", master="br0", **member)
    assert joined(*seen) == set()


def test_every_vid_known_on_any_interface_of_a_group_passes_through_all():
    bridge = interface("a", "br0", "bridge", vids=(30,))
    bond = interface("a", "bond0", "bond", master="br0")
    lower = interface("a", "eth0", master="bond0")
    vlan = interface("a", "br0.10", "vlan", parents=("br0",), vid=10)
    found = joined(bridge, bond, lower, vlan, observed=("a/eth0.20",))
    each = [("bond0", "br0"), ("bond0", "eth0")]
    assert found == {*each, *((f"{one}.{vid}", f"{two}.{vid}") for one, two in each for vid in (10, 20, 30))}


def test_groups_keep_their_vids_to_themselves():
    seen = [interface("a", f"br{n}", "bridge", vids=(n + 10,)) for n in (0, 1)]
    seen += [interface("a", f"eth{n}", master=f"br{n}") for n in (0, 1)]
    assert joined(*seen) == {("br0", "eth0"), ("br1", "eth1"), ("br0.10", "eth0.10"), ("br1.11", "eth1.11")}


def test_a_bridged_vlan_interface_is_the_port_of_its_lower_device():
    bridge = interface("a", "br10", "bridge", vids=(5,))
    member = interface("a", "eth0.10", "vlan", parents=("eth0",), vid=10, master="br10")
    # VID 5 inside VLAN 10 is a port of eth0.10: it is in another space than the VIDs of eth0.
    links = configured_links("a", {i.interface.name: i.interface for i in (bridge, member)}, [])
    assert links[Port("a", "br10")] == {Port("a", "eth0", 10)}
    assert links[Port("a", "br10", 5)] == {Port("a", "eth0.10", 5)}


def test_macvlan_and_veth():
    macvlan = interface("a", "mv0", "macvlan", parents=("eth0",))
    assert joined(macvlan, interface("a", "eth0")) == {("eth0", "mv0")}
    pair = interface("a", "v0", "veth", parents=("v1",)), interface("a", "v1", "veth", parents=("v0",))
    assert joined(*pair) == {("v0", "v1")}
    assert joined(interface("a", "v0", "veth", parents=("eth0",)), interface("a", "eth0")) == set()


def test_parents_that_are_not_there_join_nothing():
    assert joined(interface("a", "v0", "veth", parents=("v1", "v0")), interface("a", "eth0", master="gone")) == set()


def test_is_down():
    assert is_down(interface("a", "eth0", up=False).interface)
    assert is_down(interface("a", "eth0", carrier=False).interface)
    assert not is_down(interface("a", "eth0", carrier=None).interface)
