"""What reverse-path filtering drops, foretold, and done by a kernel whose settings and routes the test has set."""

import select
import socket
import subprocess
from pathlib import Path

import pytest

from bellrock.link.reversepath import reverse_path_fault
from bellrock.wire import ethernet, ip, udp
from tests.link.namespaces import network_namespace, until

pytestmark = pytest.mark.lab
PEER, OWN, MAC = "192.0.2.1", "10.1.0.2", "02:00:00:00:00:0a"


@pytest.fixture
def inside():
    with network_namespace() as one:
        one.veth()
        one.veth("blk-c", "blk-d")
        one.ip(f"link set blk-a address {MAC}")
        one.ip(f"addr add {OWN}/24 dev blk-a")
        one.ip("addr add 10.3.0.2/24 dev blk-c")
        settings("all", 0)
        for name in ("blk-a", "blk-c"):
            settings(name, 0)
        yield one


def settings(name, mode):
    subprocess.run(["sysctl", "-qw", f"net.ipv4.conf.{name}.rp_filter={mode}"], check=True)


@pytest.mark.parametrize(
    ("everywhere", "here", "route", "says"),
    [
        (0, 0, "via 10.3.0.1", ""),
        (1, 0, "via 10.1.0.1", ""),
        (1, 0, "via 10.3.0.1", "net.ipv4.conf.all.rp_filter is 1, and the way to 192.0.2.1 is by blk-c"),
        (0, 1, "via 10.3.0.1", "net.ipv4.conf.blk-a.rp_filter is 1, and the way to 192.0.2.1 is by blk-c"),
        (1, 2, "via 10.3.0.1", ""),
        (2, 0, "via 10.3.0.1", ""),
        (2, 1, None, "net.ipv4.conf.all.rp_filter is 2, and there is no way to 192.0.2.1"),
        (1, 0, None, "net.ipv4.conf.all.rp_filter is 1, and there is no way to 192.0.2.1"),
        (0, 0, None, ""),
        (1, 0, "nexthop via 10.3.0.1 nexthop via 10.1.0.1", ""),
    ],
    ids=["off", "same-way", "strict", "strict-here", "loose-here", "loose", "loose-no-way", "strict-no-way", "off-no-way", "several-hops"],
)  # fmt: skip
def test_what_is_dropped(inside, everywhere, here, route, says):
    settings("all", everywhere)
    settings("blk-a", here)
    if route is not None:
        inside.ip(f"route add {PEER}/32 {route}")
    assert reverse_path_fault(PEER, OWN, "blk-a") == says
    assert _comes_in() is (says == "")


def test_ipv6_has_none(inside):
    settings("all", 1)
    assert reverse_path_fault("fd02::2", "fd01::2", "blk-a") == ""


@pytest.mark.parametrize("name", ["../blk-a", "blk-z", ""])
def test_what_is_no_interface(inside, name):
    with pytest.raises(OSError, match="no interface|[Nn]o such"):
        reverse_path_fault(PEER, OWN, name)


def _comes_in() -> bool:
    """Whether a datagram of the peer's that comes in by blk-a is handed to a socket here; else the kernel counts that it filtered it."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sock,
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire,
    ):
        sock.bind((OWN, 0))
        wire.bind(("blk-b", 0))
        before = _filtered()
        wire.send(_frame(sock.getsockname()[1]))
        until(lambda: _is_there(sock) or _filtered() > before, "the datagram is handed over or filtered")
        return _is_there(sock)


def _is_there(sock) -> bool:
    return bool(select.select([sock], [], [], 0)[0])


def _filtered() -> int:
    """TcpExt: IPReversePathFilter, which counts for UDP as well."""
    lines = Path("/proc/thread-self/net/netstat").read_text().splitlines()
    names, values = (line.split() for line in lines if line.startswith("TcpExt:"))
    return int(dict(zip(names, values, strict=True))["IPReversePathFilter"])


def _frame(port: int) -> bytes:
    packet = ip.build(PEER, OWN, 64, 17, udp.build(PEER, OWN, udp.Segment(4000, port, b"hello")))
    return ethernet.build(ethernet.EthernetFrame(MAC, "02:00:00:00:00:0b", (), 0x0800, packet))
