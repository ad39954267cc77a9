import pytest
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
    assert found(forward((of(l4proto=6, dport=69), ACCEPT)), needed=boxes(l4proto=6, dport=69)) == ()


def test_what_a_rule_lets_through_beyond_the_needed_is_said_exactly():
    (one,) = found(forward((of(l4proto=6, dport=(60, 69)), ACCEPT)), needed=boxes(l4proto=6, dport=69))
    assert one.packets == ({"family": ["IPv4", "IPv6"], "protocol": ["tcp"], "state": ["new"], "port": ["60-68"]},)
    assert (one.rule.handle, one.less) == (1, ())


def test_what_an_earlier_rule_takes_or_a_later_chain_drops_does_not_count():
    late = chain("late", (of(l4proto=6, dport=61), DROP), hook="postrouting")
    (one,) = found(forward((of(l4proto=6, dport=60), DROP), (of(l4proto=6, dport=(60, 62)), ACCEPT)), late)
    assert one.packets[0]["port"] == ["62"]


def test_established_connections_are_never_wider():
    assert found(forward((of(ct_state=[1, 2]), ACCEPT))) == ()


def test_the_widest_comes_first_and_perhaps_counts():
    wide = found(forward((of(l4proto=6, dport=1), ACCEPT), (of(l4proto=6, dport=(2, 99)), May("limit"), ACCEPT)))
    assert [one.rule.handle for one in wide] == [2, 1]


def test_an_open_policy_lets_through_what_no_rule_takes():
    rules = forward((of(l4proto=[(0, 5), (7, 255)]), DROP), (of(l4proto=6, dport=(1, 65535)), DROP), policy="accept")
    (one,) = found(rules, policies=(RuleRef(chain="inet t forward", policy="accept"),))
    assert str(one.rule) == "policy accept of inet t forward"
    assert one.packets == ({"family": ["IPv4", "IPv6"], "protocol": ["tcp"], "state": ["new"], "port": ["0"]},)


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
    chains = forward(
        *((of(l4proto=6, dport=(first, first + more)), ACCEPT if accept else DROP) for first, more, accept in rules)
    )
    program = unroll(ruleset(chains), FORWARDED)
    passing = sum(
        (outcome.packets - boxes(l4proto=6, dport=port)).size()
        for outcome in run(program, boxes(**NEW, l4proto=6))
        if outcome.verdict == "accept"
    )
    ports = sum(
        len(range(int(text.split("-")[0]), int(text.split("-")[-1]) + 1))
        for one in found(chains, needed=boxes(l4proto=6, dport=port))
        for box in one.packets
        for text in box["port"]
    )
    assert ports * boxes(**NEW, l4proto=6, dport=0).size() == passing


def test_an_open_policy_behind_a_drop_of_everything_lets_nothing_through():
    many = [(of(l4proto=6, dport=2 * at), DROP) for at in range(100)]
    open_policy = (RuleRef(chain="inet t forward", policy="accept"),)
    assert found(forward(*many, (DROP,), policy="accept"), policies=open_policy) == ()
    (one,) = found(forward(*many, policy="accept"), policies=open_policy)
    assert one.rule == open_policy[0]


def test_what_reaches_no_service_comes_last():
    icmp = (of(nfproto=2, l4proto=1, icmp_type=(0, 200)), ACCEPT)
    wide = found(forward(icmp, (of(nfproto=2, l4proto=6, dport=22), ACCEPT)))
    assert [one.rule.handle for one in wide] == [2, 1]
    assert wide[0].size < wide[1].size


def test_a_rate_makes_it_a_perhaps_unless_there_is_a_sure_way_too():
    (one,) = found(forward((of(l4proto=6, dport=2), May("limit"), ACCEPT)))
    assert one.may
    (one,) = found(forward((of(l4proto=6, dport=2), ACCEPT)))
    assert not one.may


def test_fields_that_the_packets_do_not_have_are_not_told():
    needed = boxes(nfproto=2, saddr=(0, 9), l4proto=6, dport=22)
    (one,) = found(forward((of(l4proto=6, dport=22), ACCEPT)), needed=needed)
    assert {tuple(box["family"]): "from" in box for box in one.packets} == {("IPv4",): True, ("IPv6",): False}
    assert set(one.text.split("; ")) == {"IPv6 tcp port 22", "IPv4 tcp from all but 0.0.0.0-0.0.0.9 port 22"}


@pytest.mark.parametrize(("states", "named"), [([1, 0], "invalid"), ([1, 2, 4], "untracked")])
def test_what_belongs_to_no_connection_needs_none_that_was_let_in(states, named):
    (one,) = found(forward((of(ct_state=states), ACCEPT)))
    assert one.packets[0]["state"] == [named]
    assert named in one.text


def test_strays_to_a_service_that_is_needed_are_no_more_than_it():
    web = forward((of(l4proto=6, dport=80), ACCEPT))
    assert found(web, needed=boxes(ct_state=3, l4proto=6, dport=80)) == ()
    (one,) = found(web, needed=boxes(ct_state=3, l4proto=6, dport=81))
    assert one.packets[0]["state"] == ["new"]
    assert "state" not in one.text
