from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.firewall.verify.box import Box
from bellrock.firewall.verify.program import FOREVER, Kind, points
from bellrock.firewall.verify.route import FORWARDED
from bellrock.firewall.verify.ruleset import May
from bellrock.firewall.verify.unroll import unroll
from tests.firewall.verify.rules import ACCEPT, DROP, boxes, chain, do, intervals, of, ruleset


def program(*rules, policy="accept"):
    web = chain("web", (of(dport=7), do("return")))
    return unroll(ruleset(web, chain("forward", *rules, hook="forward", policy=policy)), FORWARDED)


def test_decisions_hold_packets_for_good_or_until_the_chain_ends():
    found = program((of(dport=1), DROP), (of(dport=2), ACCEPT), (do("jump", "web"),), policy="drop")
    kinds = [one.kind for one in found.decisions]
    assert kinds == [Kind.DROP, Kind.ACCEPT, Kind.SKIP, Kind.DROP, Kind.END]
    assert [found.end(one) for one in found.decisions] == [FOREVER, 4, 3, FOREVER, FOREVER]
    assert found.tail == 4
    assert found.bases == ("inet t forward",)


def test_only_near_decisions_are_looked_at():
    found = program(*((of(dport=at), DROP) for at in range(50)))
    assert found.near(boxes(dport=(10, 12))) == [10, 11, 12, 50]
    assert found.near(boxes(dport=(10, 12)), start=12) == [12, 50]
    assert found.near(boxes(dport=(10, 12)), stop=12) == [10, 11]
    assert found.near(boxes(dport=3), start=len(found.decisions)) == []


def test_what_holds_is_certain_and_earlier():
    found = program((of(dport=1), May("limit"), DROP), (of(dport=1), DROP), (of(dport=2), DROP))
    assert [one.rule.handle for one in found.holding(boxes(dport=(0, 9)), 3)] == [2, 3]


def test_a_witness_is_a_packet_that_nothing_took():
    found = program((of(dport=(0, 99)), DROP), (of(dport=(50, 120)), DROP))
    assert found.witness(boxes(dport=(50, 120), nfproto=2, ct_state=3).any(), 1)
    assert not found.witness(boxes(dport=(50, 60), nfproto=2, ct_state=3).any(), 1)


@given(st.lists(st.tuples(st.integers(0, 65535), st.integers(0, 200)), min_size=1, max_size=4))
@settings(deadline=None)
def test_points_are_packets_of_their_box(spans):
    box = Box({"dport": intervals([(first, min(65535, first + more)) for first, more in spans])})
    tried = list(points(box, ("dport", "l4proto")))
    assert len(tried) == 12
    assert all(point.inside(box) and point.fields["l4proto"].size() == 1 for point in tried)
