"""Rules for routers, loaded into one and asked with packets: what the site wants comes out, whatever else is offered does not."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from bellrock.cli.nft_iptables import translated
from bellrock.firewall.compile.build import build
from bellrock.firewall.compile.policy import Options, Style
from bellrock.firewall.verify.check import check
from bellrock.firewall.verify.read import read_nft
from bellrock.flows import Hook, Place, Role, Site, parse
from tests.lab.firewall_lab import Router, strangers
from tests.lab.firewall_packets import ICMP, ICMPV6, TCP, UDP, Probe, error_about, fragments, fragments6, octets, reply
from tests.lab.firewall_proof import OUTSIDE, ROUTER_ZONES, Questions, Wish, site, zone_of

pytestmark = pytest.mark.lab

EXAMPLE = Path(__file__).parents[2] / "examples" / "site.toml"

SITES = {
    "interfaces": lambda: site(),
    "addresses": lambda: site(interfaces=False),
    "maas-3": lambda: site(profile='profile = "maas-3"'),
    "ports": lambda: site(more='[ports]\nhttp-boot = [8080, "9000-9010"]\nsyslog = { udp = [5140] }\ntftp = [6969]'),
}
PLACES = {"router": Place(), "bmc-gateway": Place(gateway_of=Role.BMC)}
STYLES = ("sets", "linear", "iptables")


@pytest.fixture(scope="module")
def router():
    with Router(ROUTER_ZONES) as lab:
        yield lab


the_site = cache(lambda name: SITES[name]())


def load(lab, where: Site, place: Place, style: str, **options) -> None:
    """Rules as they are built for a style, or for iptables."""
    if style == "iptables":
        texts = (build(where, place, target, Options(**options)).text for target in ("iptables", "ip6tables"))
        lab.load_iptables(*texts)
    else:
        lab.load(build(where, place, "nftables", Options(style=Style(style), **options)).text)


@cache
def asked(lab, name: str):
    """The packets to ask about, and where each comes out of a router without rules. A few go nowhere: no router passes them on."""
    probes = Questions(the_site(name), Place(), ROUTER_ZONES, dense=name == "interfaces").of(Hook.FORWARD)
    lab.load("")
    routed = lab.offer(probes)
    assert len(probes) > (60000 if name == "interfaces" else 20000)
    assert routed.count(None) < len(probes) / 50
    return probes, routed


@cache
def expected(lab, name, place, guarded):
    probes, routed = asked(lab, name)
    wish = Wish(the_site(name), PLACES[place], guarded=guarded)
    wanted = [
        out if out and wish.passes(probe, Hook.FORWARD, out) else None
        for probe, out in zip(probes, routed, strict=True)
    ]
    assert sum(one is not None for one in wanted) > 30
    return wanted


def differences(lab, name, place, rules, guarded=False):
    """Packets with another fate under `rules` than the site wants: (packet, wanted, what happened)."""
    probes, _ = asked(lab, name)
    wanted = expected(lab, name, place, guarded)
    rules()
    return [row for row in zip(probes, wanted, lab.offer(probes), strict=True) if row[1] != row[2]]


@pytest.mark.parametrize("guarded", [False, True], ids=["", "guarded"])
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("place", PLACES)
def test_what_the_site_wants_comes_out_and_nothing_else(router, place, style, guarded):
    def rules():
        load(router, the_site("interfaces"), PLACES[place], style, spoof_guard=guarded)

    assert differences(router, "interfaces", place, rules, guarded)[:5] == []


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", ["addresses", "maas-3", "ports"])
def test_so_it_is_with_other_ports_and_without_named_interfaces(router, name, style):
    assert differences(router, name, "router", lambda: load(router, the_site(name), Place(), style))[:5] == []


def test_the_proof_sees_a_missing_flow_and_a_flow_too_many(router):
    less = site(more='[flows]\ndisable = ["redfish"]')
    missing = differences(router, "interfaces", "router", lambda: load(router, less, Place(), "sets"))
    assert missing
    assert {(probe.protocol, probe.dport, wanted, got) for probe, wanted, got in missing} == {(TCP, 443, "bmc", None)}
    more = site(more="[ports]\nredfish = [443, 444]")
    wider = differences(router, "interfaces", "router", lambda: load(router, more, Place(), "sets"))
    assert wider
    assert {(probe.protocol, probe.dport, wanted, got) for probe, wanted, got in wider} == {(TCP, 444, None, "bmc")}


@cache
def connections(lab, name="interfaces"):
    """A packet of each crossing that something answers: TCP, UDP, echo."""
    probes, routed = asked(lab, name)
    wish = Wish(the_site(name), Place(), guarded=True)
    found = {}
    for probe, out in zip(probes, routed, strict=True):
        asks = probe.protocol in (TCP, UDP) or (probe.protocol, probe.sport) in ((ICMP, 8), (ICMPV6, 128))
        # An answer goes where the address is, not where a pretender sits.
        if asks and out and zone_of(probe.source, ROUTER_ZONES) == probe.zone and wish.passes(probe, Hook.FORWARD, out):
            found.setdefault((probe.zone, out, probe.family, probe.protocol, probe.dport), (probe, out))
    return list(found.values())


@pytest.mark.parametrize("style", STYLES)
def test_every_connection_is_answered_and_no_answer_comes_by_itself(router, style):
    pairs = connections(router)
    load(router, the_site("interfaces"), Place(), style, spoof_guard=True)
    assert len(pairs) > 80
    alone = [reply(probe, out) for probe, out in pairs if probe.protocol == TCP]
    assert not any(router.offer(alone))
    for part in strangers([probe for probe, _ in pairs]):
        router.forget()
        asked = [pairs[at] for at in part]
        there = router.put([(probe.zone, octets(probe, at)) for at, (probe, _) in enumerate(asked)])
        assert [there.get(at) for at in range(len(asked))] == [out for _, out in asked]
        back = router.put([(out, octets(reply(probe, out), at)) for at, (probe, out) in enumerate(asked)])
        assert [back.get(at) for at in range(len(asked))] == [probe.zone for probe, _ in asked]


@pytest.mark.parametrize("style", STYLES)
def test_errors_about_a_connection_come_back_and_others_do_not(router, style):
    pairs = connections(router)
    load(router, the_site("interfaces"), Place(), style)
    kinds = {4: ((3, 4), (3, 3), (11, 0), (12, 0)), 6: ((1, 4), (2, 0), (3, 0), (4, 0))}
    for probe, out in [pair for pair in pairs if pair[0].protocol in (TCP, UDP)][::6]:
        somewhere = OUTSIDE[probe.family == 6]
        errors = [error_about(probe, out, somewhere, kind, code) for kind, code in kinds[probe.family]]
        assert router.offer(errors) == [None] * 4
        assert router.converse([probe, *errors]) == [out, *[probe.zone] * 4]


NODE, RACK, OTHER_RACK = ("10.1.0.7", "fd00:1::7"), ("10.9.0.2", "fd00:9::2"), ("10.9.0.3", "fd00:9::9")
REQUEST = b"\0\1boot.bin\0octet\0"


def conversation(at, port=69):
    """RFC 1350 §4: request, the data from another port, its acknowledgement, data again."""
    request = Probe("nodes-a", NODE[at], RACK[at], UDP, 2070, port, payload=REQUEST)
    data = Probe("rack", RACK[at], NODE[at], UDP, 33333, 2070, payload=b"\0\3\0\1" + bytes(512))
    ack = Probe("nodes-a", NODE[at], RACK[at], UDP, 2070, 33333, payload=b"\0\4\0\1")
    return [request, data, ack, data._replace(payload=b"\0\3\0\2end")]


@pytest.mark.parametrize("at", [0, 1], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("style", STYLES)
def test_tftp_data_follow_their_request_and_nothing_else_does(router, style, at):
    load(router, the_site("interfaces"), Place(), style)
    talk = conversation(at)
    router.forget()
    assert router.converse(talk) == ["rack", "nodes-a", "rack", "nodes-a"]
    request, data, ack, _ = talk
    assert router.offer([data, ack]) == [None, None]
    # To another port, from another machine, and to another machine than the request's.
    strangers = [
        data._replace(dport=2071), data._replace(source=OTHER_RACK[at]), data._replace(destination=NODE[at].replace("7", "8")),
    ]  # fmt: skip
    for stranger in strangers:
        router.forget()
        assert router.converse([request, stranger]) == ["rack", None]


@pytest.mark.parametrize("style", STYLES)
def test_a_tftp_server_on_another_port_is_followed_too(router, style):
    load(router, the_site("ports"), Place(), style)
    router.forget()
    assert router.converse(conversation(0, 6969)) == ["rack", "nodes-a", "rack", "nodes-a"]
    assert router.offer(conversation(0, 69)[:1]) == [None]


@pytest.mark.parametrize("style", STYLES)
def test_without_helpers_the_data_ports_are_open_and_only_those(router, style):
    load(router, the_site("interfaces"), Place(), style, helpers=False)
    data = conversation(0)[1]
    low = data._replace(sport=1023), data._replace(dport=1023), data._replace(source="10.10.0.2", zone="region")
    assert router.offer([data, data._replace(sport=1024, dport=65535), *low]) == [
        "nodes-a",
        "nodes-a",
        None,
        None,
        None,
    ]


@pytest.mark.parametrize("style", STYLES)
def test_fragments_are_judged_by_their_whole(router, style):
    load(router, the_site("interfaces"), Place(), style)
    for cut, node, rack in ((fragments, NODE[0], RACK[0]), (fragments6, NODE[1], RACK[1])):
        for port, out in ((53, {0: "rack", 1: "rack"}), (54, {})):
            packet = octets(Probe("nodes-a", node, rack, UDP, 40000, port, payload=bytes(64)))
            assert router.put([("nodes-a", part) for part in cut(packet, 32)]) == out


@pytest.mark.parametrize("guarded", [False, True], ids=["", "guarded"])
@pytest.mark.parametrize("style", ["sets", "linear"])
@pytest.mark.parametrize(("name", "place"), [*((name, "router") for name in SITES), ("interfaces", "bmc-gateway")])
def test_check_says_of_the_loaded_rules_what_the_packets_said(router, name, place, style, guarded):
    where = the_site(name)
    load(router, where, PLACES[place], style, spoof_guard=guarded)
    report = check(read_nft(router.ruleset()), where, PLACES[place])
    assert {one.direction for one in report.flows} == {"request", "reply"}
    assert [one for one in report.flows if not one.holds] == []
    assert (report.wider, report.exit_code) == ((), 0)
    # By hand, two flows on one port are two rules of which the second never matters; in sets they are one.
    assert not any(one.changes for one in report.shadowed)
    assert style == "linear" or (report.dead, report.shadowed) == ((), ())


@pytest.mark.parametrize("guarded", [False, True], ids=["", "guarded"])
@pytest.mark.parametrize("place", PLACES)
def test_check_says_the_same_of_iptables_rules(router, place, guarded):
    where = the_site("interfaces")
    load(router, where, PLACES[place], "iptables", spoof_guard=guarded)
    saved = router.machine.run("iptables-save") + router.machine.run("ip6tables-save")
    report = check(read_nft(translated(saved, "saved").json), where, PLACES[place])
    assert {one.direction for one in report.flows} == {"request", "reply"}
    assert [one for one in report.flows if not one.holds] == []
    assert (report.wider, report.exit_code) == ((), 0)


def test_check_says_the_same_of_iptables_rules_that_nobody_loaded(tmp_path):
    example = parse(EXAMPLE.read_bytes(), "site.toml")
    texts = {target: build(example, Place(), target, Options()).text for target in ("iptables", "ip6tables")}
    asked = ["firewall", "check", "--site", str(EXAMPLE), "--for", "router", "--json"]
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        asked += ["--ruleset", str(tmp_path / name)]
    done = subprocess.run([Path(sys.executable).with_name("bellrock"), *asked], capture_output=True, check=False)
    report = json.loads(done.stdout)
    assert (done.returncode, report["wider"]) == (0, []), done.stderr
    assert {("tftp", "data")} <= {(one["flow"], one["exchange"]) for one in report["flows"]}
    assert [one for one in report["flows"] if (one["verdict"] == "passes") != (one["wanted"] == "pass")] == []


def test_check_names_a_missing_flow_and_one_too_many(router):
    where = the_site("interfaces")
    load(router, site(more='[flows]\ndisable = ["redfish"]'), Place(), "sets")
    report = check(read_nft(router.ruleset()), where, Place())
    assert {(one.flow, one.verdict) for one in report.flows if not one.holds} == {("redfish", "blocked")}
    assert (report.wider, report.exit_code) == ((), 1)
    load(router, site(more="[ports]\nredfish = [443, 444]"), Place(), "sets")
    report = check(read_nft(router.ruleset()), where, Place())
    assert [one.flow for one in report.flows if not one.holds] == []
    assert {tuple(box["protocol"] + box["port"]) for one in report.wider for box in one.packets} == {("tcp", "444")}


def test_loading_twice_is_loading_once(router):
    text = build(the_site("interfaces"), Place(), "nftables", Options()).text
    router.load(text)
    once = router.ruleset()
    router.feed(text)
    assert strip(router.ruleset()) == strip(once)


def strip(listing):
    return [
        {kind: {key: value for key, value in item.items() if key != "handle"}} if isinstance(item, dict) else item
        for entry in json.loads(listing)["nftables"]
        for kind, item in entry.items()
        if kind != "metainfo"
    ]


def test_zones_are_where_the_site_says():
    assert [zone_of(address, ROUTER_ZONES) for address in (*NODE, *RACK, *OUTSIDE)] == ["nodes-a"] * 2 + [
        "rack"
    ] * 2 + ["uplink"] * 2
