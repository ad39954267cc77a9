from bellrock.firewall.verify.boxes import Boxes
from bellrock.firewall.verify.program import Decision, Kind
from bellrock.firewall.verify.report import FlowVerdict, Report, RuleRef, decider, narrowed, reference, said, written
from bellrock.firewall.verify.ruleset import Rule
from tests.firewall.verify.rules import boxes

RULE = Rule(chain="inet t c", handle=4, text="tcp dport 80 drop", packets=7, steps=())


def verdict(word, wanted="pass"):
    return FlowVerdict(
        flow="api", exchange="call", family=4, source="a", destination="b", hook="forward", direction="request", verdict=word,
        wanted=wanted, rules=(), missing=(),
    )  # fmt: skip


def code(*flows):
    return Report(flows=flows, wider=(), dead=(), shadowed=(), summary=()).exit_code


def test_the_exit_code_is_that_of_the_worst_certain_verdict():
    assert code(verdict("passes"), verdict("blocked", "block")) == 0
    assert code(verdict("passes"), verdict("unknown")) == 3
    assert code(verdict("partly"), verdict("unknown")) == 1
    assert code(verdict("passes", "block")) == 1


def test_rules_and_policies_are_named_so_that_they_are_found():
    assert str(reference(RULE)) == "inet t c handle 4: tcp dport 80 drop, 7 packets"
    assert str(RuleRef(chain="inet t c", handle=1, text="accept")) == "inet t c handle 1: accept"
    by_rule = Decision(boxes=Boxes.everything(), kind=Kind.DROP, chain="inet t c", scope=0, rule=RULE)
    by_policy = Decision(boxes=Boxes.everything(), kind=Kind.DROP, chain="inet t c", scope=0)
    assert decider(by_rule) == reference(RULE)
    assert str(decider(by_policy)) == "policy drop of inet t c"


def test_a_part_is_said_in_the_fields_that_tell_it_from_the_whole():
    whole = boxes(l4proto=6, dport=80, saddr=(0, 9))
    part = boxes(l4proto=6, dport=80, saddr=(0, 4))
    assert narrowed(part, whole) == boxes(saddr=(0, 4))
    assert said(part, whole, whole=False) == (({"from": ["0.0.0.0-0.0.0.4"]},), "from 0.0.0.0-0.0.0.4")
    assert said(whole, whole, whole=True) == (({},), "all of it")
    assert written(part) == ({"protocol": ["tcp"], "from": ["0.0.0.0-0.0.0.4"], "port": ["80"]},)
