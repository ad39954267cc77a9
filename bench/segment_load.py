"""Frames that k agents put on one segment, counted as a capture on it would count them.

The real engines on virtual time. Steady: they start one by one, are left alone for five minutes, and counted over the next
ten. Starting: all at once and one by one. `.venv/bin/python -m bench.segment_load`
"""

import sys

from bench._report import Figure, at_most, plain, report
from tests.sim.hosts import SimHost
from tests.sim.network import Network

SIZES = (4, 8, 16, 32, 64)
WARM_UP = 330.0
MEASURE = 600.0


def segment(size: int, ipv4: bool, within: float, seed: int = 1) -> Network:
    """`size` agents on one segment, started at random times within so many seconds."""
    net = Network(seed)
    socket = net.segment()

    def start(number: int) -> None:
        host = SimHost(net, f"host-{number}")
        host.plug("eth0", socket, ipv4=(f"10.0.0.{number + 1}/24",) if ipv4 else ())

    for number in range(size):
        net.at(net.random.uniform(0, within), lambda number=number: start(number))
    return net


def first_frames(size: int, ipv4: bool, within: float) -> float:
    """Frames of the whole segment until 30 s after the last start."""
    net = segment(size, ipv4, within)
    net.run_until(within + 30.0)
    return net.frames


def steady_frames(size: int, ipv4: bool) -> float:
    """Frames per agent and 30 s, of agents that started one by one."""
    net = segment(size, ipv4, 30.0)
    net.run_until(WARM_UP)
    before = net.frames
    net.run_until(WARM_UP + MEASURE)
    return (net.frames - before) / size * 30 / MEASURE


def figures() -> list[Figure]:
    found = []
    for ipv4, family in ((True, "IPv4+IPv6"), (False, "IPv6 alone")):
        for size in SIZES:
            steady = steady_frames(size, ipv4)
            found += [
                at_most(f"{size:2} agents, {family}, steady, per agent and 30 s", steady, "frames", 3),
                plain(f"{size:2} agents, {family}, steady, whole segment, 30 s", steady * size, "frames"),
                plain(f"{size:2} MAAS racks, up to, whole segment, 30 s (2k²+10k)", 2 * size**2 + 10 * size, "frames"),
                plain(
                    f"{size:2} agents, {family}, all starting at once, first 30 s",
                    first_frames(size, ipv4, 0.0),
                    "frames",
                ),
                plain(
                    f"{size:2} agents, {family}, starting one by one, 60 s", first_frames(size, ipv4, 30.0), "frames"
                ),
            ]
    return found


if __name__ == "__main__":
    sys.exit(0 if report("segment_load", figures()) else 1)
