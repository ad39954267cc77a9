"""Links that swallow large packets, in random networks: what real engines measure is the truth, and the culprits are the faults."""

import random
from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace

from bellrock.beacon import MtuMeasured
from bellrock.topology.mtu import Direction, culprits, mtus, ways
from tests.sim.fabric import Plug
from tests.sim.hosts import SimHost
from tests.sim.network import FAIR, Network, Weather

JUMBO = 9000
SIZES = (1280, 1400, 1492, 1500, 2000, 4321, 8950)
LONG_ENOUGH = 25.0
"""Seconds until every agent has measured all others at least once."""


@dataclass(eq=False)
class NarrowNetwork(Network):
    """A network in which every interface has a limit for what it sends and one for what it is sent."""

    seed: int
    weather: Weather = FAIR
    sends: dict[Plug, int] = field(default_factory=dict)
    takes: dict[Plug, int] = field(default_factory=dict)

    def __post_init__(self):
        Network.__init__(self, self.seed, self.weather)

    def _deliver(self, origin, tag, plug, seen, frame):
        if frame.transmission.padded <= min(self.sends.get(origin, JUMBO), self.takes.get(plug, JUMBO)):
            super()._deliver(origin, tag, plug, seen, frame)


class Host(SimHost):
    """An agent whose interfaces have an MTU."""

    mtu = JUMBO

    def up(self, interface, vid, mac, **more):
        super().up(interface, vid, mac, **more)
        ((port, facts),) = [
            (port, facts) for port, facts in self._facts.items() if port.interface == interface and port.vid == vid
        ]
        self._facts[port] = replace(facts, mtu=self.mtu)
        self.engine.receive(self._facts[port], self.net.now)
        self._serve()

    def interfaces(self):
        return [replace(one, mtu=self.mtu) for one in super().interfaces()]


class Small(Host):
    """One whose own MTU is that of old."""

    mtu = 1500


def network(seed, weather=FAIR, hosts=6, faults=2):
    """Hosts on one segment, some of them with faults: the network, its hosts, and what passes from plug to plug."""
    chance = random.Random(seed)
    net = NarrowNetwork(seed, weather)
    segment = net.segment()
    made, own = [], {}
    for number in range(hosts):
        kind = Small if chance.random() < 0.15 else Host
        host = kind(net, f"host-{number}")
        plug = host.plug("eth0", segment)
        own[plug] = kind.mtu
        net.takes[plug] = kind.mtu
        made.append((host, plug))
    for _, plug in chance.sample(made, faults):
        if chance.random() < 0.7:
            net.sends[plug] = chance.choice(SIZES)
        if chance.random() < 0.7:
            net.takes[plug] = min(own[plug], chance.choice(SIZES))
    truth = {
        (a.name, b.name): min(own[p], own[q], net.sends.get(p, JUMBO), net.takes[q])
        for a, p in made
        for b, q in made
        if a is not b
    }
    return net, [host for host, _ in made], truth


def measured(hosts):
    """The latest measurement of each pair."""
    events = [event.seen for host in hosts for _, event in host.events if isinstance(event, MtuMeasured)]
    return {(seen.port.host, seen.peer.host): seen for seen in events}


@pytest.mark.parametrize("seed", range(25))
def test_what_is_measured_is_the_truth(seed):
    net, hosts, truth = network(seed)
    net.run_until(LONG_ENOUGH)
    found = measured(hosts)
    assert {pair: seen.mtu for pair, seen in found.items()} == truth


@pytest.mark.parametrize("seed", range(25))
def test_the_culprits_are_the_ports_with_faults(seed):
    net, hosts, _ = network(seed, hosts=8, faults=2)
    net.run_until(LONG_ENOUGH)
    table = {port: mtu for host in hosts for port, mtu in mtus(host.name, host.interfaces()).items()}
    named = set()
    for one in culprits(ways(measured(hosts).values(), table.__getitem__)):
        if one.kind == "port":
            directions = ("out", "in") if one.direction is Direction.BOTH else (one.direction.value,)
            named |= {(one.where[0].host, direction, one.mtu) for direction in directions}
        else:
            assert one.kind == "interface"
    own = {host.name: host.mtu for host in hosts}
    faults = {(plug.host, "out", size) for plug, size in net.sends.items() if size < own[plug.host]}
    faults |= {(plug.host, "in", size) for plug, size in net.takes.items() if size < own[plug.host]}
    assert named == faults


@pytest.mark.parametrize("seed", range(10))
def test_lost_frames_never_make_a_limit_too_large_and_seldom_too_small(seed):
    net, hosts, truth = network(seed, Weather(loss=0.03, duplication=0.02, delay=(0.0001, 0.002)))
    net.run_until(LONG_ENOUGH)
    found = measured(hosts)
    assert all(seen.mtu <= truth[pair] for pair, seen in found.items())
    wrong = [pair for pair, seen in found.items() if seen.mtu != truth[pair]]
    assert len(wrong) <= 1
    assert len(found) >= len(truth) - 2


def test_a_segment_of_many_is_not_flooded_with_probes():
    net, hosts, truth = network(1, hosts=40, faults=0)
    net.run_until(4.0)
    before = net.frames
    net.run_until(LONG_ENOUGH)
    assert {pair: seen.mtu for pair, seen in measured(hosts).items()} == truth
    # Two probes, and what answers them; the rest is the usual beacons.
    assert net.frames - before < 40 * (2 + 2 * 21)


def test_bytes_on_the_wire_hold_all_of_it():
    net, hosts, truth = network(3, Weather(real_bytes=True), hosts=4)
    net.run_until(LONG_ENOUGH)
    assert {pair: seen.mtu for pair, seen in measured(hosts).items()} == truth
