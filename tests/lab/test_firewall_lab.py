"""The harness that firewall rules are proved with: what it offers arrives, unless a rule says otherwise."""

import pytest

from tests.lab.firewall_lab import Host, Router, Zone
from tests.lab.firewall_packets import (
    ICMP,
    ICMPV6,
    IGMP,
    SCTP,
    TCP,
    UDP,
    Probe,
    error_about,
    fragments,
    fragments6,
    octets,
    reply,
)

pytestmark = pytest.mark.lab

NODES = Zone("nodes", ("10.0.1.0/24", "fd00:1::/64"), ("10.0.1.1/24", "fd00:1::1/64"))
RACK = Zone("rack", ("10.0.9.0/24", "fd00:9::/64"), ("10.0.9.1/24", "fd00:9::1/64"))


@pytest.fixture(scope="module")
def router():
    with Router([NODES, RACK]) as lab:
        yield lab


@pytest.fixture(scope="module")
def host():
    zone = Zone("eth0", ("0.0.0.0/0", "::/0"), ("10.0.9.2/24", "fd00:9::2/64"), ("fe80::77",))
    with Host([zone], [("eth0", "224.0.0.118"), ("eth0", "ff02::1:2")]) as lab:
        yield lab


def both(protocols, zone="nodes", port=80):
    pairs = (("10.0.1.5", "10.0.9.2"), ("fd00:1::5", "fd00:9::2"))
    return [Probe(zone, a, b, protocol, 40000, port) for protocol in protocols for a, b in pairs]


def test_without_rules_every_packet_comes_out(router):
    router.load("")
    probes = both((TCP, UDP, SCTP)) + [
        Probe("nodes", f"10.0.1.{2 + n % 250}", "10.0.9.2", UDP, 1024 + n, n) for n in range(5000)
    ]
    probes += [
        Probe("nodes", "10.0.1.5", "10.0.9.2", ICMP, 8, 0),
        Probe("nodes", "fd00:1::5", "fd00:9::2", ICMPV6, 128, 0),
    ]
    assert set(router.offer(probes)) == {"rack"}


def test_a_rule_decides_by_family_port_and_direction(router):
    router.load(
        "table inet t { chain c { type filter hook forward priority 0; policy drop; ct state established accept; tcp dport 80 accept; }; }"
    )
    asked = both((TCP,))
    assert router.offer([*asked, *both((TCP,), port=81), *both((UDP,))]) == ["rack"] * 2 + [None] * 4
    answers = [reply(probe, "rack") for probe in asked]
    assert router.offer(answers) == [None] * 2
    assert router.converse([asked[0], answers[0], asked[1], answers[1]]) == ["rack", "nodes", "rack", "nodes"]


def test_an_answer_and_a_question_of_one_batch_are_kept_apart(router):
    router.load(
        "table inet t { chain c { type filter hook forward priority 0; policy drop; ct state established accept; tcp dport 80 accept; }; }"
    )
    asked = both((TCP,))
    assert router.offer([*asked, *(reply(probe, "rack") for probe in asked)]) == ["rack"] * 2 + [None] * 2


def test_errors_about_a_connection_and_fragments_of_a_packet_pass_with_it(router):
    router.load(
        "table inet t { chain c { type filter hook forward priority 0; policy drop; ct state established,related accept; udp dport 80 accept; }; }"
    )
    for asked, kind, code in zip(both((UDP,)), (3, 1), (3, 4), strict=True):
        error = error_about(asked, "rack", asked.destination, kind, code)
        assert router.offer([error]) == [None]
        assert router.converse([asked, error]) == ["rack", "nodes"]


@pytest.mark.parametrize(("port", "out"), [(80, {0: "rack", 1: "rack"}), (81, {})])
def test_fragments_are_judged_by_the_packet_that_they_make(router, port, out):
    router.load(
        "table inet t { chain c { type filter hook forward priority 0; policy drop; udp dport 80 ct state new accept; }; }"
    )
    four, six = (octets(probe._replace(payload=bytes(40))) for probe in both((UDP,), port=port))
    assert router.put([("nodes", part) for part in fragments(four, 24)]) == out
    assert router.put([("nodes", part) for part in fragments6(six, 24)]) == out


def test_iptables_rules_are_loaded_in_both_families(router):
    rules = "*filter\n:FORWARD DROP\n-A FORWARD -p tcp --dport 80 -j ACCEPT\nCOMMIT\n"
    router.load_iptables(rules, rules)
    assert router.offer(both((TCP, UDP))) == ["rack", "rack", None, None]


def test_rules_that_are_refused_are_an_error_with_the_reason(router):
    with pytest.raises(ValueError, match="syntax error"):
        router.load("table inet t { nonsense }")


def test_a_host_without_rules_takes_everything_meant_for_it(host):
    host.load("")
    probes = both((TCP, UDP, SCTP), "eth0")
    probes += [
        Probe("eth0", "10.0.1.5", "10.0.9.2", ICMP, 8, 0),
        Probe("eth0", "fd00:1::5", "fd00:9::2", ICMPV6, 128, 0),
    ]
    probes += [
        Probe("eth0", "0.0.0.0", "255.255.255.255", UDP, 68, 67),
        Probe("eth0", "10.0.1.5", "224.0.0.118", UDP, 5240, 5240),
    ]
    probes += [
        Probe("eth0", "fe80::5", "ff02::1:2", UDP, 546, 547),
        Probe("eth0", "10.0.1.5", "224.0.0.118", IGMP, 0x16, 0),
    ]
    assert host.arrive(probes) == [True] * len(probes)


def test_a_host_does_not_take_what_is_not_for_it(host):
    host.load("")
    assert host.arrive([Probe("eth0", "10.0.1.5", "10.0.9.3", TCP, 40000, 80)]) == [False]


def test_input_and_output_rules_of_a_host_decide(host):
    host.load(
        "table inet t { chain i { type filter hook input priority 0; policy drop; tcp dport 80 accept; };"
        " chain o { type filter hook output priority 0; policy drop; udp dport 53 accept; }; }"
    )
    assert host.arrive([*both((TCP,), "eth0"), *both((UDP,), "eth0")]) == [True, True, False, False]
    out = [
        Probe("eth0", a, b, UDP, 40000, port)
        for port in (53, 54)
        for a, b in (("10.0.9.2", "10.0.1.5"), ("fd00:9::2", "fd00:1::5"))
    ]
    assert host.emit(out) == ["eth0", "eth0", None, None]


def test_a_host_sends_what_it_likes_without_rules(host):
    host.load("")
    probes = [Probe("eth0", "10.0.9.2", "10.0.1.5", p, 40000, 8) for p in (TCP, UDP, SCTP)]
    probes += [Probe("eth0", "fd00:9::2", "fd00:1::5", p, 40000, 8) for p in (TCP, UDP, SCTP)]
    probes += [
        Probe("eth0", "10.0.9.2", "255.255.255.255", UDP, 67, 68),
    ]
    probes += [
        Probe("eth0", "fe80::5", "ff02::1:2", UDP, 546, 547),
        Probe("eth0", "10.0.9.2", "224.0.0.118", UDP, 5240, 5240),
    ]
    probes += [
        Probe("eth0", "10.0.77.2", "10.0.1.5", UDP, 5240, 5240),
        Probe("eth0", "fd00:9::2", "fe80::77", ICMPV6, 135, 0, hop_limit=255),
    ]
    assert host.emit(probes) == ["eth0"] * len(probes)
