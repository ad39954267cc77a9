"""Culprits: named where the pairs leave no doubt, and nobody else."""

import random
from ipaddress import ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.model import Interface, InterfaceKind, MtuLimit, MtuSeen, Port
from bellrock.topology.mtu import CulpritKind, Direction, Way, culprits, limited_by, misfits, mtus, ways


def port(name, vid=None):
    return Port(name, "eth0", vid)


def segment(names, passes, mtu=9000, vid=None):
    """All directions between the ports: `passes(a, b)` is what passes from one to the other, `mtu` (or a dict) the interfaces' own."""
    own = {name: mtu.get(name, 9000) if isinstance(mtu, dict) else mtu for name in names}
    found = []
    for a in names:
        for b in names:
            if a != b:
                passed = min(passes(a, b), own[a], own[b])
                limit = MtuLimit.INTERFACE if passed == own[a] else MtuLimit.PEER if passed == own[b] else MtuLimit.LINK
                seen = MtuSeen(
                    port(a, vid), port(b, vid), passed, limit, own[a], 0 if passed == own[a] else passed + 1, own[b]
                )
                found.append(Way(seen, own[a], own[b]))
    return found


def all_pass(a, b):
    return 16_000


def told(found):
    return [(one.kind, tuple(where.host for where in one.where), one.direction, one.mtu, one.others) for one in found]


def test_nobody_is_to_blame_where_all_passes():
    assert culprits(segment("abcd", all_pass)) == ()
    assert culprits([]) == ()


def test_a_switch_port_that_stops_large_packets_both_ways():
    found = culprits(segment("abcdef", lambda a, b: 1500 if "c" in (a, b) else 9000))
    assert told(found) == [(CulpritKind.PORT, ("c",), Direction.BOTH, 1500, 9000)]
    assert len(found[0].pairs) == 10


@pytest.mark.parametrize(
    ("passes", "direction"),
    [
        (lambda a, b: 1500 if a == "c" else 9000, Direction.OUT),
        (lambda a, b: 1500 if b == "c" else 9000, Direction.IN),
    ],
    ids=["what it sends", "what is sent to it"],
)
@pytest.mark.parametrize("names", ["abc", "abcdefghij"])
def test_one_direction_is_told_from_both(names, passes, direction):
    assert told(culprits(segment(names, passes))) == [(CulpritKind.PORT, ("c",), direction, 1500, 9000)]


def test_different_limits_each_way_are_two_faults_of_one_port():
    found = culprits(segment("abcd", lambda a, b: 1500 if a == "c" else 4000 if b == "c" else 9000))
    assert sorted(told(found)) == [
        (CulpritKind.PORT, ("c",), Direction.IN, 4000, 9000),
        (CulpritKind.PORT, ("c",), Direction.OUT, 1500, 9000),
    ]


def test_an_interface_with_an_mtu_of_its_own_is_no_fault_of_the_network():
    found = culprits(segment("abcd", all_pass, {"c": 1500}))
    assert told(found) == [(CulpritKind.INTERFACE, ("c",), Direction.BOTH, 1500, 9000)]
    large = culprits(segment("abcd", all_pass, {"a": 1500, "b": 1500, "d": 1500}))
    assert told(large) == [(CulpritKind.INTERFACE, ("c",), Direction.BOTH, 9000, 1500)]


def test_two_mtus_with_as_many_interfaces_each_are_told_as_different_and_none_is_blamed():
    [one] = culprits(segment("ab", all_pass, {"a": 1500}))
    assert told([one]) == [(CulpritKind.INTERFACE, ("a",), Direction.BOTH, 1500, 9000)]
    assert one.towards == (port("b"),)
    assert one.pairs == ((port("a"), port("b")), (port("b"), port("a")))
    [halves] = culprits(segment("abcd", all_pass, {"a": 1500, "c": 1500}))
    assert (halves.where, halves.towards) == ((port("a"), port("c")), (port("b"), port("d")))
    found = culprits(segment("abcde", all_pass, {"a": 1500, "c": 1500, "d": 1200}))
    assert [(one.where, one.towards, one.mtu) for one in found] == [
        ((port("a"), port("c")), (port("b"), port("e")), 1500),
        ((port("d"),), (), 1200),
    ]


def uplink(a, b, near="ab"):
    return 1500 if (a in near) != (b in near) else 9000


def sided(found):
    return {
        (one.kind, "".join(p.host for p in one.where), "".join(p.host for p in one.towards), one.mtu) for one in found
    }


@pytest.mark.parametrize(
    ("passes", "expected"),
    [
        (
            lambda a, b: min(uplink(a, b, "abc"), 4000 if "a" in (a, b) else 9000),
            {(CulpritKind.PORT, "a", "", 4000), (CulpritKind.LINK, "abc", "def", 1500)},
        ),
        (
            lambda a, b: min(uplink(a, b), 4000 if "a" in (a, b) else 9000),
            # Of two ports on their side of the uplink nothing tells which of them it is.
            {(CulpritKind.PAIR, "a", "b", 4000), (CulpritKind.LINK, "ab", "cdef", 1500)},
        ),
        (
            lambda a, b: min(uplink(a, b), 1500 if "f" in (a, b) else 9000),
            {(CulpritKind.PORT, "f", "", 1500), (CulpritKind.LINK, "ab", "cde", 1500)},
        ),
        (
            lambda a, b: min(uplink(a, b), 4000 if (a in "cd") != (b in "cd") else 9000),
            {(CulpritKind.LINK, "ab", "cdef", 1500), (CulpritKind.LINK, "cd", "ef", 4000)},
        ),
        (
            lambda a, b: min(1500, 1400 if "f" in (a, b) else 9000),
            {(CulpritKind.PORT, "f", "", 1400), (CulpritKind.SEGMENT, "abcde", "", 1500)},
        ),
    ],
    ids=["uplink and port", "uplink and port of two", "uplink and port alike", "two uplinks", "segment and port"],
)
def test_several_faults_at_once_are_told_apart(passes, expected):
    assert sided(culprits(segment("abcdef", passes))) == expected


def test_an_interface_of_the_links_own_limit_joins_no_sides():
    found = culprits(segment("abcdefg", lambda a, b: uplink(a, b, "abc"), {"g": 1500}))
    assert sided(found) == {(CulpritKind.LINK, "abc", "def", 1500), (CulpritKind.INTERFACE, "g", "", 1500)}


def test_all_three_kinds_at_once():
    def passes(a, b):
        return 1500 if "c" in (a, b) else 4000 if a == "e" else 9000

    found = culprits(segment("abcdefghijkl", passes, {"g": 1500}))
    assert sorted(told(found)) == [
        (CulpritKind.INTERFACE, ("g",), Direction.BOTH, 1500, 9000),
        (CulpritKind.PORT, ("c",), Direction.BOTH, 1500, 9000),
        (CulpritKind.PORT, ("e",), Direction.OUT, 4000, 9000),
    ]


def test_two_ports_alone_do_not_tell_which():
    found = culprits(segment("ab", lambda a, b: 1500))
    assert told(found) == [(CulpritKind.PAIR, ("a",), Direction.BOTH, 1500, 9000)]
    one_way = culprits(segment("ab", lambda a, b: 1500 if a == "b" else 9000))
    assert told(one_way) == [(CulpritKind.PAIR, ("b",), Direction.OUT, 1500, 9000)]
    assert one_way[0].towards == (port("a"),)


def test_what_passes_the_other_way_is_not_what_two_interfaces_take():
    found = culprits(segment("ab", lambda a, b: 1400 if a == "a" else 1404, mtu=1500))
    assert sorted(told(found)) == [
        (CulpritKind.PAIR, ("a",), Direction.OUT, 1400, 1500),
        (CulpritKind.PAIR, ("b",), Direction.OUT, 1404, 1500),
    ]


def test_the_link_between_two_switches():
    found = culprits(segment("abcdef", lambda a, b: 1500 if (a in "abc") != (b in "abc") else 9000))
    assert told(found) == [(CulpritKind.LINK, ("a", "b", "c"), Direction.BOTH, 1500, 9000)]
    assert found[0].towards == (port("d"), port("e"), port("f"))


def test_the_link_between_two_switches_in_one_direction():
    found = culprits(segment("abcdef", lambda a, b: 1500 if a in "abc" and b in "def" else 9000))
    assert told(found) == [(CulpritKind.LINK, ("a", "b", "c"), Direction.OUT, 1500, 9000)]


def test_a_segment_of_which_no_pair_passes_more():
    found = culprits(segment("abcd", lambda a, b: 1500))
    assert told(found) == [(CulpritKind.SEGMENT, ("a", "b", "c", "d"), Direction.BOTH, 1500, 9000)]


def test_one_pair_among_many_that_pass():
    found = culprits(segment("abcd", lambda a, b: 1500 if (a, b) == ("a", "b") else 9000))
    assert told(found) == [(CulpritKind.PAIR, ("a",), Direction.OUT, 1500, 9000)]


def test_nothing_at_all_that_passes_is_a_limit_too():
    found = culprits(segment("abcd", lambda a, b: 0 if "c" in (a, b) else 9000))
    assert told(found) == [(CulpritKind.PORT, ("c",), Direction.BOTH, 0, 9000)]


def test_an_mtu_below_the_least_is_told_even_if_all_have_it():
    assert told(culprits(segment("ab", all_pass, 1200))) == [
        (CulpritKind.INTERFACE, ("a",), Direction.BOTH, 1200, 1200),
        (CulpritKind.INTERFACE, ("b",), Direction.BOTH, 1200, 1200),
    ]


def test_the_same_on_several_vids_is_one_culprit():
    def passes(a, b):
        return 1500 if "c" in (a, b) else 9000

    found = culprits(segment("abcd", passes, vid=10) + segment("abcd", passes, vid=20))
    assert [(one.kind, one.vids, len(one.pairs)) for one in found] == [(CulpritKind.PORT, (10, 20), 12)]
    only = culprits(segment("abcd", passes, vid=10) + segment("abcd", all_pass, vid=20))
    assert [one.vids for one in only] == [(10,)]


def test_an_unknown_mtu_of_a_peer_expects_what_was_tried():
    seen = MtuSeen(port("a"), port("peer-02:00"), 1500, MtuLimit.LINK, 9000, 1501)
    (way,) = ways([seen], lambda one: 9000 if one == port("a") else 0)
    assert (way.expected, way.faulty, limited_by(way)) == (9000, True, "link")
    assert [one.kind for one in culprits([way])] == [CulpritKind.PAIR]


def test_the_region_knows_a_peers_mtu_where_the_agent_does_not():
    seen = MtuSeen(port("a"), port("b"), 1500, MtuLimit.LINK, 9000, 1501)
    (way,) = ways([seen], {port("a"): 9000, port("b"): 1500}.__getitem__)
    assert (way.faulty, limited_by(way)) == (False, "peer")


def test_the_mtu_of_a_vlan_interface_is_that_of_its_port():
    vlan = Interface(name="eth0.10", index=2, mac="", kind=InterfaceKind.VLAN, parents=("eth0",), vid=10, mtu=1496)
    assert mtus("a", [Interface(name="eth0", index=1, mac="", mtu=9000), vlan]) == {
        port("a"): 9000,
        port("a", 10): 1496,
    }


def test_what_a_subnet_is_meant_to_have():
    wanted = [(ip_network("10.0.0.0/24"), 9000), (ip_network("fd00::/64"), 1500)]
    interfaces = [
        (port("a"), ("10.0.0.1/24",), 9000),
        (port("b"), ("10.0.0.2/24", "192.0.2.1/24"), 1500),
        (port("c"), ("10.0.0.3/24", "fd00::3/64"), 9000),
        (port("d"), (), 1500),
    ]
    found = misfits(interfaces, wanted)
    assert [(one.kind, one.where, one.mtu, one.others) for one in found] == [
        (CulpritKind.SUBNET, (port("b"),), 1500, 9000),
        (CulpritKind.SUBNET, (port("c"),), 9000, 1500),
    ]


faults = st.dictionaries(
    st.sampled_from("abcdefghijkl"),
    st.tuples(st.sampled_from((0, 1280, 1500, 4321, 9000)), st.sampled_from((0, 1280, 1500, 4321, 9000))),
    max_size=4,
)


@settings(max_examples=300)
@given(faults)
def test_every_faulty_port_is_named_and_no_other(faults):
    names = "abcdefghijkl"

    def passes(a, b):
        return min(faults.get(a, (9000, 9000))[0], faults.get(b, (9000, 9000))[1])

    wanted = {(name, "out", out) for name, (out, _) in faults.items() if out < 9000}
    wanted |= {(name, "in", into) for name, (_, into) in faults.items() if into < 9000}
    found = set()
    for one in culprits(segment(names, passes)):
        assert one.kind is CulpritKind.PORT
        for way in ("in", "out") if one.direction is Direction.BOTH else (one.direction.value,):
            found.add((one.where[0].host, way, one.mtu))
    assert found == wanted


@given(st.integers(0, 10_000))
def test_no_measurement_makes_it_fail_and_every_fault_is_explained(seed):
    chance = random.Random(seed)
    names = "abcdefg"[: chance.randint(2, 7)]
    table = {(a, b): chance.choice((0, 1280, 1500, 4000, 9000)) for a in names for b in names}
    group = [way for way in segment(names, lambda a, b: table[a, b]) if chance.random() < 0.8]
    explained = {pair for one in culprits(group) for pair in one.pairs}
    assert {(way.seen.port, way.seen.peer) for way in group if way.faulty} <= explained
