"""A site against the topology: what nobody has seen, and what was seen elsewhere."""

import pytest

from bellrock.flows import SiteError, check_against, parse
from bellrock.model import Fabric, Topology, Vlan


def vlan(vid, *subnets, name=None):
    return Vlan(id=f"v{vid}", name=name or f"vlan-{vid}", vid=vid, members=(), subnets=subnets)


TOPOLOGY = Topology(
    fabrics=(
        Fabric(id="1", name="hall", vlans=(vlan(10, "10.1.0.0/24"), vlan(20, "10.2.0.0/24", "fd00::/64"))),
        Fabric(id="2", name="lab", vlans=(vlan(None, "10.3.0.0/24", name="flat"),)),
    )
)


def subnet(cidr, place=""):
    return f'[[subnet]]\nname = "{cidr}"\ncidr = "{cidr}"\n{place}\n'


def told(*subnets, topology=TOPOLOGY):
    raw = "".join(subnets).encode()
    with pytest.raises(SiteError) as error:
        check_against(parse(raw, "s.toml"), topology, raw, "s.toml")
    return str(error.value).split("\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        subnet("10.1.0.0/24"),
        subnet("10.1.0.0/24", "vlan = 10"),
        subnet("10.1.0.0/24", 'vlan = 10\nfabric = "hall"'),
        subnet("10.1.0.0/24", 'vlan = "vlan-10"'),
        subnet("10.1.0.0/24", 'vlan = "10"'),
        subnet("10.3.0.0/24", 'vlan = "flat"\nfabric = "lab"'),
        subnet("fd00::/64", 'fabric = "hall"'),
    ],
)
def test_what_was_found_as_it_is_said_is_fine(text):
    raw = text.encode()
    check_against(parse(raw, "s.toml"), TOPOLOGY, raw, "s.toml")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (subnet("10.1.0.0/24", "vlan = 30"), "s.toml:4: subnet[0].vlan: the topology knows no VLAN 30; expected one of hall/10, hall/20, lab/flat"),
        (subnet("10.1.0.0/24", 'vlan = 10\nfabric = "hal"'), "s.toml:5: subnet[0].fabric: the topology knows no fabric 'hal'; did you mean 'hall'?"),
        (subnet("10.1.0.0/24", "vlan = 20"), "s.toml:4: subnet[0].vlan: 10.1.0.0/24 is on VLAN hall/10, not on 20"),
        (subnet("10.1.0.0/24", 'vlan = "flat"\nfabric = "lab"'), "s.toml:4: subnet[0].vlan: 10.1.0.0/24 is on VLAN hall/10, not on lab/flat"),
        (subnet("10.1.0.0/24", 'fabric = "lab"'), "s.toml:4: subnet[0].fabric: 10.1.0.0/24 is on VLAN hall/10, not in fabric lab"),
        (subnet("10.1.0.0/23"), "s.toml:3: subnet[0].cidr: the topology knows no subnet 10.1.0.0/23; what it knows there is 10.1.0.0/24"),
        (subnet("10.9.0.0/24"), "s.toml:3: subnet[0].cidr: the topology knows no subnet 10.9.0.0/24; no interface that it has seen has an address in it"),
    ],
)  # fmt: skip
def test_what_was_not_found_is_told_with_its_line(text, line):
    assert told(text) == [line]


def test_all_of_it_is_told():
    assert len(told(subnet("10.1.0.0/24", "vlan = 20"), subnet("10.8.0.0/24"))) == 2


def test_an_empty_topology_knows_nothing():
    assert told(subnet("10.1.0.0/24", "vlan = 1"), topology=Topology()) == [
        "s.toml:4: subnet[0].vlan: the topology knows no VLAN 1; expected one of none"
    ]


def test_a_subnet_in_two_vlans_may_be_on_either():
    doubtful = Topology(
        fabrics=(Fabric(id="1", name="hall", vlans=(vlan(10, "10.1.0.0/24"), vlan(20, "10.1.0.0/24"), vlan(30))),)
    )
    for number in (10, 20):
        raw = subnet("10.1.0.0/24", f"vlan = {number}").encode()
        check_against(parse(raw, "s"), doubtful, raw, "s")
    assert told(subnet("10.1.0.0/24", "vlan = 30"), topology=doubtful) == [
        "s.toml:4: subnet[0].vlan: 10.1.0.0/24 is on VLAN hall/10 and hall/20, not on 30"
    ]


def test_many_mistakes_are_counted():
    lines = told(*(subnet(f"10.8.{number}.0/24") for number in range(25)))
    assert len(lines) == 21
    assert lines[-1] == "s.toml: and 5 more mistakes"
