"""One broadcast domain."""

from bellrock.model import Evidence, EvidenceKind, EvidenceSeen, Port, Strength, Wall
from bellrock.topology.batch import infer
from bellrock.topology.domains import MOST_EVIDENCE, derive
from bellrock.topology.facts import Facts
from tests.topology.worlds import host, interface, lldp, port, saw


def domain(*observations, of):
    facts = Facts()
    facts.fold(observations)
    return derive(facts, [port(text) for text in of.split()])


def member(found, text):
    return next(m for m in found.members if m.port == port(text))


def test_strength_is_the_best_there_is():
    found = domain(
        host("a", seen=300.0),
        host("d", seen=70.0),
        saw("heard", "a/eth0", "b/eth0", seen=200.0),
        saw("confirmed", "a/eth0", "c/eth0"),
        lldp("a/eth0"),
        lldp("e/eth0", seen=5.0),
        of="a/eth0 b/eth0 c/eth0 d/eth0 e/eth0 f/eth0",
    )
    strengths = {m.port.host: m.strength for m in found.members}
    assert strengths == {
        "a": Strength.CONFIRMED,
        "b": Strength.HEARD,
        "c": Strength.CONFIRMED,
        "d": Strength.CONFIGURED,
        "e": Strength.LLDP,
        "f": Strength.CONFIGURED,
    }
    assert [key.kind for key in member(found, "a/eth0").evidence] == ["confirmed", "heard", "lldp"]
    assert {m.port.host: m.seen for m in found.members} == {"a": 300, "b": 300, "c": 300, "d": 70, "e": 5, "f": 0}


def test_own_beacons_are_heard_for_nobody_answered_for_them():
    found = domain(saw("own-beacon", "a/eth0", "a/eth1"), of="a/eth0 a/eth1")
    assert {m.strength for m in found.members} == {Strength.HEARD}
    assert found.evident


def test_evidence_is_ordered_and_bounded_whatever_the_order_of_arrival():
    seen = [
        saw("heard", "a/eth0", f"{peer}/eth0", since=since)
        for peer, since in zip("bcdefg", (9, 1, 5, 5, 2, 3), strict=True)
    ]
    seen.append(saw("heard", "h/eth0", "a/eth0", since=0.5))
    ports = "a/eth0 b/eth0 c/eth0 d/eth0 e/eth0 f/eth0 g/eth0 h/eth0"
    for order in (seen, seen[::-1]):
        keys = member(domain(*order, of=ports), "a/eth0").evidence
        assert len(keys) == MOST_EVIDENCE
        # What the port saw itself comes first, and of that what has held the longest.
        assert [key.peer.host for key in keys] == ["c", "f", "g", "d"]


def test_equal_evidence_has_a_stable_order():
    seen = [saw("heard", "a/eth0", f"b/eth{n}") for n in range(3)] + [lldp("a/eth0", port_id=p) for p in ("E2", "E1")]
    first = member(domain(*seen, of="a/eth0"), "a/eth0").evidence
    assert first == member(domain(*seen[::-1], of="a/eth0"), "a/eth0").evidence
    assert [key.peer.interface for key in first[:3]] == ["eth0", "eth1", "eth2"]
    assert first[3].neighbour == "sw1 E1"


def test_vid_is_learnt_from_any_trunk_port_and_more_ports_win():
    assert domain(of="a/eth0 b/eth0.10").vid == 10
    assert domain(of="a/eth0.20 b/eth0.10 c/eth0.20").vid == 20
    assert domain(of="a/eth0.20 b/eth0.10").vid == 10
    assert domain(of="a/eth0 b/eth0").vid is None


def test_a_switch_tells_the_vid_where_no_trunk_does():
    assert domain(lldp("a/eth0", pvid=30), of="a/eth0 b/eth0").vid == 30
    assert domain(lldp("a/eth0", pvid=30), of="a/eth0 b/eth0.10").vid == 10
    assert domain(lldp("a/eth0", pvid=0), of="a/eth0").vid is None


def test_what_a_host_configured_itself_is_not_evident():
    assert not domain(interface("a", "br0", "bridge"), of="a/br0 a/eth0").evident
    inside = interface("a", "br0", "bridge"), interface("a", "eth0", master="br0"), interface("a", "eth1", master="br0")
    beacon = saw("own-beacon", "a/eth0", "a/eth1")
    assert not domain(*inside, beacon, of="a/br0 a/eth0 a/eth1").evident
    assert domain(*inside[1:], beacon, of="a/eth0 a/eth1").evident
    assert domain(*inside, beacon, saw("heard", "a/eth0", "b/eth0"), of="a/br0 a/eth0 a/eth1 b/eth0").evident


def test_subnets_and_interfaces_and_switches():
    found = domain(
        interface("a", "eth0", addresses=("10.0.0.1/24", "fe80::1/64")),
        interface("b", "eth0", addresses=("10.0.0.2/24", "10.0.0.3/24", "10.5.0.1/24")),
        lldp("a/eth0"),
        lldp("b/eth0", chassis="sw2", port_id="02:00:00:00:00:01"),
        of="b/eth0 a/eth0",
    )
    assert found.subnets == {"10.0.0.0/24": (port("a/eth0"), port("b/eth0")), "10.5.0.0/24": (port("b/eth0"),)}
    assert found.interfaces == {("a", "eth0"), ("b", "eth0")}
    assert found.switches == {"sw1"}


def test_speaks():
    heard = saw("heard", "a/eth0", "b/eth0")
    assert domain(heard, of="b/eth0").speaks
    assert domain(heard, interface("b", "eth0"), of="b/eth0").speaks
    assert not domain(heard, interface("b", "eth0", speaks=False), of="b/eth0").speaks
    assert not domain(heard, interface("b", "eth0", settled=False), of="b/eth0").speaks
    assert not domain(lldp("a/eth0"), of="a/eth0").speaks


def test_inner_conflicts_come_along():
    found = domain(of="a/eth0.10 b/eth0.20")
    assert [conflict.kind for conflict in found.conflicts] == ["two-vids"]
    assert EvidenceKind.LLDP not in {key.kind for m in found.members for key in m.evidence}


def test_a_member_s_best_evidence_is_what_has_held_the_longest_whatever_the_peers_vid():
    vids = ("", "", ".10", "", "", "")
    told = [
        saw("confirmed", "a/eth0", f"{peer}/eth0{vid}", since=at)
        for at, (peer, vid) in enumerate(zip("fedcbg", vids, strict=True))
    ]
    (member,) = [
        one for fabric in infer(told).fabrics for vlan in fabric.vlans for one in vlan.members if one.port.host == "a"
    ]
    assert "".join(key.peer.host for key in member.evidence) == "fedc"


def test_evidence_under_the_name_of_a_vlan_interface_counts_among_the_best():
    vlan = interface("a", "eth0.10", "vlan", parents=("eth0",), vid=10)
    own = [saw("confirmed", "a/eth0.10", f"{peer}/eth0.10", since=at) for at, peer in enumerate("bcde", 10)]
    spelt = EvidenceSeen(
        Evidence(kind=EvidenceKind.CONFIRMED, port=Port("a", "eth0.10"), peer=port("f/eth0.10"), since=Wall(1.0))
    )
    topology = infer([interface("a", "eth0"), vlan, *own, spelt])
    (member,) = [
        one for fabric in topology.fabrics for vlan in fabric.vlans for one in vlan.members if one.port.host == "a"
    ]
    assert "".join(key.peer.host for key in member.evidence) == "fbcd"
