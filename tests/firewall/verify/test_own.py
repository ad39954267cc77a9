"""What a host's own rules drop of what it serves: surely dropped, of what is served here, and mended by the fix that is told."""

import subprocess

import pytest

from bellrock.firewall.verify.own import Serves, blocked
from bellrock.firewall.verify.read import read_listing, read_nft
from bellrock.firewall.verify.state import CT_ESTABLISHED, CT_RELATED
from tests.firewall.verify.rules import ACCEPT, DROP, REJECT, chain, of, ruleset
from tests.lab.apart import apart

OWN = ("10.0.0.2", "fd00::2", "fe80::2")
DHCP, TFTP, HTTP = Serves("udp", 67, 4), Serves("udp", 69, 4), Serves("tcp", 80, 4)
HTTP6 = Serves("tcp", 80, 6)
ALL = frozenset((DHCP, TFTP, HTTP))
EST = of(ct_state=[CT_ESTABLISHED, CT_RELATED])


def udp(port, *more, verdict=DROP):
    return (of(l4proto=17, dport=port), *more, verdict)


def told(*chains, serves=ALL, roles=("rack",), own=OWN, **more):
    found = blocked(ruleset(*chains), roles, own, serves, **more)
    return [(one.flow, one.direction, one.rule.partition(":")[0]) for one in found]


def inside(*rules, policy="accept", hook="input"):
    return chain(hook, *rules, hook=hook, policy=policy)


def test_a_rule_that_drops_what_is_served_is_named():
    found = blocked(ruleset(inside(udp(67), (of(l4proto=6, dport=80), REJECT))), ("rack",), OWN, ALL)
    assert [(one.flow, one.direction, one.rule, one.rejects, one.helper) for one in found] == [
        ("dhcp", "in", "inet t input handle 1: input rule 1", False, False),
        ("http-boot", "in", "inet t input handle 2: input rule 2", True, False),
    ]
    assert [one.packet for one in found] == ["udp node:68 > 255.255.255.255:67", "tcp node > 10.0.0.2:80"]
    assert found[0].fix == ("nft 'insert rule inet t input handle 1 udp dport 67 accept'",)


@pytest.mark.parametrize(
    ("rules", "more"),
    [
        ((), {}),
        ((udp(67),), {"serves": frozenset((TFTP, HTTP))}),
        ((udp(67),), {"roles": ("node",)}),
        ((udp(67),), {"own": ()}),
        (((of(l4proto=17, dport=67, saddr=(0x0A000000, 0x0AFFFFFF)), DROP),), {}),
        ((udp(67, verdict=ACCEPT), udp(67)), {}),
        (((of(l4proto=6, dport=80), DROP),), {"serves": frozenset((DHCP, TFTP, HTTP6)), "own": ("10.0.0.2",)}),
    ],
    ids=["no rules", "nothing serves it", "not its role", "no address", "some may", "let in before", "another family"],
)
def test_nothing_is_told_of_what_may_pass_or_nobody_serves(rules, more):
    assert told(inside(*rules), **more) == []


def test_a_policy_that_drops_is_named_as_such():
    found = blocked(
        ruleset(inside(udp(69, verdict=ACCEPT), (EST, ACCEPT), policy="drop")), ("rack",), OWN, {DHCP, TFTP}
    )
    assert [(one.flow, one.rule) for one in found] == [("dhcp", "policy drop of inet t input")]
    assert found[0].fix == ("nft 'add rule inet t input udp dport 67 accept'",)


def test_answers_that_are_dropped_on_their_way_out_are_told_once_the_request_comes_in():
    closed = inside(policy="drop", hook="output")
    assert told(closed, serves={HTTP}) == [("http-boot", "out", "policy drop of inet t output")]
    assert told(inside((of(l4proto=6, dport=80), DROP)), closed, serves={HTTP}) == [
        ("http-boot", "in", "inet t input handle 1")
    ]


def test_an_offer_leaves_from_the_port_that_is_served():
    assert told(inside(policy="drop", hook="output"), serves={DHCP}) == [
        ("dhcp", "out", "policy drop of inet t output")
    ]


def test_data_of_tftp_that_only_a_helper_would_know():
    out = inside((of(l4proto=17, sport=69), ACCEPT), policy="drop", hook="output")
    (found,) = blocked(ruleset(out), ("rack",), OWN, {TFTP})
    assert (found.flow, found.direction, found.helper) == ("tftp", "out", True)
    assert any("ct helper set" in line for line in found.fix)


def test_acknowledgements_of_tftp_that_are_dropped_need_no_helper():
    (found,) = blocked(ruleset(inside(udp(69, verdict=ACCEPT), policy="drop")), ("rack",), OWN, {TFTP})
    assert (found.flow, found.direction, found.helper) == ("tftp", "in", False)
    assert found.fix == ("nft 'add rule inet t input ct state established,related accept'",)


def test_a_router_that_lets_a_request_through_and_not_the_data():
    forward = inside((EST, ACCEPT), udp(69, verdict=ACCEPT), policy="drop", hook="forward")
    assert told(forward, roles=(), forwards=True) == [("tftp", "through", "policy drop of inet t forward")]
    assert told(forward, roles=()) == [], "it forwards nothing"
    assert told(inside((EST, ACCEPT), policy="drop", hook="forward"), roles=(), forwards=True) == [], (
        "nor is it meant to"
    )


@pytest.mark.parametrize(
    ("serves", "hook", "fix"),
    [
        (DHCP, "INPUT", "iptables -I INPUT -p udp --dport 67 -j ACCEPT"),
        (DHCP, "OUTPUT", "iptables -I OUTPUT -p udp --sport 67 -j ACCEPT"),
        (HTTP, "OUTPUT", "iptables -I OUTPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"),
        (HTTP6, "INPUT", "ip6tables -I INPUT -p tcp --dport 80 -j ACCEPT"),
    ],
)
def test_chains_of_iptables_are_mended_by_iptables(serves, hook, fix):
    family = "ip6" if serves.family == 6 else "ip"
    table = chain(hook, hook=hook.lower(), policy="drop", table="filter", family=family)
    (found,) = blocked(ruleset(table), ("rack",), OWN, {serves})
    assert found.fix == (fix,)


def test_a_helper_for_iptables():
    table = chain(
        "OUTPUT", (of(l4proto=17, sport=69), ACCEPT), hook="output", policy="drop", table="filter", family="ip"
    )
    (found,) = blocked(ruleset(table), ("rack",), OWN, {TFTP})
    assert found.fix[0] == "iptables -t raw -I PREROUTING -p udp --dport 69 -j CT --helper tftp"


RULES = {
    "dropped": ("input", "policy accept; udp dport 67 drop; tcp dport 80 reject;", False),
    "closed output": ("output", "policy drop; udp sport 69 accept;", False),
    "no state": ("input", "policy drop; udp dport { 67, 69 } accept; tcp dport 80 accept;", False),
    "router": ("forward", "policy drop; ct state established,related accept; ip daddr 10.0.0.2 udp dport 69 accept;", True),
}  # fmt: skip


@pytest.mark.lab
@pytest.mark.parametrize("name", RULES)
def test_the_fix_that_is_told_mends_it_on_a_real_kernel(name):
    hook, rules, forwards = RULES[name]

    def live():
        listed = [
            subprocess.run(["nft", *how, "list", "ruleset"], capture_output=True, check=True).stdout
            for how in (["-j"], ["-a"])
        ]
        return blocked(
            read_nft(listed[0], read_listing(listed[1].decode())), ("rack",), OWN[:1], ALL, forwards=forwards
        )

    def work():
        subprocess.run(
            ["nft", f"table inet filter {{ chain c {{ type filter hook {hook} priority 0; {rules} }}; }}"], check=True
        )
        first = live()
        found = first
        for _ in range(6):
            if not found:
                break
            for line in found[0].fix:
                subprocess.run(line, shell=True, check=True)
            found = live()
        return first, found

    first, left = apart(work)
    assert first
    assert left == ()
