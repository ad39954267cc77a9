"""A router and a bridge in a namespace, with a ruleset loaded: sends frames through and says what the kernel did to each.

Every frame carries a number (IPv4 identification, IPv6 flow label, the last octets of a bridged frame's source address). A table
of our own, first and last at each hook, writes down the numbers it sees, so that one listing tells the fate of a whole batch.
"""

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from bench._namespaces import Namespace

T = TypeVar("T")
CLONE_NEWNET = 0x40000000
CABLES = ("lan0", "lan1", "wan0")
"""Routed interfaces; each joined to one of the same name among the hosts."""
PORTS = ("port0", "port1")
"""Ports of the bridge."""
PRIORITY = 7
"""Of packets that are sent by the router itself, so that its other packets are not taken for them."""
PATIENCE = 60.0

_libc = ctypes.CDLL(None, use_errno=True)

_SETUP = """
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 net.ipv4.icmp_ratemask=0
sysctl -qw net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.default.send_redirects=0 net.ipv4.icmp_echo_ignore_broadcasts=0
sysctl -qw net.netfilter.nf_conntrack_checksum=1 net.ipv4.conf.all.accept_local=1 net.ipv4.icmp_msgs_per_sec=1000000
"""

_ENTRY = """
table netdev bell_probe {
  counter entered { }
  chain lan0 { type filter hook ingress device lan0 priority -2147483648; counter name entered; }
  chain lan1 { type filter hook ingress device lan1 priority -2147483648; counter name entered; }
  chain wan0 { type filter hook ingress device wan0 priority -2147483648; counter name entered; }
  chain port0 { type filter hook ingress device port0 priority -2147483648; counter name entered; }
  chain port1 { type filter hook ingress device port1 priority -2147483648; counter name entered; }
}
table bridge bell_probe {
  set passed { type integer; flags dynamic; size 65535; }
  chain last { type filter hook postrouting priority 2147483647; oifname { "port0", "port1" } add @passed { @ll,80,16 }; }
}
table inet bell_probe {
  counter sent { }
  SETS
  chain first_out { type filter hook output priority -2147483648; meta priority 0:7 counter name sent;
    icmp type { destination-unreachable } add @answered4 { @th,96,16 };
    icmpv6 type { destination-unreachable } add @answered6 { @th,76,20 };
  }
  chain last_in { type filter hook input priority 2147483647;
    add @passed4 { ip id }; add @passed6 { ip6 flowlabel };
  }
  chain last_out { type filter hook postrouting priority 2147483647;
    iifname { "lan0", "lan1", "wan0" } add @passed4 { ip id }; iifname { "lan0", "lan1", "wan0" } add @passed6 { ip6 flowlabel };
    meta priority 0:7 add @passed4 { ip id }; meta priority 0:7 add @passed6 { ip6 flowlabel };
  }
  chain tracked { type filter hook prerouting priority -199; jump look; }
  chain tracked_out { type filter hook output priority -199; meta priority 0:7 jump look; }
  chain look {
LOOK
  }
}
"""


def _entry() -> str:
    """The table that writes down, per address family because the numbers are of different widths."""
    sets, look = [], []
    for version, number in ((4, "ip id"), (6, "ip6 flowlabel")):
        names = ("passed", *STATES, "reply", "dnat", "answered")
        sets += [f"set {name}{version} {{ typeof {number}; flags dynamic; size 65535; }}" for name in names]
        sets.append(f"set marks{version} {{ typeof {number} . ct mark; flags dynamic; size 65535; }}")
        look += [f"ct state {state} add @{state}{version} {{ {number} }}" for state in STATES]
        look.append(f"ct direction reply add @reply{version} {{ {number} }}")
        look.append(f"ct status dnat add @dnat{version} {{ {number} }}")
        look.append(f"ct mark != 0 add @marks{version} {{ {number} . ct mark }}")
    # `answered` compares raw octets of the packet quoted in an ICMP error, so its key is a plain integer.
    text = _ENTRY.replace("SETS", "\n  ".join(sets)).replace("LOOK", "\n".join(f"    {line};" for line in look))
    return (
        text.replace("set answered4 { typeof ip id;", "set answered4 { typeof @th,96,16;")
        .replace("set answered6 { typeof ip6 flowlabel;", "set answered6 { typeof @th,76,20;")
        .replace("set passed { type integer;", "set passed { typeof @ll,80,16;")
    )


STATES = ("invalid", "established", "related", "new", "untracked")


@dataclass
class Fate:
    """What the kernel did to the frames of a batch, by their numbers."""

    passed: set[int] = field(default_factory=set)
    answered: set[int] = field(default_factory=set)
    """Refused with an ICMP error."""
    state: dict[int, str] = field(default_factory=dict)
    reply: set[int] = field(default_factory=set)
    dnat: set[int] = field(default_factory=set)
    marks: dict[int, int] = field(default_factory=dict)


class Kernel:
    """The namespaces; use as a context."""

    def __init__(self) -> None:
        self.closing = contextlib.ExitStack()
        try:
            self._build()
        except BaseException:
            self.closing.close()
            raise

    def __enter__(self) -> "Kernel":
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.close()

    def _build(self) -> None:
        self.router, self.hosts = Namespace(), Namespace()
        self.closing.callback(self.router.close)
        self.closing.callback(self.hosts.close)
        names = (*CABLES, *PORTS)
        self.hosts.run("sh", "-c", "for name in all default; do sysctl -qw net.ipv6.conf.$name.disable_ipv6=1; done")
        self.hosts.batch(
            [f"link add {n} type veth peer name {n} netns {self.router.holder.pid}" for n in names]
            + [f"link set {n} up arp off" for n in names]
        )
        self.router.run("sh", "-ec", _SETUP)
        self.router.batch(_links())
        self.router.run("sysctl", "-qw", *(f"net.ipv6.conf.{n}.disable_ipv6=1" for n in ("br0", *PORTS)))
        self.macs = {name: self._mac(name) for name in CABLES}
        self.cables = {name: self.inside(self.hosts, lambda name=name: _wire(name)) for name in names}
        self.raw = self.inside(self.router, _raw)
        for one in (*self.cables.values(), *self.raw.values()):
            self.closing.callback(one.close)
        self.entry = _entry()

    def _mac(self, name: str) -> bytes:
        found = json.loads(self.router.run("ip", "-j", "link", "show", name))[0]["address"]
        return bytes.fromhex(found.replace(":", ""))

    def inside(self, space: Namespace, work: Callable[[], T]) -> T:
        """The result of `work`, done in a namespace by a thread of its own."""
        results: list[T] = []

        def run() -> None:
            descriptor = os.open(f"/proc/{space.holder.pid}/ns/net", os.O_RDONLY)
            try:
                assert _libc.setns(descriptor, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
            finally:
                os.close(descriptor)
            results.append(work())

        thread = threading.Thread(target=run)
        thread.start()
        thread.join(30)
        return results[0]

    def nft(self, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run nft among the router's rules."""
        command = self.router.command("nft", *arguments)
        return subprocess.run(command, input=text, capture_output=True, text=True, timeout=30, check=False)

    def load(self, ruleset: str) -> str:
        """Replace everything by `ruleset`; nft's complaint, or nothing."""
        return self.nft("-f", "-", text="flush ruleset\n" + ruleset).stderr

    def listing(self) -> bytes:
        """`nft -j list ruleset`; empty where nft aborts on its own assertions, or breaks off in the middle of its JSON."""
        done = self.nft("-j", "list", "ruleset")
        assert done.returncode in {0, -signal.SIGABRT}, f"nft ended with {done.returncode}: {done.stderr}"
        whole = done.returncode == 0 and done.stdout.rstrip().endswith("}")
        return done.stdout.encode() if whole else b""

    def text(self) -> str:
        """`nft -a list ruleset`."""
        return self.nft("-a", "list", "ruleset").stdout

    def forget(self) -> None:
        """Have connection tracking forget every connection."""
        self.router.run("conntrack", "-F")

    def run(self, frames: list[tuple[str, bytes]], expected: int | None = None) -> Fate:
        """Send frames into interfaces (or packets from the router itself: `out`), and say what became of them."""
        self.watch()
        return self.follow(frames, len(frames) if expected is None else expected)

    def watch(self) -> None:
        """Begin to write down what comes and goes."""
        complaint = self.nft("-f", "-", text=self.entry).stderr
        assert not complaint, complaint

    def follow(self, frames: list[tuple[str, bytes]], expected: int) -> Fate:
        """Send frames; what became of all since `watch`, `expected` of which must have come in."""
        for name, frame in frames:
            if name == "out":
                self._send(frame)
            else:
                self.cables[name].send(frame)
        return self._fate(expected)

    def _send(self, packet: bytes) -> None:
        version = packet[0] >> 4
        to = socket.inet_ntop(*((socket.AF_INET, packet[16:20]) if version == 4 else (socket.AF_INET6, packet[24:40])))
        # A packet that the output hook drops is told to its sender.
        with contextlib.suppress(PermissionError, ConnectionRefusedError, OSError):
            self.raw[version].sendto(packet, (to, 0))

    def _fate(self, frames: int) -> Fate:
        until = time.monotonic() + PATIENCE
        while True:
            objects = json.loads(self.nft("-j", "list", "ruleset").stdout)["nftables"]
            counted = sum(
                entry["counter"]["packets"]
                for entry in objects
                if "counter" in entry and entry["counter"]["table"] == "bell_probe"
            )
            if counted >= frames:
                break
            assert time.monotonic() < until, f"only {counted} of {frames} frames came in"
        sets = {
            (entry["set"]["name"], entry["set"]["family"]): entry["set"].get("elem", [])
            for entry in objects
            if "set" in entry and entry["set"]["table"] == "bell_probe"
        }
        return _told(sets)


def _told(sets: dict[tuple[str, str], list]) -> Fate:
    fate = Fate(passed=set(sets["passed", "bridge"]))
    for version in (4, 6):
        found = {name[:-1]: elements for (name, _), elements in sets.items() if name.endswith(str(version))}
        fate.passed |= set(found["passed"])
        fate.answered |= set(found["answered"])
        fate.reply |= set(found["reply"])
        fate.dnat |= set(found["dnat"])
        fate.marks |= {one["concat"][0]: one["concat"][1] for one in found["marks"]}
        for state in STATES:
            fate.state |= dict.fromkeys(found[state], state)
    return fate


def _links() -> list[str]:
    lines = ["link add br0 type bridge mcast_snooping 0 stp_state 0", "link set br0 up"]
    for name in PORTS:
        lines += [
            f"link set {name} master br0",
            f"link set {name} up",
            f"link set {name} type bridge_slave learning off",
        ]
    for number, name in enumerate(CABLES):
        lines += [
            f"link set {name} up arp off",
            f"addr add 10.99.{number}.1/24 dev {name}",
            f"addr add 2001:db8:99:{number}::1/64 dev {name} nodad",
            f"neigh add 10.99.{number}.2 lladdr 02:00:00:00:00:0{number + 1} dev {name}",
            f"neigh add 2001:db8:99:{number}::2 lladdr 02:00:00:00:00:0{number + 1} dev {name}",
        ]
        for route, via in ROUTES[name]:
            lines.append(f"route add {route} via {via} dev {name}")
    return lines


ROUTES = {
    "lan0": (("10.1.0.0/16", "10.99.0.2"), ("2001:db8:1::/48", "2001:db8:99:0::2")),
    "lan1": (("10.3.0.0/16", "10.99.1.2"), ("2001:db8:3::/48", "2001:db8:99:1::2")),
    "wan0": (("default", "10.99.2.2"), ("default", "2001:db8:99:2::2")),
}


def _wire(name: str) -> socket.socket:
    one = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    one.bind((name, 0))
    return one


def _raw() -> dict[int, socket.socket]:
    found = {
        4: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW),
        6: socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW),
    }
    for one in found.values():
        one.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, PRIORITY)
    return found


@contextlib.contextmanager
def kernel() -> Iterator[Kernel]:
    """A router to judge by, gone afterwards."""
    with Kernel() as made:
        yield made
