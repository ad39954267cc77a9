"""Who is farther from the others than a wire is long."""

from itertools import combinations

import pytest

from bellrock.topology.batch import infer
from bellrock.topology.incremental import Incremental
from tests.topology.worlds import host, interface, port, saw

NAMES = [host(id, f"node-{id}") for id in "abcdef"]
WIRE, TUNNEL = 0.0004, 0.021


def segment(near, far=TUNNEL, groups=("abc", "def")):
    """Hosts of which those of one group are near to each other, and each is confirmed by each, both ways."""
    of = {name: number for number, group in enumerate(groups) for name in group}
    seen = list(NAMES)
    for a, b in combinations(of, 2):
        took = near if of[a] == of[b] else far
        for one, other in ((a, b), (b, a)):
            seen.append(saw("confirmed", f"{one}/eth0", f"{other}/eth0", transit=took))
    return [*seen, *(interface(name, "eth0") for name in of)]


def told(observations):
    return [conflict for conflict in infer(observations).conflicts if conflict.kind == "relayed"]


def test_two_groups_that_are_far_from_each_other():
    (found,) = told(segment(WIRE))
    assert found.where == (port("d/eth0"), port("e/eth0"), port("f/eth0"))
    assert found.proof == (
        "Between node-a/eth0, node-b/eth0 and node-c/eth0 and node-d/eth0, node-e/eth0 and node-f/eth0 a beacon and its answer are on "
        "their way for 21 ms at best, though others of this segment answer within 400 µs: something passes frames on between two "
        "segments (a relay, a tunnel)."
    )
    assert len(found.evidence) == 1


def test_the_larger_group_is_home():
    (found,) = told(segment(WIRE, groups=("ab", "cdef")))
    assert found.where == (port("a/eth0"), port("b/eth0"))


def test_one_alone_may_be_a_slow_machine():
    (found,) = told(segment(WIRE, groups=("abc", "d")))
    assert found.where == (port("d/eth0"),)
    assert found.proof.endswith("(a relay, a tunnel), or node-d/eth0 is slow.")


def test_one_alone_that_is_not_that_far_is_a_busy_machine():
    assert told(segment(WIRE, 0.019, groups=("abc", "d"))) == []
    assert told(segment(WIRE, 0.019, groups=("abc", "d", "ef")))[0].where == (port("e/eth0"), port("f/eth0"))
    assert told(segment(WIRE, 0.02, groups=("abc", "d")))
    busy = [saw("confirmed", "f/eth0", f"{peer}/eth0", transit=0.006) for peer in "abc"]
    (found,) = told([*segment(WIRE, groups=("abc", "de")), *busy, interface("f", "eth0")])
    assert "for 21 ms at best" in found.proof


def test_three_segments_are_joined_by_two_relays():
    (found,) = told(segment(WIRE, groups=("ab", "cd", "ef")))
    assert len(found.where) == 4


@pytest.mark.parametrize(
    ("near", "far"),
    [
        (WIRE, 0.0049),  # shorter than LONG
        (0.002, 0.0159),  # not eight times as long
        (0.0, 0.004),
        (0.019, 0.019),  # all alike, and still possible
    ],
)
def test_what_a_wire_and_a_busy_machine_may_take_is_no_relay(near, far):
    assert told(segment(near, far)) == []


def test_nothing_is_said_where_nothing_was_measured():
    assert told(segment(None, None)) == []
    heard = [saw("heard", "a/eth0", "b/eth0", transit=1.0), interface("a", "eth0"), interface("b", "eth0")]
    assert told([*NAMES, *heard]) == []


def test_two_alone_are_told_where_no_segment_takes_so_long():
    two = segment(WIRE, 0.02, groups=("a", "b"))
    (found,) = told(two)
    assert "though others" not in found.proof
    assert told(segment(WIRE, 0.0199, groups=("a", "b"))) == []


def test_a_chain_of_near_ones_is_one_group():
    chain = [saw("confirmed", f"{a}/eth0", f"{b}/eth0", transit=WIRE) for a, b in ("ab", "bc", "cd")]
    ends = [saw("confirmed", "a/eth0", "d/eth0", transit=TUNNEL)]
    assert told([*NAMES, *chain, *ends, *(interface(name, "eth0") for name in "abcd")]) == []


def test_the_better_of_both_ends_counts():
    one = [saw("confirmed", "a/eth0", "b/eth0", transit=TUNNEL), saw("confirmed", "b/eth0", "a/eth0", transit=WIRE)]
    assert told([*NAMES, *one, interface("a", "eth0"), interface("b", "eth0")]) == []


def test_a_way_that_becomes_short_takes_it_back():
    live = Incremental()
    for one in segment(WIRE):
        live.apply(one)
    assert [c.kind for c in live.topology().conflicts] == ["relayed"]
    for one in segment(WIRE, WIRE):
        live.apply(one)
    assert live.topology().conflicts == ()


def test_of_groups_between_which_nothing_was_measured_nothing_is_said():
    ways = [("a", "b", WIRE), ("b", "c", WIRE), ("a", "c", TUNNEL), ("d", "e", WIRE)]
    seen = [saw("confirmed", f"{a}/eth0", f"{b}/eth0", transit=took) for a, b, took in ways]
    site = [*NAMES, *seen, saw("heard", "c/eth0", "d/eth0"), *(interface(name, "eth0") for name in "abcdef")]
    assert told(site) == []
    near = [saw("confirmed", f"{a}/eth0", f"{b}/eth0", transit=TUNNEL) for a, b in ("ef", "fa")]
    (found,) = told([*site, *near])
    assert found.where == (port("d/eth0"), port("e/eth0"), port("f/eth0"))


def test_of_ways_that_are_alike_the_same_is_told_whatever_came_first():
    ways = [("a", "b", WIRE), ("a", "d", TUNNEL), ("d", "a", TUNNEL), ("a", "e", TUNNEL), ("d", "e", WIRE)]
    site = [saw("confirmed", f"{a}/eth0", f"{b}/eth0", transit=took) for a, b, took in ways]
    site = [*NAMES, *site, *(interface(name, "eth0") for name in "abde")]
    (found,) = told(site)
    assert told(site[::-1]) == [found]
    assert (found.evidence[0].port, found.evidence[0].peer) == (port("a/eth0"), port("d/eth0"))
