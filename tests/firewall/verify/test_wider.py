from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.firewall.verify.boxes import Boxes
from bellrock.firewall.verify.report import RuleRef
from bellrock.firewall.verify.route import FORWARDED
from bellrock.firewall.verify.ruleset import May
from bellrock.firewall.verify.unroll import unroll
from bellrock.firewall.verify.walk import run
from bellrock.firewall.verify.wider import widest
from tests.firewall.verify.rules import ACCEPT, DROP, boxes, chain, of, ruleset

NEW = {"ct_state": 3, "nfproto": [2, 10]}


def forward(*rules, policy="drop"):
    return chain("forward", *rules, hook="forward", policy=policy)


CLOSED = (RuleRef(chain="inet t forward", policy="drop"),)


def found(*chains, needed=None, policies=CLOSED):
    return widest(unroll(ruleset(*chains), FORWARDED), needed or Boxes.nothing(), policies)


def test_a_rule_as_wide_as_what_is_needed_is_not_wider():
    assert found(forward((of(dport=69), ACCEPT)), needed=boxes(dport=69)) == ()


def test_what_a_rule_lets_through_beyond_the_needed_is_said_exactly():
    (one,) = found(forward((of(dport=(60, 69)), ACCEPT)), needed=boxes(dport=69))
    assert one.packets == ({"family": ["IPv4", "IPv6"], "state": ["new"], "port": ["60-68"]},)
    assert (one.rule.handle, one.less) == (1, ())


def test_what_an_earlier_rule_takes_or_a_later_chain_drops_does_not_count():
    late = chain("late", (of(dport=61), DROP), hook="postrouting")
    (one,) = found(forward((of(dport=60), DROP), (of(dport=(60, 62)), ACCEPT)), late)
    assert one.packets[0]["port"] == ["62"]


def test_established_connections_are_never_wider():
    assert found(forward((of(ct_state=[1, 2]), ACCEPT))) == ()


def test_the_widest_comes_first_and_perhaps_counts():
    wide = found(forward((of(dport=1), ACCEPT), (of(dport=(2, 99)), May("limit"), ACCEPT)))
    assert [one.rule.handle for one in wide] == [2, 1]


def test_an_open_policy_lets_through_what_no_rule_takes():
    rules = forward((of(dport=(1, 65535)), DROP), policy="accept")
    (one,) = found(rules, policies=(RuleRef(chain="inet t forward", policy="accept"),))
    assert str(one.rule) == "policy accept of inet t forward"
    assert one.packets == ({"family": ["IPv4", "IPv6"], "state": ["new"], "port": ["0"]},)


def test_where_many_rules_cut_a_set_they_are_named_instead():
    drops = [(of(saddr=at * 3, daddr=at * 5), DROP) for at in range(40)]
    (one,) = found(forward(*drops, (of(l4proto=6), ACCEPT)))
    assert one.packets == ({"family": ["IPv4", "IPv6"], "protocol": ["tcp"], "state": ["new"]},)
    assert one.less == (("inet t forward", tuple(range(1, 41))),)
    covering = [(of(saddr=at), DROP) for at in range(40)]
    assert found(forward(*covering, (of(saddr=(0, 39)), ACCEPT))) == ()


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5), st.booleans()), max_size=6), st.integers(0, 12))
@settings(max_examples=60, deadline=None)
def test_what_is_wider_is_what_passes_less_what_is_needed(rules, port):
    chains = forward(*((of(dport=(first, first + more)), ACCEPT if accept else DROP) for first, more, accept in rules))
    program = unroll(ruleset(chains), FORWARDED)
    passing = sum(
        (outcome.packets - boxes(dport=port)).size()
        for outcome in run(program, boxes(**NEW))
        if outcome.verdict == "accept"
    )
    ports = sum(
        len(range(int(text.split("-")[0]), int(text.split("-")[-1]) + 1))
        for one in found(chains, needed=boxes(dport=port))
        for box in one.packets
        for text in box["port"]
    )
    assert ports * boxes(**NEW, dport=0).size() == passing


def test_an_open_policy_behind_a_drop_of_everything_lets_nothing_through():
    many = [(of(dport=2 * at), DROP) for at in range(100)]
    open_policy = (RuleRef(chain="inet t forward", policy="accept"),)
    assert found(forward(*many, (DROP,), policy="accept"), policies=open_policy) == ()
    (one,) = found(forward(*many, policy="accept"), policies=open_policy)
    assert one.rule == open_policy[0]
