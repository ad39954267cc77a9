"""What does not pass, cause by cause."""

import pytest
from msgspec import structs

from bellrock.cli.checkcauses import Cause, causes, lines, title
from bellrock.firewall.verify.report import RuleRef
from tests.cli.test_checkflows import POLICY, gap, report, rule, verdict


def told(*flows):
    seen = report(*flows)
    return {title(held.cause): list(lines(held, seen)) for held in causes(seen)}


def test_one_cause_is_told_once_for_all_that_it_stops():
    stopped = gap("drop", POLICY)
    flows = [
        verdict("dns", "blocked", missing=[stopped]),
        verdict("dns", "blocked", destination="dns", missing=[stopped]),
        verdict("ntp", "blocked", missing=[stopped]),
        verdict("api"),
    ]
    assert told(*flows) == {
        "Blocked: no rule accepts it (policy drop of inet filter forward)": [
            "dns ask: node → rack, dns",
            "ntp ask: node → rack",
        ]
    }


def test_exchanges_with_the_same_gap_share_a_line():
    one = verdict("dns", "blocked", missing=[gap("drop", POLICY)])
    other = structs.replace(one, exchange="ask-tcp")
    assert list(told(one, other).values()) == [["dns ask, ask-tcp: node → rack"]]


def test_which_part_is_missing_is_said():
    flows = [
        verdict("dns", "partly", missing=[gap("drop", rule(4), text="from 10.1.0.0/24")]),
        verdict("dns", "partly", missing=[gap("drop", rule(4), of="later packets")]),
        verdict("dns", "blocked", direction="reply", missing=[gap("drop", rule(4), of="answers", text="port 53")]),
        verdict("dns", "blocked", direction="reply", missing=[gap("drop", rule(4), of="later packets")]),
    ]
    assert told(*flows) == {
        "Blocked by inet filter forward handle 4: accept": [
            "dns ask: node → rack — from 10.1.0.0/24",
            "dns ask: node → rack — packets after the first",
            "dns ask: node → rack — answers port 53",
            "dns ask: node → rack — later answers",
        ]
    }


def test_the_family_is_said_where_the_other_passes():
    six = verdict("dns", source="node-v6", destination="rack-v6", family=6)
    four = verdict("dns", "blocked", missing=[gap("drop", POLICY)])
    assert list(told(four, six).values()) == [["dns ask: node → rack (IPv4 only)"]]
    both = structs.replace(six, verdict="blocked", missing=(gap("drop", POLICY),))
    assert list(told(four, both).values()) == [["dns ask: node → rack"]]


def test_the_certain_and_the_many_come_first():
    flows = [
        verdict("a", "unknown", missing=[gap("unknown", rule(1), why="limit")]),
        verdict("b", "blocked", missing=[gap("drop", rule(2))]),
        verdict("c", "blocked", missing=[gap("drop", rule(3))]),
        verdict("d", "blocked", missing=[gap("drop", rule(3))]),
        verdict("e", "passes", "block", rules=[rule(5)]),
    ]
    assert [held.cause.rule.handle for held in causes(report(*flows))] == [5, 3, 2, 1]


def test_what_must_not_pass_is_told_by_the_rules_that_let_it():
    partly = verdict("bad", "partly", "block", rules=[rule(1), rule(2)], missing=[gap("drop", rule(1))])
    assert told(partly) == {
        "Open and must not be, by inet filter forward handle 2: accept": ["bad ask: node → rack — in part"]
    }
    unfiltered = verdict("bad", "passes", "block")
    assert told(unfiltered) == {"Open and must not be, by no rule": ["bad ask: node → rack"]}
    told_why = verdict("bad", "passes", "block", why="no rule filters the hook output")
    assert list(told(told_why)) == ["Open and must not be: no rule filters the hook output"]
    perhaps = verdict("bad", "unknown", "block", rules=[rule(1)], why="limit")
    assert list(told(perhaps)) == ["Cannot be told (limit), at inet filter forward handle 1: accept"]


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (Cause("reject", rule(4), ""), "Rejected by inet filter forward handle 4: accept"),
        (Cause("drop", None, ""), "Blocked by no rule"),
        (Cause("unknown", rule(4), ""), "Cannot be told, at inet filter forward handle 4: accept"),
        (Cause("accept", RuleRef(chain="c", policy="accept"), ""), "Open and must not be, by policy accept of c"),
    ],
)
def test_titles(cause, said):
    assert title(cause) == said


def test_what_is_as_wanted_has_no_cause():
    assert causes(report(verdict("api"), verdict("bad", "blocked", "block"))) == []


def test_a_gap_without_a_rule_is_a_cause_too():
    assert list(told(verdict("api", "blocked", missing=[gap("drop")]))) == ["Blocked by no rule"]
