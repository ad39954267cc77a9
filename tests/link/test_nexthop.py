"""Where the kernel would send, asked of a kernel whose routes and neighbours the test has set."""

import struct

import pytest

from bellrock.link import nexthop, rtnetlink
from bellrock.link.nexthop import NextHop, Ports, interfaces_towards, next_hop, refusing
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


@pytest.fixture
def two_ways(inside):
    inside.veth("blk-c", "blk-d")
    inside.ip("addr add 10.3.0.2/24 dev blk-c")
    inside.ip("-6 addr add fd03::2/64 dev blk-c nodad")
    inside.ip("route add default via 10.1.0.1")
    inside.ip("-6 route add default via fd01::1")
    return inside


@pytest.mark.parametrize(
    ("version", "target", "first", "second"),
    [(4, "192.0.2.1", "10.1.0.1", "10.3.0.77"), (6, "2001:db8::1", "fd01::1", "fd03::77")],
    ids=["four", "six"],
)
@pytest.mark.parametrize("rule", ["ipproto udp dport 53", "ipproto udp sport 500"])
def test_policy_routing_by_ports(two_ways, version, target, first, second, rule):
    two_ways.ip(f"-{version} rule add {rule} lookup 9")
    two_ways.ip(f"-{version} route add default via {second} table 9")
    assert next_hop(target).gateway == first
    assert next_hop(target, ports=Ports("udp", 500, 53)).gateway == second
    assert next_hop(target, ports=Ports("tcp", 500, 53)).gateway == first
    assert next_hop(target, ports=Ports("udp", 0, 54)).gateway == first


@pytest.mark.parametrize("target", ["192.0.2.1", "2001:db8::1"])
def test_routes_and_rules_that_pass_on_nothing(two_ways, target):
    version = 6 if ":" in target else 4
    assert refusing(target) == ""
    for kind in ("blackhole", "unreachable", "prohibit"):
        two_ways.ip(f"-{version} route add {kind} {target}")
        assert (refusing(target), next_hop(target)) == (kind, None)
        two_ways.ip(f"-{version} route del {kind} {target}")
    two_ways.ip(f"-{version} rule add ipproto udp dport 53 prohibit")
    assert [refusing(target, ports=Ports(which, 500, 53)) for which in ("udp", "tcp")] == ["prohibit", ""]
    two_ways.ip(f"-{version} route del default")
    assert refusing(target) == ""


def test_the_interfaces_of_a_route(two_ways):
    assert interfaces_towards("192.0.2.1", "10.1.0.2") == ("blk-a",)
    two_ways.ip("route add 192.0.2.0/24 nexthop via 10.1.0.1 nexthop via 10.3.0.1")
    assert interfaces_towards("192.0.2.1") == ("blk-a", "blk-c")
    two_ways.ip("route add blackhole 192.0.2.0/28")
    assert interfaces_towards("192.0.2.1") == ()


def test_next_hops_that_are_objects(two_ways):
    two_ways.ip("nexthop add id 7 via 10.3.0.1 dev blk-c")
    two_ways.ip("route add 192.0.2.0/24 nhid 7")
    assert interfaces_towards("192.0.2.1") == ("blk-c",)


@pytest.mark.parametrize("hops", [b"", b"\x03\0\0\0\x01\0\0\0", b"\x08\0\0\0"], ids=["none", "too-short", "cut"])
def test_a_route_whose_next_hops_are_not_told(monkeypatch, inside, hops):
    monkeypatch.setattr(nexthop, "_route", lambda _: bytes(12) + struct.pack("=HH", 4 + len(hops), 9) + hops)
    with pytest.raises(OSError, match="does not tell the next hops"):
        interfaces_towards("192.0.2.1")


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
