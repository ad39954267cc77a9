from pathlib import Path

import pytest

from bellrock.cli.sitecheck import compared, document, headline, roles, size, unplanned
from bellrock.cli.sitefile import parse_site
from bellrock.flows import CATALOGUE, gaps, passages
from bellrock.model import Fabric, Topology, Vlan

RAW = b"""title = "Hall 3"
[[subnet]]
name = "pxe"
cidr = "10.1.0.0/24"
vlan = 10
[[subnet]]
name = "pxe6"
cidr = "fd00:1::/64"
[role.node]
subnets = ["pxe", "pxe6"]
[role.rack]
addresses = ["10.0.0.2", "fd00::2"]
[role.snap-store]
addresses = ["any"]
"""
SITE = parse_site(RAW, Path("site.toml"))


def topology(**vlans):
    """VLANs by name: VID and subnets."""
    made = tuple(
        Vlan(id=name, name=name, vid=vid, members=(), subnets=subnets) for name, (vid, subnets) in vlans.items()
    )
    return Topology(fabrics=(Fabric(id="f", name="fabric-1", vlans=made),))


def test_a_headline():
    flows, ways = len(CATALOGUE), len(passages(SITE))
    assert headline(SITE) == f"Hall 3: profile standard, 2 subnets, 3 roles, {flows} flows, {ways} passages"
    assert headline(parse_site(b"", Path("f"))).startswith(f"profile standard, 0 subnets, 0 roles, {flows} flows, ")


def test_roles_with_their_sizes():
    assert list(roles(SITE)) == [
        ("node", "256 + about 2^64 IPv6", "pxe, pxe6"),
        ("rack", "1 + 1 IPv6", "10.0.0.2, fd00::2"),
        ("snap-store", "everybody", "any"),
    ]


def test_a_long_list_is_cut():
    many = ", ".join(f'"10.0.{n}.1"' for n in range(60))
    [(_, number, where)] = roles(parse_site(f"[role.rack]\naddresses = [{many}]".encode(), Path("f")))
    assert (number, len(where), where[-1]) == ("60", 100, "…")


def test_a_role_without_addresses_has_none():
    from bellrock.flows import Addresses, Members

    assert size(Members(addresses=Addresses())) == "0"


def test_a_site_as_it_was_seen():
    seen = compared(SITE, topology(v10=(10, ("10.1.0.0/24",)), other=(None, ("fd00:1::/64",))), RAW, "site.toml")
    assert (seen.differences, seen.unplanned) == ((), ())


def test_a_vlan_and_a_subnet_that_nobody_has_seen():
    seen = compared(SITE, topology(v20=(20, ("10.1.0.0/24",))), RAW, "site.toml")
    assert len(seen.differences) == 2
    assert seen.differences[0].startswith("site.toml:5: subnet[0].vlan: ")
    assert seen.differences[1].startswith("site.toml:8: subnet[1].cidr: ")


@pytest.mark.parametrize(("vid", "name"), [(30, "VLAN 30"), (None, "v")])
def test_a_subnet_that_was_seen_and_not_planned(vid, name):
    seen = topology(v=(vid, ("192.0.2.0/24", "10.1.0.0/25", "fd00:1::/64")))
    assert unplanned(SITE, seen) == (f"192.0.2.0/24 was seen on {name} of fabric-1, and is no subnet of the site",)


def test_a_document_for_programs():
    told = document(SITE, gaps(SITE), None)
    assert told["region"] is None
    assert told["subnets"][0] == {"name": "pxe", "cidr": "10.1.0.0/24", "vlan": 10, "fabric": None}
    assert told["roles"][1] == {
        "role": "rack", "addresses": {"ipv4": 1, "ipv6": 1}, "subnets": [], "hosts": ["10.0.0.2", "fd00::2"]
    }  # fmt: skip
    assert told["gaps"] == list(gaps(SITE))
    seen = compared(SITE, topology(v=(30, ("192.0.2.0/24",))), RAW, "site.toml")
    assert set(document(SITE, (), seen)["region"]) == {"differences", "unplanned"}
