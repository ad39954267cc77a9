"""A lab as built, seen from inside."""

import json
import socket
import subprocess
from pathlib import Path

import pytest

from bellrock.lab import namespaces
from bellrock.lab.build import Builder
from bellrock.lab.parse import parse
from bellrock.lab.schema import InterfaceSpec, LabError, PortSpec
from tests.lab.apart import apart

pytestmark = pytest.mark.lab

LAB = """
[switch.sw0]
mtu = 9000
[switch.sw1]
[[link]]
between = ["sw0", "sw1"]
trunk = [10, 20]
[host.a]
interface.eth0 = { to = "sw0", access = 10, addresses = ["10.0.0.1/24"], mac = "02:aa:00:00:00:01", mtu = 9000 }
interface.eth1 = { to = "sw0", access = 20 }
interface.loop0 = {}
interface.loop1 = {}
bridge.br0 = { members = ["eth1"], addresses = ["10.20.0.1/24"], mtu = 1400 }
[host.b]
interface.eth0 = { to = "sw1", access = 10, addresses = ["10.0.0.2/24"] }
interface.eth1 = { to = "sw1", access = 20, addresses = ["10.20.0.2/24"] }
interface.down = { to = "sw1", up = false }
interface.spare = {}
interface.shut = { to = "sw1" }
[host.c]
interface.mute = { to = "sw0", access = 10, addresses = ["10.0.0.3/24"] }
interface.direct = { addresses = ["10.9.0.1/24"] }
[host.d]
interface.direct = { addresses = ["10.9.0.2/24"] }
[[cable]]
between = ["c/direct", "d/direct"]
[[cable]]
between = ["a/loop0", "a/loop1"]
[[fault]]
kind = "mute"
at = "c/mute"
[[fault]]
kind = "port-down"
at = "b/shut"
"""


class Site:
    """A lab built in this thread."""

    def __init__(self, directory: Path) -> None:
        self.back = namespaces.home()
        self.told: list[str] = []
        self.builder = Builder(parse(LAB.encode(), "f"), directory, self.back, self.told.append)

    def run(self, host, *words):
        namespaces.enter(self.builder.spaces[host])
        try:
            return subprocess.run(words, capture_output=True, text=True, check=False)
        finally:
            namespaces.enter(self.back)

    def links(self, host):
        return {link["ifname"]: link for link in json.loads(self.run(host, "ip", "-j", "-d", "link").stdout)}

    def reaches(self, host, address, size=56):
        done = self.run(host, "ping", "-c", "1", "-w", "3", "-i", "0.2", "-M", "do", "-s", str(size), address)
        return done.returncode == 0

    def close(self):
        self.builder.switches.stop()
        for space in self.builder.spaces.values():
            space.close()


def built(tmp_path, work):
    def run():
        site = Site(tmp_path)
        try:
            site.builder.build()
            return work(site)
        finally:
            site.close()

    return apart(run)


def goes_round(site, host, out, back):
    """Whether a tagged frame sent on one interface comes in on another."""
    namespaces.enter(site.builder.spaces[host])
    try:
        receiver = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    finally:
        namespaces.enter(site.back)
    with receiver, sender:
        receiver.bind((back, 3))
        receiver.settimeout(2)
        sender.bind((out, 0))
        frame = bytes.fromhex("ffffffffffff 02aabbccddee 8100 0007 88b5") + b"round" * 10
        sender.send(frame)
        while receiver.recv(2000)[-50:] != frame[-50:]:
            pass
        return True


def test_everything_is_as_the_file_says(tmp_path):
    def work(site):
        return (
            site.told,
            {host: site.links(host) for host in "abcd"},
            {
                "over both switches": site.reaches("a", "10.0.0.2"),
                "into a bridge": site.reaches("b", "10.20.0.1"),
                "by a cable": site.reaches("c", "10.9.0.2"),
                "mute": site.reaches("c", "10.0.0.1"),
                "round a loop": goes_round(site, "a", "loop0", "loop1"),
            },
        )

    told, links, reached = built(tmp_path, work)
    assert told == ["4 hosts made", "2 switches with 7 cables are up"]
    assert reached == {
        "over both switches": True,
        "into a bridge": True,
        "by a cable": True,
        "mute": False,
        "round a loop": True,
    }
    assert list(links["a"]) == ["lo", "eth0", "eth1", "loop0", "loop1", "br0"]
    assert (links["a"]["eth0"]["address"], links["a"]["eth0"]["mtu"]) == ("02:aa:00:00:00:01", 9000)
    assert (links["a"]["eth1"]["master"], links["a"]["br0"]["mtu"]) == ("br0", 1400)
    assert "link" not in links["a"]["loop0"], "the host knows by itself where its loop leads"
    states = {name: ("UP" in link["flags"], "LOWER_UP" in link["flags"]) for name, link in links["b"].items()}
    assert states == {
        "lo": (True, True),
        "eth0": (True, True),
        "eth1": (True, True),
        "down": (False, False),
        "spare": (True, False),
        "shut": (True, False),
    }


def test_a_small_mtu_behind_a_large_one_is_a_black_hole(tmp_path):
    def work(site):
        return site.reaches("a", "10.0.0.2", 1400), site.reaches("a", "10.0.0.2", 2000)

    assert built(tmp_path, work) == (True, False)


def test_a_cable_is_moved(tmp_path):
    def work(site):
        before = site.reaches("b", "10.0.0.1")
        site.builder.retag("b", "eth0", PortSpec(access=30))
        there = site.reaches("b", "10.0.0.1")
        site.builder.retag("b", "eth0", PortSpec(trunk=(20,), native=10))
        return before, there, site.reaches("b", "10.0.0.1")

    assert built(tmp_path, work) == (True, False, True)


def test_a_carrier_goes_and_comes(tmp_path):
    def carrier(site):
        return "LOWER_UP" in site.links("a")["eth0"]["flags"]

    def work(site):
        seen = [carrier(site)]
        for up in (False, True):
            site.builder.set_carrier("a", "eth0", up)
            seen.append(carrier(site))
        return seen

    assert built(tmp_path, work) == [True, False, True]


def test_interfaces_come_and_go(tmp_path):
    spec = InterfaceSpec(to="sw1", access=10, addresses=("10.0.0.9/24",))

    def refusals(site):
        builder = site.builder
        for work in (
            lambda: builder.add_interface("a", "eth0", spec),
            lambda: builder.add_interface("z", "eth0", spec),
            lambda: builder.add_interface("a", "eth8", InterfaceSpec()),
            lambda: builder.remove_interface("a", "br0"),
        ):
            with pytest.raises(LabError) as caught:
                work()
            yield str(caught.value)

    def work(site):
        site.builder.add_interface("d", "eth9", spec)
        there = site.reaches("a", "10.0.0.9")
        site.builder.remove_interface("d", "eth9")
        return there, "eth9" in site.links("d"), list(refusals(site))

    there, after, refused = built(tmp_path, work)
    assert (there, after) == (True, False)
    assert refused == [
        "a/eth0 is there already",
        "z: no such host; there are a, b, c, d",
        "a/eth8: a new interface needs a switch to plug into",
        "a/br0: no such interface, or its cable does not go to a switch",
    ]


NARROW = """
[switch.sw0]
mtu = 9000
[host.a]
interface.eth0 = { to = "sw0", trunk = [10], native = 1, mtu = 9000 }
[host.b]
interface.eth0 = { to = "sw0", trunk = [10], native = 1, mtu = 9000 }
[[fault]]
kind = "mtu"
at = "b/eth0"
mtu = 1500
way = "%s"
"""
SIZES = (1499, 1500, 1501, 8999)
TAG = bytes.fromhex("8100000a")


def passing(source, sink, tag):
    """The sizes of IP packets, out of SIZES, that arrive; a small frame that always passes says that no more will come."""
    head = bytes.fromhex("ffffffffffff020000000001") + tag + bytes.fromhex("88b5")
    for size in (*SIZES, 100):
        source.send(head + size.to_bytes(2, "big") + bytes(size - 2))
    arrived = []
    while not arrived or arrived[-1] != 100:
        data = sink.recv(10000)
        arrived.append(int.from_bytes(data[14:16], "big") if data[12:14] == b"\x88\xb5" else 0)
    return tuple(arrived[:-1])


@pytest.mark.parametrize("tag", [b"", TAG], ids=["untagged", "tagged"])
@pytest.mark.parametrize(
    ("way", "to_host", "from_host"),
    [("both", SIZES[:2], SIZES[:2]), ("to-host", SIZES[:2], SIZES), ("from-host", SIZES, SIZES[:2])],
)
def test_a_narrow_port_swallows_what_is_larger_without_a_word(tmp_path, way, to_host, from_host, tag):
    def work():
        back = namespaces.home()
        builder = Builder(parse((NARROW % way).encode(), "f"), tmp_path, back, lambda _: None)
        sockets = []
        try:
            builder.build()
            for host in ("a", "b"):
                namespaces.enter(builder.spaces[host])
                sockets.append(raw_socket())
            namespaces.enter(back)
            a, b = sockets
            return passing(a, b, tag), passing(b, a, tag)
        finally:
            for one in sockets:
                one.close()
            builder.switches.stop()
            for space in builder.spaces.values():
                space.close()

    assert apart(work) == (to_host, from_host)


def raw_socket():
    found = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88B5))
    found.bind(("eth0", 0x88B5))
    found.settimeout(10)
    return found
