"""Domains → fabrics, VLANs, inferred members."""

from bellrock.topology.batch import infer
from tests.topology.worlds import gone, host, interface, lldp, port, saw


def shape(topology):
    """Fabrics as lists of (VID, members)."""
    return [
        [
            (vlan.vid, " ".join(f"{m.port.host}/{m.port.interface}.{m.port.vid or 0}" for m in vlan.members))
            for vlan in f.vlans
        ]
        for f in topology.fabrics
    ]


def test_domains_that_share_an_interface_are_one_fabric():
    topology = infer(
        [
            saw("heard", "a/eth0.20", "b/eth0.20"),
            saw("heard", "a/eth0.10", "c/eth0"),
            saw("heard", "a/eth0", "d/eth0"),
            saw("heard", "e/eth0", "f/eth0"),
        ]
    )
    assert shape(topology) == [
        [(10, "a/eth0.10 c/eth0.0"), (20, "a/eth0.20 b/eth0.20"), (None, "a/eth0.0 d/eth0.0")],
        [(None, "e/eth0.0 f/eth0.0")],
    ]
    assert [fabric.id for fabric in topology.fabrics] == ["fabric-1", "fabric-2"]


def test_fabrics_merge_however_late_the_common_trunk_comes():
    seen = [saw("heard", f"{h}/eth0.{v}", f"{h}/eth1.{v}") for h, v in (("a", 1), ("b", 2), ("c", 3))]
    assert len(infer(seen).fabrics) == 3
    assert len(infer([*seen, saw("heard", "c/eth1.9", "a/eth1.9"), saw("heard", "c/eth1.8", "b/eth1.8")]).fabrics) == 1


def test_ports_on_one_switch_are_one_fabric_but_no_vlan():
    assert shape(infer([lldp("a/eth0"), lldp("b/eth0", port_id="E2")])) == [[(None, "a/eth0.0"), (None, "b/eth0.0")]]
    assert shape(infer([lldp("a/eth0", pvid=5), lldp("b/eth0", port_id="E2", pvid=5)])) == [[(5, "a/eth0.0 b/eth0.0")]]
    assert len(infer([lldp("a/eth0"), lldp("b/eth0", chassis="sw2")]).fabrics) == 2


def test_what_only_configuration_joins_is_no_fabric():
    inside = [
        host("a"),
        interface("a", "br0", "bridge", addresses=("192.168.122.1/24",)),
        interface("a", "v0", "veth", master="br0"),
        interface("a", "v1", "veth", parents=("v0",)),
        saw("own-beacon", "a/v1", "a/br0"),
    ]
    topology = infer(inside)
    assert not topology.fabrics
    assert {u.interface for u in topology.unknown} == {"br0", "v0", "v1"}
    assert shape(infer([*inside, saw("heard", "a/br0", "b/eth0")])) == [[(None, "a/br0.0 a/v0.0 a/v1.0 b/eth0.0")]]


def test_a_hundred_interfaces_without_evidence_are_no_fabrics():
    topology = infer([interface("a", f"tap{n}") for n in range(100)])
    assert not topology.fabrics
    assert len(topology.unknown) == 100


VLAN = [
    saw("confirmed", "b/eth0.20", "c/eth0"),
    interface("b", "eth0", addresses=()),
    interface("c", "eth0", addresses=("10.0.0.9/24", "10.1.0.9/24")),
    host("a", seen=77.0),
]


def members(*observations):
    topology = infer([*VLAN, *observations])
    return {m.port.host + "/" + m.port.interface: m.strength for v in topology.fabrics[0].vlans for m in v.members}


def test_an_address_speaks_for_a_port_that_cannot_speak_itself():
    silent = interface("a", "eth0", addresses=("10.0.0.5/24",), speaks=False)
    assert members(silent)["a/eth0"] == "inferred"
    assert (
        members(interface("a", "eth0", addresses=("10.0.0.5/24", "10.1.0.5/24"), speaks=False))["a/eth0"] == "inferred"
    )
    (fabric,) = infer([*VLAN, silent]).fabrics
    assert [m.seen for m in fabric.vlans[0].members if m.strength == "inferred"] == [77]
    assert not infer([*VLAN, silent]).unknown


def test_an_address_does_not_speak_for_others():
    assert "a/eth0" not in members(interface("a", "eth0", addresses=("10.0.0.5/24",)))
    assert "a/eth0" not in members(interface("a", "eth0", addresses=("10.0.0.5/24",), speaks=False, carrier=False))
    assert "a/eth0" not in members(interface("a", "eth0", addresses=("10.0.0.5/24",), speaks=False, up=False))
    assert "a/eth0" not in members(interface("a", "eth0", addresses=("10.7.0.5/24",), speaks=False))
    elsewhere = saw("heard", "d/eth0", "e/eth0"), interface("d", "eth0", addresses=("10.0.0.1/24",))
    assert "a/eth0" not in members(interface("a", "eth0", addresses=("10.0.0.5/24",), speaks=False), *elsewhere)


def test_where_nobody_of_the_vlan_speaks_silence_proves_nothing():
    mute = [interface("b", "eth0", speaks=False), interface("c", "eth0", speaks=False, addresses=("10.0.0.9/24",))]
    assert members(*mute, interface("a", "eth0", addresses=("10.0.0.5/24",)))["a/eth0"] == "inferred"


def test_a_bridge_takes_its_members_along():
    bridge = interface("a", "br0", "bridge", addresses=("10.0.0.5/24",), speaks=False)
    member = interface("a", "eth0", master="br0", speaks=False)
    found = members(bridge, member)
    assert found["a/br0"] == found["a/eth0"] == "inferred"
    speaking = interface("a", "br0", "bridge", addresses=("10.0.0.5/24",))
    assert "a/eth0" not in members(speaking, member)


def test_names_are_of_all_hosts_that_are_mentioned():
    topology = infer([host("a", "rack-1"), saw("heard", "a/eth0", "b/eth0", peer_name="n"), interface("c", "eth0")])
    assert topology.names == {"a": "rack-1", "b": "n", "c": "c"}


def test_conflicts_between_domains_come_along():
    seen = [
        saw("heard", "a/eth0.10", "b/eth0.10"),
        saw("heard", "c/eth0.10", "d/eth0.10"),
        saw("heard", "a/eth0", "c/eth0"),
    ]
    assert [c.kind for c in infer(seen).conflicts] == ["vid-split"]
    assert not infer([*seen, gone("heard", "a/eth0", "c/eth0")]).conflicts
    assert port("a/eth0.10") in infer(seen).conflicts[0].where
