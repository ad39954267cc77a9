"""nftables by hand: golden file, a rule for each pair of ranges, a bound."""

import pytest
from hypothesis import given

from bellrock.firewall.compile.linear import LIMIT, linear
from bellrock.firewall.compile.policy import CompileError
from bellrock.flows.passages import Hook, Party
from bellrock.flows.values import Protocol, Stance
from tests.firewall.compile.golden import golden
from tests.firewall.compile.terms import ANYONE, NODE, PLACES, of, policies, small, term


@pytest.mark.parametrize("place", ["router", "rack"])
def test_golden(place):
    golden(f"nftables-{place}-linear.nft", linear(small(place, spoof_guard=True)).text)


@given(policies())
def test_every_term_is_a_rule_for_each_pair_of_ranges(policy):
    text = linear(policy).text
    for one in policy.terms:
        kinds = len({code is None for _, code in one.types}) if one.protocol is not Protocol.IGMP else 1
        assert text.count(f'comment "{one.id}"') == len(one.source.ranges) * len(one.destination.ranges) * max(kinds, 1)
    assert text.count("# flow-") == (len(policy.terms) if policy.options.explain else 0)


def test_rules_name_their_addresses():
    lines = linear(of(term(), term(source=ANYONE, flow="all"))).text
    assert 'ip saddr 10.1.0.0/24 ip daddr 10.0.0.2 tcp dport 80 counter accept comment "web/ask"' in lines
    assert 'ip saddr 10.3.0.0/24 ip daddr 10.0.0.2 tcp dport 80 counter accept comment "web/ask"' in lines
    assert '\t\tip daddr 10.0.0.2 tcp dport 80 counter accept comment "all/ask"' in lines


def test_what_is_forbidden_comes_first():
    text = linear(of(term(), term(stance=Stance.FORBIDDEN, flow="bad"))).text
    assert text.index("bad/ask") < text.index("ct state established accept") < text.index("web/ask")


def test_an_open_output_has_the_helpers_only():
    out = {"hook": Hook.OUTPUT, "protocol": Protocol.UDP}
    terms = term(**out), term(**out, flow="tftp", helper="tftp"), term(hook=Hook.INPUT, flow="in")
    text = linear(of(*terms, place=PLACES["node"], filter_output=False)).text
    assert "web/ask" not in text
    assert text.count("tftp/ask") == len(NODE.ranges)
    assert "in/ask" in text


def test_too_many_rules_are_refused():
    many = Party("node", 4, tuple((2 * n, 2 * n) for n in range(LIMIT // 2 + 1)))
    two = Party("rack", 4, ((1 << 30, 1 << 30), (1 << 31, 1 << 31)))
    with pytest.raises(
        CompileError, match=r"style linear would take 100,002 rules, and 100,000 are the most; use style sets"
    ):
        linear(of(term(source=many, destination=two)))
