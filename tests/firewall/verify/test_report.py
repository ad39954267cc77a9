from bellrock.firewall.verify.boxes import Box, Boxes, Intervals
from bellrock.firewall.verify.describe import texts
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
    whole = boxes(nfproto=2, l4proto=6, dport=80, saddr=(0, 9))
    part = boxes(nfproto=2, l4proto=6, dport=80, saddr=(0, 4))
    assert narrowed(part, whole) == boxes(saddr=(0, 4))
    assert said(part, whole, whole=False) == (({"from": ["0.0.0.0-0.0.0.4"]},), "from 0.0.0.0-0.0.0.4")
    assert said(whole, whole, whole=True) == (({},), "all of it")
    assert written(part) == ({"family": ["IPv4"], "protocol": ["tcp"], "from": ["0.0.0.0-0.0.0.4"], "port": ["80"]},)


def test_the_interface_behind_which_a_subnet_is_goes_without_saying():
    ways = boxes(nfproto=2, iifname=1, saddr=(0, 9)) | boxes(nfproto=2, iifname=2, saddr=(20, 29))
    part = boxes(nfproto=2, iifname=1, saddr=(5, 9)) | boxes(nfproto=2, iifname=2, saddr=(20, 29))
    assert said(part, ways, whole=False)[1] == "from 0.0.0.5-0.0.0.9,0.0.0.20-0.0.0.29"
    second = boxes(nfproto=2, iifname=2)
    assert said(ways & second, ways, whole=False)[1] == "from 0.0.0.20-0.0.0.29"
    free = boxes(nfproto=2, saddr=(0, 9))
    assert said(free & second, free, whole=False)[0] == ({"in": [said_of(2)]},)


def said_of(number):
    return next(texts("iifname", Intervals.of(number)))


def test_a_part_of_very_many_ways_is_said_with_its_interfaces():
    ways = Boxes.put(
        Box({"nfproto": Intervals.of(2), "iifname": Intervals.of(at), "saddr": Intervals.of(at)}) for at in range(1, 80)
    )
    part = Boxes.put(ways.boxes[:2])
    assert set(said(part, ways, whole=False)[0][0]) == {"in", "from"}


def test_long_rules_and_counters_are_said_short():
    assert (
        str(RuleRef(chain="c", handle=1, text="counter packets 3 bytes 99 accept", packets=3))
        == "c handle 1: counter accept, 3 packets"
    )
    assert str(RuleRef(chain="c", handle=1, text="x" * 500)) == f"c handle 1: {'x' * 160}…"
