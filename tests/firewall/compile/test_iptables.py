"""iptables-restore documents: what they are made of, and packet by packet the same verdicts as nftables gives."""

import random
import re
import subprocess
from functools import cache
from ipaddress import ip_network
from itertools import product
from pathlib import Path

import msgspec
import pytest

from bellrock.firewall.compile.iptables import BRANCH, MULTIPORT, ip6tables, iptables
from bellrock.firewall.compile.nftables import nftables
from bellrock.firewall.compile.policy import CompileError, Guard, Options, policy
from bellrock.flows.passages import Party, Place
from bellrock.flows.site_file import parse
from bellrock.flows.values import Protocol, Role, Stance
from tests.lab.firewall_lab import Host, Router, Zone
from tests.lab.firewall_packets import ACK, ICMP, ICMPV6, TCP, UDP, Probe, reply

SITE = Path(__file__).parent.parent / "golden" / "vendors" / "site.toml"
ROUTER, RACK = Place(), Place(roles=(Role.RACK,))


@cache
def wanted(place=ROUTER, **options):
    return policy(parse(SITE.read_bytes(), "site.toml"), place, Options(**options))


def rules(text, chain):
    return [line.removeprefix(f"-A {chain} ") for line in text.splitlines() if line.startswith(f"-A {chain} ")]


def with_terms(change, base=None):
    """The policy with each term as `change` makes it; None leaves it out."""
    base = base or wanted()
    terms = tuple(term for term in map(change, base.terms) if term is not None)
    return msgspec.structs.replace(base, terms=terms)


def only(name, **fields):
    """A policy of one IPv4 term."""
    first = next(term for term in wanted().terms if term.id == name and term.family == 4)
    return msgspec.structs.replace(wanted(), terms=(msgspec.structs.replace(first, **fields),))


def party(*prefixes):
    nets = sorted(ip_network(prefix) for prefix in prefixes)
    return Party("many", 4, tuple((int(net[0]), int(net[-1])) for net in nets))


def test_a_router_knows_its_connections_then_its_flows_then_drops():
    text = iptables(wanted()).text
    chain = rules(text, "BELLROCK-FORWARD")
    assert chain[0] == "-m conntrack --ctstate ESTABLISHED -j ACCEPT"
    assert chain[1].startswith("-m conntrack --ctstate INVALID")
    assert chain[1].endswith("-j DROP")
    assert chain[-2].endswith('-j LOG --log-prefix "bellrock forward drop: "')
    assert "--limit 5/second" in chain[-2]
    assert chain[-1].endswith("-j DROP")
    assert "-I FORWARD 1 -j BELLROCK-FORWARD" in text


def test_every_needed_term_of_its_family_stands_in_a_comment():
    for emit, family in ((iptables, 4), (ip6tables, 6)):
        text = emit(wanted()).text
        ids = {term.id for term in wanted().needed if term.family == family}
        assert {*re.findall(r'--comment "([^" ]+)"', text)} == ids


def test_the_helper_is_assigned_before_connection_tracking_sees_the_packet():
    text = iptables(wanted()).text
    assert text.index("*raw") < text.index("*filter")
    assert '--dport 69 -m comment --comment "tftp/request" -j CT --helper tftp' in text
    assert not re.search(r" -o \S+ .*-j CT", text), "the way out is not known in the raw table"


def test_the_raw_table_is_left_alone_where_no_helper_is_needed():
    assert "*raw" not in iptables(wanted(helpers=False)).text


def test_a_host_that_asks_needs_the_helper_on_its_way_out():
    text = iptables(wanted(Place(roles=(Role.NODE,)))).text
    assert "-I OUTPUT 1 -j BELLROCK-OUTPUT" in text.partition("*filter")[0]


def test_a_host_listens_to_itself_and_filters_both_ways():
    text = iptables(wanted(RACK)).text
    assert rules(text, "BELLROCK-INPUT")[0] == "-i lo -j ACCEPT"
    assert rules(text, "BELLROCK-OUTPUT")[0] == "-o lo -j ACCEPT"


def test_a_host_that_does_not_filter_output_has_no_chain_for_it():
    assert "BELLROCK-OUTPUT" not in iptables(wanted(RACK, filter_output=False)).text.partition("*filter")[2]


def test_what_must_not_be_there_is_dropped_first_even_where_output_is_open():
    def forbid(term):
        return msgspec.structs.replace(term, stance=Stance.FORBIDDEN) if term.id == "dns/forward" else term

    text = iptables(with_terms(forbid, wanted(RACK, filter_output=False))).text
    dropping = [line for line in text.splitlines() if '"dns/forward"' in line]
    assert dropping
    assert all(line.endswith("-j DROP") for line in dropping)
    assert not any("ESTABLISHED" in rule for rule in rules(text, "BELLROCK-OUTPUT"))


def test_without_a_log_there_is_none():
    assert "LOG" not in iptables(wanted(log=False)).text


def test_guards_drop_what_comes_from_elsewhere():
    guard = Guard(interface="pxe0", family=4, ranges=((0x0A010000, 0x0A0101FF),))
    other = Guard(interface="six0", family=6, ranges=((1, 2),))
    text = iptables(msgspec.structs.replace(wanted(), guards=(guard, other))).text.partition("*filter")[2]
    jump = next(rule for rule in rules(text, "BELLROCK-FORWARD") if rule.startswith("-s 10.1.0.0/23 -j "))
    assert rules(text, jump.split()[-1]) == ['! -i pxe0 -m comment --comment "spoofed: lives on pxe0" -j DROP']
    assert "six0" not in text


def test_a_long_list_of_addresses_is_a_tree_in_which_each_stands_once():
    prefixes = [f"10.{n // 256}.{n % 256}.0/25" for n in range(5000)]
    text = iptables(only("http-boot/fetch", source=party(*prefixes))).text
    found = re.findall(r"-A (\S+) -s (\S+) -j (\S+)", text)
    leaves = {prefix: (chain, target) for chain, prefix, target in found}
    assert set(prefixes) <= set(leaves)
    assert len({leaves[prefix][1] for prefix in prefixes}) == 1, "all of them lead to the same destinations"
    sizes = [sum(chain == one for chain, _, _ in found) for one in {chain for chain, _, _ in found}]
    assert max(sizes) <= BRANCH
    assert text.count("-d 10.9.0.2/31") == 1, "sources and destinations do not multiply"
    parents = {target: (chain, prefix) for chain, prefix, target in found if prefix not in prefixes}
    for prefix in prefixes[::97]:
        chain = leaves[prefix][0]
        while chain != "BELLROCK-FORWARD":
            chain, wider = parents[chain]
            assert ip_network(prefix).subnet_of(ip_network(wider))


def test_ports_come_in_handfuls_that_one_match_holds():
    ports = tuple((n, n + n % 2) for n in range(1000, 1100, 5))
    text = iptables(only("http-boot/fetch", destination_ports=ports, source_ports=((68, 68), (1024, 65535)))).text
    lines = [line for line in text.splitlines() if "http-boot" in line]
    said = []
    for line in lines:
        part = re.search(r"--dports (\S+)", line)[1].split(",")
        assert sum(1 + (":" in one) for one in part) <= MULTIPORT
        assert "-m multiport --sports 68,1024:65535" in line
        said += part
    assert len(lines) == 2
    assert said == [str(a) if a == b else f"{a}:{b}" for a, b in ports]


def test_a_term_for_every_port_names_none():
    text = iptables(only("http-boot/fetch", destination_ports=())).text
    assert '-p tcp -m comment --comment "http-boot/fetch"' in text


def test_types_of_icmp_and_their_codes():
    text = iptables(only("icmp/errors", types=((3, 4), (11, None)), expected=False)).text
    assert "-p icmp -m icmp --icmp-type 3/4 " in text
    assert "-p icmp -m icmp --icmp-type 11 " in text
    assert "-p ipv6-icmp -m icmp6 --icmpv6-type 128/0 " in ip6tables(wanted()).text
    assert "-p icmp -m comment" in iptables(only("icmp/echo", types=())).text


def test_types_of_igmp_cannot_be_told_apart_and_it_says_so():
    artefact = iptables(only("icmp/echo", protocol=Protocol.IGMP, types=((22, None),)))
    assert "-p igmp -m comment" in artefact.text
    assert any("IGMP" in notice for notice in artefact.notices)


def test_a_pattern_of_interface_names_is_told_of():
    artefact = iptables(only("http-boot/fetch", in_interfaces=("eth+",)))
    assert any("ends in +" in notice for notice in artefact.notices)
    assert all(f"# Notice: {notice}" in artefact.text for notice in artefact.notices)


def test_the_other_family_is_pointed_at_only_where_there_is_one():
    assert any("ip6tables" in notice for notice in iptables(wanted()).notices)
    assert not any("ip6tables" in notice for notice in iptables(only("http-boot/fetch")).notices)


def test_a_name_too_long_for_chains_is_refused():
    with pytest.raises(CompileError, match="at most 16 characters"):
        iptables(wanted(table="a_name_of_many_letters"))


def test_names_of_chains_fit():
    text = iptables(wanted(RACK, table="sixteen_letters_")).text
    assert max(map(len, re.findall(r"^:(\S+) -", text, re.MULTILINE))) <= 28


ZONES = [
    Zone("pxe0", ("10.1.0.0/23", "2001:db8:1::/64")),
    Zone("man0", ("10.9.0.0/24", "2001:db8:9::/64")),
    Zone("bmc0", ("10.8.0.0/24",)),
    Zone("out0", ("10.7.0.0/24", "192.0.2.0/24", "2001:db8:ff::/64")),
]
ENDS = {
    4: [
        ("pxe0", "10.1.0.7"),
        ("pxe0", "10.1.1.255"),
        ("man0", "10.9.0.2"),
        ("man0", "10.9.0.3"),
        ("man0", "10.9.0.4"),
        ("man0", "10.9.0.10"),
        ("man0", "10.9.0.11"),
        ("man0", "10.9.0.12"),
        ("bmc0", "10.8.0.9"),
        ("out0", "10.7.0.5"),
        ("out0", "10.7.0.16"),
        ("out0", "192.0.2.1"),
    ],
    6: [
        ("pxe0", "2001:db8:1::7"),
        ("man0", "2001:db8:9::2"),
        ("man0", "2001:db8:9::3"),
        ("man0", "2001:db8:9::10"),
        ("man0", "2001:db8:9::12"),
        ("out0", "2001:db8:ff::1"),
    ],
}
PORTS = [21, 22, 53, 54, 66, 67, 68, 69, 80, 81, 123, 443, 444, 514, 546, 547, 623, 624, 3127, 3128, 5239, 5240, 5241]


def crossing_probes():
    """Each role to each other and to strangers, at each port of the catalogue and beside it; some spoofed."""
    found = []
    for family, protocol in product((4, 6), (TCP, UDP)):
        for (zone, source), (_, destination), port in product(ENDS[family], ENDS[family], PORTS):
            if source != destination:
                sport = port if port in (68, 546) else 40000
                found.append(Probe(zone, source, destination, protocol, sport, port))
    for (zone, source), (_, destination), kind in product(ENDS[4], ENDS[4], ((8, 0), (3, 4), (13, 0), (5, 1))):
        found.append(Probe(zone, source, destination, ICMP, *kind))
    for (zone, source), (_, destination), kind in product(ENDS[6], ENDS[6], ((128, 0), (2, 0), (1, 4))):
        found.append(Probe(zone, source, destination, ICMPV6, *kind))
    spoofed = [Probe("out0", probe.source, *probe[2:]) for probe in found if probe.zone == "pxe0"][::5]
    sent = [probe for probe in [*found, *spoofed] if probe.source != probe.destination]
    # The other half of DHCP's ports, which no lottery would hit.
    asked = [
        Probe("pxe0", "10.1.0.7", "10.9.0.2", UDP, 68, 67),
        Probe("pxe0", "2001:db8:1::7", "2001:db8:9::2", UDP, 546, 547),
    ]
    return [*asked, *random.Random(7).sample(sent, 1200)]


def restore(lab, program, text):
    done = subprocess.run(
        lab.machine.command(program, "--noflush"), input=text, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.lab
@pytest.mark.parametrize("flavour", ["nft", "legacy"])
def test_a_router_decides_as_nftables_does_packet_by_packet(flavour):
    probes = crossing_probes()
    with Router(ZONES) as lab:
        lab.load(nftables(wanted()).text)
        expected = lab.offer(probes)
    with Router(ZONES) as lab:
        four, six = iptables(wanted()).text, ip6tables(wanted()).text
        for _ in range(2):
            restore(lab, f"iptables-{flavour}-restore", four)
            restore(lab, f"ip6tables-{flavour}-restore", six)
        found = lab.offer(probes)
        assert lab.converse(TALK) == TALK_ENDS
    assert [(probe, a, b) for probe, a, b in zip(probes, expected, found, strict=True) if a != b] == []
    assert 40 < sum(one is not None for one in expected) < len(probes) / 2


READ = Probe("pxe0", "10.1.0.7", "10.9.0.2", UDP, 2070, 69, payload=b"\0\1boot\0octet\0")
WEB = Probe("pxe0", "2001:db8:1::7", "2001:db8:9::2", TCP, 40001, 80)
TALK = [
    READ,
    Probe("man0", "10.9.0.2", "10.1.0.7", UDP, 33000, 2070),
    Probe("pxe0", "10.1.0.7", "10.9.0.2", UDP, 2070, 33000),
    Probe("man0", "10.9.0.2", "10.1.0.7", UDP, 33000, 2071),
    WEB,
    reply(WEB, "man0"),
    Probe("man0", "2001:db8:9::2", "2001:db8:1::7", TCP, 80, 40002, flags=ACK),
]
TALK_ENDS = ["man0", "pxe0", "man0", None, "man0", "pxe0", None]
"""The request, its data from a port of its own, the acknowledgement, data that nobody asked for; a page and its answer; none."""


@pytest.mark.lab
def test_tftp_and_answers_pass_as_they_do_with_nftables():
    with Router(ZONES) as lab:
        lab.load(nftables(wanted()).text)
        assert lab.converse(TALK) == TALK_ENDS


def rack_probes():
    zone, mine4, mine6 = "eth0", "10.9.0.2", "2001:db8:9::2"
    asked = [
        Probe(zone, "0.0.0.0", "255.255.255.255", UDP, 68, 67),
        Probe(zone, "10.1.0.7", "255.255.255.255", UDP, 68, 67),
        Probe(zone, "192.0.2.1", "255.255.255.255", UDP, 68, 67),
        Probe(zone, "0.0.0.0", "255.255.255.255", UDP, 68, 68),
        Probe(zone, "10.1.0.7", "224.0.0.118", UDP, 5240, 5240),
        Probe(zone, "10.1.0.7", "224.0.0.119", UDP, 5240, 5240),
        Probe(zone, "fe80::77", "ff02::15a", UDP, 5240, 5240, hop_limit=255),
        Probe(zone, "fe80::77", "ff02::1:2", UDP, 546, 547),
        Probe(zone, "fe80::77", "ff02::1", ICMPV6, 134, 0, hop_limit=255),
    ]
    strangers = ["10.1.0.7", "10.9.0.10", "10.7.0.5", "10.7.0.16", "192.0.2.1"]
    for source, protocol, port in product(strangers, (TCP, UDP), PORTS):
        asked.append(Probe(zone, source, mine4, protocol, 68 if port == 67 else 40000, port))
    for source, protocol, port in product(["2001:db8:1::7", "2001:db8:ff::1"], (TCP, UDP), PORTS):
        asked.append(Probe(zone, source, mine6, protocol, 546 if port == 547 else 40000, port))
    return asked


def rack_says():
    zone = "eth0"
    said = []
    for (_, destination), protocol, port in product(ENDS[4], (TCP, UDP), PORTS):
        if destination not in ("10.9.0.2", "10.9.0.3"):
            said.append(Probe(zone, "10.9.0.2", destination, protocol, 67 if port == 68 else 40000, port))
    for (_, destination), protocol, port in product(ENDS[6], (TCP, UDP), PORTS):
        if destination != "2001:db8:9::2":
            said.append(Probe(zone, "2001:db8:9::2", destination, protocol, 547 if port == 546 else 40000, port))
    return said


@pytest.mark.lab
def test_a_rack_decides_as_nftables_does_packet_by_packet():
    zone = Zone("eth0", ("0.0.0.0/0", "::/0"), ("10.9.0.2/24", "2001:db8:9::2/64"), ("fe80::77",))
    groups = [("eth0", group) for group in ("224.0.0.118", "224.0.0.119", "ff02::15a", "ff02::1:2")]
    incoming, outgoing = rack_probes(), rack_says()
    with Host([zone], groups) as lab:
        lab.load(nftables(wanted(RACK)).text)
        expected = [*lab.arrive(incoming), *lab.emit(outgoing)]
        lab.load("")
        for _ in range(2):
            restore(lab, "iptables-restore", iptables(wanted(RACK)).text)
            restore(lab, "ip6tables-restore", ip6tables(wanted(RACK)).text)
        found = [*lab.arrive(incoming), *lab.emit(outgoing)]
    assert [(probe, a, b) for probe, a, b in zip([*incoming, *outgoing], expected, found, strict=True) if a != b] == []
    assert 10 < sum(bool(one) for one in expected) < len(expected) / 2


def test_a_gateway_sends_back_what_is_not_about_its_role():
    four = party("10.9.0.0/24", "10.11.0.0/24")
    gateway = msgspec.structs.replace(wanted(Place(gateway_of=Role.BMC)), scope=(four,))
    ways = [
        f"{option} {network} -j BELLROCK-00001"
        for option in ("-s", "-d")
        for network in ("10.9.0.0/24", "10.11.0.0/24")
    ]
    assert rules(iptables(gateway).text, "BELLROCK-FORWARD") == ways
    assert rules(iptables(gateway).text, "BELLROCK-00001")[-1] == '-m comment --comment "no flow needs it" -j DROP'
    assert rules(ip6tables(gateway).text, "BELLROCK-FORWARD") == []
    everybody = msgspec.structs.replace(gateway, scope=(party("0.0.0.0/0"),))
    assert rules(iptables(everybody).text, "BELLROCK-FORWARD")[-1] == '-m comment --comment "no flow needs it" -j DROP'
