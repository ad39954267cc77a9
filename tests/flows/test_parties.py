"""The ends of passages: each role once, and what stands beside or in place of its own addresses."""

from bellrock.flows import Role, Site, Stance, flow
from bellrock.flows.parties import Parties
from tests.flows.sites import site

NEEDED, FORBIDDEN = Stance.NEEDED, Stance.FORBIDDEN
MORE = '[role.libvirt-host]\naddresses = ["10.0.0.2", "10.0.0.8-10.0.0.9"]\n[role.relay]\naddresses = ["10.0.0.9"]'
PARTIES = Parties(site(MORE))


def exchange(flow_id, name):
    (found,) = (one for one in flow(flow_id).exchanges if one.name == name)
    return found


def names(parties):
    return [one.name for one in parties]


def test_a_roles_party_is_made_once_and_named_by_family():
    assert PARTIES.own(Role.RACK, 4) is PARTIES.own(Role.RACK, 4)
    assert (PARTIES.own(Role.RACK, 4).name, PARTIES.own(Role.RACK, 6).name) == ("rack", "rack-v6")
    assert PARTIES.own(Role.RACK, 4).ranges == ((0x0A000002, 0x0A000002),)


def test_who_does_not_play_has_no_party():
    assert PARTIES.own(Role.BMC, 4) is None
    assert PARTIES.own(Role.RELAY, 6) is None
    assert not PARTIES.plays(Role.BMC)
    assert PARTIES.plays(Role.RELAY)
    assert Parties(Site()).plays(Role.ANYONE)


def test_addresses_that_no_role_has_are_named_by_themselves():
    assert PARTIES.listed(("0.0.0.0", "::", "fe80::/10"), 4).name == "0.0.0.0"
    assert PARTIES.listed(("0.0.0.0", "::", "fe80::/10"), 6).name == "::,fe80::/10"
    assert PARTIES.listed(("0.0.0.0",), 6) is None


def test_discovering_comes_from_no_address_and_from_the_nodes_own():
    found = exchange("dhcp", "discover")
    assert names(PARTIES.sources(found, Role.NODE, 4, NEEDED)) == ["node", "0.0.0.0"]
    assert names(PARTIES.destinations(found, Role.RACK, 4, NEEDED)) == ["255.255.255.255"]


def test_an_offer_is_a_broadcast_or_to_the_clients_address():
    assert names(PARTIES.destinations(exchange("dhcp", "offer"), Role.NODE, 4, NEEDED)) == ["node", "255.255.255.255"]


def test_on_a_link_ipv6_uses_link_local_addresses():
    solicit, answer = exchange("dhcpv6", "solicit"), exchange("dhcpv6", "answer")
    assert names(PARTIES.sources(solicit, Role.NODE, 6, NEEDED)) == ["fe80::/10"]
    assert names(PARTIES.destinations(answer, Role.NODE, 6, NEEDED)) == ["fe80::/10"]
    reply = exchange("beacon", "reply")
    assert names(PARTIES.destinations(reply, Role.RACK, 6, NEEDED)) == ["fe80::/10"]
    assert names(PARTIES.destinations(reply, Role.RACK, 4, NEEDED)) == ["rack"]


def test_everybody_is_everywhere_unless_the_exchange_says_where():
    assert names(PARTIES.sources(exchange("icmp", "echo"), Role.ANYONE, 4, NEEDED)) == ["anyone"]
    assert names(PARTIES.sources(exchange("mld", "membership"), Role.ANYONE, 6, NEEDED)) == ["fe80::/10,::"]
    assert names(PARTIES.destinations(exchange("igmp", "membership"), Role.ANYONE, 6, NEEDED)) == []


def test_a_forbidden_host_that_is_a_rack_or_relay_may_answer():
    offer = exchange("libvirt-dnsmasq", "offer")
    (found,) = PARTIES.sources(offer, Role.LIBVIRT_HOST, 4, FORBIDDEN)
    assert (found.name, found.ranges) == ("libvirt-host-only", ((0x0A000008, 0x0A000008),))
    assert PARTIES.sources(offer, Role.LIBVIRT_HOST, 4, FORBIDDEN)[0] is found
    assert names(PARTIES.sources(offer, Role.LIBVIRT_HOST, 4, NEEDED)) == ["libvirt-host"]
    assert PARTIES.sources(offer, Role.LIBVIRT_HOST, 6, FORBIDDEN) == []


def test_a_forbidden_host_alone_is_forbidden_whole():
    alone = Parties(site('[role.libvirt-host]\naddresses = ["10.0.0.8"]'))
    assert names(alone.sources(exchange("libvirt-dnsmasq", "offer"), Role.LIBVIRT_HOST, 4, FORBIDDEN)) == [
        "libvirt-host"
    ]
    rack = Parties(site('[role.libvirt-host]\naddresses = ["10.0.0.2"]'))
    assert rack.sources(exchange("libvirt-dnsmasq", "offer"), Role.LIBVIRT_HOST, 4, FORBIDDEN) == []


def test_beacons_need_no_address_of_the_family_and_dhcp_does():
    four = Parties(site('[role.bmc]\naddresses = ["10.9.0.1"]'))
    assert four.applies(exchange("beacon", "group"), Role.BMC, 6)
    assert not four.applies(exchange("dhcpv6", "solicit"), Role.BMC, 6)
    assert not four.applies(exchange("beacon", "group"), Role.RELAY, 4)
    assert four.applies(exchange("dhcp", "discover"), Role.NODE, 4)


def test_who_has_no_address_in_a_family_is_no_end_there():
    assert PARTIES.not_answering(Role.BMC, 4) is None
    assert PARTIES.destinations(exchange("ipmi", "command"), Role.BMC, 4, NEEDED) == []
    assert PARTIES.sources(exchange("ipmi", "command"), Role.BMC, 4, NEEDED) == []
