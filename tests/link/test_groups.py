"""IGMP and MLD joins, as /proc/net/igmp and igmp6 show them."""

import errno
import os
import socket
from pathlib import Path

import pytest

from bellrock.link.groups import GroupJoins
from tests.link.namespaces import network_namespace

pytestmark = pytest.mark.lab
PROC = Path("/proc/thread-self/net")


@pytest.fixture
def net():
    with network_namespace() as inside:
        yield inside


@pytest.fixture
def joins():
    joins = GroupJoins()
    yield joins
    joins.close()


def ipv4_members() -> set[str]:
    """Interfaces on which the machine is in 224.0.0.118, which the kernel writes as 760000E0."""
    members, name = set(), ""
    for line in (PROC / "igmp").read_text().splitlines()[1:]:
        fields = line.split()
        if not line.startswith("\t"):
            name = fields[1]
        elif fields[0] == "760000E0":
            members.add(name)
    return members


def ipv6_members() -> set[str]:
    lines = [line.split() for line in (PROC / "igmp6").read_text().splitlines()]
    return {fields[1] for fields in lines if fields[2] == "ff02000000000000000000000000015a"}


def test_join_in_the_families_asked_for_and_leave(net, joins):
    near, far = net.veth()
    assert joins.join(near, ipv4=True, ipv6=False) is None
    assert joins.join(far, ipv4=False, ipv6=True) is None
    assert (ipv4_members(), ipv6_members()) == ({"blk-a"}, {"blk-b"})
    assert joins.join(near, ipv4=True, ipv6=True) is None
    assert joins.join(far, ipv4=False, ipv6=False) is None
    assert (ipv4_members(), ipv6_members()) == ({"blk-a"}, {"blk-a"})
    joins.leave(near)
    joins.leave(near)
    assert (ipv4_members(), ipv6_members()) == (set(), set())


def test_more_interfaces_than_a_socket_takes(net, joins):
    pairs = [net.veth(f"blk-a{number}", f"blk-b{number}", up=False) for number in range(25)]
    for ifindex in [index for pair in pairs for index in pair]:
        assert joins.join(ifindex, ipv4=True, ipv6=True) is None
    assert len(ipv4_members()) == len(ipv6_members()) == 50
    assert len(joins._sockets[socket.AF_INET]) == 3
    joins.close()
    joins.close()
    assert ipv4_members() == ipv6_members() == set()


def test_an_interface_that_is_gone(net, joins):
    near, _ = net.veth()
    joins.join(near, ipv4=True, ipv6=True)
    net.ip("link del blk-a")
    joins.leave(near)
    error = joins.join(near, ipv4=True, ipv6=True)
    assert str(error) == f"interface {near} cannot join the beacon groups: No such device"
    assert error.code == "ENODEV"


def test_no_socket_is_left(net, joins, monkeypatch):
    near, _ = net.veth()

    def refuse(*_):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(socket, "socket", refuse)
    assert joins.join(near, ipv4=True, ipv6=False).code == "EMFILE"


def test_sockets_are_bounded(net, joins, monkeypatch):
    near, far = net.veth()
    monkeypatch.setattr("bellrock.link.groups._MAX_SOCKETS", 0)
    assert joins.join(near, ipv4=True, ipv6=False).code == "ENOBUFS"
    assert ipv4_members() == set()
    assert far
