"""Interfaces as the kernel tells them."""

import errno
import os
import socket
import struct
import subprocess

import pytest
from msgspec import structs

from bellrock.link import netlink, rtnetlink
from bellrock.link.device import LinkError
from bellrock.link.netlink import InterfaceChanged, InterfaceRemoved, LinkMonitor
from bellrock.link.rtnetlink import Message
from bellrock.model import Interface, InterfaceKind
from tests.link.namespaces import network_namespace, until

pytestmark = pytest.mark.lab


@pytest.fixture
def net():
    with network_namespace() as inside:
        yield inside


@pytest.fixture
def monitor(net):
    monitor = LinkMonitor()
    yield monitor
    monitor.close()


class Follower:
    """Applies changes as an agent does, and so knows what it was told."""

    def __init__(self, monitor: LinkMonitor) -> None:
        self.monitor = monitor
        self.known = monitor.snapshot()
        self.told: list = []

    def interface(self, name: str) -> Interface | None:
        return next((one for one in self.known.values() if one.name == name), None)

    def follow(self) -> None:
        for change in self.monitor.changes():
            self.told.append(change)
            match change:
                case InterfaceChanged(interface):
                    self.known[interface.index] = interface
                case InterfaceRemoved(index, name):
                    assert self.known.pop(index).name == name

    def until(self, condition, what: str, seconds: float = 60.0) -> None:
        def holds() -> bool:
            self.follow()
            return condition()

        until(holds, f"{what}; known at first: {self.known}", seconds, self.monitor)


def test_an_empty_namespace_has_no_interfaces(monitor):
    assert monitor.snapshot() == {}
    assert monitor.changes() == []


def test_a_snapshot_has_every_field(net, monitor):
    near, far = net.veth()
    net.ip("link set blk-a address 02:00:00:00:00:0a mtu 1400")
    net.ip("addr add 10.1.0.1/24 dev blk-a")
    net.ip("addr add 2001:db8::1/64 dev blk-a nodad")
    assert monitor.snapshot()[near] == Interface(
        name="blk-a",
        index=near,
        mac="02:00:00:00:00:0a",
        kind=InterfaceKind.VETH,
        parents=("blk-b",),
        carrier=True,
        mtu=1400,
        addresses=("10.1.0.1/24", "2001:db8::1/64"),
    )
    assert monitor.snapshot()[far].parents == ("blk-a",)


def test_events_tell_of_carrier_addresses_names_and_removal(net, monitor):
    near, far = net.veth(up=False)
    follower = Follower(monitor)
    assert follower.known[near].carrier is None
    assert not follower.known[near].up
    net.ip("link set blk-a up")
    follower.until(lambda: follower.known[near].up and follower.known[near].carrier is False, "up without carrier")
    net.ip("link set blk-b up")
    follower.until(lambda: follower.known[near].carrier is True, "carrier")
    net.ip("addr add 10.1.0.1/24 dev blk-a")
    follower.until(lambda: follower.known[near].addresses == ("10.1.0.1/24",), "address")
    net.ip("addr del 10.1.0.1/24 dev blk-a")
    follower.until(lambda: follower.known[near].addresses == (), "no address")
    net.ip("link set blk-b down")
    follower.until(lambda: follower.known[near].carrier is False, "carrier lost")
    net.ip("link set blk-a down")
    net.ip("link set blk-a name blk-z")
    follower.until(
        lambda: follower.known[near].name == "blk-z" and follower.known[far].parents == ("blk-z",), "renamed"
    )
    net.ip("link set blk-z address 02:00:00:00:00:0f")
    follower.until(lambda: follower.known[near].mac == "02:00:00:00:00:0f", "another MAC")
    net.ip("link del blk-z")
    follower.until(lambda: follower.known == {}, "removed")
    assert {change.name for change in follower.told if isinstance(change, InterfaceRemoved)} == {"blk-z", "blk-b"}


def test_addresses_by_dhcp_are_told_by_their_end(net, monitor):
    """As a DHCP client sets them, whichever it is."""
    net.veth()
    net.ip("addr add 10.1.0.1/24 dev blk-a valid_lft 3600 preferred_lft 3600")
    net.ip("addr add 10.2.0.1/24 dev blk-b")
    monitor.snapshot()
    assert monitor.leased() == {"blk-a"}
    net.ip("addr change 10.1.0.1/24 dev blk-a valid_lft forever preferred_lft forever")
    monitor.changes()
    assert monitor.leased() == frozenset()


def test_link_local_addresses_appear_once_they_may_be_used(net, monitor):
    net.veth()
    net.ip("link add blk-c type veth peer name blk-d")
    follower = Follower(monitor)
    net.ip("link set blk-c up")
    net.ip("link set blk-d up")
    follower.until(lambda: any(a.startswith("fe80::") for a in follower.interface("blk-c").addresses), "fe80 address")
    assert follower.interface("blk-a").addresses == ()


def test_bridges_and_their_members(net, monitor):
    net.veth()
    follower = Follower(monitor)
    net.ip("link add blk-br type bridge")
    net.ip("link set blk-a master blk-br")
    net.ip("link set blk-br up")
    follower.until(
        lambda: (one := follower.interface("blk-a")).master == "blk-br" and one.forwarding, "forwarding member"
    )
    bridge = follower.interface("blk-br")
    assert (bridge.kind, bridge.parents, bridge.vlan_filtering) == (InterfaceKind.BRIDGE, ("blk-a",), False)
    net.ip("link set blk-a nomaster")
    follower.until(lambda: follower.interface("blk-br").parents == (), "no member")
    assert follower.interface("blk-a").master is None
    assert follower.interface("blk-a").forwarding


def test_spanning_tree_opens_a_port_after_listening(net, monitor):
    net.veth()
    net.ip("link add blk-br type bridge stp_state 1 forward_delay 200")
    net.ip("link set blk-br up")
    follower = Follower(monitor)
    net.ip("link set blk-a master blk-br")
    follower.until(lambda: (one := follower.interface("blk-a")).master == "blk-br" and not one.forwarding, "listening")
    follower.until(lambda: follower.interface("blk-a").forwarding, "forwarding", seconds=15)


def test_a_macvlan_has_its_lower_device_as_parent(net, monitor):
    net.veth()
    net.ip("link add blk-m link blk-a type macvlan mode bridge")
    macvlan = next(one for one in monitor.snapshot().values() if one.name == "blk-m")
    assert (macvlan.kind, macvlan.parents) == (InterfaceKind.MACVLAN, ("blk-a",))


def test_a_veth_peer_in_another_namespace_is_no_parent(net, monitor):
    near, _ = net.veth()
    follower = Follower(monitor)
    assert follower.known[near].parents == ("blk-b",)
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    with network_namespace() as other:
        other.veth("blk-c", "blk-d")
        # From here into the namespace of the monitor; its index there may even be that of blk-b here.
        subprocess.run(
            ["ip", "link", "set", "blk-d", "netns", f"/proc/{os.getpid()}/fd/{home}"], check=True, pass_fds=[home]
        )
        follower.until(lambda: follower.interface("blk-d"), "blk-d arrived")
        assert follower.interface("blk-d").parents == ()
        assert follower.known[near].parents == ("blk-b",)
    os.close(home)


def test_other_kinds(net, monitor):
    net.ip("tuntap add blk-tap mode tap")
    net.ip("tuntap add blk-tun mode tun")
    kinds = {one.name: one.kind for one in monitor.snapshot().values()}
    assert kinds == {"blk-tap": InterfaceKind.OTHER}  # a tun carries no Ethernet frames


def test_several_events_of_one_interface_are_one_change(net, monitor):
    near, _ = net.veth()
    monitor.snapshot()
    for number in range(5):
        net.ip(f"addr add 10.1.{number}.1/24 dev blk-a")
    net.ip("addr del 10.1.0.1/24 dev blk-a")
    [change] = monitor.changes()
    assert change.interface.index == near
    assert change.interface.addresses == tuple(f"10.1.{number}.1/24" for number in range(1, 5))
    net.ip("addr add 10.9.0.1/24 dev blk-a")
    net.ip("addr del 10.9.0.1/24 dev blk-a")
    assert monitor.changes() == []


def test_a_carrier_that_went_and_came_back_before_anybody_looked_is_told(net, monitor):
    near, _ = net.veth()
    before = monitor.snapshot()
    assert before[near].carrier
    monitor.blinked()
    assert (monitor.changes(), monitor.blinked()) == ([], frozenset())
    net.ip("link set blk-b down")
    net.up("blk-b")
    assert monitor.snapshot()[near] == before[near], "as if nothing had happened"
    assert near in monitor.blinked()
    assert monitor.blinked() == frozenset(), "told once"


def test_a_carrier_that_blinked_is_a_change_although_nothing_looks_different(monitor, monkeypatch):
    cable = rtnetlink.Link(
        index=7, name="blk-x", mac="", permanent_mac=None, kind="", lower=0, master=0, vid=None, forwarding=True, vlan_filtering=False,
        up=True, carrier=True, losses=3, mtu=1500,
    )  # fmt: skip
    tagged = structs.replace(cable, index=8, name="blk-x.10", kind="vlan", lower=7, losses=0)
    other = structs.replace(cable, index=9, name="blk-y", kind="veth", lower=7, losses=1)
    monkeypatch.setattr(monitor, "_take_events", lambda: True)
    for link in (cable, tagged, other):
        monitor._apply(link)
    assert [change.interface.name for change in monitor.changes()] == ["blk-x", "blk-x.10", "blk-y"]
    assert (monitor.blinked(), monitor.changes(), monitor.blinked()) == (frozenset(), [], frozenset())
    monitor._apply(structs.replace(cable, carrier=False, losses=4))
    monitor._apply(structs.replace(cable, losses=4))
    assert [(change.interface.name, change.interface.carrier) for change in monitor.changes()] == [("blk-x", True)]
    assert monitor.blinked() == {7, 8}, "and what uses its cable"
    monitor._apply(structs.replace(cable, carrier=False, losses=5))
    assert monitor.blinked() == frozenset(), "without carrier it does not blink: it is dark"


def test_after_an_overrun_everything_is_asked_again(net, monitor):
    near, _ = net.veth()
    monitor._events.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    follower = Follower(monitor)
    for number in range(60):
        net.ip(f"link set blk-a mtu {1400 + number}")
    net.ip("link del blk-b")
    net.veth("blk-c", "blk-d")
    dumps = monitor._sequence
    follower.follow()
    assert monitor._sequence > dumps, "no overrun happened: nothing was tested"
    assert near not in follower.known
    assert {one.name for one in follower.known.values()} == {"blk-c", "blk-d"}
    follower.follow()
    assert {one.name for one in follower.known.values()} == {"blk-c", "blk-d"}


def test_a_hundred_interfaces(net, monitor):
    for number in range(50):
        net.ip(f"link add blk-a{number} type veth peer name blk-b{number}")
    follower = Follower(monitor)
    assert len(follower.known) == 100
    for number in range(50):
        net.ip(f"link del blk-a{number}")
    follower.until(lambda: not follower.known, "all gone")


class Silent:
    """A netlink socket of a kernel that says what a test wants."""

    def __init__(self, *answers) -> None:
        self.answers = list(answers)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def bind(self, _):
        pass

    settimeout = bind

    def sendto(self, *_):
        pass

    def recv(self, _):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def recvfrom(self, size):
        return self.recv(size), (0, 0)


def done(flags: int = 2) -> bytes:
    return struct.pack("=IHHIIi", 20, rtnetlink.DONE, flags, 1, 0, 0)


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (TimeoutError("timed out"), "no answer"),
        (struct.pack("=IHHIIi", 20, rtnetlink.ERROR, 0, 1, 0, -errno.EPERM), "Operation not permitted"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
    ],
)
def test_a_kernel_that_does_not_answer(net, monitor, monkeypatch, answer, line):
    near, _ = net.veth()
    assert near in monitor.snapshot()
    monkeypatch.setattr(netlink.socket, "socket", lambda *_: Silent(answer))
    with pytest.raises(LinkError) as caught:
        monitor.snapshot()
    assert str(caught.value) == f"the kernel does not tell of its interfaces: {line} (rtnetlink)"
    assert monitor.changes() == [], "what was known is still known"


def test_an_interrupted_dump_is_asked_again_but_not_for_ever(net, monitor, monkeypatch):
    asked = []
    monkeypatch.setattr(netlink.socket, "socket", lambda *_: asked.append(1) or Silent(done(0x12)))
    assert monitor.snapshot() == {}
    assert len(asked) == netlink._DUMP_TRIES


def test_an_event_socket_that_breaks_is_one_line(net, monitor):
    events, monitor._events = monitor._events, Silent(OSError(errno.ENOTCONN, "not connected"))
    with pytest.raises(LinkError, match="not connected"):
        monitor.changes()
    monitor._events = Silent(OSError(errno.ENOBUFS, ""), OSError(errno.ENOTCONN, "not connected"))
    with pytest.raises(LinkError, match="not connected"):
        monitor.changes()
    monitor._events = events


def test_events_that_are_not_the_kernels_are_ignored(net, monitor):
    near, _ = net.veth()
    monitor.snapshot()
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as forger:
        forger.bind((0, 0))
        body = struct.pack("=BxHiII", 0, 1, near, 0, 0)
        forged = struct.pack("=IHHII", 16 + len(body), rtnetlink.DEL_LINK, 0, 0, 0) + body
        forger.sendto(forged, monitor._events.getsockname())
    assert monitor.changes() == []
    assert near in monitor.snapshot()


def test_state_of_a_port_that_is_not_known_and_of_foreign_messages_is_ignored(monitor):
    monitor._apply(rtnetlink.PortState(77, True))
    monitor._apply(rtnetlink.Address(77, "10.0.0.1/8", False))
    monitor._apply(rtnetlink.change(Message(99, 0, 0, b"")))
    assert monitor.changes() == []


@pytest.mark.parametrize("step", ["socket", "bind"])
def test_no_netlink(monkeypatch, step):
    class Refused:
        closed = False

        def __init__(self, *_):
            if step == "socket":
                raise OSError(errno.EPROTONOSUPPORT, "Protocol not supported")

        def bind(self, _):
            raise OSError(errno.EPERM, "Operation not permitted")

        def close(self):
            Refused.closed = True

    monkeypatch.setattr(netlink.socket, "socket", Refused)
    with pytest.raises(LinkError, match=r"^the kernel does not tell of its interfaces: .* \(rtnetlink\)$"):
        LinkMonitor()
    assert Refused.closed == (step == "bind")
