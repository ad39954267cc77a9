"""`link` between two hosts: namespaces of their own, joined by a cable, each program a process of its own."""

import asyncio
import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bellrock.link.netlink import InterfaceChanged, LinkMonitor
from bellrock.link.packet import PacketDevice
from bellrock.link.udp import UdpDevice
from tests.link.frames import PASSED
from tests.link.namespaces import Namespace, collect, network_namespace, until

pytestmark = pytest.mark.lab
UNPRIVILEGED = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all")

LISTEN = """
import json, select, socket, sys
from bellrock.link.capabilities import can_raw
from bellrock.link.udp import UdpDevice
device = UdpDevice()
error = device.join_groups(socket.if_nametoindex("eth0"))
print(json.dumps({"raw": can_raw(), "error": str(error) if error else None}), flush=True)
wanted = int(sys.argv[1])
while wanted:
    select.select([device], [], [], 10)
    for heard in device.receive(wanted):
        wanted -= 1
        print(json.dumps([heard.source, heard.destination, heard.hop_limit, heard.payload.decode()]), flush=True)
device.close()
"""

SEND = """
import socket, sys
from bellrock.link.udp import UdpDevice
device = UdpDevice()
eth0 = socket.if_nametoindex("eth0")
for version, source in ((4, "10.0.0.1"), (6, None)):
    error = device.send_multicast(eth0, version, b"beacon %d" % version, source)
    assert error is None, error
device.close()
"""


class Cable:
    """Hosts one and two, each with an eth0. Host one is the namespace that the test itself is in."""

    def __init__(self, one: Namespace, other: str) -> None:
        self.one = one
        self.other = other
        self.processes: list[subprocess.Popen[bytes]] = []

    def is_up(self) -> bool:
        """Whether host two's eth0 is up, so that its routes are there."""
        command = ["ip", "-n", self.other, "-o", "link", "show", "dev", "eth0"]
        return " state UP " in subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def start(self, host: str, code: str, *arguments: str, prefix: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        inside = ("ip", "netns", "exec", self.other) if host == "two" else ()
        command = [*inside, *prefix, sys.executable, "-c", code, *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
        self.processes.append(process)
        return process

    def run(self, host: str, code: str, prefix: tuple[str, ...] = ()) -> None:
        process = self.start(host, code, prefix=prefix)
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 0, errors.decode()

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.communicate()


def line(process: subprocess.Popen[bytes]):
    """The next line that a process prints, as JSON, read without a buffer that would hide it from select; what it complained of where it prints none in time."""
    ready = select.select([process.stdout], [], [], 10)[0]
    text = process.stdout.readline() if ready else b""
    if not text:
        process.kill()
        pytest.fail(f"no line in time; the process said: {process.communicate()[1].decode()}")
    return json.loads(text)


@contextmanager
def cable() -> Iterator[Cable]:
    other = f"blk-{os.getpid()}"
    with network_namespace() as one:
        one.ip(f"netns add {other}")
        both = Cable(one, other)
        try:
            one.ip(f"link add eth0 type veth peer name eth0 netns {other}")
            one.ip("addr add 10.0.0.1/24 dev eth0")
            one.ip("addr add fe80::1/64 dev eth0 nodad")
            one.ip("link set eth0 up")
            one.ip(f"-n {other} addr add 10.0.0.2/24 dev eth0")
            one.ip(f"-n {other} addr add fe80::2/64 dev eth0 nodad")
            one.ip(f"-n {other} link set eth0 up")
            one.up("eth0")
            until(both.is_up, "eth0 of host two up")
            yield both
        finally:
            both.close()
            one.ip(f"netns del {other}")


@pytest.fixture
def hosts():
    with cable() as both:
        yield both


@pytest.mark.parametrize("sender", ["ordinary", "root"])
def test_an_ordinary_user_without_capabilities_hears_and_is_heard(hosts, sender):
    listener = hosts.start("two", LISTEN, "2", prefix=UNPRIVILEGED)
    assert line(listener) == {"raw": False, "error": None}
    hosts.run("one", SEND, prefix=UNPRIVILEGED if sender == "ordinary" else ())
    heard = [line(listener) for _ in range(2)]
    assert sorted(heard) == sorted(
        [["10.0.0.1", "224.0.0.118", 1, "beacon 4"], [heard_source(heard), "ff02::15a", 1, "beacon 6"]]
    )


def heard_source(heard) -> str:
    [source] = [one[0] for one in heard if one[1] == "ff02::15a"]
    assert source.startswith("fe80::")
    return source


def test_an_ordinary_user_is_heard_by_a_raw_device(hosts):
    device = PacketDevice(blocks=8)
    code = SEND.replace("10.0.0.1", "10.0.0.2")
    hosts.run("two", code, prefix=UNPRIVILEGED)
    kinds = {frame.data[12:14].hex() for frame in collect(device, 2)}
    device.close()
    assert kinds == {"0800", "86dd"}


def test_two_processes_share_the_port_and_both_hear(hosts):
    listeners = [hosts.start("two", LISTEN, "2") for _ in range(2)]
    for listener in listeners:
        assert line(listener)["error"] is None
    hosts.run("one", SEND)
    for listener in listeners:
        assert sorted(line(listener)[3] for _ in range(2)) == ["beacon 4", "beacon 6"]


def test_a_frame_sent_at_the_word_of_the_monitor_arrives(hosts):
    """Carrier means that frames can leave: what is sent on the event is heard, each time."""
    net = hosts.one
    net.ip("link add blk-a type veth peer name blk-b")
    near, far = socket.if_nametoindex("blk-a"), socket.if_nametoindex("blk-b")
    net.ip("link set blk-b up")
    monitor, device = LinkMonitor(), PacketDevice(blocks=8)
    monitor.snapshot()

    def told(state: bool | None) -> bool:
        return any(
            isinstance(change, InterfaceChanged)
            and change.interface.index == near
            and change.interface.carrier is state
            for change in monitor.changes()
        )

    for _ in range(15):
        net.ip("link set blk-a up")
        until(lambda: told(True), "carrier", wait_on=monitor)
        assert device.send(near, PASSED["IPv4"]) is None
        assert [frame.ifindex for frame in collect(device, 1)] == [far]
        net.ip("link set blk-a down")
        until(lambda: told(None), "down", wait_on=monitor)
    monitor.close()
    device.close()


def test_the_other_end_vanishes_while_frames_are_sent(hosts):
    net = hosts.one
    device = PacketDevice(blocks=8)
    eth0 = socket.if_nametoindex("eth0")
    errors = set()
    for turn in range(300):
        if turn == 150:
            net.ip(f"-n {hosts.other} link del eth0")
        error = device.send(eth0, PASSED["IPv4"])
        if error:
            errors.add(error.code)
    statistics = device.statistics()
    device.close()
    assert errors == {"ENXIO"}
    assert statistics.sent + sum(statistics.send_errors.values()) == 300


def test_devices_wake_an_asyncio_loop(hosts):
    """Both kinds of device and the monitor, with `add_reader`, as the agent uses them."""
    net = hosts.one
    near, far = net.veth()
    packet, udp, monitor = PacketDevice(blocks=8), UdpDevice(), LinkMonitor()
    monitor.snapshot()
    udp.join_groups(far)
    heard: dict[str, list] = {"packet": [], "udp": [], "monitor": []}

    async def main() -> None:
        loop = asyncio.get_running_loop()
        everything = asyncio.Event()

        def take(name: str, fetch) -> None:
            heard[name] += fetch()
            if all(heard.values()):
                everything.set()

        loop.add_reader(packet, take, "packet", lambda: packet.receive(64))
        loop.add_reader(udp, take, "udp", lambda: udp.receive(64))
        loop.add_reader(monitor, take, "monitor", monitor.changes)
        packet.send(near, PASSED["IPv6"])
        net.ip("addr add 10.8.0.1/24 dev blk-b")
        udp.send_unicast(0, "10.8.0.1", 5240, b"to myself")
        await asyncio.wait_for(everything.wait(), 10)
        for device in (packet, udp, monitor):
            loop.remove_reader(device)

    asyncio.run(main())
    for device in (packet, udp, monitor):
        device.close()
    assert heard["packet"][0].ifindex == far
    assert heard["udp"][0].payload == b"to myself"
    assert any(change.interface.index == far for change in heard["monitor"])
