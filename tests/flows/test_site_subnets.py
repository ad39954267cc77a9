"""Subnets of a site against each other, whatever their number."""

from ipaddress import ip_network

from hypothesis import given
from hypothesis import strategies as st

from bellrock.flows.site_spec import SubnetSpec
from bellrock.flows.site_subnets import subnets


def told(*declared):
    problems = []
    found = subnets(declared, problems)
    return found, problems


def spec(name, cidr, **more):
    return SubnetSpec(name=name, cidr=cidr, **more)


def test_subnets_keep_what_was_said_of_them():
    (one,), problems = told(spec("a", "10.0.0.0/24", vlan=10, fabric="f", interface="eth1", gateway="10.0.0.1"))
    assert (one.name, one.network, one.vlan, one.fabric, one.interface, one.gateway) == (
        "a", ip_network("10.0.0.0/24"), 10, "f", "eth1", "10.0.0.1",
    )  # fmt: skip
    assert problems == []


def test_every_mistake_has_its_place():
    found, problems = told(
        spec("a", "10.0.0.0/24", gateway="10.0.1.1"),
        None,
        spec("a", "10.0.0.128/25"),
        spec("b", "10.0.0.1/24"),
        spec("c", "10.1.0.0/24", gateway="here"),
    )
    assert [one.name for one in found] == ["a", "a", "c"]
    assert sorted(problems, key=str) == [
        (("subnet", 0, "gateway"), "'10.0.1.1' is no address in 10.0.0.0/24"),
        (("subnet", 2, "cidr"), "10.0.0.128/25 overlaps subnet a (10.0.0.0/24); an address is in one subnet only"),
        (("subnet", 2, "name"), "'a' is the name of subnet[0] too; give each its own"),
        (("subnet", 3, "cidr"), "10.0.0.1/24 has host bits set; the subnet is 10.0.0.0/24"),
        (("subnet", 4, "gateway"), "'here' is no address in 10.1.0.0/24"),
    ]


networks = st.tuples(st.integers(1, 220), st.integers(8, 16)).map(
    lambda pair: ip_network((pair[0] << 24 | pair[0] << 16, pair[1]), strict=False)
)


@given(st.lists(networks, max_size=12), st.booleans())
def test_overlaps_are_told_exactly_where_there_are_any(listed, six):
    _, problems = told(
        *(spec(f"s{at}", str(one)) for at, one in enumerate(listed)), *([spec("six", "::/8")] if six else [])
    )
    told_of = {path[1] for path, what in problems if "overlaps" in what}
    apart = [one for at, one in enumerate(listed) if at not in told_of]
    assert all(not one.overlaps(other) for at, one in enumerate(apart) for other in apart[at + 1 :])
    assert all(any(listed[at].overlaps(other) for where, other in enumerate(listed) if where != at) for at in told_of)


def test_a_table_with_a_mistake_has_its_others_told_too():
    problems = []
    written = [
        {"name": "a", "cidr": "10.0.0.0/24"},
        {"name": "a", "cidr": "10.0.0.1/33"},
        {"name": 5, "cidr": 5},
        "no table",
    ]
    subnets((spec("a", "10.0.0.0/24"), None, None, None), problems, written)
    assert [path for path, _ in problems] == [("subnet", 1, "cidr"), ("subnet", 1, "name")]
