"""Rules for hosts, loaded into one of each role: what the site wants of it arrives or leaves, whatever else is offered does not."""

from functools import cache
from ipaddress import ip_address

import pytest

from bellrock.cli.nft_iptables import translated
from bellrock.firewall.compile.build import build
from bellrock.firewall.compile.policy import Options, Style
from bellrock.firewall.verify.check import check
from bellrock.firewall.verify.read import read_nft
from bellrock.flows import Hook, Place, Role, crossings
from tests.lab.firewall_lab import Host, Zone, strangers
from tests.lab.firewall_packets import ICMP, ICMPV6, TCP, UDP, Probe, error_about, octets, reply, text_of
from tests.lab.firewall_proof import OUTSIDE, Questions, Wish, edges, site

pytestmark = pytest.mark.lab

STYLES = ("sets", "linear", "iptables")
ROLES = tuple(role for role in Role if role not in (Role.ANYONE, Role.BMC))
"""No rules of ours stand on a management controller."""
PLACES = {str(role): Place(roles=(role,)) for role in ROLES} | {"rack+region": Place(roles=(Role.RACK, Role.REGION))}
STRANGE = ("10.77.0.1", "fd00:77::1")
"""Addresses of the machine that no role has: in another network, for another purpose."""
SITE = site(rack_interfaces='interfaces = ["eth0"]')


def own_addresses(place):
    """First and last address of the roles' ranges, their neighbours outside, and two that have nothing to do with the site."""
    found = dict.fromkeys(STRANGE)
    for role in place.roles:
        addresses = SITE.roles[role].addresses
        for family, ranges in ((4, addresses.four), (6, addresses.six)):
            for first, last in ranges[:2]:
                found |= dict.fromkeys(text_of(value, family) for value in (first, last, first - 1, last + 1))
    return list(found)


def destinations(place):
    """Where the place's crossings go, and just beside it."""
    found = [edges(crossing.passage.destination) for crossing in crossings(SITE, place)]
    return list(dict.fromkeys(text for texts in found for text in texts))


def machine(place):
    """A machine with two interfaces, everybody behind either; in all groups of its crossings."""
    own = tuple(f"{text}/{128 if ':' in text else 32}" for text in own_addresses(place))
    there = destinations(place)
    neighbours = tuple(text for text in there if ":" in text and ip_address(text).is_link_local)
    # Members of the groups of all hosts they all are, and cannot become (RFC 1112 §7.2, RFC 4291 §2.8).
    groups = [text for text in there if ip_address(text).is_multicast and text not in ("224.0.0.1", "ff02::1")]
    zones = [
        Zone("eth0", ("0.0.0.0/0", "::/0"), own, neighbours),
        Zone("eth1", ("0.0.0.0/0", "::/0"), (), neighbours),
    ]
    return Host(zones, [(zone.name, text) for zone in zones for text in groups])


@pytest.fixture(scope="module")
def hosts():
    """The machine of a place, made once."""
    made = {}

    def of(name):
        if name not in made:
            made[name] = machine(PLACES[name])
        return made[name]

    yield of
    for host in made.values():
        host.close()


def load(host, place, style, **options):
    """Rules as they are built for a style, or for iptables."""
    if style == "iptables":
        host.load_iptables(
            *(build(SITE, place, target, Options(**options)).text for target in ("iptables", "ip6tables"))
        )
    else:
        host.load(build(SITE, place, "nftables", Options(style=Style(style), **options)).text)


@cache
def asked(host, name, hook):
    """The packets to ask about that a host without rules takes or sends, and of which of them the site wants it."""
    place = PLACES[name]
    questions = Questions(SITE, place, host.zones).of(hook)
    own = own_addresses(place)
    probes = list(dict.fromkeys([*questions, *moved(questions, own, hook)]))
    host.load("")
    possible = [probe for probe, done in zip(probes, ask(host, probes, hook), strict=True) if done]
    assert len(possible) > 300
    wish = Wish(SITE, place)
    wanted = [wish.passes(probe, hook) for probe in possible]
    return possible, wanted


def moved(questions, own, hook):
    """Right packets with each of the machine's addresses at its end, on both interfaces."""
    for probe in questions:
        mine = probe.destination if hook is Hook.INPUT else probe.source
        if mine in own and probe.dport % 7 == 0:
            for other in own:
                if (":" in other) == (":" in mine):
                    changed = probe._replace(**{"destination" if hook is Hook.INPUT else "source": other})
                    if changed.source != changed.destination:
                        yield from (changed, changed._replace(zone="eth1"))


def ask(host, probes, hook):
    return host.arrive(probes) if hook is Hook.INPUT else [out is not None for out in host.emit(probes)]


@pytest.mark.parametrize("hook", [Hook.INPUT, Hook.OUTPUT])
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", PLACES)
def test_what_the_site_wants_of_a_host_passes_and_nothing_else(hosts, name, style, hook):
    host = hosts(name)
    probes, wanted = asked(host, name, hook)
    load(host, PLACES[name], style)
    happened = ask(host, probes, hook)
    assert [row for row in zip(probes, wanted, happened, strict=True) if row[1] != row[2]][:5] == []


@cache
def talks(host, name, hook):
    """Wanted packets that something answers, unicast to or from the machine itself: UDP, echo; of TCP as well what it sends."""
    probes, wanted = asked(host, name, hook)
    own = own_addresses(PLACES[name])
    kinds = {(UDP, None), (ICMP, 8), (ICMPV6, 128)} | ({(TCP, None)} if hook is Hook.OUTPUT else set())
    found = {}
    for probe, right in zip(probes, wanted, strict=True):
        mine, other = (probe.destination, probe.source) if hook is Hook.INPUT else (probe.source, probe.destination)
        kind = (probe.protocol, None if probe.protocol in (TCP, UDP) else probe.sport)
        if right and kind in kinds and mine in own and other not in own and not _of_a_link(other):
            found.setdefault((probe.family, kind, probe.dport, probe.zone), probe)
    return list(found.values())


def _of_a_link(address):
    value = ip_address(address)
    return value.is_multicast or value.is_link_local or address == "255.255.255.255"


def both_ways(host, hook, probes):
    """For each probe whether its answer passes after it; probes of one connection apart."""
    first, second = (host.deliver, host.send) if hook is Hook.INPUT else (host.send, host.deliver)
    answered = {}
    for part in strangers(probes):
        host.forget()
        first([(probes[at].zone, octets(probes[at], at)) for at in part])
        back = second([(probes[at].zone, octets(reply(probes[at], probes[at].zone), at)) for at in part])
        answered.update({at: place in back for place, at in enumerate(part)})
    return [answered[at] for at in range(len(probes))]


@pytest.mark.parametrize("hook", [Hook.INPUT, Hook.OUTPUT])
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", ["node", "rack", "region", "relay", "rack+region"])
def test_what_came_in_is_answered_and_what_went_out_gets_its_answer(hosts, name, style, hook):
    host = hosts(name)
    probes = talks(host, name, hook)
    assert len(probes) >= 2
    load(host, PLACES[name], style)
    assert [row for row in zip(probes, both_ways(host, hook, probes), strict=True) if not row[1]] == []


@pytest.mark.parametrize("style", ["sets", "linear"])
@pytest.mark.parametrize("name", PLACES)
def test_check_says_of_the_loaded_rules_what_the_packets_said(hosts, name, style):
    host, place = hosts(name), PLACES[name]
    load(host, place, style)
    report = check(read_nft(host.ruleset()), SITE, place)
    assert {one.hook for one in report.flows} == {"input", "output"}
    assert [one for one in report.flows if not one.holds] == []
    assert (report.wider, report.exit_code) == ((), 0)
    assert not any(one.changes for one in report.shadowed)
    assert style == "linear" or (report.dead, report.shadowed) == ((), ())


@pytest.mark.parametrize("name", PLACES)
def test_check_says_the_same_of_iptables_rules(hosts, name):
    host, place = hosts(name), PLACES[name]
    load(host, place, "iptables")
    saved = host.machine.run("iptables-save") + host.machine.run("ip6tables-save")
    report = check(read_nft(translated(saved, "saved").json), SITE, place)
    assert {one.hook for one in report.flows} == {"input", "output"}
    assert [one for one in report.flows if not one.holds] == []
    assert (report.wider, report.exit_code) == ((), 0)


@pytest.mark.parametrize("style", STYLES)
def test_errors_reach_a_host_about_what_it_sent_and_about_nothing_else(hosts, style):
    host = hosts("node")
    sent = [probe for probe in talks(host, "node", Hook.OUTPUT) if probe.protocol in (TCP, UDP)]
    load(host, PLACES["node"], style)
    kinds = {4: (3, 4), 6: (2, 0)}  # RFC 1191 §4, RFC 8201 §4: path MTU discovery
    assert {probe.family for probe in sent} == {4, 6}
    for probe in sent[::5]:
        error = error_about(probe, "eth0", OUTSIDE[probe.family == 6], *kinds[probe.family])
        assert host.arrive([error]) == [False]
        host.send([("eth0", octets(probe))])
        assert host.deliver([("eth0", octets(error))]) == {0}


@pytest.mark.parametrize("style", STYLES)
def test_a_rack_follows_the_transfers_of_its_tftp_server(hosts, style):
    host = hosts("rack")
    load(host, PLACES["rack"], style)
    for node, rack in (("10.1.0.7", "10.9.0.2"), ("fd00:1::7", "fd00:9::2")):
        request = Probe("eth0", node, rack, UDP, 2070, 69, payload=b"\0\1boot.bin\0octet\0")
        data = Probe("eth0", rack, node, UDP, 33333, 2070, payload=b"\0\3\0\1" + bytes(512))
        ack = Probe("eth0", node, rack, UDP, 2070, 33333, payload=b"\0\4\0\1")
        assert host.emit([data]) == [None]
        assert host.arrive([ack]) == [False]
        host.forget()
        assert host.deliver([("eth0", octets(request))]) == {0}
        assert host.send([("eth0", octets(data))]) == {0: "eth0"}
        assert host.deliver([("eth0", octets(ack))]) == {0}


def test_output_is_free_where_it_is_not_filtered_but_for_what_is_forbidden(hosts):
    host = hosts("libvirt-host")
    load(host, PLACES["libvirt-host"], "sets", filter_output=False)
    own = "10.40.0.90"
    free = Probe("eth0", own, OUTSIDE[0], TCP, 40000, 9999)
    offer = Probe("eth0", own, "255.255.255.255", UDP, 67, 68)
    assert host.emit([free, offer, offer._replace(destination="10.1.0.9")]) == ["eth0", None, None]
    assert host.arrive([Probe("eth0", OUTSIDE[0], own, TCP, 40000, 9999)]) == [False]
