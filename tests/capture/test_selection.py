"""What a user writes."""

from ipaddress import ip_network

import pytest

from bellrock.capture.selection import (
    SelectionError,
    addresses_of,
    assignments,
    chosen,
    networks,
    role_of,
    stations_and_hosts,
)
from bellrock.flows.catalogue import CATALOGUE, UnknownFlowError
from bellrock.flows.site_file import parse
from bellrock.flows.values import Role


def test_flows_in_the_catalogues_order_each_once():
    assert [one.id for one in chosen(["tftp", "dhcp", "tftp"], CATALOGUE)] == ["dhcp", "tftp"]
    with pytest.raises(UnknownFlowError, match="did you mean 'tftp'"):
        chosen(["tfpt"], CATALOGUE)


def test_roles():
    assert role_of("lxd-host") is Role.LXD_HOST
    for wrong in ("rcak", "anyone"):
        with pytest.raises(SelectionError, match="no role"):
            role_of(wrong)


def test_networks():
    assert networks(["10.0.0.2, 10.1.0.0/16", "2001:db8::/64"]) == tuple(
        map(ip_network, ("10.0.0.2", "10.1.0.0/16", "2001:db8::/64"))
    )


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("10.0.0.2/24", "is 10.0.0.2 meant, or 10.0.0.0/24"),
        ("rack1", "no address"),
        ("10.0.0.256", "no address"),
        ("", "no address"),
        (",".join(["10.0.0.1"] * 10001), "at most 10000"),
    ],
)
def test_what_is_no_network(word, said):
    with pytest.raises(SelectionError, match=said):
        networks([word])


def test_assignments():
    found = assignments(["rack=10.0.0.2", "rack=10.0.0.3", "node = 10.1.0.0/16"])
    assert found == {Role.RACK: networks(["10.0.0.2,10.0.0.3"]), Role.NODE: networks(["10.1.0.0/16"])}
    with pytest.raises(SelectionError, match="is not ROLE=ADDRESS"):
        assignments(["10.0.0.2"])


def test_a_site_knows_its_roles():
    site = parse(
        b'[[subnet]]\nname = "a"\ncidr = "10.1.0.0/23"\n[role.node]\nsubnets = ["a"]\n[role.rack]\naddresses = ["10.0.0.2", "2001:db8::2"]\n[role.mirror]\naddresses = ["any"]\n',
        "site.toml",
    )
    known = addresses_of(site)
    assert known[Role.NODE] == networks(["10.1.0.0/23"])
    assert known[Role.RACK] == networks(["10.0.0.2", "2001:db8::2"])
    assert known[Role.MIRROR] == networks(["0.0.0.0/0", "::/0"])
    assert Role.REGION not in known


def test_stations_and_hosts():
    assert stations_and_hosts(["52:54:00:AB:00:01", "10.0.0.0/8"]) == (("52:54:00:ab:00:01",), networks(["10.0.0.0/8"]))
    assert stations_and_hosts([]) == ((), ())
    with pytest.raises(SelectionError):
        stations_and_hosts(["52:54:00"])
