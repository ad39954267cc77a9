"""A site of racks as rules judge it: hosts that told of themselves, a topology of their racks, checks; healthy, or with faults all over it.

Faults come to a share of the hosts, so that there are as many more of them as there are hosts; who has which is computed from its number.
"""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from bellrock.contract.here import heard
from bellrock.diagnosis.case import Case, Here
from bellrock.flows import Protocol, Role, Wanted
from bellrock.flows.site import Site, Switchport
from bellrock.model import (
    Conflict,
    ConflictKind,
    EvidenceKey,
    EvidenceKind,
    Fabric,
    Member,
    Port,
    Probed,
    Strength,
    Topology,
    Unknown,
    Verdict,
    Vlan,
    Wall,
)
from bellrock.model.here import Blocked, Neighbour, Route
from bellrock.model.listening import Listener, Owner
from bench._racks import SIDES, TAGS, identity, mac, name, told

NOW: Final = 1_700_000_000.0
PER_RACK: Final = 10
SICK: Final = 50
"""One host of so many has each fault."""
LISTENING: Final = (22, 53, 67, 69, 123, 323, 514, 5240, 5443, 8000)


def case(agents: int, *, sick: bool) -> Case:
    """All that a region of so many agents knows."""
    numbers = range(agents)
    return Case(
        now=Wall(NOW), here=tuple(_here(agent, sick=sick) for agent in numbers), topology=topology(agents, sick=sick),
        probes=tuple(pair for agent in numbers for pair in _checks(agent, sick=sick)),
        site=Site(switchports=tuple(Switchport(host=name(agent), interface="eth0", untagged=10, tagged=frozenset(filter(None, TAGS))) for agent in numbers)),
    )  # fmt: skip


def has(agent: int, fault: int, *, sick: bool) -> bool:
    """Whether a host has a fault, by its number."""
    return sick and agent % SICK == fault


def _here(agent: int, *, sick: bool) -> Here:
    one = heard(told(agent, NOW), None, identity(agent))
    peers = [peer for peer in range(agent // PER_RACK * PER_RACK, (agent // PER_RACK + 1) * PER_RACK) if peer != agent]
    lines = [Neighbour(_address(peer, side), mac(peer, side), f"eth{side}") for side in SIDES for peer in peers]
    refused: list[tuple[str, str, int]] = []
    if has(agent, 0, sick=sick):
        refused = [(mac(peer, 0), f"clock skew {300 + agent} s", 9) for peer in peers[:1]]
    if has(agent, 1, sick=sick):
        refused = [(mac(peer, 0), "wrong secret", 9) for peer in peers]
    if has(agent, 2, sick=sick):
        lines += [replace(line, interface="eth1") for line in lines if line.interface == "eth0"]
    return replace(
        one, host=name(agent), clock_offset=90.0 if has(agent, 3, sick=sick) else 0.01, clock_error=1.0,
        addresses=tuple((f"eth{side}", f"{_address(agent, side)}/24") for side in SIDES),
        neighbours=tuple(lines), listeners=tuple(_listener(port, agent) for port in LISTENING),
        routes=(
            *((Route("0.0.0.0/0", "eth0", "10.0.0.254"),) if not has(agent, 4, sick=sick) else ()),
            *(Route(f"{_address(agent, side).rpartition('.')[0]}.0/24", f"eth{side}") for side in SIDES),
        ),
        refused=tuple(refused), advertised=(f"https://{_address(agent, 0)}:5240/",),
        blocked=(Blocked("dhcp", "in", "udp 0.0.0.0:68 > 255.255.255.255:67", "rule 7: drop"),) if has(agent, 5, sick=sick) else (),
    )  # fmt: skip


def _address(agent: int, side: int) -> str:
    subnet = agent // PER_RACK * 2 + side
    return f"10.{subnet >> 8}.{subnet & 255}.{agent % PER_RACK + 1}"


def _listener(port: int, agent: int) -> Listener:
    return Listener(
        protocol="udp", family=4, address="0.0.0.0", port=port, inode=agent * 100 + port, owners=(Owner(port, f"p{port}"),)
    )  # fmt: skip


def topology(agents: int, *, sick: bool) -> Topology:
    """As it is inferred: a fabric for each switch, a VLAN for each tag."""
    racks = range(-(-agents // PER_RACK))
    conflicts: list[Conflict] = []
    unknown: list[Unknown] = []
    for agent in range(agents):
        ends = Port(identity(agent), "eth0"), Port(identity(agent ^ 1), "eth0")
        kinds = {6: ConflictKind.ONE_WAY, 7: ConflictKind.TWO_VIDS, 8: ConflictKind.SUBNET_SPLIT}
        if sick and (kind := kinds.get(agent % SICK)):
            seen = EvidenceKey(EvidenceKind.HEARD, *ends)
            conflicts.append(Conflict(kind=kind, where=ends, proof="As said.", evidence=(seen,)))
        if has(agent, 9, sick=sick):
            unknown.append(Unknown(host=identity(agent), interface="eth7", why="no carrier"))
    return Topology(
        fabrics=tuple(_fabric(rack, side, agents, sick=sick) for rack in racks for side in SIDES),
        conflicts=tuple(conflicts), unknown=tuple(unknown), names={identity(agent): name(agent) for agent in range(agents)},
    )  # fmt: skip


def _fabric(rack: int, side: int, agents: int, *, sick: bool) -> Fabric:
    there = range(rack * PER_RACK, min(agents, (rack + 1) * PER_RACK))
    label = f"{rack}-{side}"
    return Fabric(id=f"f{label}", name=f"fabric-{label}", vlans=tuple(
        Vlan(
            id=f"v{label}-{vid or 10}", name=f"VLAN {vid or 10}", vid=vid or 10, subnets=(f"10.{rack >> 7}.{rack * 2 + side & 255}.0/24",),
            members=tuple(_members(there, side, vid, sick=sick)),
        )
        for vid in TAGS
    ))  # fmt: skip


def _members(there: range, side: int, vid: int | None, *, sick: bool) -> Iterator[Member]:
    for agent in there:
        yield Member(port=Port(identity(agent), f"eth{side}", vid), strength=Strength.CONFIRMED)
        if vid is None and has(agent, 10, sick=sick):
            yield Member(port=Port(identity(agent), f"eth{1 - side}"), strength=Strength.CONFIRMED)


def _checks(agent: int, *, sick: bool) -> Iterator[tuple[Wanted, Probed]]:
    """Four of each host, of which one rack's services are the targets."""
    server = _address(agent // PER_RACK * PER_RACK, 0)
    faults = {
        "dns": Verdict.WRONG_SERVICE if has(agent, 11, sick=sick) else Verdict.WORKS,
        "ntp": Verdict.FILTERED if has(agent, 12, sick=sick) else Verdict.WORKS,
        "api": Verdict.UNREACHABLE if has(agent, 4, sick=sick) else Verdict.WORKS,
        "ipmi": Verdict.FILTERED if has(agent, 13, sick=sick) else Verdict.WORKS,
    }
    ports = {"dns": 53, "ntp": 123, "api": 5240, "ipmi": 623}
    for flow, verdict in faults.items():
        port = ports[flow]
        target = server if flow != "api" or verdict is Verdict.WORKS else f"10.250.0.{agent % 250}"
        answers = "NXDOMAIN" if verdict is Verdict.WRONG_SERVICE else ["10.0.0.9"]
        yield (
            Wanted(
                flow=flow, exchange="x", source=Role.NODE, target=Role.RACK, address=target, port=port, protocol=Protocol("udp"),
                options={"names": "boot.example"} if flow == "dns" else {}, why="It is wanted.",
            ),
            Probed(
                flow=flow, target=f"{target}:{port}", verdict=verdict, detail="it is so", source=name(agent),
                facts={"answers": {"boot.example A": answers}} if flow == "dns" else {},
            ),
        )  # fmt: skip
