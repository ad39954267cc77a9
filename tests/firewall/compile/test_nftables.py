"""nftables in sets and maps: golden files, and what holds of every policy. The kernel's own word is in tests/lab."""

import re

import pytest
from hypothesis import given

from bellrock.firewall.compile.nftables import nftables
from bellrock.firewall.compile.text import comment
from bellrock.flows.passages import Hook
from bellrock.flows.values import Protocol, Reach, Stance
from tests.firewall.compile.golden import golden
from tests.firewall.compile.terms import ANYONE, NODE6, PLACES, RACK6, of, policies, small, term


@pytest.mark.parametrize("place", PLACES)
def test_golden(place):
    golden(f"nftables-{place}.nft", nftables(small(place)).text)


def test_golden_with_all_that_can_be_asked_for():
    golden("nftables-router-guarded-explained.nft", nftables(small("router", spoof_guard=True, explain=True)).text)
    golden("nftables-node-open.nft", nftables(small("node", filter_output=False, log=False, helpers=False)).text)


def chains(text):
    return dict(re.findall(r"\tchain (\S+) \{\n(.*?)\n\t\}", text, re.DOTALL))


@given(policies())
def test_every_term_is_a_rule_and_every_rule_counts_and_names_its_term(policy):
    text = nftables(policy).text
    for one in policy.terms:
        assert re.search(rf"\b{one.id}\b", text), one
    for line in text.splitlines():
        if "comment" in line and not line.lstrip().startswith("#"):
            assert "counter" in line


@given(policies())
def test_the_same_policy_is_the_same_text(policy):
    assert nftables(policy).text == nftables(policy).text


@given(policies())
def test_all_that_is_jumped_to_is_there_before_and_all_sets_are_declared(policy):
    text = nftables(policy).text
    seen = set()
    for name, body in chains(text).items():
        assert set(re.findall(r"jump (\S+?)[ ,]", body + " ")) <= seen
        seen.add(name)
    assert set(re.findall(r"@(\w+)", text)) <= set(re.findall(r"\tset (\w+) \{", text))


@given(policies())
def test_what_is_forbidden_is_dropped_before_anything_is_accepted(policy):
    base = chains(nftables(policy).text)["forward"]
    assert ("_forbidden" in base) == bool(policy.forbidden)
    if policy.forbidden:
        assert base.rindex("jump forward_forbidden") < base.index("accept")


def test_terms_that_take_the_same_packets_share_a_rule():
    text = nftables(of(term(flow="a"), term(flow="b"))).text
    assert text.count("counter accept") == 1
    assert comment(["a/ask", "b/ask"]) in text


def test_explained_rules_carry_the_reason_of_each_term_once():
    text = nftables(of(term(flow="a"), term(flow="b"), term(flow="b", family=4), explain=True)).text
    assert text.count("# a/ask: Web. RFC 9110") == 1
    assert text.count("# b/ask: Web. RFC 9110") == 1


def test_wide_ranges_stand_behind_the_map_once():
    wide = term(flow="wide", destination_ports=((1024, 65535),), expected=True)
    found = chains(nftables(of(term(destination_ports=((5240, 5240),)), wide)).text)["forward_tcp"]
    assert found.splitlines()[0].strip() == "tcp dport vmap { 5240 : jump forward_tcp_5240 }"
    assert "tcp dport 1024-65535 ct state related counter accept" in found.splitlines()[1]


def test_a_forbidden_flow_of_any_port_is_looked_for_by_protocol():
    wide = term(destination_ports=(), stance=Stance.FORBIDDEN)
    base = chains(nftables(of(wide)).text)["forward"]
    assert "meta l4proto tcp jump forward_forbidden" in base


def test_nobody_in_particular_still_has_a_family():
    both = term(source=ANYONE, destination=ANYONE)
    assert "meta nfproto ipv4 counter accept" in chains(nftables(of(both)).text)["forward_tcp_80"]


def test_an_open_output_keeps_what_is_forbidden_and_the_helpers():
    out = {"hook": Hook.OUTPUT}
    terms = (
        term(**out), term(**out, flow="bad", stance=Stance.FORBIDDEN),
        term(**out, flow="tftp", protocol=Protocol.UDP, helper="tftp", destination_ports=((69, 69),)),
    )  # fmt: skip
    found = chains(nftables(of(*terms, place=PLACES["node"], filter_output=False)).text)
    assert "output_tcp" not in found
    assert 'ct helper set "tftp"' in found["output_udp_69"]
    assert "drop" in found["output_forbidden"]


def test_no_terms_no_dispatch():
    found = chains(nftables(of()).text)
    assert "l4proto" not in found["forward"]
    assert set(found) == {"forward", "forward_invalid"}


def test_flows_that_no_comment_holds_stand_above_the_rule():
    terms = [term(flow=f"a-rather-long-name-{number}") for number in range(8)]
    text = nftables(of(*terms)).text
    assert f"\t\t# for {', '.join(one.id for one in terms)}\n" in text
    assert re.search(r' \+[1-7]"', text)


def test_discovery_that_connection_tracking_does_not_know_passes_before_what_is_invalid():
    near = term(
        protocol=Protocol.ICMPV6, family=6, source=NODE6, destination=RACK6, types=((148, 0),), reach=Reach.LINK
    )
    invalid = chains(nftables(of(near)).text)["forward_invalid"].splitlines()
    assert "148 . 0" in invalid[0]
    assert "counter accept" in invalid[0]
    assert "counter drop" in invalid[1]
