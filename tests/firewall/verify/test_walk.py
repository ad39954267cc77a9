from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.firewall.verify.boxes import Boxes
from bellrock.firewall.verify.route import FORWARDED, RECEIVED, SENT
from bellrock.firewall.verify.ruleset import Assign, Choose, Helper, NoTrack, Verdict, VerdictKind
from bellrock.firewall.verify.walk import judge, walk
from tests.firewall.verify.rules import Interpreter, boxes, chain, do, of, ruleset

IP = 2
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
                priority=draw(st.sampled_from([-300, -200, 0, 0])),
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
