"""What may be asked of the state."""

import pytest

from bellrock.model import Evidence, EvidenceKind, Port
from bellrock.topology.facts import Facts
from bellrock.topology.held import held_of
from bellrock.topology.links import vlan_port
from bellrock.topology.state import Segment, looks_like_mac
from tests.topology.worlds import host, interface, lldp, mac_of, port, saw


def facts(*observations):
    state = Facts()
    state.fold(observations)
    return state


VLAN = interface("a", "eth0.10", "vlan", parents=("eth0",), vid=10, addresses=("10.1.0.1/24", "fe80::1/64"))


def test_a_vlan_interface_is_the_port_of_its_lower_device():
    state = facts(VLAN, interface("a", "eth0", addresses=("10.0.0.1/24",)))
    own, folded = Port("a", "eth0.10"), Port("a", "eth0", 10)
    assert state.canonical(own) == folded
    assert state.canonical(Port("a", "eth0")) == Port("a", "eth0")
    assert state.spellings(folded) == (folded, own)
    assert [i.name for i in state.carriers(folded)] == ["eth0.10"]
    assert list(state.subnets(folded)) == ["10.1.0.0/24"]
    assert list(state.subnets(Port("a", "eth0"))) == ["10.0.0.0/24"]
    assert state.carriers(Port("a", "eth0", 20)) == ()
    assert state.carriers(Port("b", "eth0")) == ()
    assert state.interface(folded).name == "eth0"
    assert state.interface(Port("a", "eth9")) is None


def test_evidence_in_either_spelling_is_of_one_port():
    state = facts(VLAN, saw("heard", "a/eth0.10", "b/eth0"), saw("heard", "a/eth1", "c/eth0"))
    state.fold([saw("heard", "c/eth0", "a/eth9")])
    spelt = saw("confirmed", "a/eth1", "b/eth0").evidence
    state.fold(
        [type(saw("heard", "a/x", "b/y"))(Evidence(kind=spelt.kind, port=Port("a", "eth0.10"), peer=Port("b", "eth0")))]
    )
    assert {held.key.kind for held in state.held(Port("a", "eth0", 10))} == {"heard", "confirmed"}
    assert len(state.joining(Port("a", "eth0", 10))) == 2


@pytest.mark.parametrize("kind", ["confirmed", "heard", "own-beacon"])
def test_beacons_join(kind):
    evidence = saw(kind, "a/eth0", "b/eth1").evidence
    assert facts().join(held_of(evidence)) == (port("a/eth0"), port("b/eth1"))


@pytest.mark.parametrize(
    "observation",
    [
        saw("routable", "a/eth0", "b/eth1"),
        saw("loop", "a/eth0", "a/eth0"),
        saw("heard", "a/eth0"),
        saw("lldp", "a/eth0"),
    ],
)
def test_what_joins_nothing(observation):
    state = facts(observation)
    assert state.join(held_of(observation.evidence)) is None
    assert not state.joining(port("a/eth0"))


def test_a_port_joins_itself_to_nothing():
    state = facts(VLAN)
    own = Evidence(kind=EvidenceKind.OWN_BEACON, port=Port("a", "eth0", 10), peer=Port("a", "eth0.10"))
    assert state.join(held_of(own)) is None


def test_nothing_passes_an_interface_that_is_down():
    heard = saw("heard", "a/eth0.10", "b/eth1")
    down = interface("b", "eth1", carrier=False)
    state = facts(down, heard, saw("heard", "a/eth0", "c/eth0"))
    assert not state.passes(port("b/eth1"))
    assert state.join(held_of(heard.evidence)) is None
    assert not state.joining(port("b/eth1"))
    assert not state.joining(port("a/eth0.10"))
    assert len(state.joining(port("a/eth0"))) == 1
    assert facts(interface("a", "eth0", up=False), heard).join(held_of(heard.evidence)) is None


def test_an_account_names_all_interfaces_of_its_host():
    state = facts(interface("a", "eth0"), interface("a", "eth1.10", "vlan", parents=("eth1",), vid=10))
    assert state.passes(port("a/eth0.7"))
    assert not state.passes(port("a/eth5"))
    assert not state.passes(port("a/eth5.10"))
    # The lower device of a VLAN interface may be in another network namespace; its other VIDs are not known from here.
    assert state.passes(port("a/eth1.10"))
    assert not state.passes(port("a/eth1.20"))
    assert state.passes(port("b/eth5")), "a host that gives no account is known by what others saw"


def test_a_switch_joins_ports_of_one_port_vlan():
    told = lldp("a/eth0", pvid=10)
    state = facts(told)
    assert state.join(held_of(told.evidence)) == (port("a/eth0"), Segment("lldp", "sw1", 10))
    for silent in (lldp("a/eth0"), lldp("a/eth0", pvid=0), lldp("a/eth0.20", pvid=10)):
        assert state.join(held_of(silent.evidence))[1] is None


def test_a_neighbour_that_is_a_host_is_no_switch():
    server = lldp("b/eth0", chassis=mac_of("a", "eth0").upper(), pvid=10)
    state = facts(server)
    assert state.switch(server.evidence.neighbour) is not None
    state.fold([interface("a", "eth0")])
    assert state.join(held_of(server.evidence)) == (port("b/eth0"), None)
    assert state.switch(server.evidence.neighbour) is None


def test_a_neighbour_with_a_mac_for_port_id_is_a_switch_only_if_it_tells_a_vlan():
    assert facts().switch(lldp("a/eth0", port_id="02:00:00:00:00:01").evidence.neighbour) is None
    assert facts().switch(lldp("a/eth0", port_id="02-00-00-00-00-01", pvid=5).evidence.neighbour) == "sw1"
    assert facts().switch(lldp("a/eth0").evidence.neighbour) == "sw1"
    assert facts().switch(saw("heard", "a/eth0", "b/eth0").evidence.neighbour) is None


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("02:00:00:00:00:01", True),
        ("02-AB-00-00-00-01", True),
        ("Eth1/1", False),
        ("0x:00:00:00:00:01", False),
        ("1:2", False),
    ],
)
def test_looks_like_mac(text, answer):
    assert looks_like_mac(text) is answer


def test_a_hosts_word_refreshes_what_it_observed():
    evidence = saw("heard", "a/eth0", "b/eth0", seen=50.0).evidence
    assert facts().last_seen(held_of(evidence)) == 50
    assert facts(host("a", seen=40.0)).last_seen(held_of(evidence)) == 50
    assert facts(host("a", seen=90.0), host("b", seen=99.0)).last_seen(held_of(evidence)) == 90


def test_names():
    state = facts(
        host("a", "rack-1"),
        saw("heard", "a/eth0", "b/eth0.5", peer_name="old", seen=1.0),
        saw("heard", "a/eth1", "b/eth0.5", peer_name="node-2", seen=2.0),
        saw("heard", "a/eth1", "c/eth0", peer_name=""),
    )
    assert state.name("a") == "rack-1"
    assert state.label(port("b/eth0.5")) == "node-2/eth0.5"
    assert state.label(port("c/eth0")) == "c/eth0"
    assert state.ports_of("b") == {port("b/eth0.5")}


def test_vlan_port():
    assert vlan_port("a", VLAN.interface) == Port("a", "eth0", 10)
    for other in ({"kind": "physical"}, {"kind": "vlan", "vid": None}, {"kind": "vlan", "vid": 5, "parents": ()}):
        assert vlan_port("a", interface("a", "x", **{"parents": ("eth0",)} | other).interface) is None
