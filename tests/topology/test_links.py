"""What a host's own configuration joins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.model import EvidenceSeen, InterfaceGone, Port, Wall
from bellrock.topology.facts import Facts
from bellrock.topology.links import ALL, configured_links, fallen_with, falls, is_down, takes_back
from tests.topology.worlds import hosts, interface, interfaces, names, pieces, port, times


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


def test_only_the_first_word_that_it_is_down_takes_back_what_was_told():
    up, down, grown = (
        interface("a", "eth0", **facts).interface for facts in ({}, {"up": False}, {"carrier": False, "mtu": 9000})
    )
    assert [falls(known, down) for known in (None, up, down, grown)] == [True, True, False, False]
    assert not any(falls(known, up) for known in (None, up, down))


def test_a_fall_takes_back_what_its_agent_told_and_what_others_saw_before():
    assert [takes_back("a", Wall(5.0), teller, Wall(seen)) for teller in "ab" for seen in (4.0, 5.0, 6.0)] == [
        True, True, True, True, False, False,
    ]  # fmt: skip
    assert takes_back("a", ALL, "b", Wall(1e11))


@pytest.mark.parametrize(
    ("names", "fallen"),
    [
        ({"eth0.10"}, {Port("a", "eth0", 10), Port("a", "eth0.10"), Port("a", "storage")}),
        ({"eth0"}, {Port("a", "eth0.10"), Port("a", "storage")}),
        ({"eth0.10.20"}, {Port("a", "eth0.10", 20), Port("a", "eth0.10.20")}),
        ({"eth1", "unheard"}, set()),
    ],
    ids=["VLAN", "lower device", "VLAN upon a VLAN", "no VLANs"],
)
def test_ports_that_fall_with_interfaces_of_other_names(names, fallen):
    vlans = [
        interface("a", "eth0.10", "vlan", parents=("eth0",), vid=10),
        interface("a", "storage", "vlan", parents=("eth0",), vid=10),
        interface("a", "eth0.10.20", "vlan", parents=("eth0.10",), vid=20),
    ]
    others = [interface("a", "eth0"), interface("a", "eth1"), interface("a", "eth0.30", "vlan", parents=(), vid=30)]
    table = {each.interface.name: each.interface for each in (*vlans, *others)}
    also = {Port("a", "eth0.10.20")} if "eth0.10" in names else set()
    assert fallen_with("a", names, table) == fallen | also


@given(st.lists(interfaces(), max_size=12), st.lists(pieces(), max_size=12), hosts, names, times)
def test_what_falls_is_what_is_taken_back_of_evidence(told, evidence, owner, name, at):
    facts = Facts()
    facts.fold([*told, *(EvidenceSeen(each) for each in evidence)])
    beside = fallen_with(owner, {name}, facts.interfaces.get(owner, {}))

    def fell(port):
        return port is not None and port.host == owner and (port.interface == name or port in beside)

    left = {
        key
        for key, one in facts.evidence.items()
        if not (fell(key.port) or fell(key.peer)) or (key.port.host != owner and one.seen >= at)
    }
    facts.apply(InterfaceGone(owner, name), at)
    assert {*facts.evidence} == left
