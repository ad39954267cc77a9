"""Who plays a role: subnets by name and pattern, VLANs, addresses; and what is said where there are none."""

from ipaddress import ip_network

import pytest

from bellrock.flows import Role, Subnet
from bellrock.flows.addresses import ALL, range_of
from bellrock.flows.site_roles import MAX_PATTERNS, Plan, role_members
from bellrock.flows.site_spec import RoleSpec


def subnet(name, cidr, vlan=None, fabric=None):
    return Subnet(name=name, network=ip_network(cidr), vlan=vlan, fabric=fabric)


SUBNETS = (
    subnet("pxe-1", "10.0.0.0/24", 10, "a"),
    subnet("pxe-2", "10.0.1.0/24", 20, "a"),
    subnet("bmc", "10.0.9.0/24", 20, "b"),
    subnet("six", "fd00::/64", "storage"),
    subnet("plain", "10.0.5.0/24"),
)
PLAN = Plan.of(SUBNETS, frozenset({"broken", "77", *(one.name for one in SUBNETS)}))


def told(plan=PLAN, name="node", **keys):
    problems = []
    return role_members({name: RoleSpec(**keys)}, plan, problems).get(Role.NODE), problems


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ({"subnets": ("bmc", "plain")}, ("bmc", "plain")),
        ({"subnets": ("pxe-*",)}, ("pxe-1", "pxe-2")),
        ({"subnets": ("p[lx]*", "pxe-?")}, ("pxe-1", "pxe-2", "plain")),
        ({"vlans": (10,)}, ("pxe-1",)),
        ({"vlans": ("storage",)}, ("six",)),
        ({"vlans": ("a/20", "b/20")}, ("pxe-2", "bmc")),
        ({"vlans": (10,), "subnets": ("pxe-1",)}, ("pxe-1",)),
    ],
)
def test_a_role_fills_subnets(keys, names):
    found, problems = told(**keys)
    assert problems == []
    assert found.subnets == names
    by_name = {one.name: one.network for one in SUBNETS}
    covered = (*found.addresses.four, *found.addresses.six)
    assert sum(last - first + 1 for first, last in covered) == sum(by_name[name].num_addresses for name in names)


def test_addresses_add_up_and_are_merged():
    found, problems = told(subnets=("pxe-1",), addresses=("10.0.1.0", "fd00::1"), interfaces=("eth0",))
    assert problems == []
    assert found.addresses.four == ((0x0A000000, 0x0A000100),)
    assert found.addresses.six == (range_of(ip_network("fd00::1")),)
    assert (found.hosts, found.interfaces) == (("10.0.1.0", "fd00::1"), ("eth0",))


def test_any_is_everybody():
    assert told(addresses=("any",))[0].addresses == ALL


def holds(addresses, text):
    network = ip_network(text)
    first, last = range_of(network)
    return any(a <= first and last <= b for a, b in addresses.of(network.version))


def touches(addresses, text):
    network = ip_network(text)
    first, last = range_of(network)
    return any(a <= last and first <= b for a, b in addresses.of(network.version))


def test_the_internet_is_everybody_who_is_not_of_the_site():
    plan = Plan.of((*SUBNETS, subnet("public", "193.0.0.0/24")))
    declared = {
        "snap-store": RoleSpec(addresses=("internet", "10.99.0.1")),
        "mirror": RoleSpec(addresses=("internet",)),
        "rack": RoleSpec(addresses=("8.8.8.0-8.8.8.9", "2600::7")),
        "admin": RoleSpec(addresses=("any",)),
    }
    found = role_members(declared, plan, problems := [])
    assert problems == []
    outside = found[Role.MIRROR].addresses
    for text in ("1.1.1.1", "193.0.1.0/24", "8.8.8.10", "2600::6", "2600::8", "2a00::/16"):
        assert holds(outside, text), text
    inside = (
        "10.0.0.0/8",
        "193.0.0.0/24",
        "8.8.8.0/29",
        "2600::7",
        "fd00::/64",
        "fe80::/10",
        "ff00::/8",
        "224.0.0.0/4",
    )
    for text in (*inside, "255.255.255.255", "0.0.0.0", "127.0.0.1", "::1", "2001:db8::1"):
        assert not touches(outside, text), text
    assert holds(found[Role.SNAP_STORE].addresses, "10.99.0.1")
    assert found[Role.ADMIN].addresses == ALL


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({}, (("role", "node"), "no addresses; give addresses, subnets or vlans, or leave the role out")),
        (
            {"subnets": ("pxe1",)},
            (("role", "node", "subnets", 0), "no subnet 'pxe1' is declared; did you mean 'pxe-1'?"),
        ),
        (
            {"subnets": ("x*",)},
            (
                ("role", "node", "subnets", 0),
                "no subnet is called like 'x*'; expected one of pxe-1, pxe-2, bmc, six, plain",
            ),
        ),
        (
            {"vlans": (30,)},
            (("role", "node", "vlans", 0), "no subnet is on VLAN '30'; expected one of 10, 20, storage"),
        ),
        ({"vlans": ("c/20",)}, (("role", "node", "vlans", 0), "no subnet is on VLAN 'c/20'; did you mean '20'?")),
        ({"vlans": (20,)}, (("role", "node", "vlans", 0), "VLAN 20 is in more than one fabric; write 'a/20', 'b/20'")),
        (
            {"addresses": ("10.0.0.300",)},
            (
                ("role", "node", "addresses", 0),
                "'10.0.0.300' is no address; expected one like 10.0.0.2, fd00::2, 10.0.0.0/24, any or internet",
            ),
        ),
    ],
)
def test_a_mistake_is_told(keys, problem):
    assert told(**keys)[1] == [problem]


def test_subnets_that_have_mistakes_of_their_own_are_not_told_again():
    assert told(subnets=("broken",), vlans=(77,))[1] == []


def test_roles_that_do_not_exist_suggest_the_nearest():
    assert told(name="nod", addresses=("any",))[1] == [(("role", "nod"), "no role 'nod'; did you mean 'node'?")]
    # Everybody is nobody's role.
    assert told(name="anyone", addresses=("any",))[1][0][0] == ("role", "anyone")


def test_without_subnets_none_can_be_named():
    empty = Plan.of(())
    assert told(empty, subnets=("a",))[1] == [
        (("role", "node", "subnets", 0), "no subnet 'a' is declared; none is declared; add a [[subnet]] with it")
    ]


def test_thousands_of_names_are_not_listed():
    many = Plan.of(tuple(subnet(f"s{number}", f"10.0.{number}.0/24") for number in range(30)))
    assert told(many, subnets=("zz",))[1][0][1].endswith(
        "expected one of the 30 that are declared: s0, s1, s2, s3, s4 …"
    )


def test_patterns_are_bounded():
    problems = told(subnets=("pxe-*",) * (MAX_PATTERNS + 5))[1]
    assert problems == [
        (
            ("role", "node", "subnets", MAX_PATTERNS),
            f"more than {MAX_PATTERNS} patterns; name the subnets, or use wider patterns",
        )
    ]
