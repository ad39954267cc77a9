"""Why two ports are one VLAN: the chain of evidence between them; or what is missing for one."""

from collections.abc import Callable, Collection, Iterable, Iterator
from difflib import get_close_matches
from enum import StrEnum
from heapq import heappop, heappush
from typing import Final

from msgspec import Struct

from bellrock.model import (
    Evidence,
    EvidenceKind,
    Fabric,
    Observation,
    Port,
    Topology,
    Vlan,
    Wall,
)
from bellrock.topology.batch import topology_of
from bellrock.topology.facts import Facts
from bellrock.topology.held import Held
from bellrock.topology.incremental import Incremental
from bellrock.topology.sentence import key_sentence, neighbour_name, sentence
from bellrock.topology.state import Node

WEIGHT: Final = {
    EvidenceKind.CONFIRMED: 100,
    EvidenceKind.OWN_BEACON: 110,
    EvidenceKind.HEARD: 150,
    EvidenceKind.LLDP: 200,  # a way by a switch has two such halves
}
"""How long a step is: a chain may be half as long again to be confirmed all along, but not more."""
CONFIGURED, TRUNK = 105, 400


class Verdict(StrEnum):
    """What is known of two ports."""

    SAME_VLAN = "same-vlan"
    SAME_FABRIC = "same-fabric"
    APART = "apart"
    """Both are known, and nothing joins what they are in."""
    UNKNOWN = "unknown"
    """Of one of them at least nothing is known."""


class Step(Struct, frozen=True, kw_only=True):
    """One link of a chain."""

    a: Port
    b: Port
    kind: str
    """An evidence kind; or `configured`, `inferred`, `trunk` (two VLANs on one interface), `switch` (one chassis)."""
    sentence: str
    evidence: tuple[Evidence, ...] = ()
    seen: Wall | None = None
    """When the step was last known to hold; None for what needs no observation."""


class Explanation(Struct, frozen=True, kw_only=True):
    """The answer: a chain where there is one, and where there is none, what is missing."""

    verdict: Verdict
    chain: tuple[Step, ...] = ()
    missing: str = ""


class UnknownPortError(ValueError):
    """No host or interface of that name is known; `nearest` are those that look most like it."""

    def __init__(self, name: str, nearest: Iterable[str]) -> None:
        self.name, self.nearest = name, tuple(nearest)
        hint = f"; do you mean {' or '.join(self.nearest)}?" if self.nearest else ""
        super().__init__(f"there is no port {name}{hint}")


Where = Callable[[Port], tuple[Fabric, Vlan] | None]


def explain(
    source: Incremental | Iterable[Observation], a: Port | str, b: Port | str, where: Where | None = None
) -> Explanation:
    """Why two ports are in one VLAN, or in one fabric, or what is missing to say so.

    Ports are given as such, or as people write them: `rack-1/eth0`, `rack-1/eth0.10`.
    `where` a port is, for who knows that without going through all claims, which are `source`'s as of now.

    Raises:
        UnknownPortError: no such port; it names those that come nearest.
    """
    facts, topology = _state(source)
    one, other = find_port(facts, a), find_port(facts, b)
    chain = _shortest(facts, one, other, fabrics=False)
    if chain is not None:
        return Explanation(verdict=Verdict.SAME_VLAN, chain=chain)
    return _Places(facts, topology, where or _found(topology, (one, other)).get).compare(one, other)


def _state(source: Incremental | Iterable[Observation]) -> tuple[Facts, Topology]:
    if isinstance(source, Incremental):
        return source.facts, source.claims()
    facts = Facts()
    facts.fold(source)
    return facts, topology_of(facts)


def find_port(facts: Facts, wanted: Port | str) -> Port:
    """The canonical port that is meant.

    Raises:
        UnknownPortError: no such port; it names those that come nearest.
    """
    if isinstance(wanted, Port):
        if _exists(facts, facts.canonical(wanted)):
            return facts.canonical(wanted)
        wanted = facts.label(wanted)
    owner, _, rest = wanted.partition("/")
    for host in [host for host in _all_hosts(facts) if owner in (host, facts.name(host))]:
        for port in _readings(host, rest):
            if _exists(facts, facts.canonical(port)):
                return facts.canonical(port)
    known = sorted({facts.label(port) for port in _all_ports(facts)})
    raise UnknownPortError(wanted, get_close_matches(wanted, known, n=3, cutoff=0.5))


def _exists(facts: Facts, port: Port) -> bool:
    return bool(facts.held(port) or facts.carriers(port) or port in facts.links(port.host))


def _readings(host: str, text: str) -> Iterator[Port]:
    """`eth0.10` may be an interface of that name, or VID 10 on eth0."""
    yield Port(host, text)
    name, _, vid = text.rpartition(".")
    if name and vid.isdecimal():
        yield Port(host, name, int(vid))


def _all_hosts(facts: Facts) -> list[str]:
    return sorted({*facts.hosts, *facts.interfaces, *facts.spelt})


def _all_ports(facts: Facts) -> Iterator[Port]:
    for host in _all_hosts(facts):
        yield from facts.ports_of(host)
        for name in facts.interfaces.get(host, ()):
            yield facts.canonical(Port(host, name))


def _shortest(facts: Facts, start: Port, goal: Port, *, fabrics: bool) -> tuple[Step, ...] | None:
    """The shortest chain (Dijkstra, 1959), over joins; with `fabrics`, over trunks and switches too."""
    best: dict[Node | str, int] = {start: 0}
    came: dict[Node | str, tuple[Node | str, list[Held], str]] = {}
    heap: list[tuple[int, int, Node | str]] = [(0, 0, start)]
    pushed = 0
    while heap:
        length, _, node = heappop(heap)
        if node == goal:
            return tuple(_steps(facts, _trace(came, start, goal)))
        if length > best[node]:
            continue
        for other, weight, evidence, kind in _ways(facts, node, fabrics=fabrics):
            if length + weight < best.get(other, length + weight + 1):
                best[other] = length + weight
                came[other] = node, evidence, kind
                pushed += 1
                heappush(heap, (length + weight, pushed, other))
    return None


_Way = tuple[Node | str, int, list[Held], str]
_Hop = tuple[Node | str, Node | str, list[Held], str]


def _trace(came: dict[Node | str, tuple[Node | str, list[Held], str]], start: Port, goal: Port) -> list[_Hop]:
    hops: list[_Hop] = []
    node: Node | str = goal
    while node != start:
        before, evidence, kind = came[node]
        hops.append((before, node, evidence, kind))
        node = before
    return hops[::-1]


def _ways(facts: Facts, node: Node | str, *, fabrics: bool) -> Iterator[_Way]:
    """Where one step leads from a port, a switch's VLAN, or (with `fabrics`) a switch."""
    if isinstance(node, Port):
        for held in sorted(facts.joining(node), key=lambda held: -held.seen):
            join = facts.join(held)
            if join is not None and join[1] is not None:
                other = join[1] if join[0] == node else join[0]
                yield other, WEIGHT[held.kind], [held], held.kind
        for port in sorted(facts.links(node.host).get(node, ()), key=str):
            yield port, CONFIGURED, [], "configured"
        if fabrics:
            yield from _fabric_ways(facts, node)
    else:
        chassis = node if isinstance(node, str) else node.chassis
        for held in facts.neighbours.get(chassis.lower(), {}).values():
            join = facts.join(held)
            if join is not None and (facts.switch(held.neighbour) == node or join[1] == node):
                yield join[0], WEIGHT[EvidenceKind.LLDP], [held], "switch" if isinstance(node, str) else "lldp"


def _fabric_ways(facts: Facts, port: Port) -> Iterator[_Way]:
    for other in facts.ports_of(port.host):
        if other.interface == port.interface and other != port:
            yield other, TRUNK, [], "trunk"
    for held in facts.joining(port):
        switch = facts.switch(held.neighbour)
        if switch is not None:
            yield switch, WEIGHT[EvidenceKind.LLDP], [held], "switch"


def _steps(facts: Facts, hops: list[_Hop]) -> Iterator[Step]:
    """Steps from port to port: what leads by a switch is one step."""
    rest = iter(hops)
    for a, b, evidence, kind in rest:
        if not isinstance(b, Port):  # a switch: the next hop leads on from it
            _, b, more, kind = next(rest)  # noqa: PLW2901
            evidence = evidence + more  # noqa: PLW2901
        if isinstance(a, Port) and isinstance(b, Port):
            seen = min((facts.last_seen(one) for one in evidence), default=None)
            told = [one.evidence() for one in evidence]
            yield Step(
                a=a,
                b=b,
                kind=str(kind),
                sentence=_say(facts, a, b, kind, told),
                evidence=tuple(told),
                seen=seen,
            )


def _say(facts: Facts, a: Port, b: Port, kind: str, evidence: list[Evidence]) -> str:
    if len(evidence) == 2:
        ends = " and ".join(
            f"{facts.label(p)} is plugged into {neighbour_name(e)}" for p, e in zip((a, b), evidence, strict=True)
        )
        return f"{ends}: {'one VLAN' if kind == 'lldp' else 'one switch'}."
    if evidence:
        return sentence(evidence[0], {port.host: facts.name(port.host) for port in (a, b)})
    if kind == "trunk":
        return f"{facts.label(a)} and {facts.label(b)} are two VLANs on one cable."
    return f"{facts.label(a)} and {facts.label(b)} are one segment by the configuration of {facts.name(a.host)}."


def _found(topology: Topology, ports: Collection[Port]) -> dict[Port, tuple[Fabric, Vlan]]:
    return {
        member.port: (fabric, vlan)
        for fabric in topology.fabrics
        for vlan in fabric.vlans
        for member in vlan.members
        if member.port in ports
    }


class _Places:
    """Where ports are in the topology."""

    def __init__(self, facts: Facts, topology: Topology, where: Where) -> None:
        self._facts = facts
        self._topology = topology
        self._where = where

    def compare(self, a: Port, b: Port) -> Explanation:
        """What the topology says where no chain joins two ports."""
        here, there = self._where(a), self._where(b)
        if here is None or there is None:
            missing = " ".join(self._missing(port) for port, at in ((a, here), (b, there)) if at is None)
            return Explanation(verdict=Verdict.UNKNOWN, missing=missing)
        if here[1] is there[1]:
            return Explanation(verdict=Verdict.SAME_VLAN, chain=(self._inferred(a, b, here[1]),))
        named = (
            f"{self._facts.label(a)} and {self._facts.label(b)} are both known, in {here[1].name} and {there[1].name}"
        )
        near, far = here[0].name, there[0].name
        if near == far:
            chain = _shortest(self._facts, a, b, fabrics=True) or ()
            missing = f"{named} of one fabric ({near}): apart, because no beacon passes from one VLAN to the other."
            return Explanation(verdict=Verdict.SAME_FABRIC, chain=chain, missing=missing)
        missing = f"{named}, on {near} and {far}: apart, because no beacon passes between them and no trunk or switch is common to both."
        return Explanation(verdict=Verdict.APART, missing=missing)

    def _missing(self, port: Port) -> str:
        places = [(spelling.host, spelling.interface) for spelling in self._facts.spellings(port)[::-1]]
        known = {place: one for one in self._topology.unknown if (place := (one.host, one.interface)) in places}
        for place in places:
            if (unknown := known.get(place)) is not None:
                return f"{self._facts.label(port)}: {unknown.why}."
        heard = [key_sentence(held.key, {}) for held in self._facts.joining(port)]
        return f"{self._facts.label(port)}: {heard[0] if heard else 'nothing was heard on it'}."

    def _inferred(self, a: Port, b: Port, vlan: Vlan) -> Step:
        subnets = " and ".join(sorted({s for port in (a, b) for s in self._facts.subnets(port)} & set(vlan.subnets)))
        said = f"{self._facts.label(a)} and {self._facts.label(b)} are both in {vlan.name} because {subnets} lives there; nothing else speaks for it."
        return Step(a=a, b=b, kind="inferred", sentence=said)
