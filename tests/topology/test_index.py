"""Evidence enters, is found by its ports, and leaves without a trace."""

import pytest

from bellrock.model import key_of
from bellrock.topology.facts import Facts
from tests.topology.worlds import gone, interface, lldp, port, saw

TOLD = (
    saw("heard", "a/eth0.10", "b/eth0.10"),
    saw("heard", "a/eth0.20", "b/eth0.10"),
    saw("loop", "a/eth1", "a/eth1"),
    lldp("a/eth0", chassis="SW1"),
    lldp("b/eth0", chassis="SW1"),
)
GONE = (
    gone("heard", "a/eth0.10", "b/eth0.10"),
    gone("heard", "a/eth0.20", "b/eth0.10"),
    gone("loop", "a/eth1", "a/eth1"),
    gone("lldp", "a/eth0", neighbour="SW1 Eth1"),
    gone("lldp", "b/eth0", neighbour="SW1 Eth1"),
)


@pytest.mark.parametrize("masked", [(), (interface("a", "eth7"), interface("b", "eth7"))])
def test_in_and_out(masked):
    facts = Facts()
    facts.fold([*masked, *TOLD])
    assert len(facts.about) == 6
    assert facts.masked == (set(facts.about) if masked else set())
    assert facts.loops.keys() == {key_of(TOLD[2].evidence)}
    assert set(facts.spelt) == {"a", "b"}
    for observation in (*GONE, *GONE):
        facts.apply(observation)
    assert not any((facts.about, facts.evidence, facts.masked, facts.loops, facts.neighbours, facts.spelt))


def test_later_evidence_replaces_earlier():
    facts = Facts()
    facts.fold([TOLD[0], saw("heard", "a/eth0.10", "b/eth0.10", seen=200.0)])
    facts.apply(saw("heard", "a/eth0.10", "b/eth0.10", seen=300.0))
    (held,) = facts.evidence.values()
    assert held.seen == 300.0
    assert facts.about[port("a/eth0.10")] == [held]


def test_of_equal_ports_one_is_kept():
    facts = Facts()
    facts.fold([TOLD[0], saw("confirmed", "b/eth0.10", "a/eth0.10")])
    one, other = (held.key for held in facts.evidence.values())
    assert one.port is other.peer
    assert one.peer is other.port


def test_ports_of_a_host_share_its_name():
    facts = Facts()
    facts.fold([saw("heard", "node-a/eth0.10", "node-b/eth0.10"), saw("heard", "node-a/eth0.20", "node-b/eth0.20")])
    one, other = (held.key for held in facts.evidence.values())
    assert one.port.host is other.port.host
    assert one.port.interface is other.port.interface is one.peer.interface


def test_a_vid_that_becomes_known_or_is_forgotten_is_passed_on_inside_the_host():
    facts = Facts()
    facts.fold([interface("a", "br0", "bridge", mac=""), interface("a", "eth0", master="br0")])
    assert port("a/br0.10") not in facts.links("a")
    facts.apply(TOLD[0])
    assert port("a/br0.10") in facts.links("a")
    facts.apply(GONE[0])
    assert port("a/br0.10") not in facts.links("a")


def test_what_was_not_held_is_not_dropped():
    facts = Facts()
    facts._drop(key_of(TOLD[0].evidence))
    assert not facts.evidence
