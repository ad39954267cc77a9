"""Beacons through ordinary sockets, on real interfaces."""

import errno
import os
import socket
import time
from pathlib import Path

import pytest

from bellrock.link.device import LinkError
from bellrock.link.packet import PacketDevice
from bellrock.link.udp import UdpDevice
from tests.link.frames import PASSED
from tests.link.namespaces import collect, network_namespace, until

pytestmark = pytest.mark.lab
NEAR6, FAR6 = "fe80::a", "fe80::b"


@pytest.fixture
def net():
    """Two interfaces with addresses of both families. Each hears what the other sends."""
    with network_namespace() as inside:
        inside.indexes = inside.veth()
        for name, ipv4, ipv6 in (("blk-a", "10.5.0.1", NEAR6), ("blk-b", "10.6.0.1", FAR6)):
            inside.ip(f"addr add {ipv4}/24 dev {name}")
            inside.ip(f"addr add {ipv6}/64 dev {name} nodad")
            # Both ends are this machine: without it the kernel refuses its own address as a source.
            Path(f"/proc/sys/net/ipv4/conf/{name}/accept_local").write_text("1")
        # The kernel adds the routes of IPv6 addresses a little later.
        routes = Path("/proc/thread-self/net/ipv6_route")
        until(lambda: all(f"fe80{one:028x} 80" in routes.read_text() for one in (0xA, 0xB)), "routes to our addresses")
        yield inside


@pytest.fixture
def device(net):
    device = UdpDevice()
    yield device
    device.close()


@pytest.mark.parametrize(("version", "group", "source"), [(4, "224.0.0.118", "10.5.0.1"), (6, "ff02::15a", NEAR6)])
def test_multicast_goes_out_on_one_interface_and_is_told_where_it_came_in(net, device, version, group, source):
    near, far = net.indexes
    device.join_groups(far)
    before = time.time_ns()
    assert device.send_multicast(near, version, b"a beacon", source) is None
    [heard] = collect(device, 1)
    assert (heard.ifindex, heard.source, heard.source_port, heard.destination) == (far, source, 5240, group)
    assert (heard.hop_limit, heard.payload) == (1, b"a beacon")
    assert before <= heard.received_ns <= time.time_ns()
    assert device.receive(5) == []


@pytest.mark.parametrize(("version", "source"), [(4, "10.5.0.1"), (6, NEAR6)])
def test_the_kernel_chooses_the_source_of_the_interface(net, device, version, source):
    near, far = net.indexes
    device.join_groups(far)
    device.send_multicast(near, version, b"a beacon")
    assert [heard.source for heard in collect(device, 1)] == [source]


def test_what_is_on_the_wire(net, device):
    near, _ = net.indexes
    with_raw = PacketDevice(blocks=8)
    device.send_multicast(near, 4, b"four", "10.5.0.1")
    device.send_multicast(near, 6, b"six", NEAR6)
    four, six = collect(with_raw, 2)
    with_raw.close()
    assert four.data[:6].hex(":") == "01:00:5e:00:00:76"
    assert four.data[14:16] == b"\x45\x00"
    assert four.data[20:22] == b"\x40\x00"  # do not fragment
    assert four.data[22] == 1
    assert four.data[34:38].hex() == "14781478"
    assert six.data[:6].hex(":") == "33:33:00:00:01:5a"
    assert six.data[21] == 1
    assert six.data[54:58].hex() == "14781478"


@pytest.mark.parametrize("address", ["10.6.0.1", FAR6])
def test_unicast_has_a_hop_limit_of_64(net, device, address):
    _, far = net.indexes
    assert device.send_unicast(far, address, 5240, b"an answer") is None
    [heard] = collect(device, 1)
    assert (heard.hop_limit, heard.destination, heard.payload) == (64, address, b"an answer")


def test_others_on_this_machine_hear_multicast_too(net, device):
    near, far = net.indexes
    other = UdpDevice()
    device.join_groups(near)
    device.send_multicast(near, 4, b"for all", "10.5.0.1")
    for one in (device, other):
        assert [heard.payload for heard in collect(one, 1)] == [b"for all"]
    other.close()
    assert far


def test_without_a_join_nothing_is_heard(net, device):
    near, far = net.indexes
    device.join_groups(far, ipv6=False)
    device.send_multicast(near, 6, b"not joined", NEAR6)
    device.send_multicast(near, 4, b"joined", "10.5.0.1")
    assert [heard.payload for heard in collect(device, 1)] == [b"joined"]
    device.leave_groups(far)
    device.send_multicast(near, 4, b"left", "10.5.0.1")
    device.send_unicast(far, "10.6.0.1", 5240, b"the end")
    assert [heard.payload for heard in collect(device, 1)] == [b"the end"]


def test_a_raw_peer_and_an_ordinary_one_understand_each_other(net, device):
    near, far = net.indexes
    device.join_groups(far)
    with_raw = PacketDevice(blocks=8)
    # Made by hand: a valid IP header checksum is needed where a kernel reads it.
    frame = bytearray(PASSED["IPv4"])
    frame[24:26] = b"\x00\x00"
    words = sum(int.from_bytes(frame[at : at + 2], "big") for at in range(14, 34, 2))
    frame[24:26] = (0xFFFF - (words % 0xFFFF)).to_bytes(2, "big")
    net.ip("route add 10.0.0.0/24 dev blk-b")
    assert with_raw.send(near, bytes(frame)) is None
    [heard] = collect(device, 1)
    with_raw.close()
    assert (heard.source, heard.payload) == ("10.0.0.1", b"beacon")


def test_a_budget_is_kept_and_families_take_turns(net, device):
    near, far = net.indexes
    device.join_groups(far)
    for number in range(6):
        device.send_multicast(near, 4, b"four %d" % number, "10.5.0.1")
        device.send_multicast(near, 6, b"six %d" % number, NEAR6)
    until(lambda: device.statistics().sent == 12, "sent")
    first = collect(device, 4)
    assert [heard.payload[:3] for heard in first] == [b"fou", b"six"] * 2
    assert len(collect(device, 8)) == 8
    assert device.receive(0) == []
    assert device.statistics().received == 12


def test_what_cannot_be_sent_is_counted_and_returned(net, device):
    near, far = net.indexes
    assert device.send_multicast(near, 4, b"x", "10.99.99.99").code in ("EINVAL", "ENETUNREACH")
    off_link = device.send_unicast(0, "10.77.0.1", 5240, b"x")
    assert (
        str(off_link)
        == "a beacon of 1 octets for 10.77.0.1 on any interface was not sent: no route leads there (ENETUNREACH)"
    )
    net.ip("link set blk-a down")
    assert device.send_multicast(near, 4, b"x", "10.5.0.1").code in ("ENETUNREACH", "ENETDOWN")
    net.ip("link del blk-a")
    gone = device.send_multicast(near, 6, b"x", NEAR6)
    assert (
        str(gone)
        == f"a beacon of 1 octets for ff02::15a on interface {near} was not sent: the interface no longer exists (ENODEV)"
    )
    assert device.send_unicast(far, "10.6.0.9", 5240, b"x").code == "ENODEV"
    assert sum(device.statistics().send_errors.values()) == 5


def test_unicast_as_the_routing_table_says(net, device):
    assert device.send_unicast(0, "10.6.0.1", 5240, b"routed") is None
    [heard] = collect(device, 1)
    assert heard.payload == b"routed"


def test_a_payload_that_does_not_fit(net, device):
    near, _ = net.indexes
    assert device.send_multicast(near, 4, bytes(3000), "10.5.0.1").code == "EMSGSIZE"


def test_drops_are_counted(net, device):
    near, far = net.indexes
    device.join_groups(far)
    device._sockets[socket.AF_INET].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    for _ in range(50):
        device.send_multicast(near, 4, bytes(1000), "10.5.0.1")
    while device.receive(100):
        pass
    device.send_multicast(near, 4, b"after", "10.5.0.1")
    collect(device, 1)
    statistics = device.statistics()
    assert statistics.dropped > 0
    assert statistics.received + statistics.dropped == 51


def test_the_port_is_shared_with_who_shares_it(net):
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as rack:
        rack.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        rack.bind(("::", 5240))
        UdpDevice().close()


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")])
def test_who_does_not_share_the_port_is_named(net, family, address):
    with socket.socket(family, socket.SOCK_DGRAM) as rack:
        rack.bind((address, 5240))
        with pytest.raises(LinkError) as caught:
            UdpDevice()
    with open("/proc/self/comm") as file:
        name = file.read().strip()
    assert str(caught.value) == (
        f"UDP port 5240 is held by {name} (pid {os.getpid()}), which does not share it; "
        "stop that process, or grant CAP_NET_RAW so that no port is needed"
    )
    assert caught.value.code == "EADDRINUSE"


def test_a_machine_without_ipv6(net, monkeypatch):
    near, far = net.indexes
    real = socket.socket

    def only_ipv4(family=socket.AF_INET, *rest):
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return real(family, *rest)

    monkeypatch.setattr("bellrock.link.udp.socket.socket", only_ipv4)
    device = UdpDevice()
    assert device.join_groups(far) is None
    assert device.send_multicast(near, 4, b"four", "10.5.0.1") is None
    error = device.send_multicast(near, 6, b"six")
    assert "does not speak that version of IP (EAFNOSUPPORT)" in str(error)
    assert [heard.payload for heard in collect(device, 1)] == [b"four"]
    device.close()


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (errno.EADDRNOTAVAIL, "no UDP socket can be opened: this machine has neither IPv4 nor IPv6"),
        (errno.EACCES, "UDP port 5240 cannot be used: Permission denied"),
        (errno.EADDRINUSE, "UDP port 5240 is held by a process in another namespace; stop that process, or grant"),
    ],
)
def test_a_port_that_cannot_be_bound(net, monkeypatch, number, line):
    class Refused(socket.socket):
        def bind(self, _):
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr("bellrock.link.udp.socket.socket", Refused)
    with pytest.raises(LinkError) as caught:
        UdpDevice()
    assert str(caught.value).startswith(line)


def test_a_closed_device_is_silent(net):
    device = UdpDevice()
    device.close()
    device.close()
    assert device.receive(3) == []
    assert device.send_unicast(1, "127.0.0.1", 5240, b"x").code == "EAFNOSUPPORT"
