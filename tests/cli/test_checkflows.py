"""The line that sums a verdict up, and a row for each flow."""

import pytest

from bellrock.cli.checkflows import Way, details, headline, rows, way, ways_text, word
from bellrock.firewall.verify.report import FlowVerdict, Gap, Report, RuleRef, Summary

POLICY = RuleRef(chain="inet filter forward", policy="drop")


def rule(handle, chain="inet filter forward"):
    return RuleRef(chain=chain, handle=handle, text="accept")


def verdict(flow, word="passes", wanted="pass", source="node", destination="rack", direction="request", family=4, rules=(), missing=(), why=""):  # fmt: skip
    return FlowVerdict(
        flow=flow, exchange="ask", family=family, source=source, destination=destination, hook="forward", direction=direction,
        verdict=word, wanted=wanted, rules=tuple(rules), missing=tuple(missing), why=why,
    )  # fmt: skip


def gap(verdict="drop", *rules, why="", of="first packets", text="all of it"):
    return Gap(verdict=verdict, rules=rules, packets=({},), text=text, why=why, of=of)


def report(*flows, summary=None):
    worst = {one.flow: Summary(flow=one.flow, verdict=one.verdict, wanted=one.wanted) for one in flows}
    return Report(flows=flows, wider=(), dead=(), shadowed=(), summary=summary or tuple(worst.values()))


def said(*flows):
    return "".join(text for text, _ in headline(report(*flows)))


def test_the_sum_is_one_line():
    assert said() == "This site needs no flow here."
    assert said(verdict("api")) == "1 flow: 1 pass"
    some = [
        verdict("api"),
        verdict("dns"),
        verdict("tftp", "blocked"),
        verdict("ssh", "partly"),
        verdict("ntp", "unknown"),
    ]
    assert said(*some) == "5 flows: 2 pass, 1 blocked, 1 partly, 1 cannot be told"
    forbidden = [verdict(name, name, "block") for name in ("passes", "blocked", "partly", "unknown")]
    assert (
        said(*forbidden)
        == "4 flows: 1 kept out, 1 open that must not be, 1 partly open that must not be, 1 cannot be told"
    )
    assert ("1 blocked", "blocked") in headline(report(*some))


@pytest.mark.parametrize(
    ("verdict", "wanted", "said"),
    [
        ("passes", "pass", "passes"),
        ("unknown", "pass", "cannot be told"),
        ("passes", "block", "open"),
        ("blocked", "block", "kept out"),
    ],
)
def test_words(verdict, wanted, said):
    assert word(verdict, wanted) == said


def test_what_is_not_as_wanted_comes_first_and_the_worst_of_it_on_top():
    flows = [
        verdict("fine"), verdict("kept", "blocked", "block"), verdict("perhaps", "unknown"), verdict("half", "partly"),
        verdict("stopped", "blocked"), verdict("open", "passes", "block"),
    ]  # fmt: skip
    assert [row[0] for row in rows(report(*flows))] == ["open", "stopped", "half", "perhaps", "fine", "kept"]


def test_a_row_says_who_and_by_what():
    flows = [
        verdict("dns", rules=[rule(4), rule(5)]),
        verdict("dns", rules=[rule(9)], direction="reply"),
        verdict("dns", destination="dns", rules=[rule(6), rule(7), rule(8, "inet filter udp")]),
        verdict("dns", source="node-v6", destination="rack-v6", family=6, rules=[rule(1, "inet filter six"), POLICY]),
    ]
    assert rows(report(*flows)) == [("dns", "node → rack, dns", "passes", "forward 4, 5, 6, …; udp 8; 1 more chain")]
    (row,) = rows(report(verdict("api", why="no rule filters there")))
    assert row[3] == "no rule filters there"


def test_a_row_of_what_is_wrong_names_its_causes():
    flows = [
        verdict("ssh", "unknown", missing=[gap("unknown", rule(3), why="fib saddr type")]),
        verdict("ssh", "partly", missing=[gap("unknown", rule(3), why="x"), gap("drop", rule(2), POLICY)]),
        verdict("ssh", "blocked", missing=[gap("drop", rule(7))]),
        verdict("ssh", "blocked", missing=[gap("drop", rule(8))]),
    ]
    (row,) = rows(report(*flows, summary=(Summary(flow="ssh", verdict="partly", wanted="pass"),)))
    assert row[3] == "forward policy drop; forward 7; 2 more causes"
    (row,) = rows(report(verdict("ntp", "unknown", missing=[gap("unknown", rule(3))])))
    assert row[3] == "forward 3"
    (row,) = rows(report(verdict("bad", "passes", "block", rules=[rule(1), rule(2)])))
    assert row[3] == "forward 2"


def test_groups_and_everybody_go_without_saying_where_there_are_roles():
    flows = [verdict("beacon"), verdict("beacon", destination="224.0.0.118"), verdict("beacon", source="::,fe80::/10")]
    assert rows(report(*flows))[0][1] == "node → rack"
    assert rows(report(verdict("igmp", source="anyone", destination="224.0.0.0/4")))[0][1] == "anyone → 224.0.0.0/4"


def test_parties_are_told_by_role_with_equal_destinations_together():
    assert way(verdict("api", source="node-v6", destination="rack-v6", family=6)) == Way("node", "rack")
    ways = [Way("node", "rack"), Way("node", "dns"), Way("rack", "dns"), Way("region", "dns")]
    assert ways_text(ways) == "node → rack, dns; rack, region → dns"


def test_details_have_every_direction():
    flows = [verdict("api", rules=[rule(1), rule(2)]), verdict("api", "unknown", direction="reply", why="limit")]
    flows.append(verdict("ntp", "partly", rules=[rule(1), rule(2)], missing=[gap("drop", rule(1))]))
    assert details(report(*flows)) == [
        ("api", "ask IPv4", "node", "rack", "request", "passes", "inet filter forward handle 2: accept"),
        ("api", "ask IPv4", "node", "rack", "reply", "cannot be told", "limit"),
        ("ntp", "ask IPv4", "node", "rack", "request", "partly", "inet filter forward handle 1: accept"),
    ]
