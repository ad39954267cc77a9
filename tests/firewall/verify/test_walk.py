import pytest
import z3
from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.firewall.verify.boxes import Boxes
from bellrock.firewall.verify.route import FORWARDED, RECEIVED, SENT
from bellrock.firewall.verify.ruleset import Assign, Choose, Helper, May, NoTrack, Unsupported, Verdict, VerdictKind
from bellrock.firewall.verify.walk import judge, walk
from tests.firewall.verify.rules import ACCEPT, DROP, REJECT, RETURN, Interpreter, boxes, chain, do, of, ruleset

WAYS = {
    FORWARDED: (("prerouting", ()), ("forward", ()), ("postrouting", ())),
    RECEIVED: (("prerouting", ()), ("input", ())),
    SENT: (("output", ("iifname",)), ("postrouting", ("iifname",))),
}
SMALL = {
    "dport": st.integers(0, 5),
    "pkttype": st.integers(0, 2),
    "mark": st.integers(0, 3),
    "ct_state": st.integers(0, 4),
}


def spans(most):
    return st.lists(
        st.tuples(st.integers(0, most), st.integers(0, most)).map(lambda pair: (min(pair), max(pair))),
        min_size=1,
        max_size=2,
    )


MATCH = st.fixed_dictionaries(
    {},
    optional={
        "dport": spans(5),
        "pkttype": spans(2),
        "mark": spans(3),
        "ct_state": spans(4),
        "ct_mark": spans(2),
        "nfproto": st.sampled_from([2, 10]),
    },
).map(lambda fields: of(**fields))
EFFECT = st.one_of(
    st.builds(Assign, st.sampled_from(["mark", "ct_mark"]), st.integers(0, 3), st.sampled_from([None, 1, 2])),
    st.just(NoTrack()),
    st.just(Helper("tftp", 0)),
)
VERDICTS = ["accept", "drop", "reject", "return", "continue"]


def verdicts(targets):
    plain = st.sampled_from(VERDICTS).map(lambda kind: Verdict(VerdictKind(kind)))
    if not targets:
        return plain
    jumps = st.builds(
        lambda kind, to: Verdict(VerdictKind(kind), to), st.sampled_from(["jump", "goto"]), st.sampled_from(targets)
    )
    return st.one_of(plain, jumps)


@st.composite
def rule(draw, targets):
    steps = draw(st.lists(st.one_of(MATCH, MATCH, EFFECT), max_size=3))
    end = draw(st.integers(0, 4))
    if end == 0:
        low, high = draw(verdicts(targets)), draw(verdicts(targets))
        steps.append(Choose(((boxes(dport=(0, 1)), low), (boxes(dport=(2, 3)), high))))
    if end < 4:
        steps.append(do(*(lambda one: (one.kind, one.chain))(draw(verdicts(targets)))))
    return tuple(steps)


@st.composite
def rulesets(draw):
    chains, targets = [], []
    for name in ("third", "second", "first"):
        chains.append(chain(name, *draw(st.lists(rule(list(targets)), max_size=3))))
        targets.append(name)
    bases = draw(
        st.lists(st.sampled_from(["prerouting", "forward", "input", "output", "postrouting"]), min_size=1, max_size=4)
    )
    for number, hook in enumerate(bases):
        rules = draw(st.lists(rule(targets), max_size=4))
        family = draw(st.sampled_from(["inet", "inet", "ip"]))
        if family == "ip":
            rules = [steps for steps in rules if not jumps(steps)]
        chains.append(
            chain(
                f"base{number}",
                *rules,
                hook=hook,
                # Tables of one priority have no order, and neither has what stands beside connection tracking.
                priority=draw(st.sampled_from([-300, -202, 0, 0])) + (family == "ip"),
                policy=draw(st.sampled_from(["accept", "drop"])),
                family=family,
            )
        )
    return ruleset(*chains)


def jumps(steps):
    verdicts = [one.verdict for one in steps if hasattr(one, "verdict")] + [
        case for one in steps if isinstance(one, Choose) for _, case in one.cases
    ]
    return any(one.chain for one in verdicts)


PACKETS = st.fixed_dictionaries({**SMALL, "ct_mark": st.integers(0, 2), "nfproto": st.sampled_from([2, 10, 3])})


@given(rulesets(), PACKETS, st.sampled_from(list(WAYS)))
@settings(max_examples=400, deadline=None)
def test_a_packet_meets_the_fate_that_a_plain_interpreter_gives_it(rules, packet, route):
    if "mask=1" in repr(rules) or "mask=2" in repr(rules):
        packet = {**packet, "mark": 0, "ct_mark": 0}  # what masks make of marks that come in is unknown
    outcome = judge(rules, route, packet)
    plain = Interpreter(rules, packet)
    verdict, where = plain.run(WAYS[route])
    assert outcome.verdict == verdict
    if verdict != "accept":
        decided = (outcome.rules[-1].chain, outcome.rules[-1].handle) if not outcome.policy else outcome.policy
        assert decided == where
    else:
        assert outcome.helpers == plain.helpers


@given(rulesets(), st.sampled_from(list(WAYS)), MATCH)
@settings(max_examples=150, deadline=None)
def test_the_outcomes_of_a_set_are_disjoint_and_all_of_it(rules, route, match):
    packets = match.boxes & boxes(ct_state=(0, 4))
    outcomes = walk(rules, route, packets)
    everything = Boxes.nothing()
    for outcome in outcomes:
        assert not outcome.packets.meets(everything)
        everything |= outcome.packets
    assert everything == packets


PLAIN = st.tuples(
    st.fixed_dictionaries({}, optional={"saddr": spans(2**32 - 1), "dport": spans(65535), "l4proto": spans(255)}),
    st.sampled_from(["accept", "drop", "reject"]),
)


def formula(variables, fields):
    parts = []
    for name, ranges in fields.items():
        x = variables[name]
        parts.append(z3.Or(*(z3.And(z3.UGE(x, first), z3.ULE(x, last)) for first, last in ranges)))
    return z3.And(*parts)


@given(st.lists(PLAIN, max_size=5), st.lists(PLAIN, max_size=3), st.sampled_from(["accept", "drop"]))
@settings(max_examples=60, deadline=None)
def test_a_solver_agrees_on_every_packet_of_a_chain_that_jumps(rules, inner, policy):
    variables = {"saddr": z3.BitVec("saddr", 32), "dport": z3.BitVec("dport", 16), "l4proto": z3.BitVec("l4proto", 8)}
    passes = z3.BoolVal(policy == "accept")
    for fields, kind in reversed(rules):
        passes = z3.If(formula(variables, fields), kind == "accept", passes)
    through = passes
    for fields, kind in reversed(inner):
        through = z3.If(formula(variables, fields), kind == "accept", through)
    passes = z3.If(z3.UGE(variables["dport"], 1024), through, passes)
    made = [(of(dport=(1024, 65535)), do("jump", "inner"))] + [(of(**fields), do(kind)) for fields, kind in rules]
    chains = [
        chain("inner", *((of(**fields), do(kind)) for fields, kind in inner)),
        chain("f", *made, hook="forward", policy=policy),
    ]
    accepted = [
        {name: values.ranges for name, values in box.fields.items() if name in variables}
        for outcome in walk(ruleset(*chains), FORWARDED, boxes(ct_state=3, nfproto=2))
        if outcome.verdict == "accept"
        for box in outcome.packets
    ]
    solver = z3.Solver()
    solver.add(z3.Or(*(formula(variables, fields) for fields in accepted)) != passes)
    assert solver.check() == z3.unsat


def test_an_outcome_names_all_rules_that_let_through_and_the_one_that_did_not():
    first = chain("first", (of(dport=1), ACCEPT), hook="prerouting")
    second = chain("second", (of(dport=1), REJECT), hook="forward")
    (outcome,) = walk(ruleset(first, second), FORWARDED, boxes(dport=1, ct_state=3, nfproto=2))
    assert [rule.text for rule in outcome.rules] == ["first rule 1", "second rule 1"]
    assert (outcome.verdict, outcome.how, outcome.helpers, outcome.translations) == (
        "reject",
        "tcp reset",
        frozenset(),
        (),
    )


def test_two_chances_are_both_named():
    rules = chain("f", (May("limit one"), DROP), (May("limit two"), DROP), (RETURN,), hook="forward")
    outcome = judge(ruleset(rules), FORWARDED, {"ct_state": 3, "nfproto": 2})
    assert (outcome.verdict, outcome.why) == ("unknown", "limit one; limit two")


def test_what_cannot_be_decided_ends_the_way_with_its_construct():
    rules = chain("f", (of(dport=1), Unsupported("queue")), (DROP,), hook="forward")
    assert judge(ruleset(rules), FORWARDED, {"ct_state": 3, "nfproto": 2, "dport": 1}).why == "queue"


def test_a_packet_with_an_impossible_state_is_refused():
    with pytest.raises(ValueError, match="ct_state is 0"):
        judge(ruleset(), FORWARDED, {"ct_state": 6})


LOG = (of(dport=80), May("limit rate 5/minute"))


def only(*rules, inner=(), packet=(), policy="accept"):
    chains = chain("inner", *inner), chain("f", *rules, hook="forward", policy=policy)
    return judge(ruleset(*chains), FORWARDED, {"ct_state": 3, "nfproto": 2, "dport": 80, **dict(packet)})


@pytest.mark.parametrize("way", ["jump", "goto"])
def test_where_both_ways_of_chance_end_alike_that_is_the_fate(way):
    leads = (*LOG, do(way, "inner"))
    assert only(leads, (DROP,), inner=[(DROP,)]).verdict == "drop"
    assert only(leads, (ACCEPT,), inner=[(RETURN,)], policy="accept").verdict == "accept"
    assert only(leads, (DROP,), inner=[(REJECT,)]).verdict == "reject"
    apart = only(leads, (DROP,), inner=[(ACCEPT,)])
    assert (apart.verdict, apart.why) == ("unknown", "limit rate 5/minute")
    assert {rule.text for rule in apart.rules} == {"inner rule 1", "f rule 2"}
    assert only(leads, (DROP,), inner=[(ACCEPT,)], packet={"dport": 81}).verdict == "drop"


def test_a_return_by_chance_is_followed_both_ways():
    assert only((*LOG, RETURN), (DROP,), policy="drop").verdict == "drop"
    assert only((*LOG, RETURN), (ACCEPT,), policy="drop").verdict == "unknown"


def test_a_change_by_chance_is_followed_both_ways():
    assert only((*LOG, Assign("mark", 1)), (of(mark=1), DROP)).verdict == "unknown"
    assert only((*LOG, Assign("mark", 1)), (of(mark=2), DROP)).verdict == "accept"
    assert only((*LOG, Assign("mark", 1)), (of(mark=1), DROP), (of(mark=0), DROP)).verdict == "drop"
    assert only((Assign("mark", 1), *LOG, DROP), (of(mark=1), DROP)).verdict == "drop"
    # What becomes of the connection is not told, though the packet itself passes.
    assert only((*LOG, Assign("ct_mark", 1))).verdict == "unknown"


def test_each_visit_to_a_rule_has_a_chance_of_its_own():
    twice = [(do("jump", "inner"),), (do("jump", "inner"),), (of(mark=2), DROP)]
    raised = (*LOG, of(mark=1), Assign("mark", 2)), (*LOG, of(mark=0), Assign("mark", 1))
    assert only(*twice, inner=raised).verdict == "unknown"
    assert only(*twice[1:], inner=raised).verdict == "accept"


def test_more_chances_than_can_be_followed_are_unknown():
    some = [(*LOG, do("jump", "inner"))] * 20
    assert only(*some[:16], (DROP,), inner=[(DROP,)]).verdict == "drop"
    assert only(*some, (DROP,), inner=[(DROP,)]).verdict == "unknown"
