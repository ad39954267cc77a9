"""The catalogue against the document that it implements: every row of its five tables, as it stands there."""

import re
from pathlib import Path

import pytest

from bellrock.flows import CATALOGUE, Group, Protocol, Reach, Role, Stance, row
from bellrock.wire.frame import BEACON_PORT, GROUP4, GROUP6

TEXT = (Path(__file__).parents[2] / "data" / "ports-and-protocols.txt").read_text()
IDS = [
    "dhcp",
    "tftp",
    "http-boot",
    "https-boot",
    "api",
    "dns",
    "ntp",
    "proxy",
    "stream",
    "apt",
    "snap",
    "ssh",
    "syslog",
    "ipmi",
    "redfish",
    "bmc-web",
    "lxd",
    "libvirt",
    "libvirt-dnsmasq",
    "ldap",
    "proxy-auth",
    "registry",
]
HEADINGS = {
    "Core Provisioning and Control": Group.CORE,
    "Day-2 OS Operations": Group.DAY_2,
    "Power Drivers and BMC Access (Common)": Group.BMC,
    "Virtualization and Pods (When Used with MAAS)": Group.VIRTUALIZATION,
    "Optional Enterprise Infrastructure": Group.ENTERPRISE,
}
ROW = re.compile(
    r"^(?P<title>.+?) (?P<source>[a-z/]+) → (?P<destination>snap store|lxd host|[a-z/]+) "
    r"(?P<protocol>UDP/TCP|HTTP/HTTPS|HTTPS|UDP|TCP) (?P<ports>[\d,]+) (?P<rest>.+)$"
)
ENDS = {
    "ntp": "ntp", "log": "log", "maas/rack": "region/rack", "lxd host": "lxd-host", "libvirtd": "libvirt-host", "host": "libvirt-host",
    "vlan": "node", "snap store": "snap-store",
}  # fmt: skip
"""The document's words for ends where they are not role ids."""
PARTIES = {"internet": "snap-store", "lxd": "lxd-host", "libvirt": "libvirt-host", "ldap": "directory", **ENDS}
PROTOCOLS = {"UDP": ["udp"], "TCP": ["tcp"], "HTTPS": ["tcp"], "HTTP/HTTPS": ["tcp"], "UDP/TCP": ["udp", "tcp"]}


def rows():
    group = None
    for line in TEXT.splitlines():
        if line in HEADINGS:
            group = HEADINGS[line]
        elif line == "Capture and Filter Crib":
            return
        elif group and (match := ROW.match(line)):
            yield group, match


ROWS = list(rows())


def test_the_document_has_twenty_two_rows_and_the_catalogue_has_them_in_order():
    assert len(ROWS) == 22
    assert [flow.id for flow in CATALOGUE[:22]] == IDS
    assert len({flow.id for flow in CATALOGUE}) == len(CATALOGUE)


@pytest.mark.parametrize(("position", "found"), list(enumerate(ROWS)), ids=IDS)
def test_a_row_is_in_the_catalogue_as_it_stands(position, found):
    group, match = found
    flow = row(CATALOGUE[position])
    assert flow["title"] == match["title"]
    assert flow["group"] == group
    assert flow["source"] == ENDS.get(match["source"], match["source"])
    assert flow["destination"] == ENDS.get(match["destination"], match["destination"])
    ports = [int(port) for port in match["ports"].split(",")]
    assert flow["protocols"] == [{"protocol": one, "ports": ports} for one in PROTOCOLS[match["protocol"]]]
    assert match["rest"].endswith(" " + flow["note"])
    who = match["rest"].removesuffix(" " + flow["note"])
    named = {
        PARTIES.get(word, word) for part in who.split(", ") for word in [part, *part.split("/")] if "/" not in word
    }
    roles = {role.value for role in (*CATALOGUE[position].source, *CATALOGUE[position].destination)}
    # The document names of `maas/rack` only the rack.
    assert named == roles - ({"region"} if match["source"] == "maas/rack" else set())
    assert flow["profile"] == "standard"


@pytest.mark.parametrize("flow", CATALOGUE, ids=lambda flow: flow.id)
def test_a_flow_is_whole(flow):
    assert flow.exchanges
    assert flow.note
    names = [one.name for one in flow.exchanges]
    assert len(set(names)) == len(names)
    for one in flow.exchanges:
        assert one.why
        assert one.source
        assert one.destination
        assert one.families
        assert set(one.families) <= {4, 6}
    ours = {(one.protocol, port) for one in flow.protocols for port in one.ports}
    used = {
        (one.protocol, first)
        for one in flow.exchanges
        for first, last in (*one.source_ports, *one.destination_ports)
        if first == last
    }
    assert used == ours
    assert {one.protocol for one in flow.exchanges} == {one.protocol for one in flow.protocols}
    # What the row says of direction, an exchange says of packets.
    assert any(
        set(flow.source) >= set(one.source) and set(one.destination) & set(flow.destination) for one in flow.exchanges
    )


def exchange(flow_id, name):
    (flow,) = (one for one in CATALOGUE if one.id == flow_id)
    (found,) = (one for one in flow.exchanges if one.name == name)
    return found


DHCP = [
    # exchange, source, destination, source port, destination port, reach, answered
    ("discover", Role.NODE, Role.RACK, 68, 67, Reach.LINK, False),
    ("offer", Role.RACK, Role.NODE, 67, 68, Reach.LINK, False),
    ("renew", Role.NODE, Role.RACK, 68, 67, Reach.ROUTED, True),
    ("relayed", Role.RELAY, Role.RACK, 67, 67, Reach.ROUTED, False),
    ("relay-reply", Role.RACK, Role.RELAY, 67, 67, Reach.ROUTED, False),
    ("relay-to-client", Role.RELAY, Role.NODE, 67, 68, Reach.LINK, False),
]


@pytest.mark.parametrize("case", DHCP, ids=lambda case: case[0])
def test_dhcp_goes_packet_by_packet(case):
    name, source, destination, sport, dport, reach, answered = case
    found = exchange("dhcp", name)
    assert source in found.source
    assert destination in found.destination
    assert (found.source_ports, found.destination_ports) == (((sport, sport),), ((dport, dport),))
    assert (found.reach, found.answered, found.families) == (reach, answered, (4,))
    assert bool(found.destination_addresses) == (reach is Reach.LINK)


@pytest.mark.parametrize("case", DHCP, ids=lambda case: case[0])
def test_dhcpv6_is_the_same_on_its_own_ports(case):
    name, source, destination, sport, dport, reach, answered = case
    found = exchange("dhcpv6", {"discover": "solicit", "offer": "answer"}.get(name, name))
    ports = {67: 547, 68: 546}
    assert source in found.source
    assert destination in found.destination
    assert (found.source_ports, found.destination_ports) == (((ports[sport],) * 2,), ((ports[dport],) * 2,))
    assert (found.reach, found.answered, found.families) == (reach, answered, (6,))


def test_tftp_has_its_helper_and_its_ephemeral_data():
    assert exchange("tftp", "request").helper == "tftp"
    data = exchange("tftp", "data")
    assert data.expected
    assert (data.source, data.destination) == ((Role.RACK,), (Role.NODE,))
    assert data.source_ports == data.destination_ports == ((1024, 65535),)


def test_dns_is_on_both_protocols_and_at_the_sites_own_resolvers():
    for name in ("query", "query-tcp"):
        assert exchange("dns", name).destination == (Role.RACK, Role.REGION, Role.DNS)


def test_beacons_are_where_the_wire_room_sends_them():
    group = exchange("beacon", "group")
    assert group.destination_addresses == (GROUP4, GROUP6)
    assert group.source_ports == group.destination_ports == ((BEACON_PORT, BEACON_PORT),)
    assert group.reach is Reach.LINK


def test_only_the_dnsmasq_of_libvirt_is_forbidden():
    assert [flow.id for flow in CATALOGUE if flow.stance is Stance.FORBIDDEN] == ["libvirt-dnsmasq"]


# RFC 4890 §4.3.1 (transit) and §4.4.1 (local): must not be dropped.
TRANSIT = {(1, None), (2, None), (3, None), (4, None), (128, 0)}
LOCAL = {133, 134, 135, 136, 141, 142, 148, 149, 130, 131, 132, 143, 151, 152, 153}


def test_what_rfc_4890_says_must_not_be_dropped_is_there():
    icmpv6 = [one for flow in CATALOGUE for one in flow.exchanges if one.protocol is Protocol.ICMPV6]
    assert {kind for one in icmpv6 if one.reach is Reach.ROUTED for kind in one.types} == TRANSIT
    assert {kind for one in icmpv6 if one.reach is Reach.LINK for kind, _ in one.types} == LOCAL


def test_path_mtu_discovery_passes():
    assert (3, None) in exchange("icmp", "errors").types
    assert (2, None) in exchange("icmpv6", "errors").types


CONDITIONS = {
    "dhcp": ["one-server-per-vlan", "relay-targets"], "tftp": ["needs-helper"], "http-boot": ["preferred-to"],
    "https-boot": ["certificate"], "ntp": ["clock-skew"], "stream": ["both-ways"], "apt": ["often-via"], "snap": ["often-via"],
    "ssh": ["not-exposed"], "redfish": ["certificate"], "bmc-web": ["only-from"], "libvirt-dnsmasq": ["off-on-production"],
    "dhcpv6": ["relay-targets"],
}  # fmt: skip


def test_what_notes_say_that_can_be_checked_is_a_condition():
    found = {flow.id: [one.kind.value for one in flow.conditions] for flow in CATALOGUE if flow.conditions}
    assert found == CONDITIONS
    assert all(one.sentence.endswith(".") for flow in CATALOGUE for one in flow.conditions)
