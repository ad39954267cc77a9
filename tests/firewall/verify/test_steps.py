from bellrock.firewall.verify.boxes import Boxes
from bellrock.firewall.verify.ruleset import (
    Assign,
    Choose,
    Copy,
    Helper,
    May,
    NoTrack,
    Rule,
    Translate,
    Unsupported,
    Verdict,
    VerdictKind,
)
from bellrock.firewall.verify.seen import LOW, Seen
from bellrock.firewall.verify.state import ABSENT, CT_INVALID, CT_UNTRACKED, UNKNOWN, State
from bellrock.firewall.verify.steps import Taken, branches, hangs
from tests.firewall.verify.rules import ACCEPT, DROP, boxes, do, of

EVERYTHING = State(Boxes.everything())


def taken(*steps, state=EVERYTHING):
    found = branches(Rule(chain="inet t c", handle=1, text="", steps=steps), state)
    return [(one.taken, one.state.boxes, one.may, one.changes) for one in found.branches]


def states(*steps, state=EVERYTHING):
    return [one.state for one in branches(Rule(chain="inet t c", handle=1, text="", steps=steps), state).branches]


def test_matches_narrow_and_a_verdict_takes():
    assert taken(of(dport=(1, 5)), of(dport=(4, 9)), DROP) == [(Taken.DROP, boxes(dport=(4, 5)), "", False)]
    assert taken(of(dport=1), of(dport=2), DROP) == []
    assert taken(of(dport=1)) == []


def test_a_rule_without_a_verdict_is_touched_by_what_it_matches():
    rule = Rule(chain="inet t c", handle=1, text="", steps=(of(dport=1),))
    assert branches(rule, EVERYTHING).touched == boxes(dport=1)


def test_continue_goes_on_in_the_rule():
    assert taken(do("continue"), DROP) == [(Taken.DROP, Boxes.everything(), "", False)]


def test_a_verdict_map_has_a_branch_for_each_case_and_lets_others_go_on():
    cases = Choose(((boxes(dport=1), Verdict(VerdictKind.ACCEPT)), (boxes(dport=2), Verdict(VerdictKind.JUMP, "x"))))
    found = taken(of(dport=(1, 3)), cases, DROP)
    assert [(kind, part) for kind, part, _, _ in found] == [
        (Taken.ACCEPT, boxes(dport=1)), (Taken.JUMP, boxes(dport=2)), (Taken.DROP, boxes(dport=3)),
    ]  # fmt: skip


def test_what_was_changed_before_a_match_failed_stays_changed():
    found = taken(Assign("mark", 5), of(dport=1), ACCEPT)
    assert {(kind, changed) for kind, _, _, changed in found} == {(Taken.GO_ON, True), (Taken.ACCEPT, True)}
    assert all(state.value("mark") == 5 for state in states(Assign("mark", 5), of(dport=1), ACCEPT))


def test_a_field_is_set_whole_by_mask_or_to_the_unknown():
    assert [one.value("mark") for one in states(Assign("mark", 6), Assign("mark", 1, 1))] == [7]
    assert [one.value("mark") for one in states(Assign("mark", 1, 1))] == [1, Seen("mark", 0xFFFFFFFE, 1)]
    assert [one.value("mark") for one in states(Assign("mark", None), Assign("mark", 1, 1))] == [UNKNOWN]
    assert states(Assign("ct_mark", 1), state=EVERYTHING.binding(ct_mark=ABSENT)) == []


def test_chance_concerns_the_packets_that_it_names():
    found = taken(May("limit", boxes(dport=1)), DROP)
    assert [(kind, may) for kind, _, may, _ in found] == [(Taken.DROP, "limit"), (Taken.DROP, "")]
    assert taken(May("limit"), do("return"))[0][0] is Taken.UNKNOWN
    assert taken(Unsupported("queue"), DROP) == [(Taken.UNKNOWN, Boxes.everything(), "", False)]


def test_a_helper_is_for_new_packets_of_its_protocol():
    (helped,) = states(Helper("tftp", 17))
    assert (helped.helpers, helped.boxes) == (frozenset({"tftp"}), boxes(ct_state=3, l4proto=17))


def test_a_helper_of_one_family_leaves_connections_of_the_other():
    (helped,) = states(Helper("tftp", 17, nfproto=2))
    assert helped.boxes == boxes(ct_state=3, l4proto=17, nfproto=2)


def test_a_copy_takes_what_the_other_field_is_now():
    marked = EVERYTHING.binding(mark=0x105)
    assert [one.value("ct_mark") for one in states(Copy("ct_mark", "mark", 0xFF, 2), state=marked)] == [7]
    low = Seen.of("mark", LOW).cut(0xFF, 2)
    assert [one.value("ct_mark") for one in states(Copy("ct_mark", "mark", 0xFF, 2))] == [2, low, UNKNOWN]
    assert states(Copy("ct_mark", "mark", 0xFF), state=EVERYTHING.binding(ct_mark=ABSENT)) == []
    unknown = EVERYTHING.binding(mark=UNKNOWN)
    assert [one.value("ct_mark") for one in states(Copy("ct_mark", "mark", 0xFF), state=unknown)] == [UNKNOWN]


def test_a_helper_before_tracking_is_for_what_tracking_will_call_new():
    early = EVERYTHING.binding(ct_state=CT_INVALID)
    (helped,) = states(Helper("tftp", 17, early=True), state=early)
    assert (helped.helpers, helped.boxes) == (frozenset({"tftp"}), boxes(ct_state=3, l4proto=17))
    assert states(Helper("tftp", 17, early=True)) == []
    assert states(Helper("tftp", 17, early=True), state=EVERYTHING.binding(ct_state=CT_UNTRACKED)) == []


def test_only_packets_without_a_connection_can_be_left_untracked():
    (free,) = states(NoTrack())
    assert (free.value("ct_state"), free.boxes) == (CT_UNTRACKED, boxes(ct_state=0))


def test_translations_bind_what_they_replace():
    (there,) = states(Translate(kind="dnat", family=2, address=7, port=80))
    assert dict(there.bound) == {"daddr": 7, "dport": 80, "ct_status_dnat": 1}
    (six,) = states(Translate(kind="snat", family=10, address=7))
    assert (dict(six.bound), six.boxes) == ({"saddr6": 7}, boxes(nfproto=10))
    (hidden,) = states(Translate(kind="masquerade", family=2))
    assert dict(hidden.bound) == {"saddr": UNKNOWN}
    (ports,) = states(Translate(kind="dnat", family=2, port=80))
    assert dict(ports.bound) == {"dport": 80}
    assert states(Translate(kind="dnat", family=2, address=7), state=State(boxes(nfproto=10))) == []
    (spread,) = states(Translate(kind="dnat", family=2, port=80, certain=False))
    assert dict(spread.bound)["dport"] == UNKNOWN


def test_what_hangs_on_chance_beyond_a_plain_verdict():
    def rule(*steps):
        return Rule(chain="inet t c", handle=1, text="", steps=steps)

    to = Verdict(VerdictKind.JUMP, "x")
    assert hangs(rule(May("limit"), do("return")))
    assert hangs(rule(Assign("mark", 1), May("limit")))
    assert hangs(rule(May("limit"), Choose(((Boxes.everything(), to),))))
    assert not hangs(rule(May("limit"), DROP))
    assert not hangs(rule(of(dport=1), do("return")))


def test_both_outcomes_of_a_chance_are_branches():
    rule = Rule(chain="", handle=1, text="", steps=(Assign("mark", 1), May("limit", boxes(dport=1)), DROP))
    found = branches(rule, EVERYTHING, lambda number, text: "chance1").branches
    assert [(one.taken, one.state.boxes, one.may) for one in found] == [
        (Taken.GO_ON, boxes(dport=1, chance1=0), ""),
        (Taken.DROP, boxes(dport=1, chance1=1), ""),
        (Taken.DROP, Boxes.everything() - boxes(dport=1), ""),
    ]
