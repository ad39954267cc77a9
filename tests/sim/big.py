"""One big network: racks of 20 hosts around a spine, started rack by rack."""

import random

from tests.sim.fabric import connect
from tests.sim.hosts import SimHost
from tests.sim.judge import Judge, Verdict
from tests.sim.network import Network
from tests.sim.scenario import Scenario

RACK = 20
WAVE = 8
"""Racks are powered on in so many waves, a second apart."""


def judge_big(hosts: int, seed: int = 1) -> Verdict:
    """`hosts` hosts with two interfaces each: one in its rack's VLAN, one in a VLAN of two racks; some on trunks."""
    draw = random.Random(seed)
    net = Network(seed)
    scenario = Scenario(seed, net, settled=WAVE + 4.0)
    spine = net.device("spine")
    racks = (hosts + RACK - 1) // RACK
    # VID 100 + n: rack n's own; VID 1000 + n: shared by two racks.
    shared = max(1, racks // 2)
    for rack in range(racks):
        own, common = 100 + rack, 1000 + rack % shared
        net.vids.update((own, common))
        leaf = net.device(f"leaf{rack}")
        carried = {own: own, common: common}
        connect(spine.socket(dict(carried)), leaf.socket(dict(carried)))
        for place in range(min(RACK, hosts - rack * RACK)):
            start = rack % WAVE + draw.uniform(0, 0.3)
            net.at(start, lambda leaf=leaf, rack=rack, place=place, own=own, common=common: _host(
                scenario, f"rack{rack}-host{place}", leaf, own, common, draw))  # fmt: skip
    return Judge(scenario).run()


def _host(scenario: Scenario, name: str, leaf, own: int, common: int, draw: random.Random) -> None:
    host = SimHost(scenario.net, name)
    scenario.hosts.append(host)
    host.plug("eth0", leaf.socket({None: own}))
    if draw.random() < 0.05:
        host.plug("eth1", leaf.socket({common: common}), vids=(common,))
    else:
        host.plug("eth1", leaf.socket({None: common}))
