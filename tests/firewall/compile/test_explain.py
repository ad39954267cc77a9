"""Why each rule is there, for people."""

import pytest
from hypothesis import given

from bellrock.firewall.compile.explain import explain
from bellrock.firewall.compile.guards import guard_sets
from bellrock.firewall.compile.policy import Guard
from bellrock.flows.values import Protocol, Reach, Stance
from tests.firewall.compile.golden import golden
from tests.firewall.compile.terms import PLACES, of, policies, small, term


@pytest.mark.parametrize("place", ["router", "rack"])
def test_golden(place):
    golden(f"explain-{place}.md", explain(small(place)))


@given(policies())
def test_every_term_is_explained_by_its_source(policy):
    text = explain(policy)
    for one in policy.terms:
        assert f"**{one.id}**: {one.why}." in text
        assert f"## {one.flow}: " in text


def test_what_a_reader_would_wonder_about():
    guard = Guard(interface="eth1", family=4, ranges=((1, 1),))
    terms = (
        term(flow="ask", helper="tftp", protocol=Protocol.UDP),
        term(flow="data", expected=True, protocol=Protocol.UDP, in_interfaces=("a",), out_interfaces=("b",)),
        term(flow="errors", expected=True, protocol=Protocol.ICMP, types=((3, None), (3, 4))),
        term(flow="near", reach=Reach.LINK, answered=False, source_ports=((68, 68),), note="On the link."),
        term(flow="bad", stance=Stance.FORBIDDEN),
    )
    text = explain(of(*terms, guards=(guard,), notices=("mind this",), log=False))
    for words in (
        "4 flows let through, 1 flow blocked by name.", "> Notice: mind this", "conntrack helper `tftp` reads",
        "no range of ports stands open", "(in by a; out by b)", "type 3, 3/4", "belong to a known connection",
        "stay on their link", "an exchange of its own", "from port 68 to port 80", "On the link.\n", "## bad: Web (blocked)",
        "forward drops tcp", "behind one of `eth1`", "dropped, counted.",
    ):  # fmt: skip
        assert words in text, words
    assert guard_sets((guard,))


def test_hosts_and_an_open_output_are_said():
    text = explain(of(place=PLACES["node"], filter_output=False))
    assert "interface `lo`" in text
    assert "What leaves the machine is not filtered." in text
    assert "logged, five a second at most" in text


def test_a_gateway_says_what_it_leaves_alone():
    text = explain(of(place=PLACES["bmc-gateway"]))
    assert (
        "What goes to role bmc or comes from it and no flow needs is dropped; all other traffic is left alone." in text
    )
    assert "- What neither goes to role bmc nor comes from it is left to others' rules." in text
