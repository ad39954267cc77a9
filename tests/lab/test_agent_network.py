"""Both ways to the network, in namespaces of their own: they hear each other, follow interfaces, and complain once."""

import select
import subprocess

import pytest

from bellrock.agent import network as module
from bellrock.agent.network import Complaints, RawNetwork, UdpNetwork, families, open_network
from bellrock.link.device import LinkError
from bellrock.link.netlink import LinkMonitor
from bellrock.wire.frame import build_beacon_frame
from tests.lab.apart import apart

pytestmark = pytest.mark.lab

MAC = "52:54:00:12:34:56"


def ip(*commands: str) -> None:
    for command in commands:
        subprocess.run(["ip", *command.split()], check=True)


def cable() -> dict:
    """Two interfaces joined by a cable, with addresses; the interfaces by name."""
    ip(
        "link set lo up",
        "link add left type veth peer name right",
        "address add 10.9.0.1/24 dev left",
        "address add 10.9.0.2/24 dev right",
        "link set left up",
        "link set right up",
    )
    monitor = LinkMonitor()
    found = {interface.name: interface for interface in monitor.snapshot().values()}
    monitor.close()
    return found


def first(network):
    """What comes in first, within five seconds."""
    ready, _, _ = select.select(network.filenos(), [], [], 5)
    assert ready, "nothing came in"
    return network.receive(16)[0]


def test_raw_frames_go_out_and_come_in():
    def scene():
        interfaces = cable()
        network = open_network(udp_only=False)
        assert isinstance(network, RawNetwork)
        network.follow(interfaces.values())
        groups = subprocess.run(["ip", "maddress", "show", "dev", "right"], capture_output=True, text=True, check=True)
        network.send(interfaces["left"].index, build_beacon_frame(b"hello", MAC, "10.9.0.1"))
        frame = first(network)
        network.follow([interfaces["left"]])
        after = subprocess.run(["ip", "maddress", "show", "dev", "right"], capture_output=True, text=True, check=True)
        counted = network.statistics()
        network.close()
        return interfaces, frame, groups.stdout, after.stdout, counted

    interfaces, frame, groups, after, counted = apart(scene)
    assert frame.ifindex == interfaces["right"].index
    assert frame.data.endswith(b"hello")
    assert "224.0.0.118" in groups
    assert "01:00:5e:00:00:76" in groups
    assert "224.0.0.118" not in after
    assert (counted.sent, counted.received) == (1, 1)


def test_udp_multicast_is_heard_by_raw_and_by_itself_and_unicast_arrives():
    def scene():
        interfaces = cable()
        udp = open_network(udp_only=True)
        raw = RawNetwork()
        assert isinstance(udp, UdpNetwork)
        try:
            udp.follow(interfaces.values())
            raw.follow(interfaces.values())
            udp.send_multicast(interfaces["left"].index, 4, b"multicast")
            heard, looped = first(raw), first(udp)
            raw.close()  # its shield would share in the port, and the kernel gives unicast to one
            udp.send_unicast(interfaces["left"].index, "10.9.0.1", 5240, b"unicast")
            direct = first(udp)
            udp.follow([])
            return interfaces, heard, looped, direct, udp.statistics(), udp.hint
        finally:
            raw.close()
            udp.close()

    interfaces, heard, looped, direct, counted, hint = apart(scene)
    assert (heard.ifindex, heard.data[-9:]) == (interfaces["right"].index, b"multicast")
    assert (looped.payload, looped.destination, looped.hop_limit) == (b"multicast", "224.0.0.118", 1)
    assert (direct.payload, direct.destination, direct.hop_limit) == (b"unicast", "10.9.0.1", 64)
    assert counted.sent == 2
    assert hint.startswith("sudo setcap cap_net_raw+ep ")


def test_without_the_right_to_raw_frames_udp_is_what_is_left(monkeypatch):
    monkeypatch.setattr(module, "can_raw", lambda: False)

    def scene():
        network = open_network(udp_only=False)
        network.close()
        return network.raw

    assert apart(scene) is False


def test_families_are_those_of_the_addresses():
    interfaces = apart(cable)
    assert families(interfaces["left"])[0]


def test_an_error_is_told_once_per_interface_and_reason(caplog, monkeypatch):
    monkeypatch.setattr(module, "MAX_COMPLAINTS", 2)
    complaints = Complaints()
    complaints.hear(1, None)
    for index in (1, 1, 2, 3):
        complaints.hear(index, LinkError(f"eth{index} is down", 100))
    assert [record.message for record in caplog.records] == ["eth1 is down", "eth2 is down"]
