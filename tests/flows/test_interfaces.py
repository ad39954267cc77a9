"""Behind which of a router's interfaces a party is."""

import pytest

from bellrock.flows import Party
from bellrock.flows.addresses import ranges_of
from bellrock.flows.interfaces import Behind
from tests.flows.sites import site

MORE = '[[subnet]]\nname = "next"\ncidr = "10.1.1.0/24"\ninterface = "eth2"\n[[subnet]]\nname = "dark"\ncidr = "10.7.0.0/24"\n'
BEHIND = Behind(site(MORE))


@pytest.mark.parametrize(
    ("texts", "interfaces"),
    [
        (("10.1.0.0/24",), ("eth1",)),
        (("10.1.0.9",), ("eth1",)),
        (("10.0.0.2", "10.1.0.7"), ("eth0", "eth1")),
        # One range over two subnets.
        (("10.1.0.0/23",), ("eth1", "eth2")),
        (("10.1.0.0/22",), ()),
        (("10.1.0.9", "10.9.0.1"), ()),
        (("10.7.0.1",), ()),
        (("0.0.0.0/0",), ()),
        (("1.0.0.0",), ()),
        (("255.255.255.255",), ()),
    ],
)
def test_interfaces_are_told_where_all_addresses_have_one(texts, interfaces):
    party = Party(",".join(texts), 4, ranges_of(texts, 4))
    assert BEHIND.of(party) == interfaces
    # Once known, it stays known.
    assert BEHIND.of(party) == interfaces


def test_each_family_has_its_own():
    assert BEHIND.of(Party("node-v6", 6, ranges_of(("fd00:1::/64",), 6))) == ("eth1",)
    assert BEHIND.of(Party("x", 6, ranges_of(("fd00:2::/64",), 6))) == ()
