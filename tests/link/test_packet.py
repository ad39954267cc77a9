"""The AF_PACKET device on real interfaces."""

import errno
import select
import socket
import time
from pathlib import Path

import pytest

from bellrock.link import libc
from bellrock.link.device import LinkError
from bellrock.link.filter import SNAP_LENGTH, Instruction, assemble
from bellrock.link.packet import GROUPS, PacketDevice
from bellrock.wire.ethernet import Tag
from tests.link.frames import PASSED, REFUSED, ethernet, ipv4, udp
from tests.link.namespaces import collect, network_namespace

pytestmark = pytest.mark.lab


@pytest.fixture
def net():
    with network_namespace() as inside:
        yield inside


@pytest.fixture
def device(net):
    device = PacketDevice(blocks=8)
    yield device
    device.close()


def test_an_interface_without_addresses_hears_and_is_told_with_time_and_type(net, device):
    near, far = net.veth()
    before = time.time_ns()
    assert device.send(near, PASSED["IPv4"]) is None
    [frame] = collect(device, 1)
    assert frame.ifindex == far
    assert frame.data == PASSED["IPv4"]
    assert frame.tags == ()
    assert frame.packet_type == socket.PACKET_MULTICAST
    assert frame.checksum_ready
    assert before <= frame.received_ns <= time.time_ns()
    assert device.receive(10) == []


@pytest.mark.parametrize(
    ("name", "tags", "left"),
    [
        ("IPv4, one tag", (Tag(0x8100, 10, 3),), "IPv4"),
        ("IPv4, priority tag", (Tag(0x8100, 0, 7),), "IPv4"),
        ("IPv4, 802.1ad tag", (Tag(0x88A8, 100),), "IPv4"),
        ("IPv4, 802.1ad and 802.1Q tag", (Tag(0x88A8, 100),), "IPv4, one tag"),
    ],
)
def test_tags_come_from_the_kernel(net, device, name, tags, left):
    near, _ = net.veth()
    device.send(near, PASSED[name])
    [frame] = collect(device, 1)
    assert frame.tags == tags
    assert frame.data == PASSED[left]


def test_the_filter_in_the_kernel_passes_what_it_should_and_nothing_else(net, device):
    near, _ = net.veth()
    for frame in [*REFUSED.values(), *PASSED.values()]:
        assert device.send(near, frame) is None
    heard = collect(device, len(PASSED))
    # Frames of one sender keep their order, so a refused one would be among them.
    assert [frame.data for frame in heard] == [without_first_tag(frame) for frame in PASSED.values()]
    assert device.statistics().received == len(PASSED)


def without_first_tag(frame: bytes) -> bytes:
    return frame[:12] + frame[16:] if frame[12:14] in (b"\x81\x00", b"\x88\xa8") else frame


def test_a_checksum_that_is_left_for_the_hardware_is_told(net, device):
    _near, far = net.veth()
    net.ip("addr add 10.7.0.1/24 dev blk-a")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.7.0.1"))
        sock.sendto(b"by the kernel", ("224.0.0.118", 5240))
    [frame] = collect(device, 1)
    assert frame.ifindex == far
    assert not frame.checksum_ready
    assert frame.data.endswith(b"by the kernel")


def test_interfaces_that_come_later_and_go_down_and_up_are_heard(net, device):
    near, far = net.veth()
    net.ip("link set blk-b down")
    net.up("blk-b")
    other, _ = net.veth("blk-c", "blk-d")
    assert device.send(near, PASSED["IPv4"]) is None
    assert device.send(other, PASSED["IPv6"]) is None
    assert {frame.ifindex for frame in collect(device, 2)} == {far, socket.if_nametoindex("blk-d")}


def test_own_frames_and_those_on_the_loopback_are_not_heard(net, device):
    near, far = net.veth()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"on the loopback", ("127.0.0.1", 5240))
    device.send(near, PASSED["IPv4"])
    device.send(far, PASSED["IPv6"])
    assert [(frame.ifindex, frame.data) for frame in collect(device, 2)] == [
        (far, PASSED["IPv4"]),
        (near, PASSED["IPv6"]),
    ]
    assert device.receive(9) == []


def test_what_cannot_be_sent_is_counted_and_returned(net, device):
    near, _ = net.veth()
    net.ip("link set blk-a down")
    down = device.send(near, PASSED["IPv4"])
    net.ip("link del blk-a")
    gone = device.send(near, PASSED["IPv4"])
    assert down.code == "ENETDOWN"
    assert str(down).startswith("a frame of 48 octets for blk-a was not sent: the interface is down")
    assert gone.code == "ENXIO"
    assert "no longer exists" in str(gone)
    assert "\n" not in str(down) + str(gone)
    assert device.statistics().send_errors == {"ENETDOWN": 1, "ENXIO": 1}


def test_a_frame_larger_than_the_mtu_is_refused_as_a_value(net, device):
    near, _ = net.veth()
    error = device.send(near, ethernet(0x0800, ipv4(udp(payload=bytes(3000)))))
    assert error.code == "EMSGSIZE"
    assert device.statistics().sent == 0


def test_an_interface_may_vanish_while_frames_are_sent(net, device):
    near, _ = net.veth()
    codes = set()
    net.ip("link set blk-a alias doomed")
    for turn in range(200):
        if turn == 100:
            net.ip("link del blk-a")
        error = device.send(near, PASSED["IPv4"])
        codes.add(error.code if error else "")
    assert codes == {"", "ENXIO"}
    statistics = device.statistics()
    assert (statistics.sent, statistics.send_errors) == (100, {"ENXIO": 100})


def test_groups_are_joined_at_the_link_layer_without_addresses_and_left_again(net, device):
    near, _ = net.veth()

    def groups() -> set[str]:
        lines = [line.split() for line in Path("/proc/thread-self/net/dev_mcast").read_text().splitlines()]
        return {fields[4] for fields in lines if fields[1] == "blk-a"}

    wanted = {group.replace(":", "") for group in GROUPS}
    before = groups()
    assert not wanted & before
    assert device.join_groups(near) is None
    assert device.join_groups(near) is None
    assert wanted <= groups()
    net.ip("link set blk-a down")
    net.up("blk-a")
    assert wanted <= groups()
    device.leave_groups(near)
    device.leave_groups(near)
    assert not wanted & groups()


def test_groups_of_an_interface_that_is_gone(net, device):
    near, _ = net.veth()
    assert device.join_groups(near) is None
    net.ip("link del blk-a")
    device.leave_groups(near)
    error = device.join_groups(near)
    assert str(error) == f"interface {near} cannot listen to group 01:00:5e:00:00:76: No such device"
    assert error.code == "ENODEV"


def test_a_full_ring_drops_and_says_so_and_works_again(net, device):
    near, _ = net.veth()
    frame = ethernet(0x0800, ipv4(udp(payload=bytes(1000))))
    for _ in range(600):
        device.send(near, frame)
    statistics = device.statistics()
    assert statistics.dropped > 0
    assert statistics.received + statistics.dropped == 600
    assert len(collect(device, statistics.received)) == statistics.received
    device.send(near, PASSED["IPv6"])
    assert [frame.data for frame in collect(device, 1)] == [PASSED["IPv6"]]
    assert device.statistics().dropped == statistics.dropped


def test_a_budget_leaves_the_rest_readable(net, device):
    near, _ = net.veth()
    for number in range(10):
        device.send(near, ethernet(0x0800, ipv4(udp(payload=b"%d" % number))))
    first = collect(device, 3)
    assert len(first) == 3
    assert select.select([device], [], [], 5)[0]
    rest = collect(device, 7)
    assert [frame.data[-1:] for frame in first + rest] == [b"%d" % number for number in range(10)]
    assert device.receive(0) == []


def test_a_jumbo_frame_comes_whole_and_a_longer_one_cut(net, device):
    near, _ = net.veth()
    for name in ("blk-a", "blk-b"):
        net.ip(f"link set {name} mtu 20000")
    for size in (8972, 18000):
        device.send(near, ethernet(0x0800, ipv4(udp(payload=bytes(size)))))
    assert [len(frame.data) for frame in collect(device, 2)] == [8972 + 42, SNAP_LENGTH]


def test_another_program_and_the_hardware_clock(net):
    near, _ = net.veth()
    device = PacketDevice(
        blocks=8, program=assemble("ldh [12]\n jeq #0x88b5, pass\n ret #0\npass: ret #20"), hardware_time=True
    )
    before = time.time_ns()
    device.send(near, PASSED["IPv4"])
    device.send(near, ethernet(0x88B5, bytes(46)))
    [frame] = collect(device, 1)
    device.close()
    assert frame.data == ethernet(0x88B5, bytes(6))
    # veth has no clock of its own: the kernel's is used.
    assert before <= frame.received_ns <= time.time_ns()


def test_a_closed_device_is_silent(net):
    near, _ = net.veth()
    device = PacketDevice(blocks=8)
    device.send(near, PASSED["IPv4"])
    device.close()
    device.close()
    assert device.receive(5) == []
    assert device.send(near, PASSED["IPv4"]).code == "EBADF"
    assert device.statistics().sent == 1
    assert device.fileno() == -1


def test_no_memory_for_the_ring(net, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    monkeypatch.setattr("bellrock.link.packet.Ring", refuse)
    with pytest.raises(LinkError, match=r"^the receive ring of 5 MiB .* Cannot allocate memory; is memory short\?$"):
        PacketDevice()


def test_a_program_that_the_kernel_refuses(net):
    with pytest.raises(LinkError, match="Invalid argument"):
        PacketDevice(blocks=8, program=(Instruction(0, 0, 0, 0),))


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (errno.EPERM, "the capability CAP_NET_RAW is missing; run as root or grant it"),
        (errno.EAFNOSUPPORT, "Address family not supported by protocol (AF_PACKET)"),
    ],
)
def test_no_socket(monkeypatch, number, line):
    def refuse(*_):
        raise OSError(number, __import__("os").strerror(number))

    monkeypatch.setattr(socket, "socket", refuse)
    with pytest.raises(LinkError) as caught:
        PacketDevice()
    assert str(caught.value) == f"no raw frames can be received: {line}"


def test_nothing_is_heard_before_the_filter_is_there(net):
    """The order of set-up: a socket of protocol 0 hears nothing until it is bound."""
    near, _ = net.veth()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0) as sock:
        libc.send_packet(sock.fileno(), near, REFUSED["ARP"])
        with pytest.raises(BlockingIOError):
            sock.recv(100)


def test_a_flooded_interface_is_thinned_so_that_the_others_are_heard(net, device, monkeypatch):
    near, far = net.veth()
    other, quiet = net.veth("blk-c", "blk-d")
    hand = [100.0]
    monkeypatch.setattr("bellrock.link.packet.clock.monotonic", lambda: hand[0])

    def flood_and_read(count: int) -> list:
        for _ in range(count):
            device.send(near, PASSED["IPv4"])
        kept = device.statistics().received
        found = collect(device, kept - read[0])
        read[0] = kept
        return found

    read = [0]
    frame = PASSED["IPv4"]
    for _ in range(4):
        assert flood_and_read(4000)[0].data == frame
        hand[0] += 0.11
        device.receive(0)
    thinned = device.statistics().thinned
    assert thinned in ({far: 0.75**2}, {far: 0.75**3})
    passed = len(flood_and_read(1000))
    assert 0.8 * 1000 * thinned[far] < passed < 1.2 * 1000 * thinned[far]
    for _ in range(30):
        device.send(other, PASSED["IPv6"])
    assert [heard.ifindex for heard in collect(device, 30)] == [quiet] * 30
    hand[0] += 60
    assert device.statistics().thinned == {}
    for _ in range(50):
        device.send(near, PASSED["IPv6"])
    assert len(collect(device, 50)) == 50


def test_a_device_that_cannot_change_its_filter_goes_on(net, device, monkeypatch):
    near, far = net.veth()
    hand = [100.0]
    monkeypatch.setattr("bellrock.link.packet.clock.monotonic", lambda: hand[0])

    def refuse(*_):
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    monkeypatch.setattr(libc, "attach_filter", refuse)
    for _ in range(4):
        for _ in range(4000):
            device.send(near, PASSED["IPv4"])
        assert collect(device, 100)
        while device.receive(1000):
            pass
        hand[0] += 0.11
        device.receive(0)
    assert far in device.statistics().thinned


PASS = (Instruction(0x06, 0, 0, 262144),)


def test_one_interface_alone_with_what_it_sends_and_what_is_for_others(net):
    near, far = net.veth()
    other = net.veth("blk-c", "blk-d")[0]
    device = PacketDevice(4, PASS, ifindex=far, outgoing=True, promiscuous=True, block_size=64 * 1024)
    try:
        long = ethernet(0x0800, ipv4(udp(payload=bytes(1400))), destination=b"\2\0\0\0\0\x77")
        device.send(near, long)
        device.send(other, PASSED["IPv4"])
        # What a socket sends itself it is never shown.
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as another:
            another.bind(("blk-b", 0))
            another.send(PASSED["IPv4"])
        heard = collect(device, 2)
        assert [(frame.ifindex, frame.packet_type) for frame in heard] == [(far, 3), (far, 4)]
        assert [frame.length for frame in heard] == [len(long), len(PASSED["IPv4"])]
        assert device.receive(9) == []
        assert device.trouble() is None
    finally:
        device.close()


def test_a_cut_frame_knows_how_long_it_was(net):
    near, far = net.veth()
    device = PacketDevice(4, (Instruction(0x06, 0, 0, 20),), ifindex=far)
    try:
        device.send(near, PASSED["IPv4"])
        [frame] = collect(device, 1)
        assert (len(frame.data), frame.length) == (20, len(PASSED["IPv4"]))
    finally:
        device.close()


def test_trouble_of_the_interface_that_is_heard(net):
    near, far = net.veth()
    device = PacketDevice(4, PASS, ifindex=far)
    try:
        net.ip("link set blk-b down")
        assert str(device.trouble()) == "blk-b is not heard: network is down"
        assert device.trouble() is None
        net.up("blk-b")
        device.send(near, PASSED["IPv4"])
        assert len(collect(device, 1)) == 1
    finally:
        device.close()
