"""Frames that k agents put on one segment, counted as a capture on it would count them.

The real engines on virtual time: all start together, are watched over their first 30 s, then left alone for five minutes,
and counted over the next ten. `.venv/bin/python -m bench.segment_load`
"""

import sys

from tests.sim.hosts import SimHost
from tests.sim.network import Network

from bench._report import Figure, at_most, plain, report

SIZES = (4, 8, 16, 32, 64)
WARM_UP = 330.0
MEASURE = 600.0


def segment(size: int, ipv4: bool, seed: int = 1) -> tuple[float, float]:
    """Frames per agent in the first 30 s, and per agent and 30 s in the steady state."""
    net = Network(seed)
    segment = net.segment()
    for number in range(size):
        host = SimHost(net, f"host-{number}")
        host.plug("eth0", segment, ipv4=(f"10.0.0.{number + 1}/24",) if ipv4 else ())
    net.run_until(30.0)
    first = net.frames / size
    net.run_until(WARM_UP)
    before = net.frames
    net.run_until(WARM_UP + MEASURE)
    return first, (net.frames - before) / size * 30 / MEASURE


def figures() -> list[Figure]:
    found = []
    for ipv4, family in ((True, "IPv4+IPv6"), (False, "IPv6 alone")):
        for size in SIZES:
            first, steady = segment(size, ipv4)
            found += [
                at_most(f"{size:2} agents, {family}, steady, per agent and 30 s", steady, "frames", 3),
                plain(f"{size:2} agents, {family}, steady, whole segment per 30 s", steady * size, "frames"),
                plain(f"{size:2} agents, {family}, all starting at once, first 30 s", first * size, "frames"),
            ]
            if ipv4:
                found.append(
                    plain(f"{size:2} MAAS racks, up to, per 30 s (2k²+10k)", 2 * size**2 + 10 * size, "frames")
                )
    return found


if __name__ == "__main__":
    sys.exit(0 if report("segment_load", figures()) else 1)
