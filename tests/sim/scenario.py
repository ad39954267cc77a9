"""Random networks, each from its seed: switches, cables, hosts, weather, and what happens to them."""

import random
from dataclasses import dataclass, field

from bellrock.model import InterfaceKind
from tests.sim.fabric import Device, Plug, Socket, Tag, connect
from tests.sim.hosts import SimHost
from tests.sim.maas import SimMaas
from tests.sim.network import FAIR, Network, Weather

VIDS = (1, 10, 20, 30)
LAST_MOVE = 10.0
"""Seconds after everyone settled by which the last interface is moved."""


@dataclass
class Scenario:
    """A network that runs, and what the judge needs to know of it."""

    seed: int
    net: Network
    hosts: list[SimHost] = field(default_factory=list)
    racks: list[SimMaas] = field(default_factory=list)
    moves: list[tuple[float, Plug]] = field(default_factory=list)
    """When which interface is moved; a moved one says nothing of where it is until frames do."""
    planned_moves: int = 0
    settled: float = 0.0
    """When every agent has started and had its first burst."""

    def __repr__(self) -> str:
        plugs = len(self.net.hosts)
        return f"{len(self.hosts)} agents, {len(self.racks)} MAAS racks, {plugs} interfaces, {len(self.moves)} moves, {self.net.weather}"


class Builder:
    """Draws one network."""

    def __init__(self, seed: int, size: int | None = None, fair: bool | None = None, moves: int | None = None) -> None:
        self.draw = random.Random(seed)
        draw = self.draw
        clear = draw.random() < 0.5 if fair is None else fair
        self.net = Network(seed, _weather(draw, clear))
        self.scenario = Scenario(seed, self.net)
        self.size = size or _size(draw)
        self.moves = moves if moves is not None else draw.choice((0, 0, 0, 0, 1, 2))
        self.switches: list[Device] = []
        self.addresses = 0
        self.net.vids.update(VIDS)

    def build(self) -> Scenario:
        """Wire everything and let the agents start in the first seconds."""
        for site in range(self.draw.randint(1, 1 + self.size // 4)):
            self._site(site)
        last = 0.0
        together = self.draw.random() < 0.5
        for number in range(self.size):
            start = 0.0 if together else self.draw.uniform(0, 5)
            last = max(last, start)
            self.net.at(start, lambda number=number, start=start: self._host(number, start))
        self.scenario.settled = last + 4.0
        self.scenario.planned_moves = self.moves
        for _ in range(self.moves):
            self.net.at(self.scenario.settled + self.draw.uniform(1, LAST_MOVE), self._move)
        return self.scenario

    def _site(self, site: int) -> None:
        """A tree of switches whose trunks carry some VLANs each."""
        tree: list[Device] = []
        for number in range(self.draw.randint(1, 3)):
            switch = self.net.device(f"site{site}-switch{number}")
            if tree:
                allowed = self._some(VIDS)
                up, down = self._trunk(allowed), self._trunk(allowed)
                if self.draw.random() < 0.05:
                    down[None] = self.draw.choice([vid for vid in VIDS if vid not in allowed] or [99])
                    up.setdefault(None, 98)
                connect(self.draw.choice(tree).socket(up), switch.socket(down))
            tree.append(switch)
        self.switches += tree

    def _some(self, vids: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(vid for vid in vids if self.draw.random() < 0.6) or (self.draw.choice(vids),)

    def _trunk(self, allowed: tuple[int, ...]) -> dict[Tag, int]:
        return {vid: vid for vid in allowed}

    def _socket(self) -> Socket:
        """A fresh switch port: access, or a trunk with or without a native VLAN."""
        tags: dict[Tag, int] = {None: self.draw.choice(VIDS)}
        if self.draw.random() < 0.3:
            allowed = self._some(VIDS)
            tags = self._trunk(allowed)
            free = [vid for vid in VIDS if vid not in allowed]
            if free and self.draw.random() < 0.6:
                tags[None] = self.draw.choice(free)
        return self.draw.choice(self.switches).socket(tags, hairpin=self.draw.random() < 0.01)

    def _host(self, number: int, start: float) -> None:
        if number >= 2 and self.draw.random() < 0.08:
            rack = SimMaas(self.net, f"maas{number}", self.draw.choice((1, 2)))
            self.scenario.racks.append(rack)
            rack.plug(self._socket(), start)
            return
        host = SimHost(self.net, f"host{number}")
        self.scenario.hosts.append(host)
        for interface in range(self.draw.randint(1, 3)):
            self._interface(host, f"eth{interface}")
        if self.draw.random() < 0.08:
            self._bridge(host)
        if self.draw.random() < 0.05:
            self.net.at(start + self.draw.uniform(0, 3), lambda: self._restart(host))

    def _interface(self, host: SimHost, name: str) -> None:
        vids = self._some(VIDS[1:]) if self.draw.random() < 0.25 else ()
        into = None if self.draw.random() < 0.04 else self._socket()
        host.plug(name, into, vids, ipv4=self._address(), learn_vids=self.draw.random() < 0.9)

    def _address(self) -> tuple[str, ...]:
        self.addresses += 1
        return (f"10.{self.addresses >> 8}.{self.addresses & 255}.1/24",) if self.draw.random() < 0.5 else ()

    def _bridge(self, host: SimHost) -> None:
        """A bridge that knows no VLANs over two cables: what they lead to becomes one."""
        bridge = self.net.device(f"{host.name}-br0", transparent=True)
        for _ in range(2):
            connect(bridge.socket(), self._socket())
        self.net.changed()
        host.plug("br0", bridge.socket(), kind=InterfaceKind.BRIDGE)

    def _restart(self, host: SimHost) -> None:
        host.restart()

    def _move(self) -> None:
        """Re-tag a switch port, or plug a cable elsewhere behind the host's back (a switch between them keeps the carrier)."""
        plug = self.draw.choice(
            [plug for plug in self.net.hosts if plug.far is not None and not plug.far.device.transparent]
        )
        if self.draw.random() < 0.5:
            plug.far.tags = self._socket().tags
            self.net.changed()
        else:
            self.net.plug(plug, self._socket())
        self.scenario.moves.append((self.net.time, plug))


def _weather(draw: random.Random, clear: bool) -> Weather:
    if clear:
        return Weather(real_bytes=True) if draw.random() < 0.05 else FAIR
    return Weather(
        loss=draw.uniform(0, 0.3),
        duplication=draw.uniform(0, 0.1),
        delay=(0.0, draw.choice((0.001, 0.02, 0.1))),
        real_bytes=draw.random() < 0.05,
    )


def _size(draw: random.Random) -> int:
    """Mostly small, with a tail."""
    return draw.randint(2, 12) if draw.random() < 0.97 else draw.randint(13, 40)
