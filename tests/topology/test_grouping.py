"""Domains that come and go, and the fabrics that they make."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.model import Member, Port, Strength
from bellrock.topology.domains import Domain
from bellrock.topology.grouping import Grouping, together
from bellrock.topology.state import State


def domain(number: int, *interfaces: str, switches: tuple[str, ...] = ()) -> Domain:
    """A domain of one untagged port on each of these interfaces of a host, with a VID that tells it from others."""
    return Domain(
        members=tuple(Member(port=Port("a", name, number), strength=Strength.HEARD) for name in sorted(interfaces)),
        evident=True, vid=number, interfaces=frozenset(("a", name) for name in interfaces), switches=frozenset(switches),
        subnets={}, speaks=False, conflicts=(),
    )  # fmt: skip


def vids(groups) -> set[frozenset[int]]:
    return {frozenset(one.vid for one in group.domains) for group in groups}


def test_a_domain_that_shares_with_two_groups_joins_them_and_parts_them_when_it_goes():
    one, other, both = domain(1, "eth0"), domain(2, "eth1"), domain(3, "eth0", "eth1")
    grouping = Grouping(State())
    grouping.replace((), [one, other])
    assert vids(grouping.groups()) == {frozenset({1}), frozenset({2})}
    grouping.replace((), [both])
    (group,) = grouping.groups()
    assert [found.vid for found in group.domains] == [1, 2, 3]
    assert grouping.home(one) is grouping.at("a", "eth1") is group
    assert group.ports == {Port("a", "eth0", 1), Port("a", "eth1", 2), Port("a", "eth0", 3), Port("a", "eth1", 3)}
    grouping.replace([both], ())
    assert vids(grouping.groups()) == {frozenset({1}), frozenset({2})}


def test_what_has_nothing_to_do_with_a_change_is_the_same_group():
    grouping = Grouping(State())
    grouping.replace((), [domain(1, "eth0"), domain(2, "eth1"), domain(3, switches=("x",), *("eth2",))])  # noqa: B026
    before = grouping.groups()[:]
    grouping.replace((), [domain(4, "eth2")])
    after = grouping.groups()
    assert [one is other for one, other in zip(before, after, strict=True)] == [True, True, False]
    assert grouping.at("a", "eth9") is None


def test_members_that_are_inferred_are_drawn_and_taken_back():
    one = domain(1, "eth1")
    grouping = Grouping(State())
    grouping.replace((), [one])
    (group,) = grouping.groups()
    plain = group.drawn
    guess = Member(port=Port("a", "eth0"), strength=Strength.INFERRED)
    group.sketch(((guess,),))
    assert [member.port.interface for member in group.drawn.fabric.vlans[0].members] == ["eth0", "eth1"]
    drawn = group.drawn
    group.sketch(((guess,),))
    assert group.drawn is drawn
    group.sketch(())
    assert group.drawn.ports == plain.ports


domains = st.builds(
    lambda names, switches: (names, switches),
    st.sets(st.sampled_from(["eth0", "eth1", "eth2", "eth3", "eth4", "eth5"]), min_size=1, max_size=2),
    st.sets(st.sampled_from(["x", "y"]), max_size=1),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(domains, st.integers(0, 4)), max_size=12))
def test_after_any_changes_the_groups_are_those_of_what_is_left(steps):
    grouping, there = Grouping(State()), []
    for number, ((names, switches), out) in enumerate(steps):
        fresh = domain(number + 1, *names, switches=tuple(switches))
        gone = there[:out]
        there = [*there[out:], fresh]
        grouping.replace(gone, [fresh])
        expected = {frozenset(one.vid for one in group) for group in together(there)}
        groups = grouping.groups()
        assert vids(groups) == expected
        assert [group.first for group in groups] == sorted(group.first for group in groups)
