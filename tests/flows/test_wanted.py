"""What is to be tried from a place of a site."""

from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.flows import BOOT, Protocol, Role, SiteError, Standpoint, flows_of, parse, untried, wanted
from bellrock.flows.wanted import MAX_WANTED
from tests.flows.sites import site, site_texts

EXAMPLE = parse((Path(__file__).parents[2] / "examples" / "site.toml").read_bytes(), "site.toml")


def said(here, *roles: Role, addresses=(), interfaces=()):
    """`flow role address:port/protocol`, what must be blocked with an exclamation mark."""
    found = wanted(here, Standpoint(roles=roles, addresses=addresses, interfaces=interfaces))
    return [
        f"{'!' if one.expectation == 'blocked' else ''}{one.flow} {one.target} {one.interface or one.address or one.name} {one.port}/{one.protocol}"
        for one in found
    ]


def test_a_node_in_the_order_of_its_boot():
    assert said(site(), Role.NODE, addresses=("10.1.0.9",), interfaces=("eth0",)) == [
        "dhcp rack eth0 67/udp",
        "dhcpv6 rack eth0 547/udp",
        "tftp rack 10.0.0.2 69/udp",
        "http-boot rack 10.0.0.2 80/tcp",
        "dns rack 10.0.0.2 53/udp",
        "dns region 10.0.0.3 53/udp",
        "dns rack 10.0.0.2 53/tcp",
        "dns region 10.0.0.3 53/tcp",
        "api region 10.0.0.3 5240/tcp",
        "proxy rack 10.0.0.2 3128/tcp",
        "!ssh rack 10.0.0.2 22/tcp",
        "!ssh region 10.0.0.3 22/tcp",
    ]


def test_a_rack_asks_its_region_and_must_not_log_in_there():
    assert said(site(), Role.RACK, addresses=("fd00::2",), interfaces=("eth0", "eth1")) == [
        "stream region fd00::3 5240/tcp",
        "!ssh region fd00::3 22/tcp",
    ]


@pytest.mark.parametrize(
    "said_so", ['[role.libvirt-host]\naddresses = ["10.0.0.20"]', "[probe.libvirt-dnsmasq]"], ids=["role", "table"]
)
def test_where_libvirt_may_be_its_dnsmasq_is_looked_for_on_each_link(said_so):
    found = said(site(said_so), Role.RACK, addresses=("fd00::2",), interfaces=("eth0", "eth1"))
    assert [line for line in found if "dnsmasq" in line] == [
        "!libvirt-dnsmasq libvirt-host eth0 67/udp",
        "!libvirt-dnsmasq libvirt-host eth1 67/udp",
    ]


BMCS = """
[role.bmc]
addresses = ["10.9.0.11"]
[role.admin]
addresses = ["10.8.0.0/24"]
[role.libvirt-host]
addresses = ["10.0.0.20"]
"""


@pytest.mark.parametrize(
    ("role", "lines"),
    [
        (
            Role.RACK,
            ["ipmi bmc 10.9.0.11 623/udp", "redfish bmc 10.9.0.11 443/tcp", "libvirt libvirt-host 10.0.0.20 16509/tcp", "!bmc-web bmc 10.9.0.11 80/tcp"],
        ),
        (
            Role.ADMIN,
            ["bmc-web bmc 10.9.0.11 80/tcp", "bmc-web bmc 10.9.0.11 443/tcp", "!ipmi bmc 10.9.0.11 623/udp", "!libvirt libvirt-host 10.0.0.20 16509/tcp"],
        ),
        (
            Role.NODE,
            [
                "!ipmi bmc 10.9.0.11 623/udp", "!redfish bmc 10.9.0.11 443/tcp", "!bmc-web bmc 10.9.0.11 80/tcp", "!bmc-web bmc 10.9.0.11 443/tcp",
                "!libvirt libvirt-host 10.0.0.20 16509/tcp",
            ],
        ),
    ],
    ids=lambda value: value if isinstance(value, Role) else "",
)  # fmt: skip
def test_power_over_machines_is_kept_from_everybody_else_but_no_port_that_one_may_use(role: Role, lines: list[str]):
    found = said(site(BMCS), role, addresses=("10.8.0.1",))
    assert [line for line in found if " bmc " in line or " libvirt-host " in line] == lines


def test_what_must_be_blocked_says_why():
    (ssh, *_) = [one for one in wanted(site(BMCS), Standpoint(roles=(Role.NODE,))) if one.flow == "ssh"]
    assert ssh.why == "Port 22 of machines is reached from the subnets of administrators and from nowhere else."
    (ipmi,) = [one for one in wanted(site(BMCS), Standpoint(roles=(Role.NODE,))) if one.flow == "ipmi"]
    assert ipmi.why == "IPMI over LAN (RMCP+) is for rack alone."


def test_a_machine_does_not_expose_itself_to_itself():
    both = said(site(), Role.RACK, Role.REGION, addresses=("10.0.0.2", "10.0.0.3"))
    assert both == ["stream region 10.0.0.3 5240/tcp"]


def test_several_ports_are_alternatives_unless_one_is_told():
    more = site(
        '[role.mirror]\naddresses = ["10.0.0.7"]',
        '[[probe.apt.target]]\naddress = "10.0.0.8"\nname = "deb.example"\nport = 8080',
    )
    found = [one for one in wanted(more, Standpoint(roles=(Role.NODE,))) if one.flow == "apt"]
    assert [(one.address, one.name, one.port, one.alternative) for one in found] == [
        ("10.0.0.8", "deb.example", 8080, False),
        ("10.0.0.7", "", 80, True),
        ("10.0.0.7", "", 443, True),
    ]


def test_optional_flows_are_meant_where_the_site_says_something_of_them():
    node = Standpoint(roles=(Role.NODE,))
    assert "https-boot" not in {one.flow for one in wanted(site(), node)}
    assert "https-boot" in {one.flow for one in wanted(site("[probe.https-boot]"), node)}
    assert "https-boot" in {one.flow for one in wanted(site("[ports]\nhttps-boot = [8443]"), node)}
    assert "syslog" not in {one.flow for one in wanted(site(), node)}
    assert "syslog" in {one.flow for one in wanted(site('[role.log]\naddresses = ["10.0.0.9"]'), node)}
    assert "ldap" not in {
        one.flow
        for one in wanted(site('[flows]\ndisable = ["ldap"]\n[role.directory]\naddresses = ["10.0.0.9"]'), node)
    }


def test_dhcpv6_is_meant_where_nodes_have_ipv6():
    four = parse(
        b'[[subnet]]\nname = "a"\ncidr = "10.1.0.0/24"\n[role.node]\nsubnets = ["a"]\n[role.rack]\naddresses = ["10.0.0.2"]',
        "s.toml",
    )
    assert said(four, Role.NODE, interfaces=("eth0",))[:2] == ["dhcp rack eth0 67/udp", "tftp rack 10.0.0.2 69/udp"]


def test_nothing_forbidden_is_looked_for_where_the_site_says_not_to():
    off = said(
        site('[flows]\ndisable = ["libvirt-dnsmasq", "ssh"]\n[role.libvirt-host]\naddresses = ["10.0.0.2"]'),
        Role.NODE,
        interfaces=("eth0",),
    )
    assert [line for line in off if line.startswith("!")] == ["!libvirt libvirt-host 10.0.0.2 16509/tcp"]


def test_a_relay_asks_the_racks():
    found = said(
        site('[role.relay]\naddresses = ["10.1.0.1"]'), Role.RELAY, addresses=("10.1.0.1",), interfaces=("eth0",)
    )
    assert found == [
        "dhcp rack 10.0.0.2 67/udp",
        "!ssh rack 10.0.0.2 22/tcp",
        "!ssh region 10.0.0.3 22/tcp",
    ]


def dhcp_options(here, *roles, **standpoint):
    stood = Standpoint(roles=roles or (Role.NODE,), interfaces=("eth0",), **standpoint)
    return [one.options for one in wanted(here, stood) if one.flow == "dhcp"]


@pytest.mark.parametrize(
    ("more", "options"),
    [
        ("", {"servers": "10.0.0.2", "rack": "10.0.0.2"}),
        ('[probe.dhcp]\nservers = "10.7.0.1"\nvid = 10', {"servers": "10.7.0.1", "rack": "10.0.0.2", "vid": "10"}),
        ('[probe.dhcp]\nrack = "10.0.0.9"', {"servers": "10.0.0.2", "rack": "10.0.0.9"}),
        ('[[probe.tftp.target]]\naddress = "10.0.0.7"', {"servers": "10.0.0.2", "rack": "10.0.0.2,10.0.0.7"}),
        ('[[probe.http-boot.target]]\nname = "boot.example"', {"servers": "10.0.0.2"}),
    ],
    ids=["racks", "external", "said", "listed", "by-name"],
)
def test_dhcp_is_told_who_is_to_answer_and_where_machines_are_to_boot_from(more, options):
    """External DHCP is who `servers` says; where options 66 and 67 point to is the racks' business all the same."""
    assert dhcp_options(site(more)) == [options]


def test_where_racks_are_is_not_guessed_from_a_subnet():
    assert dhcp_options(parse(b'[role.rack]\naddresses = ["fd00::1"]', "s.toml")) == [{}]
    partly = b'[role.rack]\naddresses = ["10.0.0.2", "10.6.0.0/24"]'
    assert dhcp_options(parse(partly, "s.toml")) == [{"servers": "10.0.0.2"}]


RELAY = '[role.relay]\naddresses = ["10.0.0.254", "10.1.0.1", "10.1.0.2"]'


def test_a_relay_asks_from_the_clients_side_so_that_answers_return_there():
    (options,) = dhcp_options(site(RELAY), Role.RELAY, addresses=("fd00::254", "10.0.0.254", "10.1.0.1"))
    assert options["giaddr"] == "10.1.0.1"
    (options,) = dhcp_options(site(RELAY), Role.RELAY, addresses=("10.0.0.254",))
    assert "giaddr" not in options, "it has no address there: the probe takes the one that leads to the rack"
    (options,) = dhcp_options(site(RELAY), Role.NODE, addresses=("10.1.0.1",))
    assert "giaddr" not in options, "who asks on the link is no relay"
    everywhere = parse(
        b'[role.rack]\naddresses = ["10.0.0.2"]\n[role.node]\naddresses = ["0.0.0.0/0"]\n' + RELAY.encode(), "s.toml"
    )
    (options,) = dhcp_options(everywhere, Role.RELAY, addresses=("10.1.0.1",))
    assert "giaddr" not in options, "nodes are everywhere: no side is theirs"


def test_the_further_vlans_of_a_relay_are_told_as_untried():
    here = Standpoint(roles=(Role.RELAY,), addresses=("10.1.0.1", "10.1.0.2"))
    (one,) = [one for one in untried(site(RELAY), here) if one.flow == "dhcp"]
    assert one.why == "as a relay it asks from 10.1.0.1 alone; giaddr under [probe.dhcp] names another: 10.1.0.2"
    assert not [one for one in untried(site(RELAY, '[probe.dhcp]\ngiaddr = "10.1.0.2"'), here) if one.flow == "dhcp"]


@pytest.mark.parametrize("role", [Role.NODE, Role.RACK, Role.REGION, Role.ADMIN, Role.RELAY])
def test_each_flow_is_tried_from_the_end_that_begins_it(role):
    """Nodes initiate: nobody is asked to begin towards them what they begin, and answers are no checks of their own."""
    flows = {one.id: one for one in flows_of(EXAMPLE)}
    found = wanted(EXAMPLE, Standpoint(roles=(role,), interfaces=("eth0",)))
    for one in found:
        if one.expectation == "pass":
            exchange = next(each for each in flows[one.flow].exchanges if each.name == one.exchange)
            assert role in exchange.source
            assert one.target in exchange.destination
            assert not exchange.expected
    if role is not Role.ADMIN:
        assert not [one for one in found if one.expectation == "pass" and one.target is Role.NODE]


def test_options_of_a_flow_go_with_each_of_its_checks():
    found = wanted(site('[probe.dns]\nnames = "maas.example"'), Standpoint(roles=(Role.NODE,)))
    assert {one.options["names"] for one in found if one.flow == "dns"} == {"maas.example"}
    assert all("names" not in one.options for one in found if one.flow != "dns")


@pytest.mark.parametrize(
    ("addresses", "families"),
    [((), {4, 6}), (("10.1.0.9", "fe80::1%eth0"), {4}), (("fd00:1::9", "127.0.0.1"), {6}), (("10.1.0.9", "fd00:1::9"), {4, 6}), (("127.0.0.1", "::1"), {4, 6})],
    ids=["unknown", "four", "six", "both", "loopback"],
)  # fmt: skip
def test_only_families_that_the_machine_has(addresses: tuple[str, ...], families: set[int]):
    found = wanted(site(), Standpoint(roles=(Role.NODE,), addresses=addresses))
    assert {ip_address(one.address).version for one in found} == families


def test_a_name_is_tried_whatever_the_family():
    (snap,) = [
        one
        for one in wanted(
            site('[[probe.snap.target]]\nname = "api.snapcraft.io"'),
            Standpoint(roles=(Role.NODE,), addresses=("10.1.0.1",)),
        )
        if one.flow == "snap"
    ]
    assert (snap.address, snap.name, snap.port, snap.protocol) == ("", "api.snapcraft.io", 443, Protocol.TCP)


def test_what_nobody_knows_the_place_of_is_told():
    told = untried(
        site('[role.snap-store]\naddresses = ["internet"]\n[role.bmc]\naddresses = ["10.9.0.0/24"]'),
        Standpoint(roles=(Role.NODE, Role.RACK)),
    )
    assert [(one.flow, one.target) for one in told] == [
        ("snap", Role.SNAP_STORE),
        ("ipmi", Role.BMC),
        ("redfish", Role.BMC),
    ]
    assert (
        told[0].why
        == "role snap-store has no address of its own, only subnets or everybody; list what is there as [[probe.snap.target]]"
    )
    assert untried(site(), Standpoint(roles=(Role.NODE,))) == ()


def test_it_is_bounded():
    many = site(
        "[role.bmc]\naddresses = ["
        + ", ".join(f'"10.{64 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"' for number in range(15_000))
        + "]"
    )
    assert len(wanted(many, Standpoint(roles=(Role.RACK,)))) == MAX_WANTED


def test_from_nowhere_nothing_is_wanted():
    assert wanted(site(), Standpoint(roles=(), interfaces=("eth0",))) == ()


@given(site_texts(), st.sets(st.sampled_from([Role.NODE, Role.RACK, Role.REGION, Role.ADMIN, Role.RELAY])))
def test_of_any_site_each_check_is_one_that_somebody_can_do_and_is_wanted_once(text, roles):
    try:
        here = parse(text.encode(), "s.toml")
    except SiteError:
        return
    found = wanted(here, Standpoint(roles=tuple(roles), interfaces=("eth0",)))
    known = {flow.id for flow in flows_of(here)}
    keys = [(one.flow, one.address, one.name, one.interface, one.port, one.protocol) for one in found]
    assert len(set(keys)) == len(keys)
    for one in found:
        assert one.flow in known
        assert one.source in roles
        assert bool(one.address or one.name) != bool(one.interface)
        assert one.why
        assert 0 < one.port <= 65535
    passing = [BOOT.index(one.flow) for one in found if one.expectation == "pass"]
    assert passing == sorted(passing)
    taken = {(one.address, one.port, one.protocol) for one in found if one.expectation == "pass" and one.address}
    assert not [one for one in found if one.expectation == "blocked" and (one.address, one.port, one.protocol) in taken]


def test_the_example_site_has_work_for_everybody():
    for role in (Role.NODE, Role.RACK, Role.ADMIN):
        assert wanted(EXAMPLE, Standpoint(roles=(role,), interfaces=("eth0",)))


@pytest.mark.parametrize(
    ("said_so", "servers"), [("", "10.0.0.2"), ('[probe.dhcp]\nservers = "10.1.0.4"', "10.1.0.4")], ids=["racks", "others"]
)  # fmt: skip
def test_who_is_to_serve_dhcp_is_not_taken_for_libvirts(said_so, servers):
    here = Standpoint(roles=(Role.NODE,), interfaces=("eth0",))
    found = wanted(site(f'[role.libvirt-host]\naddresses = ["10.0.0.20"]\n{said_so}'), here)
    assert {one.options["servers"] for one in found if one.flow == "libvirt-dnsmasq"} == {servers}


def test_the_names_that_nodes_need_are_what_a_resolver_must_find():
    told = '[[probe.ntp.target]]\nname = "time.example"\n[[probe.api.target]]\nname = "maas.example"\n[[probe.redfish.target]]\nname = "bmc.example"\n'
    here = Standpoint(roles=(Role.NODE,))

    def names(text):
        return {one.options.get("names") for one in wanted(site(text), here) if one.flow == "dns"}

    assert [set(one.split(",")) for one in names(told)] == [{"time.example", "maas.example"}]
    assert names(told + '[probe.dns]\nnames = "other.example"') == {"other.example"}
    assert names("") == {None}
