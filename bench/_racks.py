"""A site of racks, and what each of its agents tells a region: computed from the agent's number alone, so that any process can.

A host has two cables, one to each leaf switch of its rack, and on each of them three VLAN interfaces: eight interfaces. The ports of
a rack that share a switch and a VLAN are one broadcast domain, so a rack has eight domains on two fabrics. As the engine does, a port
has *heard* and *confirmed* each other port of its domain, measured what passes to it, and seen its switch by LLDP.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from bellrock.contract import Report
from bellrock.contract.here import Told
from bellrock.model import (
    Evidence,
    EvidenceGone,
    EvidenceKind,
    EvidenceSeen,
    Host,
    HostSeen,
    Interface,
    InterfaceKind,
    InterfaceSeen,
    MtuGone,
    MtuLimit,
    MtuSeen,
    Neighbour,
    Observation,
    Port,
    Wall,
    key_of,
)
from bellrock.model.here import Load, Route

TAGS: Final = (None, 100, 101, 102)
SIDES: Final = (0, 1)
INTERFACES: Final = len(TAGS) * len(SIDES)
PROOFS: Final = ("01HZX00000000000000000AAAA", "01HZX00000000000000000BBBB")


class Move(NamedTuple):
    """One cable of one host goes to another rack's switch."""

    agent: int
    side: int
    rack: int


class Racks:
    """So many agents in racks of so many, and where their cables are now."""

    def __init__(self, agents: int, per_rack: int) -> None:
        self.agents = agents
        self.per_rack = per_rack
        self.racks = -(-agents // per_rack)
        self._at: dict[tuple[int, int], int] = {}
        self._came: dict[tuple[int, int], list[int]] = {}

    def rack(self, agent: int, side: int) -> int:
        """The rack whose switch a cable is plugged into."""
        return self._at.get((agent, side), agent // self.per_rack)

    def plugged(self, rack: int, side: int) -> list[int]:
        """The agents on one switch."""
        home = range(rack * self.per_rack, min(self.agents, (rack + 1) * self.per_rack))
        here = [agent for agent in home if self.rack(agent, side) == rack]
        return here + [agent for agent in self._came.get((rack, side), ()) if self.rack(agent, side) == rack]

    def move(self, move: Move) -> tuple[list[int], list[int]]:
        """Plug a cable elsewhere; who was on the old switch beside it, and who is on the new one."""
        old = [one for one in self.plugged(self.rack(move.agent, move.side), move.side) if one != move.agent]
        self._at[move.agent, move.side] = move.rack
        self._came.setdefault((move.rack, move.side), []).append(move.agent)
        return old, [one for one in self.plugged(move.rack, move.side) if one != move.agent]

    def domains(self) -> Iterator[frozenset[tuple[str, str, int | None]]]:
        """The truth: each broadcast domain of two ports or more as (host name, interface, VID)."""
        for rack in range(self.racks):
            for side in SIDES:
                names = [name(agent) for agent in self.plugged(rack, side)]
                if names:
                    yield from (frozenset((host, f"eth{side}", vid) for host in names) for vid in TAGS)

    def account(self, agent: int, boot: str, now: float, first: int = 1) -> list[Report]:
        """A boot's full account in the order in which an agent finds it out, in three reports."""
        wall = Wall(now)
        host = Host(identity(agent), name(agent), "rack")
        found: list[Observation] = []
        measured: list[Observation] = []
        for side in SIDES:
            found.append(self._switch(agent, side, wall))
            for peer in self.plugged(self.rack(agent, side), side):
                if peer != agent:
                    found += evidence(agent, side, peer, wall)
                    measured += passes(agent, side, peer, wall)
        reports: list[tuple[Observation, ...]] = [(HostSeen(host, wall), *interfaces(agent, settled=False))]
        reports += _cut(found)
        rest = _cut([*interfaces(agent, settled=True), *measured])
        reports += rest
        return [
            Report(first + at, boot, wall, some, begin=at == 0, complete=at == len(reports) - 1)
            for at, some in enumerate(reports)
        ]

    def _switch(self, agent: int, side: int, now: Wall) -> EvidenceSeen:
        rack = self.rack(agent, side)
        neighbour = Neighbour(
            protocol="lldp", chassis_id=f"02:ff:{side:02x}:{rack >> 8:02x}:{rack & 255:02x}:00",
            port_id=f"Ethernet{agent % self.per_rack + 1}", system_name=f"leaf-{rack}-{side}", max_frame_size=9216,
        )  # fmt: skip
        port = Port(identity(agent), f"eth{side}")
        return EvidenceSeen(Evidence(kind=EvidenceKind.LLDP, port=port, neighbour=neighbour, since=now, seen=now))


def identity(agent: int) -> str:
    """An agent's id."""
    return f"01HZX{agent:021d}"


def name(agent: int) -> str:
    """Its host's name."""
    return f"node-{agent}"


def mac(agent: int, side: int) -> str:
    """Of one of its cables."""
    return f"02:{side:02x}:{agent >> 16 & 255:02x}:{agent >> 8 & 255:02x}:{agent & 255:02x}:00"


def interfaces(
    agent: int, *, settled: bool, sides: tuple[int, ...] = SIDES, carrier: bool = True
) -> list[InterfaceSeen]:
    """The interfaces of some of its cables."""
    return [
        InterfaceSeen(identity(agent), _interface(agent, side, at, vid, settled=settled, carrier=carrier))
        for side in sides
        for at, vid in enumerate(TAGS)
    ]


def _interface(agent: int, side: int, at: int, vid: int | None, *, settled: bool, carrier: bool) -> Interface:
    subnet = agent // 10 * INTERFACES + side * len(TAGS) + at
    tagged = vid is not None
    return Interface(
        name=f"eth{side}.{vid}" if tagged else f"eth{side}",
        index=2 + side * len(TAGS) + at,
        mac=mac(agent, side),
        kind=InterfaceKind.VLAN if tagged else InterfaceKind.PHYSICAL,
        parents=(f"eth{side}",) if tagged else (),
        vid=vid,
        carrier=carrier,
        mtu=1500,
        speed=None if tagged else 25_000,
        addresses=(f"10.{subnet >> 8}.{subnet & 255}.{agent % 10 + 1}/24",),
        settled=settled,
        speaks=True,
        vids=() if tagged else tuple(vid for vid in TAGS if vid),
    )


def evidence(agent: int, side: int, peer: int, now: Wall) -> Iterator[EvidenceSeen]:
    """What one port hears and confirms of another, on each VLAN that both are in."""
    for vid in TAGS:
        mine, theirs = Port(identity(agent), f"eth{side}", vid), Port(identity(peer), f"eth{side}", vid)
        for kind, round_trip in ((EvidenceKind.HEARD, None), (EvidenceKind.CONFIRMED, 0.0004)):
            yield EvidenceSeen(
                Evidence(
                    kind=kind, port=mine, peer=theirs, peer_name=name(peer), peer_mac=mac(peer, side),
                    source_mac=mac(peer, side), version=2, round_trip=round_trip,
                    transit=round_trip and round_trip / 2, since=now, seen=now, proof=PROOFS,
                )
            )  # fmt: skip


def passes(agent: int, side: int, peer: int, now: Wall) -> Iterator[MtuSeen]:
    """What was measured to pass from one port to another."""
    for vid in TAGS:
        mine, theirs = Port(identity(agent), f"eth{side}", vid), Port(identity(peer), f"eth{side}", vid)
        yield MtuSeen(mine, theirs, 1500, MtuLimit.INTERFACE, 1500, 0, 1500, now)


def unplugged(agent: int, side: int, old: list[int], now: Wall) -> list[tuple[Observation, ...]]:
    """What the agent of a cable that was pulled tells at once."""
    gone = [
        tell
        for peer in old
        for seen, passing in zip(evidence(agent, side, peer, now), _twice(passes(agent, side, peer, now)), strict=True)
        for tell in (
            EvidenceGone(key_of(seen.evidence), "port down"),
            *([MtuGone(passing.port, passing.peer, "port down")] if seen.evidence.kind is EvidenceKind.HEARD else []),
        )
    ]
    return [tuple(interfaces(agent, settled=True, sides=(side,), carrier=False)), *_cut(gone)]


def plugged(agent: int, side: int, new: list[int], now: Wall) -> list[tuple[Observation, ...]]:
    """What it tells once the cable is in another switch."""
    found = [seen for peer in new for seen in evidence(agent, side, peer, now)]
    return _cut([*interfaces(agent, settled=True, sides=(side,)), *found])


def told(agent: int, now: float) -> Told:
    """What an agent tells of its host."""
    lower = [_interface(agent, side, 0, None, settled=True, carrier=True) for side in SIDES]
    return Told(
        sent=Wall(now), whole=True, roles=("rack",),
        addresses=tuple((one.name, address) for one in lower for address in one.addresses),
        links=tuple((one.name, one.mtu) for one in lower), listeners=(), neighbours=(),
        routes=(Route("0.0.0.0/0", "eth0", "10.0.0.254"),), blocked=(), resolvers=("10.0.0.53",), clock_synchronised=True,
        load=Load(cpu=0.002, over=60.0, memory=40 << 20, processes=1, agents=1),
    )  # fmt: skip


def _cut(observations: list[Observation]) -> list[tuple[Observation, ...]]:
    return [tuple(observations[at : at + 500]) for at in range(0, len(observations), 500)]


def _twice(measured: Iterator[MtuSeen]) -> Iterator[MtuSeen]:
    for one in measured:
        yield one
        yield one
