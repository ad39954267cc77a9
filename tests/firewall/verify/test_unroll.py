import pytest

from bellrock.firewall.verify import decisions
from bellrock.firewall.verify.describe import interface_number
from bellrock.firewall.verify.route import FORWARDED, RECEIVED, SENT
from bellrock.firewall.verify.ruleset import Assign, Choose, Copy, May, RulesetError, Translate, Verdict, VerdictKind
from bellrock.firewall.verify.unroll import unroll
from bellrock.firewall.verify.walk import judge, run
from tests.firewall.verify.rules import ACCEPT, DROP, boxes, chain, do, of, ruleset

NEW = {"ct_state": 3, "nfproto": 2, "l4proto": 6, "dport": 80, "daddr": 1, "saddr": 9}


def fate(route, packet, *chains):
    outcome = judge(ruleset(*chains), route, {**NEW, **packet})
    return outcome.verdict


def nat(*rules, hook="prerouting", name="nat", priority=-100):
    return chain(name, *rules, hook=hook, kind="nat", priority=priority)


def to(address, kind="dnat", **more):
    return Translate(kind=kind, family=2, address=address, **more)


@pytest.mark.parametrize("depth", [15, 16, 17])
def test_jumps_go_as_deep_as_the_kernel_lets_them(depth):
    chains = [chain("base", (do("jump", "c1"),), hook="forward")]
    chains += [chain(f"c{at}", (do("jump", f"c{at + 1}"),)) for at in range(1, depth)]
    chains.append(chain(f"c{depth}", (DROP,)))
    if depth <= 16:
        assert fate(FORWARDED, {}, *chains) == "drop"
    else:
        with pytest.raises(RulesetError, match="deeper than 16 chains"):
            unroll(ruleset(*chains), FORWARDED)


def test_more_ways_than_can_be_kept_are_refused(monkeypatch):
    monkeypatch.setattr(decisions, "LONGEST", 10)
    with pytest.raises(RulesetError, match="more than 10 ways to a rule"):
        unroll(ruleset(chain("base", *((of(dport=at), DROP) for at in range(20)), hook="forward")), FORWARDED)


def test_a_translated_packet_is_matched_by_its_new_address_and_by_its_old_before():
    rules = (
        nat(
            (of(daddr=1), to(5, port=8080)),
        ),
        chain("forward", (of(daddr=5, dport=8080), ACCEPT), hook="forward", policy="drop"),
    )
    assert fate(FORWARDED, {}, *rules) == "accept"
    assert fate(FORWARDED, {"daddr": 5}, *rules) == "drop"
    assert fate(FORWARDED, {"ct_state": 1}, *rules) == "drop"


def test_the_first_translation_at_a_hook_is_the_only_one():
    second = nat((to(6),), name="second", priority=-90)
    rules = (
        nat(
            (to(5),),
        ),
        second,
        chain("forward", (of(daddr=5), ACCEPT), hook="forward", policy="drop"),
    )
    assert fate(FORWARDED, {}, *rules) == "accept"


def test_packets_that_translation_sends_elsewhere_have_an_unknown_fate_here():
    assert fate(FORWARDED, {}, nat((to(None, "redirect", port=3128),))) == "unknown"
    assert fate(RECEIVED, {}, nat((to(7),))) == "unknown"
    assert (
        fate(
            RECEIVED,
            {},
            nat((to(None, "redirect", port=3128),)),
            chain("in", (of(dport=3128), ACCEPT), hook="input", policy="drop"),
        )
        == "accept"
    )


def test_a_hook_without_an_interface_sees_an_empty_name():
    eth = interface_number("eth0")
    no_out = chain("pre", (of(oifname=eth), DROP), hook="prerouting")
    assert fate(FORWARDED, {"oifname": eth}, no_out) == "accept"
    no_in = chain("post", (of(iifname=0), DROP), hook="postrouting")
    assert fate(SENT, {"iifname": eth}, no_in) == "drop"
    assert fate(FORWARDED, {"iifname": eth}, no_in) == "accept"


def test_a_netdev_chain_sees_the_packets_of_its_devices():
    ingress = chain("nic", (DROP,), hook="ingress", family="netdev", devices=("eth0",))
    assert fate(FORWARDED, {"iifname": interface_number("eth0")}, ingress) == "drop"
    assert fate(FORWARDED, {"iifname": interface_number("eth1")}, ingress) == "accept"


def test_a_change_that_depends_on_chance_leaves_the_fate_unknown():
    rules = (of(dport=80), May("limit"), Assign("mark", 1))
    assert fate(FORWARDED, {}, chain("f", rules, (of(mark=1), DROP), hook="forward")) == "unknown"
    clouded = chain("f", (of(dport=80), May("limit"), ACCEPT), (of(dport=80), Assign("mark", 1)), hook="forward")
    assert fate(FORWARDED, {}, clouded, chain("late", (of(mark=1), DROP), hook="postrouting")) == "unknown"


def test_a_mark_that_came_in_keeps_the_bits_that_are_not_masked():
    rules = chain("f", (Assign("mark", 1, 1),), (of(mark=5), DROP), hook="forward")
    assert [fate(FORWARDED, {"mark": mark}, rules) for mark in (0, 1, 4, 5, 6)] == [
        "accept", "accept", "drop", "drop", "accept",
    ]  # fmt: skip
    nothing_known = chain("f", (Assign("mark", None),), (of(mark=1), DROP), hook="forward")
    assert fate(FORWARDED, {"mark": 0}, nothing_known) == "unknown"
    too_many = chain("f", (Copy("mark", "mark", 0xFF, 0),), (of(mark=1), DROP), hook="forward")
    assert fate(FORWARDED, {"mark": 0x100001}, too_many) == "unknown"


def test_a_mark_is_copied_from_the_connection_and_back():
    back = chain("f", (of(ct_state=(1, 3)), Copy("mark", "ct_mark", 0xFF)), (of(mark=5), DROP), hook="forward")
    seen = [fate(FORWARDED, {"ct_mark": mark}, back) for mark in (5, 0x105, 6)]
    assert seen == ["drop", "drop", "accept"]
    rules = (Assign("mark", 3),), (Copy("ct_mark", "mark", 0xFF, 4),), (of(ct_mark=7), DROP)
    assert fate(FORWARDED, {}, chain("f", *rules, hook="forward")) == "drop"
    assert fate(FORWARDED, {"ct_state": 0}, chain("f", *rules, hook="forward")) == "accept"


@pytest.mark.parametrize(("name", "nfproto"), [("ttl", 2), ("hoplimit", 10)])
def test_the_kernel_lowers_the_ttl_before_the_hook_forward(name, nfproto):
    def fates(hook, **kind):
        rules = chain("f", (of(**{name: 63}), DROP), hook=hook)
        return [fate(FORWARDED, {"nfproto": nfproto, name: ttl}, rules) for ttl in (63, 64)]

    assert fates("prerouting") == ["drop", "accept"]
    assert fates("forward") == fates("postrouting") == ["accept", "drop"]
    received = chain("f", (of(**{name: 63}), DROP), hook="input")
    assert fate(RECEIVED, {"nfproto": nfproto, name: 63}, received) == "drop"


def test_a_ttl_that_was_set_is_lowered_too():
    def fates(value):
        early = chain("e", (Assign("ttl", value),), hook="prerouting")
        return fate(FORWARDED, {"ttl": 64}, early, chain("f", (of(ttl=4), DROP), hook="forward"))

    assert [fates(5), fates(4), fates(1), fates(None)] == ["drop", "accept", "unknown", "unknown"]


def test_what_comes_back_twice_is_taken_by_what_stands_behind():
    again = (
        Choose(((boxes(dport=(0, 1)), Verdict(VerdictKind.ACCEPT)), (boxes(dport=2), Verdict(VerdictKind.RETURN)))),
    )
    third = chain("third", (Assign("mark", 0), *again, ACCEPT), (ACCEPT,))
    base = chain("b", (do("jump", "third"),), (do("jump", "third"),), hook="prerouting", policy="drop")
    assert fate(FORWARDED, {"dport": 2}, third, base) == "drop"


def test_what_is_rewritten_without_tracking_stays_rewritten():
    early = chain("e", (Assign("daddr", 5),), hook="prerouting", priority=-150)
    assert fate(FORWARDED, {}, early, chain("f", (of(daddr=5), DROP), hook="forward")) == "drop"


def test_answers_carry_translated_fields_until_the_kernel_restores_them():
    early = chain("early", (of(daddr=77), DROP), hook="prerouting", priority=-150)
    late = chain("late", (of(daddr=77), DROP), hook="forward")
    answer = boxes(**{**NEW, "ct_state": 1})
    restored = (("daddr", 77),)
    assert [one.verdict for one in run(unroll(ruleset(early), FORWARDED, restored), answer)] == ["drop"]
    assert [one.verdict for one in run(unroll(ruleset(late), FORWARDED, restored), answer)] == ["accept"]
