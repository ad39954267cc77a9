"""The kernel's tables, of a kernel that the test has set, and of messages that no kernel sends."""

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.link import tables
from bellrock.link.rtnetlink import Message
from bellrock.link.tables import answers, neighbour, neighbours, route, routes
from bellrock.model.here import Answers, Neighbour, Route
from tests.link.namespaces import network_namespace


@pytest.fixture
def inside():
    with network_namespace() as one:
        one.veth()
        one.ip("-4 addr add 10.1.0.2/24 dev blk-a")
        one.ip("-6 addr add fd01::2/64 dev blk-a nodad")
        yield one


@pytest.mark.lab
def test_neighbours_with_their_states(inside):
    inside.ip("neigh add 10.1.0.9 lladdr 02:00:00:00:00:09 dev blk-a nud permanent")
    inside.ip("neigh add fd01::9 lladdr 02:00:00:00:00:0a dev blk-a nud stale")
    inside.ip("neigh add 10.1.0.7 dev blk-a nud failed")
    inside.ip("neigh add 224.0.0.1 lladdr 01:00:5e:00:00:01 dev blk-a nud noarp")
    assert neighbours() == (
        Neighbour("10.1.0.7", "", "blk-a", "failed"),
        Neighbour("10.1.0.9", "02:00:00:00:00:09", "blk-a", "permanent"),
        Neighbour("fd01::9", "02:00:00:00:00:0a", "blk-a", "stale"),
    )


@pytest.mark.lab
def test_routes_of_both_families_and_all_their_next_hops(inside):
    inside.veth("blk-c", "blk-d")
    inside.ip("addr add 10.3.0.2/24 dev blk-c")
    inside.ip("route add default via 10.1.0.1 metric 50")
    inside.ip("route add 192.0.2.0/24 nexthop via 10.1.0.3 nexthop via 10.3.0.3")
    inside.ip("route add 198.51.100.0/24 via inet6 fd01::3 dev blk-a")
    inside.ip("route add blackhole 203.0.113.0/24")
    inside.ip("-6 route add 2001:db8::/32 via fd01::1")
    found = routes()
    assert found is not None
    assert Route("0.0.0.0/0", "blk-a", "10.1.0.1", 50) in found
    assert Route("10.1.0.0/24", "blk-a") in found
    assert [one.gateway for one in found if one.destination == "192.0.2.0/24"] == ["10.1.0.3", "10.3.0.3"]
    assert Route("198.51.100.0/24", "blk-a", "fd01::3") in found
    assert "203.0.113.0/24" not in {one.destination for one in found}
    assert Route("2001:db8::/32", "blk-a", "fd01::1", 1024) in found


@pytest.mark.lab
@pytest.mark.parametrize("version", ["-4", "-6"])
def test_where_policy_routing_decides_nothing_is_told(inside, version):
    assert routes() is not None
    inside.ip(f"{version} rule add ipproto udp lookup 9")
    assert routes() is None


HEADER4 = struct.pack("=8BI", socket.AF_INET, 24, 0, 0, 254, 0, 0, 1, 0)
TO = struct.pack("=HH4s", 8, 1, bytes((192, 0, 2, 0)))
OUT = struct.pack("=HHI", 8, 4, 1)


def said(body, kind=24):
    return list(route(Message(kind, 0, 1, body)))


def test_a_route_by_hand():
    assert [one.destination for one in said(HEADER4 + TO + OUT)] == ["192.0.2.0/24"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (HEADER4 + TO + OUT, 25),
        (HEADER4[:11], 24),
        (HEADER4 + TO, 24),
        (HEADER4 + OUT + struct.pack("=HH2s2x", 6, 1, b"\x01\x02"), 24),
        (struct.pack("=8BI", socket.AF_INET, 64, 0, 0, 254, 0, 0, 1, 0) + TO + OUT, 24),
        (struct.pack("=8BI", socket.AF_INET, 24, 0, 0, 255, 0, 0, 1, 0) + TO + OUT, 24),
        (struct.pack("=8BI", 77, 24, 0, 0, 254, 0, 0, 1, 0) + TO + OUT, 24),
        (HEADER4 + TO + struct.pack("=HHHBBi", 12, 9, 2, 0, 0, 1), 24),
        (HEADER4 + TO + struct.pack("=HHHBBi", 12, 9, 99, 0, 0, 1), 24),
    ],
    ids=[
        "gone",
        "short",
        "no way out",
        "cut address",
        "long prefix",
        "table local",
        "family",
        "short hop",
        "hop too long",
    ],
)
def test_what_is_no_route_of_the_main_table_is_left_out(body, kind):
    assert said(body, kind) == []


@given(st.binary(max_size=120))
def test_any_octets_are_routes_and_neighbours_or_none(octets):
    for kind in (24, 28, 32):
        message = Message(kind, 0, 1, octets)
        assert all(isinstance(one, Route) for one in route(message))
        assert isinstance(neighbour(message), Neighbour | None)
        assert tables._is_policy(message) in (True, False)


def settings(tmp_path, **values):
    for name, (ignore, announce) in values.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "arp_ignore").write_text(f"{ignore}\n")
        (tmp_path / name / "arp_announce").write_text(f"{announce}\n")
    return tmp_path


def test_of_all_and_the_interface_the_stricter_setting_holds(tmp_path):
    conf = settings(tmp_path, all=(1, 0), eth0=(0, 2), eth1=(2, 0))
    assert answers(("eth0", "eth1", "eth2"), conf) == (
        Answers("eth0", 1, 2),
        Answers("eth1", 2, 0),
        Answers("eth2", 1, 0),
    )


@pytest.mark.parametrize("text", [None, "x"])
def test_settings_that_cannot_be_read_are_not_known(tmp_path, text):
    if text:
        (tmp_path / "all").mkdir()
        (tmp_path / "all" / "arp_ignore").write_text(text)
    assert answers(("eth0",), tmp_path) is None
