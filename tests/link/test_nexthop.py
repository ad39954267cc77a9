"""Where the kernel would send, asked of a kernel whose routes and neighbours the test has set."""

import struct

import pytest

from bellrock.link import nexthop, rtnetlink
from bellrock.link.nexthop import NextHop, next_hop
from tests.link.namespaces import network_namespace, until

pytestmark = pytest.mark.lab


@pytest.fixture
def inside():
    with network_namespace() as one:
        one.veth()
        for command in ("-4 addr add 10.1.0.2/24 dev blk-a", "-6 addr add fd01::2/64 dev blk-a nodad"):
            one.ip(command)
        until(lambda: next_hop("fd01::1") is not None, "the address is usable")
        yield one


def test_on_the_link_and_beyond_a_gateway(inside):
    assert next_hop("10.1.0.9") == NextHop("blk-a", "", "10.1.0.2", "")
    assert next_hop("192.0.2.1") is None
    assert next_hop("2001:db8::1") is None
    inside.ip("route add 192.0.2.0/24 via 10.1.0.1")
    inside.ip("-6 route add 2001:db8::/64 via fd01::1")
    assert next_hop("192.0.2.1") == NextHop("blk-a", "10.1.0.1", "10.1.0.2", "")
    assert next_hop("2001:db8::1") == NextHop("blk-a", "fd01::1", "fd01::2", "")
    assert next_hop("192.0.2.1", "10.1.0.2") == next_hop("192.0.2.1")
    inside.ip("route add unreachable 198.51.100.0/24")
    assert next_hop("198.51.100.1") is None


def test_by_an_interface_without_a_route_it_is_looked_for_on_the_link(inside):
    assert next_hop("192.0.2.1", "", "blk-a") == NextHop("blk-a", "", "10.1.0.2", "")


def test_an_ipv4_route_by_way_of_an_ipv6_router(inside):
    inside.ip("route add 192.0.2.0/24 via inet6 fe80::9 dev blk-a")
    assert next_hop("192.0.2.1").gateway == "fe80::9"


@pytest.mark.parametrize(
    ("state", "said"), [("permanent", "known"), ("failed", "silent"), ("incomplete", "silent"), ("none", "")]
)
def test_the_neighbours_state(inside, state, said):
    lladdr = " lladdr 02:00:00:00:00:09" if state == "permanent" else ""
    inside.ip(f"neigh replace 10.1.0.1{lladdr} dev blk-a nud {state}")
    inside.ip("route add 192.0.2.0/24 via 10.1.0.1")
    assert next_hop("192.0.2.1").neighbour in (said, "" if state == "incomplete" else said)
    assert next_hop("10.1.0.9").neighbour == ""


def test_a_kernel_that_says_something_else(monkeypatch, inside):
    header = struct.pack("=IHHII", 20, rtnetlink.ERROR, 0, 1, 0) + struct.pack("=i", -1)
    monkeypatch.setattr(nexthop.rtnetlink, "messages", lambda _: iter(list(rtnetlink_messages(header))))
    with pytest.raises(OSError, match="does not tell the route"):
        next_hop("10.1.0.9")


rtnetlink_messages = rtnetlink.messages
