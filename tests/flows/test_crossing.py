"""From a site to passages, and to where they meet a firewall."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.flows import (
    CATALOGUE,
    Group,
    Hook,
    Place,
    PortsOf,
    Protocol,
    Reach,
    Role,
    Site,
    UnknownFlowError,
    crossings,
    flows_of,
    gaps,
    heard,
    parse,
    passages,
)
from tests.flows.sites import site, site_texts

ROUTER = Place()


def ends(found):
    return [(one.exchange.name, one.source.name, one.destination.name) for one in found]


def crossed(found):
    return [
        (one.hook.value, one.passage.exchange.name, one.passage.source.name, one.passage.destination.name)
        for one in found
    ]


def of(flow_id, found):
    return [one for one in found if one.passage.flow.id == flow_id]


def test_flows_follow_profile_overrides_and_what_is_disabled():
    found = {flow.id: flow for flow in flows_of(site('[ports]\napi = [5443]\n[flows]\ndisable = ["lxd"]'))}
    assert list(found) == [flow.id for flow in CATALOGUE if flow.id != "lxd"]
    assert found["api"].protocols == (PortsOf(Protocol.TCP, (5443,)),)
    assert {one.destination_ports for one in found["api"].exchanges} == {((5443, 5443),)}
    assert {flow.id for flow in flows_of(Site(profile="maas-3"))} > {flow.id for flow in CATALOGUE}


def test_passages_are_of_both_families():
    assert ends(passages(site(), flows=["tftp"])) == [
        ("request", "node", "rack"), ("request", "node-v6", "rack-v6"), ("data", "rack", "node"), ("data", "rack-v6", "node-v6"),
    ]  # fmt: skip


def test_a_flow_with_two_destinations_has_a_passage_to_each():
    found = [one for one in passages(site(), flows=["dns"]) if one.family == 4 and one.exchange.name == "query"]
    assert ends(found) == [("query", "node", "rack"), ("query", "node", "region")]
    assert [(one.source_role, one.destination_role) for one in found] == [
        (Role.NODE, Role.RACK),
        (Role.NODE, Role.REGION),
    ]


def test_a_role_that_nobody_plays_has_no_passages():
    assert passages(site(), flows=["ipmi"]) == ()


def test_flows_are_asked_for_by_id():
    assert {one.flow.id for one in passages(site(), flows=["api", "dhcp"])} == {"api", "dhcp"}
    with pytest.raises(UnknownFlowError, match="did you mean 'dhcp'"):
        passages(site(), flows=["dchp"])


def test_dhcp_at_a_rack():
    found = of("dhcp", crossings(site('[role.relay]\naddresses = ["10.1.0.1"]'), Place(roles=(Role.RACK,))))
    assert crossed(found) == [
        ("input", "discover", "node", "255.255.255.255"),
        ("input", "discover", "0.0.0.0", "255.255.255.255"),
        ("output", "offer", "rack", "node"),
        ("output", "offer", "rack", "255.255.255.255"),
        ("input", "renew", "node", "rack"),
        ("input", "relayed", "relay", "rack"),
        ("output", "relay-reply", "rack", "relay"),
    ]
    assert {one.in_interfaces or one.out_interfaces for one in found} == {("ens1",)}


def test_dhcp_at_a_router_is_what_is_routed():
    found = of("dhcp", crossings(site('[role.relay]\naddresses = ["10.1.0.1"]'), ROUTER))
    assert crossed(found) == [
        ("forward", "renew", "node", "rack"), ("forward", "relayed", "relay", "rack"), ("forward", "relay-reply", "rack", "relay"),
    ]  # fmt: skip
    assert [(one.in_interfaces, one.out_interfaces) for one in found] == [
        (("eth1",), ("eth0",)), (("eth1",), ("eth0",)), (("eth0",), ("eth1",)),
    ]  # fmt: skip


def test_a_gateway_passes_what_its_role_takes_part_in_and_what_networks_need():
    more = '[role.bmc]\naddresses = ["10.9.0.0/24"]\n[role.admin]\naddresses = ["10.8.0.0/24"]'
    found = crossings(site(more), Place(gateway_of=Role.BMC))
    assert list(dict.fromkeys(one.passage.flow.id for one in found)) == ["ipmi", "redfish", "bmc-web", "icmp", "icmpv6"]


def test_neighbour_discovery_and_membership_stay_on_the_link():
    at_router = {(one.passage.flow.id, one.passage.exchange.name) for one in crossings(site(), ROUTER)}
    at_host = {
        (one.passage.flow.id, one.passage.exchange.name, one.hook)
        for one in crossings(site(), Place(roles=(Role.NODE,)))
    }
    for link in (("icmpv6", "neighbour-discovery"), ("mld", "membership"), ("igmp", "membership")):
        assert link not in at_router
        assert {(*link, Hook.INPUT), (*link, Hook.OUTPUT)} <= at_host
    assert ("icmpv6", "errors") in at_router


def test_a_machine_with_two_roles_has_the_same_packets_once():
    both = crossings(site(), Place(roles=(Role.RACK, Role.REGION)))
    groups = [
        one for one in of("beacon", both) if one.passage.exchange.name == "group" and one.passage.source.name == "node"
    ]
    assert len(groups) == 1
    # The rack has its interfaces and the region any: so any.
    assert groups[0].in_interfaces == ()
    # To itself it goes out and comes in.
    stream = [one.hook for one in of("stream", both) if one.passage.family == 4]
    assert stream == [Hook.INPUT, Hook.OUTPUT]


def test_interfaces_of_two_roles_add_up():
    found = crossings(
        parse(
            b'[role.node]\naddresses = ["10.1.0.0/24"]\n[role.rack]\naddresses = ["10.0.0.2"]\ninterfaces = ["a", "b"]\n'
            b'[role.region]\naddresses = ["10.0.0.2"]\ninterfaces = ["b", "c"]',
            "s",
        ),
        Place(roles=(Role.RACK, Role.REGION)),
    )
    (group,) = [one for one in of("beacon", found) if ends([one.passage]) == [("group", "node", "224.0.0.118")]]
    assert group.in_interfaces == ("a", "b", "c")


def test_what_is_forbidden_meets_places_too():
    there = site('[role.libvirt-host]\naddresses = ["10.0.0.8"]')
    assert crossed(of("libvirt-dnsmasq", crossings(there, Place(roles=(Role.NODE,))))) == [
        ("input", "offer", "libvirt-host", "node"),
        ("input", "offer", "libvirt-host", "255.255.255.255"),
        ("input", "acknowledge", "libvirt-host", "node"),
    ]
    assert crossed(of("libvirt-dnsmasq", crossings(there, ROUTER))) == [
        ("forward", "acknowledge", "libvirt-host", "node")
    ]


def test_gaps_name_the_role_that_is_missing():
    assert gaps(site('[flows]\ndisable = ["ipmi", "redfish", "bmc-web", "ssh"]')) == (
        "flow ntp: the site gives role ntp no addresses",
        "flow apt: the site gives role mirror no addresses",
        "flow snap: the site gives role snap-store no addresses",
        "flow dhcp: no rack and no relay has an address on pxe-1: no DISCOVER reaches a rack",
        "flow dhcpv6: no rack and no relay has an address on pxe-6: no SOLICIT reaches a rack",
    )
    assert "flow dns: the site gives role rack or region no addresses" in gaps(Site())


def test_gaps_name_ends_that_cannot_meet():
    apart = parse(b'[role.node]\naddresses = ["10.0.0.0/24"]\n[role.rack]\naddresses = ["fd00::2"]', "s")
    assert "flow tftp: node and rack share no address family" in gaps(apart)


def own(found, role, family):
    return found.roles[role].addresses.of(family) if role in found.roles else ()


def within(inner, outer):
    return all(any(first <= a and b <= last for first, last in outer) for a, b in inner)


@given(site_texts())
def test_parties_are_plain_shared_and_within_their_roles(text):
    found = parse(text.encode(), "s")
    by_name = {}
    for one in passages(found):
        assert {one.source.family, one.destination.family} == {one.family}
        for role, party in ((one.source_role, one.source), (one.destination_role, one.destination)):
            assert by_name.setdefault(party.name, party) is party
            assert party.ranges
            assert all(a[1] + 1 < b[0] for a, b in pairwise(party.ranges))
            if party.name.startswith(role.value) and role is not Role.ANYONE:
                assert within(party.ranges, own(found, role, one.family))
        assert one.source_role in one.exchange.source
        assert one.destination_role in one.exchange.destination


@given(
    site_texts(),
    st.sampled_from(
        [ROUTER, Place(gateway_of=Role.BMC), Place(roles=(Role.RACK, Role.REGION)), Place(roles=(Role.NODE,))]
    ),
)
def test_crossings_are_passages_where_they_belong(text, place):
    found = parse(text.encode(), "s")
    order = [flow.id for flow in flows_of(found)]
    seen = crossings(found, place)
    assert [order.index(one.passage.flow.id) for one in seen] == sorted(
        order.index(one.passage.flow.id) for one in seen
    )
    keys = [
        (
            one.hook,
            one.passage.flow.id,
            one.passage.exchange.name,
            one.passage.source.name,
            one.passage.destination.name,
        )
        for one in seen
    ]
    assert len(set(keys)) == len(keys)
    for one in seen:
        if place.is_router:
            assert one.hook is Hook.FORWARD
            assert one.passage.exchange.reach is Reach.ROUTED
        else:
            role = one.passage.destination_role if one.hook is Hook.INPUT else one.passage.source_role
            assert role in (*place.roles, Role.ANYONE)
            assert not (one.in_interfaces and one.out_interfaces)


@given(site_texts())
def test_a_router_without_a_gateways_role_forgets_nothing_that_is_routed(text):
    found = parse(text.encode(), "s")
    routed = {
        (one.flow.id, one.exchange.name, one.source.name, one.destination.name)
        for one in passages(found)
        if one.exchange.reach is Reach.ROUTED
    }
    met = {
        (one.passage.flow.id, one.passage.exchange.name, one.passage.source.name, one.passage.destination.name)
        for one in crossings(found, ROUTER)
    }
    assert met == routed


def test_everything_essential_is_there_on_an_empty_site():
    assert {one.flow.group for one in passages(Site())} == {Group.ESSENTIAL}


def test_what_a_router_itself_hears_on_its_links():
    there = site('[role.relay]\naddresses = ["10.1.0.1", "fd00:1::1"]\n[role.libvirt-host]\naddresses = ["10.0.0.8"]')
    found = heard(there, ROUTER)
    names = {(one.passage.flow.id, one.passage.exchange.name) for one in found}
    assert names == {
        ("dhcp", "discover"), ("dhcpv6", "solicit"), ("icmpv6", "neighbour-discovery"), ("icmpv6", "secure-discovery"),
        ("igmp", "membership"), ("mld", "membership"), ("mld", "router-discovery"),
    }  # fmt: skip
    assert {one.hook for one in found} == {Hook.INPUT}
    assert {one.passage.exchange.reach for one in found} == {Reach.LINK}
    assert not {id(one.passage) for one in found} & {id(one.passage) for one in crossings(there, ROUTER)}
    assert len(set(crossed(found))) == len(found)


def test_a_gateway_hears_what_its_role_needs_and_a_host_is_no_router():
    there = site('[role.relay]\naddresses = ["10.1.0.1"]')
    flows = {
        role: {one.passage.flow.id for one in heard(there, Place(gateway_of=role))} for role in (Role.NODE, Role.BMC)
    }
    assert flows[Role.NODE] - flows[Role.BMC] == {"dhcp"}
    assert flows[Role.BMC] == {"icmpv6", "igmp", "mld"}
    assert heard(there, Place(roles=(Role.RACK,))) == ()
