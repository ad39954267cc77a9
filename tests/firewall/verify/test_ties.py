import pytest

from bellrock.firewall.verify.route import FORWARDED, RECEIVED
from bellrock.firewall.verify.ruleset import Assign, Copy, Helper, May, NoTrack, Translate, Unsupported
from bellrock.firewall.verify.unroll import unroll
from bellrock.firewall.verify.walk import judge, run
from tests.firewall.verify.rules import ACCEPT, DROP, boxes, chain, do, of, ruleset

NEW = {"ct_state": 3, "nfproto": 2, "l4proto": 6, "dport": 80, "daddr": 1, "saddr": 9}
MARKS = (of(dport=80), Assign("mark", 1))
MARKED = (of(mark=1), DROP)
MASQUERADE = Translate(kind="masquerade", family=2)


def both(first, second, *, hook="forward", priority=0, **more):
    """The same rules in two tables, listed one way and the other."""
    one = [chain("a", *first, hook=hook, priority=priority, table="a", **more)]
    other = [chain("b", *second, hook=hook, priority=priority, table="b", **more)]
    return one + other, other + one


def fates(chains, packet=None, route=FORWARDED):
    return {judge(ruleset(*some), route, {**NEW, **(packet or {})}).verdict for some in chains}


@pytest.mark.parametrize(
    ("first", "second", "packet", "fate"),
    [
        ([MARKS], [MARKED], {}, "unknown"),
        ([MARKS], [MARKED], {"dport": 81}, "accept"),
        ([MARKS], [(of(dport=80), DROP)], {}, "drop"),
        ([(of(dport=80), ACCEPT)], [(of(dport=(0, 90)), ACCEPT), (DROP,)], {}, "accept"),
        ([MARKS], [(of(mark=1, saddr=8), DROP)], {}, "accept"),
        ([MARKS], [(of(mark=1),), (of(mark=1), May("limit"))], {}, "accept"),
        ([(Assign("mark", 1, 1),)], [(Assign("mark", 2, 2),)], {}, "accept"),
        ([(Assign("mark", 1),)], [(Assign("mark", 1),)], {}, "accept"),
        ([(Assign("mark", 1),)], [(Assign("mark", 2),)], {}, "unknown"),
        ([(Assign("mark", None),)], [(Assign("mark", None),)], {}, "unknown"),
        ([(Assign("ct_mark", 1),)], [(Copy("mark", "ct_mark", 255),)], {}, "unknown"),
        ([(of(dport=80), Unsupported("@th,16,8 set 0x12"))], [(of(daddr=7), DROP)], {}, "unknown"),
        ([(of(dport=80), Unsupported("xt match string"))], [(of(daddr=1), DROP)], {}, "unknown or drop"),
        ([(Helper("tftp", 17),)], [(Helper("tftp", 17),)], {"l4proto": 17}, "accept"),
        ([(Helper("tftp", 17),)], [(Helper("ftp", 6),)], {"l4proto": 17}, "unknown"),
    ],
)
def test_only_what_one_table_changes_and_another_looks_at_hangs_on_their_order(first, second, packet, fate):
    assert fates(both(first, second), packet) <= set(fate.split(" or "))


def test_within_a_table_the_listing_has_the_order():
    marks = chain("a", MARKS, hook="forward")
    assert judge(ruleset(chain("b", MARKED, hook="forward"), marks), FORWARDED, NEW).verdict == "drop"
    assert judge(ruleset(marks, chain("b", MARKED, hook="forward")), FORWARDED, NEW).verdict == "accept"


def test_tables_of_other_families_or_other_priorities_are_in_order():
    four = chain("a", (Assign("mark", 1),), hook="forward", family="ip")
    six = chain("b", MARKED, hook="forward", family="ip6", table="u")
    assert fates([(four, six)]) == {"accept"}
    later = chain("b", MARKED, hook="forward", priority=1, table="u")
    assert fates([(four, later), (later, four)]) == {"drop"}


def test_the_chains_and_the_field_are_named():
    (chains, _) = both([MARKS], [MARKED])
    why = judge(ruleset(*chains), FORWARDED, NEW).why
    assert (
        why == "inet a a changes mark and inet b b depends on it, both at one priority: which comes first is not known"
    )


def test_jumps_bring_only_what_they_match_and_many_ways_anything():
    base = chain("a", (of(dport=80), do("jump", "m")), hook="forward", table="a")
    marks = chain("m", (Assign("mark", 1),), table="a")
    reads = chain("b", MARKED, hook="forward", table="b")
    assert fates([(base, marks, reads)]) == {"unknown"}
    assert fates([(base, marks, reads)], {"dport": 81}) == {"accept"}
    ways = [(of(dport=at), do("jump", "m")) for at in range(40)]
    many = chain("a", *ways, hook="forward", table="a")
    assert fates([(many, marks, reads)], {"dport": 20}) == {"unknown"}


def nat(*rules, table, priority=-100, hook="prerouting", policy="accept"):
    return chain("n", *rules, hook=hook, kind="nat", priority=priority, table=table, policy=policy)


def dnat(address):
    return Translate(kind="dnat", family=2, address=address)


@pytest.mark.parametrize(
    ("first", "second", "fate"),
    [
        ([(of(dport=80), dnat(5))], [(of(dport=80), dnat(6))], "unknown"),
        ([(of(dport=80), dnat(5))], [(of(dport=80), dnat(5))], "accept"),
        ([(of(dport=80), dnat(5))], [(of(dport=81), dnat(6))], "accept"),
        ([(of(dport=80), dnat(5))], [(of(daddr=1), ACCEPT)], "accept"),
        ([(of(dport=80), dnat(5))], [(of(daddr=1), DROP)], "unknown"),
        ([(of(dport=80), dnat(5))], [(Assign("mark", 3),)], "unknown"),
    ],
)
def test_of_two_translations_at_one_priority_the_first_would_win(first, second, fate):
    tables = [nat(*first, table="a"), nat(*second, table="b")]
    assert fates([tables, tables[::-1]]) == {fate}
    later = [nat(*first, table="a"), nat(*second, table="b", priority=-90)]
    assert "unknown" not in fates([later])


def test_a_policy_of_a_nat_chain_stops_what_no_other_translated_before():
    assert fates([(nat((dnat(5),), table="a"), nat(table="b", policy="drop"))]) == {"unknown"}


def test_two_tables_that_masquerade_alike_are_ordinary():
    tables = [nat((MASQUERADE,), table=name, hook="postrouting", priority=100) for name in ("a", "b")]
    assert fates([tables]) == {"accept"}


@pytest.mark.parametrize(
    ("priority", "rule", "packet", "fate"),
    [
        (-200, (of(ct_state=3), DROP), {}, "unknown"),
        (-200, (of(dport=80), DROP), {}, "drop"),
        (-200, (of(dport=81), ACCEPT), {}, "accept"),
        (-200, (of(dport=80), NoTrack()), {}, "unknown"),
        (-200, (of(dport=80), NoTrack()), {"dport": 81}, "accept"),
        (-200, (of(dport=80), Assign("ct_mark", 1)), {}, "unknown"),
        (-200, (of(dport=80), Assign("daddr", 1)), {}, "unknown"),
        (-201, (of(ct_state=3), DROP), {}, "accept"),
        (-199, (of(ct_state=3), DROP), {}, "drop"),
    ],
)
def test_beside_connection_tracking_nothing_of_the_connection_is_known(priority, rule, packet, fate):
    assert fates([(chain("p", rule, hook="prerouting", priority=priority),)], packet, RECEIVED) == {fate}


def test_beside_translation_addresses_are_not_known():
    beside = chain("p", (of(daddr=1), DROP), hook="prerouting", priority=-100, table="a")
    translates = nat((of(dport=80), dnat(5)), table="a")
    assert fates([(beside, translates)]) == {"unknown"}
    assert fates([(beside,)]) == {"drop"}
    assert fates([(beside, translates)], {"dport": 81}) == {"drop"}
    assert fates([(beside, nat((of(dport=80), dnat(5)), table="a", priority=-90))]) == {"unknown"}


def test_answers_of_a_translated_connection_are_not_known_beside_translation():
    restored = (("daddr", 7),)
    answer = boxes(ct_state=1, nfproto=2, daddr=5)
    for priority, fate in ((-101, "drop"), (-100, "unknown"), (-99, "accept")):
        rules = ruleset(chain("p", (of(daddr=7), DROP), hook="prerouting", priority=priority))
        assert [one.verdict for one in run(unroll(rules, FORWARDED, restored), answer)] == [fate]
    source = ruleset(chain("p", (of(saddr=7), DROP), hook="postrouting", priority=100))
    assert [one.verdict for one in run(unroll(source, FORWARDED, (("saddr", 7),)), answer)] == ["unknown"]
