"""How many small packets a second the kernel forwards through a ruleset, compared with others in the same minutes.

One sender writes frames to a cable of a routing namespace by `sendmmsg`; the kernel forwards them in the sender's own time, on its processor, to a
cable whose far end counts and discards. Each ruleset has a namespace of its own, and they take turns in short slices: what
else the machine does in the meantime is shared by all. A rate is the median of a ruleset's slices.

    rates({"tracking": TRACKING, "ours": text}, Traffic(known=…, fresh=…))   # {"tracking": 164000.0, "ours": 158000.0}
"""

import json
import socket
import struct
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from statistics import median
from typing import NamedTuple

from bellrock.wire import ip, udp
from bench._namespaces import Namespace
from bench._sender import BATCH, PACKET_QDISC_BYPASS, SOL_PACKET, Batch

TRACKING = """table inet tracking { chain forward { type filter hook forward priority filter; policy accept; ct state established accept; }; }
"""
"""A chain with connection tracking alone: what any stateful policy pays before it decides anything."""
ROUNDS, SLICE = 41, 0.075
FRESH = 3
"""Of the BATCH packets of a batch, those that begin a connection: 5 in 100."""
ENOUGH = 0.99
"""Of the packets sent, those that must arrive: a ruleset that drops its traffic has no rate."""
IN_MAC, OUT_MAC, FAR_MAC = "02:00:00:00:0a:00", "02:00:00:00:0a:01", "02:00:00:00:0b:00"
"""FAR_MAC is nobody's: what arrives is counted by the device and dropped before anything looks into it."""
_SOURCE_PORT = 14 + 20
"""Where the source port is in a frame of UDP over IPv4."""


class Traffic(NamedTuple):
    """UDP over IPv4, as (source, destination, destination port); every ruleset must let all of it through."""

    near: str
    """The prefix that all sources are in."""
    far: str
    """The prefix that all destinations are in."""
    known: Sequence[tuple[str, str, int]]
    """Connections that have been answered before the measurement; most packets are theirs."""
    fresh: Sequence[tuple[str, str, int]]
    """Ends between which the new connections begin, each from a source port of its own."""


class Forwarder:
    """A routing namespace with a ruleset, and both far ends of its cables. `close` lets it go.

    Raises:
        subprocess.CalledProcessError: nft does not take the ruleset.
    """

    def __init__(self, ruleset: str, traffic: Traffic) -> None:
        with ExitStack() as undo:
            self._machine, self._street = Namespace(), Namespace()
            undo.callback(self._machine.close)
            undo.callback(self._street.close)
            self._cable(traffic)
            self._load(ruleset)
            self._near, self._far = (
                undo.enter_context(self._street.inside(lambda at=at: _wire(at))) for at in ("near", "far")
            )
            self._batches = [Batch(frames) for frames in _batches(traffic)]
            self._port = 0
            self._introduce(traffic)
            self._undo = undo.pop_all()

    def close(self) -> None:
        """Let the namespaces and sockets go."""
        self._undo.close()

    def rate(self, seconds: float) -> tuple[float, float]:
        """Packets a second that came out at the far end, and the share of those sent that did."""
        before, sent = self.arrived(), 0
        begin = time.perf_counter()
        while (now := time.perf_counter()) - begin < seconds:
            for batch in self._batches:
                self._renew(batch)
                sent += batch.send(self._near.fileno(), BATCH)
        arrived = self.arrived() - before
        return arrived / (now - begin), arrived / sent

    def arrived(self) -> int:
        """Packets that have come out so far."""
        return self._counted("far")

    def _counted(self, end: str) -> int:
        link = json.loads(self._street.run("ip", "-j", "-s", "link", "show", "dev", end))[0]
        return int(link["stats64"]["rx"]["packets"])

    def _load(self, ruleset: str) -> None:
        subprocess.run(self._machine.command("nft", "-f", "-"), input=ruleset, text=True, check=True)

    def _renew(self, batch: Batch) -> None:
        for frame in batch.frames[-FRESH:]:
            self._port = self._port % 64000 + 1
            struct.pack_into("!H", frame, _SOURCE_PORT, 1024 + self._port)

    def _introduce(self, traffic: Traffic) -> None:
        """Each known connection with an answer, so that it is established; what drops new answers lets these through."""
        before = self._counted("near")
        for number, (source, destination, port) in enumerate(traffic.known):
            self._near.send(_frame(IN_MAC, source, destination, _known_port(number), port))
            self._far.send(_frame(OUT_MAC, destination, source, port, _known_port(number)))
        answered = self._counted("near") - before
        if answered < len(traffic.known):
            raise RuntimeError(f"{answered} of {len(traffic.known)} connections were answered through the ruleset")

    def _cable(self, traffic: Traffic) -> None:
        there = self._street.holder.pid
        self._machine.run(
            "sysctl",
            "-qw",
            "net.ipv4.ip_forward=1",
            "net.ipv4.conf.all.rp_filter=0",
            "net.ipv4.conf.default.rp_filter=0",
        )
        self._machine.batch(
            [
                f"link add in0 address {IN_MAC} type veth peer name near netns {there}",
                f"link add out0 address {OUT_MAC} type veth peer name far netns {there}",
                "link set in0 up",
                "link set in0 up",
                "link set out0 up",
                *(
                    line
                    for at, (prefix, name) in enumerate(((traffic.near, "in0"), (traffic.far, "out0")))
                    for line in (
                        f"neigh add 169.254.{at}.2 lladdr {FAR_MAC} dev {name} nud permanent",
                        f"route add {prefix} via 169.254.{at}.2 dev {name} onlink",
                    )
                ),
            ]
        )
        self._street.batch(["link set near up", "link set far up"])


def rates(rulesets: Mapping[str, str], traffic: Traffic) -> dict[str, float]:
    """Packets a second through each ruleset, measured in turns: the median of its slices.

    Raises:
        RuntimeError: a ruleset drops what it should forward.
    """
    slices: dict[str, list[float]] = {name: [] for name in rulesets}
    with ExitStack() as undo:
        forwarders = {}
        for name, ruleset in rulesets.items():
            forwarders[name] = Forwarder(ruleset, traffic)
            undo.callback(forwarders[name].close)
            forwarders[name].rate(SLICE)
        for number in range(ROUNDS):
            # Not always the same one after the same: who goes first pays for cold caches.
            order = list(forwarders)[number % len(forwarders) :] + list(forwarders)[: number % len(forwarders)]
            for name in order:
                rate, share = forwarders[name].rate(SLICE)
                if share < ENOUGH:
                    raise RuntimeError(f"ruleset {name}: only {share:.1%} of the traffic came out")
                slices[name].append(rate)
    return {name: median(found) for name, found in slices.items()}


def _batches(traffic: Traffic) -> list[list[bytes]]:
    old = [
        _frame(IN_MAC, source, destination, _known_port(number), port)
        for number, (source, destination, port) in enumerate(traffic.known)
    ]
    new = [_frame(IN_MAC, *ends[:2], 1, ends[2]) for ends in traffic.fresh]
    size = BATCH - FRESH
    return [
        old[start : start + size] + [new[(start + at) % len(new)] for at in range(FRESH)]
        for start in range(0, len(old) - size + 1, size)
    ]


def _known_port(number: int) -> int:
    """Below those of the new connections."""
    return 512 + number % 512


def _frame(to: str, source: str, destination: str, source_port: int, port: int) -> bytes:
    """A frame of 60 octets. The UDP checksum is none (RFC 768), so that the port can be changed."""
    segment = struct.pack("!HHHH", source_port, port, udp.HEADER.size + 18, 0) + bytes(18)
    header = bytes.fromhex((to + FAR_MAC).replace(":", "")) + b"\x08\x00"
    return header + ip.build(source, destination, 64, ip.PROTOCOL_UDP, segment)


def _wire(interface: str) -> socket.socket:
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    wire.bind((interface, 0))
    wire.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)
    return wire
