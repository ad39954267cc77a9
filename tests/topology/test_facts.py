"""What each observation changes."""

from msgspec.structs import replace

from bellrock.model import EvidenceGone, EvidenceKey, HostGone, InterfaceGone, Port, RefusalCount, Wall, key_of
from bellrock.topology.facts import Facts
from tests.topology.worlds import gone, host, interface, lldp, mac_of, port, saw


def after(*observations):
    facts = Facts()
    for observation in observations:
        facts.apply(observation)
    return facts


def kept(facts):
    return {(str(key.kind), facts.label(key.port)) for key in facts.evidence}


def test_later_evidence_with_the_same_key_replaces():
    facts = after(saw("heard", "a/eth0", "b/eth0", seen=1.0), saw("heard", "a/eth0", "b/eth0", seen=2.0))
    assert [held.seen for held in facts.evidence.values()] == [2]
    assert len(facts.held(port("a/eth0"))) == len(facts.held(port("b/eth0"))) == 1


def test_gone_takes_the_one_piece():
    facts = after(
        saw("heard", "a/eth0", "b/eth0"), saw("confirmed", "a/eth0", "b/eth0"), gone("heard", "a/eth0", "b/eth0")
    )
    assert kept(facts) == {("confirmed", "a/eth0")}
    assert not after(saw("heard", "a/eth0", "b/eth0"), gone("heard", "a/eth0", "b/eth0")).about
    assert kept(after(gone("heard", "a/eth0", "b/eth0"), gone("lldp", "a/eth0", neighbour="sw1 E1"))) == set()


def test_gone_in_another_spelling():
    vlan = interface("a", "eth0.10", "vlan", parents=("eth0",), vid=10)
    facts = after(vlan, saw("heard", "a/eth0.10", "b/eth0"))
    facts.apply(
        EvidenceGone(EvidenceKey(gone("heard", "a/x").key.kind, Port("a", "eth0.10"), port("b/eth0")), "silent")
    )
    assert kept(facts) == set()


def test_silence_takes_what_the_peer_observed_before_it():
    heard = saw("confirmed", "b/eth0", "a/eth0", seen=10.0)
    silent = gone("heard", "a/eth0", "b/eth0", since=20.0)
    assert kept(after(heard, silent)) == set()
    assert kept(after(replace(heard, evidence=replace(heard.evidence, seen=Wall(20.0))), silent)) == {
        ("confirmed", "b/eth0")
    }
    assert kept(after(heard, gone("heard", "a/eth0", "b/eth0", why="restarted"))) == {("confirmed", "b/eth0")}


def test_an_interface_that_falls_takes_evidence_of_and_about_it():
    evidence = [saw("heard", "a/eth0.10", "b/eth0"), saw("heard", "c/eth0", "a/eth0"), saw("heard", "a/eth1", "c/eth0")]
    up, down = interface("a", "eth0"), interface("a", "eth0", carrier=False)
    assert kept(after(up, *evidence, down)) == {("heard", "a/eth1")}
    assert kept(after(*evidence, interface("a", "eth0", up=False))) == {("heard", "a/eth1")}
    assert kept(after(*evidence, InterfaceGone("a", "eth0"))) == {("heard", "a/eth1")}
    # What arrives while it is down is kept back, not thrown away: the peer reports it only once.
    late = after(up, down, *evidence, replace(down, interface=replace(down.interface, mtu=9000)), up)
    assert len(late.joining(port("a/eth0"))) == 1


def test_a_vlan_interface_that_falls_takes_its_port_alone():
    vlan = interface("a", "eth0.10", "vlan", parents=("eth0",), vid=10)
    facts = after(
        vlan, saw("heard", "a/eth0.10", "b/eth0"), saw("heard", "a/eth0", "b/eth1"), InterfaceGone("a", "eth0.10")
    )
    assert kept(facts) == {("heard", "a/eth0")}
    assert facts.canonical(Port("a", "eth0.10")) == Port("a", "eth0.10")


def test_two_vlan_interfaces_of_one_port():
    one, two = (interface("a", name, "vlan", parents=("eth0",), vid=10) for name in ("eth0.10", "vlan10"))
    facts = after(one, two)
    assert {i.name for i in facts.carriers(Port("a", "eth0", 10))} == {"eth0.10", "vlan10"}
    facts.apply(InterfaceGone("a", "vlan10"))
    assert [i.name for i in facts.carriers(Port("a", "eth0", 10))] == ["eth0.10"]


def test_a_host_that_goes_takes_what_it_saw_and_leaves_what_others_saw_of_it():
    facts = after(
        host("a"),
        host("b"),
        interface("a", "eth0"),
        saw("heard", "a/eth0", "b/eth0"),
        saw("heard", "b/eth0", "a/eth0"),
        RefusalCount(port("a/eth0"), "02:00:00:00:00:01", "skew", 1),
        RefusalCount(port("b/eth0"), "02:00:00:00:00:01", "skew", 1),
        HostGone("a"),
    )
    assert kept(facts) == {("heard", "b/eth0")}
    assert set(facts.hosts) == {"b"}
    assert not facts.interfaces.get("a")
    assert set(facts.refusals) == {("b", "eth0")}


def test_only_evidence_of_silent_hosts_expires():
    facts = after(
        host("a", seen=100.0),
        host("b", seen=20.0),
        saw("heard", "a/eth0", "b/eth0", seen=10.0),
        saw("heard", "b/eth0", "a/eth0", seen=10.0),
        saw("heard", "b/eth1", "a/eth0", seen=60.0),
        saw("heard", "c/eth0", "a/eth0", seen=10.0),
    )
    keys, _ = facts.expire(Wall(50.0))
    assert {facts.label(key.port) for key in keys} == {"b/eth0", "c/eth0"}
    assert kept(facts) == {("heard", "a/eth0"), ("heard", "b/eth1")}
    assert facts.expire(Wall(50.0))[0] == []


def test_host_seen_goes_forward_only():
    facts = after(host("a", "old", seen=50.0), host("a", "new", seen=40.0))
    assert facts.seen["a"] == 50
    assert facts.name("a") == "new"
    assert facts.apply(host("a", "new", seen=50.0)).hosts == []
    aged = facts.apply(host("a", "new", seen=51.0))
    assert (aged.hosts, aged.aged) == ([], ["a"])


def test_loops_and_neighbours_are_indexed_as_long_as_they_hold():
    facts = after(saw("loop", "a/eth0", "a/eth0"), lldp("a/eth0"), lldp("b/eth0", port_id="Eth2"))
    assert len(facts.loops) == 1
    assert len(facts.neighbours["sw1"]) == 2
    facts.apply(gone("loop", "a/eth0", "a/eth0"))
    facts.apply(gone("lldp", "a/eth0", neighbour="sw1 Eth1"))
    assert not facts.loops
    assert len(facts.neighbours["sw1"]) == 1
    facts.apply(gone("lldp", "b/eth0", neighbour="sw1 Eth2"))
    assert not facts.neighbours


def test_a_port_vlan_that_changes_is_looked_at_again():
    facts = after(lldp("a/eth0", pvid=10))
    change = facts.apply(lldp("a/eth0", pvid=20))
    assert change.lost == change.gained == [port("a/eth0")]
    assert facts.apply(lldp("a/eth0", pvid=20)).lost == []


def test_a_chassis_that_turns_out_to_be_a_host_is_looked_at_again():
    facts = after(lldp("b/eth0", chassis=mac_of("a", "eth0"), pvid=10))
    change = facts.apply(interface("a", "eth0"))
    assert port("b/eth0") in change.lost
    assert port("b/eth0") in change.gained


def test_a_vid_that_becomes_known_passes_through_the_hosts_bridge():
    facts = after(interface("a", "br0", "bridge"), interface("a", "eth0", master="br0"), host("a"))
    assert facts.links("a").keys() == {port("a/br0"), port("a/eth0")}
    change = facts.apply(saw("heard", "a/eth0.10", "b/eth0"))
    assert port("a/br0.10") in change.gained
    assert port("a/br0.10") in facts.links("a")
    change = facts.apply(gone("heard", "a/eth0.10", "b/eth0"))
    assert port("a/br0.10") in change.lost
    assert port("a/br0.10") not in facts.links("a")


def test_refusals_are_kept_by_source_and_reason_as_long_as_their_interface():
    first = RefusalCount(port("a/eth0.10"), "02:00:00:00:00:01", "skew", 1)
    facts = after(first, replace(first, count=7), replace(first, reason="malformed"))
    assert {one.reason: one.count for one in facts.refusals["a", "eth0"].values()} == {"skew": 7, "malformed": 1}
    facts.apply(replace(first, count=0))
    assert {one.reason: one.count for one in facts.refusals["a", "eth0"].values()} == {"malformed": 1}
    facts.apply(InterfaceGone("a", "eth0"))
    assert not facts.refusals.get(("a", "eth0"))


def test_fold_is_apply_without_the_account():
    observations = [saw("heard", "a/eth0", "b/eth0"), host("a"), gone("heard", "a/eth0", "b/eth0"), lldp("a/eth1")]
    facts = Facts()
    facts.fold(observations)
    assert facts.evidence.keys() == after(*observations).evidence.keys() == {key_of(observations[3].evidence)}


def test_a_vid_is_known_as_long_as_any_evidence_names_it():
    facts = after(interface("a", "br0", "bridge"), interface("a", "eth0", master="br0"))
    facts.apply(saw("heard", "a/eth0.10", "a/br0.10"))
    change = facts.apply(gone("heard", "a/eth0.10", "a/br0.10"))
    assert port("a/br0.10") in change.lost
    assert port("a/br0.10") not in facts.ports_of("a")


def test_an_interface_that_changes_nothing_of_its_place_is_only_replaced():
    facts = after(interface("a", "eth0"), saw("heard", "a/eth0", "b/eth0"))
    change = facts.apply(interface("a", "eth0", mtu=9000, addresses=("10.0.0.1/24",)))
    assert (change.lost, change.gained, change.hosts) == ([], [], ["a"])
    assert facts.interfaces["a"]["eth0"].mtu == 9000
    assert facts.apply(InterfaceGone("z", "eth0")).lost == []
