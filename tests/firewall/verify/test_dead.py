from bellrock.firewall.verify.dead import lifeless
from bellrock.firewall.verify.ruleset import Choose, May, Unsupported, Verdict, VerdictKind
from bellrock.firewall.verify.unroll import unroll
from tests.firewall.verify.rules import ACCEPT, DROP, RETURN, boxes, chain, do, of, ruleset


def found(*chains):
    rules = ruleset(*chains)
    dead, shadowed = lifeless(rules, lambda route: unroll(rules, route))
    return {(one.rule.chain.split()[-1], one.rule.handle): one.why for one in dead}, shadowed


def forward(*rules, **more):
    return chain("forward", *rules, hook="forward", **more)


def test_rules_that_packets_match_are_left_alone():
    assert found(forward((of(dport=1), ACCEPT), (of(dport=2), DROP), (of(dport=(1, 3)), DROP))) == ({}, ())


def test_a_rule_that_contradicts_itself_is_dead():
    dead, shadowed = found(forward((of(dport=1), of(dport=2), ACCEPT)))
    assert dead == {("forward", 1): "its matches exclude each other"}
    assert not shadowed


def test_a_chain_that_nothing_leads_to_is_dead():
    assert found(forward(), chain("lost", (ACCEPT,)))[0] == {("lost", 1): "nothing leads to its chain"}


def test_a_rule_behind_a_jump_that_excludes_it_is_dead():
    dead, _ = found(
        forward((of(dport=1), do("jump", "web"))), chain("web", (of(dport=2), ACCEPT), (of(dport=1), ACCEPT))
    )
    assert dead == {("web", 1): "what leads to its chain excludes its matches"}


def test_two_halves_shadow_a_whole_and_both_are_named():
    dead, (shadow,) = found(
        forward((of(dport=(0, 9)), ACCEPT), (of(dport=(10, 19)), ACCEPT), (of(dport=(5, 15)), DROP))
    )
    assert dead == {("forward", 3): "earlier rules take all its packets"}
    assert [rule.handle for rule in shadow.by] == [1, 2]
    assert shadow.changes


def test_a_double_is_shadowed_by_the_one_rule_that_is_enough_and_changes_nothing():
    _, (shadow,) = found(forward((of(dport=5), DROP), (of(dport=(0, 9)), ACCEPT), (of(dport=7), ACCEPT)))
    assert [rule.handle for rule in shadow.by] == [2]
    assert not shadow.changes


def test_what_an_earlier_base_chain_drops_by_policy_reaches_no_later_rule():
    dead, (shadow,) = found(chain("early", hook="prerouting", policy="drop"), forward((of(dport=1), ACCEPT)))
    assert dead == {("forward", 1): "earlier rules take all its packets"}
    assert str(shadow.by[0]) == "policy drop of inet t early"


def test_an_accept_in_an_earlier_base_chain_takes_nothing_from_a_later_one():
    assert found(chain("early", (ACCEPT,), hook="prerouting"), forward((of(dport=1), ACCEPT)))[0] == {}


def test_return_and_goto_take_packets_from_the_rest_of_their_chain():
    dead, _ = found(
        forward((of(dport=1), do("goto", "web")), (of(dport=1), DROP)),
        chain("web", (of(dport=1), RETURN), (of(dport=1), DROP)),
    )
    assert set(dead) == {("forward", 2), ("web", 2)}


def test_what_is_uncertain_shadows_nothing():
    assert found(forward((of(dport=1), May("limit"), DROP), (of(dport=1), ACCEPT)))[0] == {}
    assert found(forward((of(dport=1), Unsupported("queue")), (of(dport=1), ACCEPT)))[0] == {}


def test_a_rule_is_alive_where_any_hook_brings_it_packets():
    shared = chain("web", (of(dport=1), ACCEPT))
    assert (
        found(forward((of(dport=2), do("jump", "web"))), chain("in", (do("jump", "web"),), hook="input"), shared)[0]
        == {}
    )


def test_verdict_maps_lead_to_chains_and_shadow_as_rules_do():
    to_web = Choose(((boxes(dport=1), Verdict(VerdictKind.JUMP, "web")), (boxes(dport=2), Verdict(VerdictKind.DROP))))
    dead, _ = found(forward((to_web,), (of(dport=2), ACCEPT), (of(dport=1), ACCEPT)), chain("web", (of(dport=1), DROP)))
    assert set(dead) == {("forward", 2), ("forward", 3)}


def test_chains_of_families_that_no_route_meets_are_left_out():
    assert found(chain("arp", (of(dport=1), of(dport=2), ACCEPT), hook="input", family="arp"))[0] == {}
