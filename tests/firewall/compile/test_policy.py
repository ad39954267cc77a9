"""From crossings to terms: nothing lost, nothing that cannot be written."""

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.firewall.compile.policy import (
    WHOLE,
    CompileError,
    Guard,
    Options,
    _ports,
    assemble,
    guards_of,
    is_whole,
    policy,
)  # fmt: skip
from bellrock.flows.crossing import crossings, gaps
from bellrock.flows.passages import Crossing, Hook, Party, Place
from bellrock.flows.site_file import parse
from bellrock.flows.values import ANY_PORT, Protocol, Role, Stance
from tests.firewall.compile.terms import ANYONE, NODE, PLACES, SMALL, small


@pytest.mark.parametrize("name", PLACES)
def test_every_crossing_is_a_term_in_catalogue_order(name):
    found = small(name)
    met = crossings(SMALL, PLACES[name])
    assert [
        (term.flow, term.exchange, term.family, term.hook, term.source, term.destination) for term in found.terms
    ] == [
        (c.passage.flow.id, c.passage.exchange.name, c.passage.family, c.hook, c.passage.source, c.passage.destination)
        for c in met
    ]
    assert len(found.terms) > 6
    assert {term.hook for term in found.terms} <= set(found.hooks)
    assert {party.name for party in found.parties} == {
        party.name for term in found.terms for party in (term.source, term.destination)
    }
    assert set(found.needed) | set(found.forbidden) == set(found.terms)
    assert {term.flow for term in found.forbidden} <= {"libvirt-dnsmasq"}


def test_gaps_and_notices_of_the_site_are_told():
    site = msgspec.structs.replace(SMALL, notices=("look here",))
    assert policy(site, Place(), Options()).notices == ("look here", *dict.fromkeys(gaps(site)))


def test_an_id_names_flow_and_exchange():
    data = next(term for term in small("router").terms if term.helper)
    assert data.id == "tftp/request"


def test_without_helpers_the_data_ports_open_but_icmp_errors_stay_tied_to_connections():
    terms = {term.id: term for term in small("router", helpers=False).terms}
    assert not terms["tftp/request"].helper
    assert not terms["tftp/data"].expected
    assert terms["icmp/errors"].expected
    assert {term.id for term in small("router").terms if term.expected} == {"tftp/data", "icmp/errors", "icmpv6/errors"}


@pytest.mark.parametrize("table", ["", "1a", "a b", "a;b", "a" * 32, "ä", "a\n"])
def test_a_table_name_that_cannot_stand_in_a_file_is_refused(table):
    with pytest.raises(CompileError, match="table name"):
        assemble((), Place(), Options(table=table))


@pytest.mark.parametrize("name", ['a"b', "a b", "a*", "a" * 16, "a\\", "a:b", "", "a\n"])
def test_an_interface_name_that_cannot_stand_in_a_file_is_refused(name):
    crossing = crossings(SMALL, Place())[0]
    bad = msgspec.structs.replace(crossing, in_interfaces=(name,))
    with pytest.raises(CompileError, match="interface name"):
        assemble((bad,), Place(), Options())
    with pytest.raises(CompileError, match="interface name"):
        assemble((), Place(), Options(), guards=(Guard(interface=name, family=4, ranges=((1, 1),)),))


def test_a_party_of_nobody_is_told_and_has_no_rule():
    crossing = crossings(SMALL, Place())[0]
    nobody = Party("ghost", 4, ())
    bad = Crossing(passage=msgspec.structs.replace(crossing.passage, destination=nobody), hook=Hook.FORWARD)
    found = assemble((crossing, bad), Place(), Options(), notices=("first",))
    flow = crossing.passage.flow.id
    assert found.notices == ("first", f"flow {flow}: ghost has no IPv4 addresses; no rule was written for it")
    assert len(found.terms) == 1


def test_guards_are_what_lives_behind_each_interface():
    assert [(g.interface, g.family, len(g.ranges)) for g in guards_of(SMALL.subnets)] == [
        ("eth1.10", 4, 1), ("eth1.20", 4, 1), ("eth1.10", 6, 1), ("eth2", 4, 1),
    ]  # fmt: skip
    assert small("router").guards == ()
    assert guards_of(msgspec.structs.replace(subnet, interface=None) for subnet in SMALL.subnets) == ()
    assert small("router", spoof_guard=True).guards == guards_of(SMALL.subnets)


def test_where_no_guard_can_be_made_it_is_told():
    host = small("rack", spoof_guard=True)
    assert host.guards == ()
    assert "this is a host" in host.notices[-1]
    unnamed = msgspec.structs.replace(SMALL, subnets=())
    assert "names no subnet's interface" in policy(unnamed, Place(), Options(spoof_guard=True)).notices[-1]


def test_link_scope_icmpv6_may_be_invalid_to_connection_tracking_and_passes_all_the_same():
    found = {term.id for term in small("rack").terms if term.stateless}
    assert {"icmpv6/neighbour-discovery", "mld/membership"} <= found
    assert not {"icmpv6/errors", "icmpv6/echo", "dhcpv6/solicit"} & found


def test_everybody():
    assert is_whole(ANYONE)
    assert is_whole(Party("anyone-v6", 6, WHOLE[6]))
    assert not is_whole(NODE)


def test_only_tcp_and_udp_have_ports():
    for term in small("rack").terms:
        if term.protocol not in (Protocol.TCP, Protocol.UDP):
            assert (term.source_ports, term.destination_ports) == ((), ())
        else:
            assert term.types == ()
            assert term.destination_ports
    assert {term.stance for term in small("router").terms} == set(Stance)


@given(st.lists(st.tuples(st.integers(0, 65535), st.integers(0, 65535)).map(sorted).map(tuple), max_size=6).map(tuple))
def test_ports_are_sorted_disjoint_and_the_same(ranges):
    found = _ports(ranges)
    assert all(a[1] + 1 < b[0] for a, b in itertools.pairwise(found))
    edges = {port for span in ranges for port in (span[0] - 1, *span, span[1] + 1)}
    for port in edges & set(range(1, 65536)) if found else ():
        assert any(a <= port <= b for a, b in found) == any(a <= port <= b for a, b in ranges)
    if not found and ranges:
        assert all(any(a <= port <= b for a, b in ranges) for port in edges & set(range(1, 65536)))


def test_every_port_is_no_condition():
    assert _ports(ANY_PORT) == ()
    assert _ports(((1, 65535),)) == ()
    assert _ports(((2, 65535),)) == ((2, 65535),)


def test_a_gateway_knows_who_is_behind_it():
    assert [(one.name, one.family) for one in small("bmc-gateway").scope] == [("bmc", 4)]
    assert set(small("bmc-gateway").scope) <= set(small("bmc-gateway").parties)
    assert small("router").scope == small("rack").scope == ()


@pytest.mark.parametrize("place", [Place(), Place(gateway_of=Role.BMC)])
def test_a_router_that_nothing_crosses_has_no_rules(place):
    poor = parse(b'[role.node]\naddresses = ["10.1.0.0/24"]\n[role.libvirt-host]\naddresses = ["10.2.0.2"]', "s.toml")
    with pytest.raises(CompileError, match="no flow of this site crosses this place: the rules would drop everything"):
        policy(poor, place, Options())
    assert policy(poor, PLACES["node"], Options()).terms
