from ipaddress import ip_address

import pytest

from bellrock.diagnosis.case import Route
from bellrock.diagnosis.readings_site import (
    host,
    interface_with,
    is_own,
    key,
    label,
    members,
    networks_of,
    of_conflict,
    of_one_way,
    one_ways,
    owner,
    several,
    way,
)
from bellrock.model import EvidenceKey, EvidenceKind
from tests.diagnosis.sites import RACK1, RACK2, case, conflict, here, member, port, topology, vlan


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (list("abcdefgh"), "a, b, c, d, e, f and 2 more"),
    ],
)
def test_several(texts, said):
    assert several(texts) == said


def test_names_and_ports():
    given = case(topology=topology())
    assert (host(given, RACK1), host(given, "other"), host(case(), RACK1)) == ("rack-1", "other", RACK1)
    assert (label(given, port(vid=10)), label(given, port())) == ("rack-1/eth0.10", "rack-1/eth0")
    assert key(given, EvidenceKey(EvidenceKind.LLDP, port(), None, "sw1 3")) == "lldp rack-1/eth0 sw1 3"
    assert key(given, EvidenceKey(EvidenceKind.LOOP, port(), port(RACK2))) == "loop rack-1/eth0 rack-2/eth0"
    assert key(given, EvidenceKey(EvidenceKind.LLDP, port())) == "lldp rack-1/eth0"


def test_whose_address():
    one = here(addresses=(("eth0", "10.0.0.2/24"), ("lo", "10.0.0.3/32"), ("eth0", "fd00::2/64")))
    assert owner(case(one), ip_address("10.0.0.2")) is one
    assert owner(case(one), ip_address("10.0.0.9")) is None
    assert (interface_with(one, ip_address("fd00::2")), interface_with(one, ip_address("fd00::3"))) == ("eth0", "")
    assert is_own(one, ip_address("10.0.0.3"))
    assert list(networks_of(one)) == [("eth0", "10.0.0.0/24")]


ROUTES = (
    Route("0.0.0.0/0", "eth0", "10.0.0.1", 100), Route("0.0.0.0/0", "eth1", "10.1.0.1", 50), Route("10.0.0.0/8", "eth2"),
    Route("10.0.0.0/24", "eth0"), Route("odd", "eth3"), Route("fd00::/64", "eth0"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("to", "by"),
    [("10.0.0.9", "eth0"), ("10.9.0.9", "eth2"), ("192.0.2.1", "eth1"), ("fd00::9", "eth0"), ("2001:db8::1", None)],
)
def test_the_longest_prefix_and_then_the_least_metric(to, by):
    found = way(here(routes=ROUTES), ip_address(to))
    assert (found.interface if found else None) == by


def test_of_a_host_that_told_no_routes_no_way_is_known():
    assert way(here(), ip_address("10.0.0.9")) is None


@pytest.mark.parametrize(
    ("conversing", "hears", "deaf", "blamed"),
    [
        ((), port(), port(RACK2), port()),  # nothing tells them apart
        ((), port(), port(RACK2, vid=20), port(RACK2, vid=20)),
        ((), port(vid=20), port(RACK2), port(vid=20)),
        ((port(vid=20),), port(vid=20), port(RACK2), port(RACK2)),
        ((port(),), port(), port(RACK2, vid=20), port(RACK2, vid=20)),
        ((port(RACK2, vid=20),), port(), port(RACK2, vid=20), port()),
        ((port(), port(RACK2)), port(), port(RACK2), port()),
    ],
)
def test_of_two_ports_the_one_that_nobody_confirms_is_at_fault(conversing, hears, deaf, blamed):
    segment = vlan(*(member(one.host, one.interface, one.vid) for one in conversing))
    [(found, known)] = one_ways(
        case(topology=topology(segment, conflicts=(conflict("one-way", hears, deaf), conflict("loop"))))
    )
    assert (found, len(known)) == (blamed, 1)


def test_all_pairs_of_a_port_are_one_finding():
    known = [conflict("one-way", port(), port(RACK2), proof="a"), conflict("one-way", port("01X"), port(), proof="b")]
    found = of_one_way(case(topology=topology()), port(), known, "x", "frames pass", "Why.", "Do.")
    assert found.what == "frames pass in one direction only between rack-1/eth0 and 01X/eth0 and rack-2/eth0"
    assert (found.host, found.interface, found.proof, len(found.evidence)) == ("rack-1", "eth0", ("a", "b"), 2)
    assert (found.cause, found.fix) == ("Why.", ("Do.",))


def test_members_of_all_vlans_in_their_order():
    first, second = vlan(member(), member(RACK2)), vlan(member(RACK1, "eth1"), id="v2")
    given = case(topology=topology(first, second))
    assert list(members(given)) == [(first, first.members[0]), (first, first.members[1]), (second, second.members[0])]
    assert list(members(case())) == []


def test_of_a_conflict_of_one_port_with_itself_there_is_no_chain_to_show():
    alone = of_conflict(case(), conflict("loop", port(), port()), "network-loop", "{}", "Why.", ())
    assert alone.recheck == "bellrock findings"
