from ipaddress import ip_network

import pytest

from bellrock.diagnosis.on_wire import stranger_router_advertisement as rule
from bellrock.diagnosis.packets import RouterAdvertisement
from bellrock.flows import Site, Subnet
from tests.diagnosis import wires as w
from tests.diagnosis.sound import found, whats

LL = "fe80::5054:ff:fe1d:ead1"


def site(*cidrs):
    return Site(subnets=tuple(Subnet(name=cidr, network=ip_network(cidr)) for cidr in cidrs))


def ra(at=1.0, prefixes=("fd66::/64",), lifetime=1800, mac=w.STRANGER, source=LL, **more):
    said = RouterAdvertisement(lifetime, prefixes)
    return w.packet(said, at, source, "ff02::1", macs=(mac, "33:33:00:00:00:01"), **more)


@pytest.mark.parametrize(
    ("things", "known", "confidence", "shown"),
    [
        (ra(), site("fd10::/64"), "certain", "The site has IPv6 subnets, and none of them holds what it gives away."),
        (ra(), site("10.0.0.0/24"), "likely", "The site has no IPv6 subnet."),
        (ra(prefixes=("2002:a00:1::/64",)), None, "likely", "It gives away a 6to4 prefix (2002::/16), as machines do that share their own connection."),
    ],
    ids=["not in the site", "a site without IPv6", "6to4"],
)  # fmt: skip
def test_a_stranger(things, known, confidence, shown):
    given = w.case(things, ra(2.0) if known else (), site=known)
    assert whats(rule, given) == [
        ("warning", confidence, f"{w.STRANGER} advertises itself as an IPv6 router, and is none of this network")
    ]
    [one] = found(rule, given)
    assert one.proof[1] == shown
    assert one.address == LL


def test_a_client_of_dhcp_may_be_a_router_all_the_same():
    [one] = found(rule, w.case(w.discover(0.0, w.STRANGER), ra()))
    assert (one.severity.value, one.confidence.value) == ("notice", "possible")
    assert one.what == f"{w.STRANGER} advertises itself as an IPv6 router, and may be none of this network"
    assert one.proof[1].startswith(f"{w.STRANGER} asks for an address by DHCP itself")


def test_it_says_what_it_gives_and_whether_it_is_the_way_out():
    [one] = found(rule, w.case(w.discover(0.0, w.STRANGER), ra(lifetime=0), site=None))
    assert "gives fd66::/64, without being the way out." in one.proof[0]
    [one] = found(rule, w.case(w.discover(0.0, w.STRANGER), ra(prefixes=()), site=None))
    assert "gives no prefix, for 1800 s as the way out." in one.proof[0]


@pytest.mark.parametrize(
    ("things", "known"),
    [
        (ra(), None),
        (ra(prefixes=("fd10::/64",)), site("fd10::/64")),
        (ra(prefixes=("fd10::/64", "fd66::/64")), site("fd10::/48")),
        (ra(prefixes=(), lifetime=1800), site("fd10::/64")),
        (ra(prefixes=(), lifetime=0, mac=w.NODE), site("fd10::/64")),
        ((ra(), ra(mac=w.ROUTER, source="fe80::1", prefixes=("fd67::/64",))), None),
        ((w.leased(), ra()), None),
        ((w.discover(0.0, w.STRANGER), ra(prefixes=("fd10::/64",))), site("fd10::/64")),
    ],
    ids=["nobody says who belongs here", "of the site", "one of its prefixes is", "no prefix", "it stops", "two routers", "clients that are others", "a client of DHCP, of the site"],
)  # fmt: skip
def test_no_stranger(things, known):
    assert whats(rule, w.case(things, site=known)) == []


def test_without_a_wire():
    given = w.case()
    assert list(rule.find(type(given)(now=given.now))) == []
