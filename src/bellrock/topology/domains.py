"""One broadcast domain: its members and how strongly they are held, its VID, its subnets, its inner contradictions."""

from collections import Counter
from collections.abc import Iterable, Sequence
from operator import attrgetter

from msgspec import Struct

from bellrock.model import Conflict, EvidenceKey, EvidenceKind, Member, Neighbour, Port, Strength, Wall
from bellrock.topology import conflicts
from bellrock.topology.held import Held, pieces
from bellrock.topology.relays import relays
from bellrock.topology.state import BEACON_KINDS, Node, State

MOST_EVIDENCE = 4
"""Pieces of evidence that a member carries."""

STRENGTH = {
    EvidenceKind.CONFIRMED: Strength.CONFIRMED,
    # Our own fresh id came back, but nobody answered for it: whoever copies one frame at once, without the secret, can do that.
    EvidenceKind.OWN_BEACON: Strength.HEARD,
    EvidenceKind.HEARD: Strength.HEARD,
    EvidenceKind.LLDP: Strength.LLDP,
}
RANK = {kind: list(Strength).index(strength) for kind, strength in STRENGTH.items()}


_CONFIRMED = EvidenceKind.CONFIRMED


class Domain(Struct, frozen=True, eq=False, kw_only=True):
    """A broadcast domain as it follows from its ports and the facts about them."""

    members: tuple[Member, ...]
    """Sorted by port."""
    evident: bool
    """Whether anything but a host's own configuration speaks for it. Only such domains are claimed."""
    vid: int | None
    interfaces: frozenset[tuple[str, str]]
    """(host, interface) of its ports: what it shares with another domain makes them one fabric."""
    switches: frozenset[str]
    """Chassis ids of the switches that its ports are plugged into."""
    subnets: dict[str, tuple[Port, ...]]
    """Subnet → ports with an address in it."""
    speaks: bool
    """Whether a beacon would be heard if one passed: one of its ports was heard, or sends beacons and has settled."""
    conflicts: tuple[Conflict, ...]
    waits: bool = False
    """Whether time alone may change what is concluded."""


def sort_key(port: Port) -> tuple[str, str, int]:
    """Orders ports, untagged ones first."""
    return port.host, port.interface, -1 if port.vid is None else port.vid


_PLACE = attrgetter("host", "interface")
_STEADY = attrgetter(
    "began.real", "port.host", "peer.host", "port.interface", "peer.interface"
)  # what `_preference` compares of beacons of one rank, without a step of Python


def in_order(ports: Iterable[Port]) -> list[Port]:
    """Ports in the order of `sort_key`; quick where all have one VID, as those of most domains have."""
    found = list(ports)
    if len({port.vid for port in found}) == 1:
        found.sort(key=_PLACE)
    else:
        found.sort(key=sort_key)
    return found


def derive(facts: State, nodes: Iterable[Node]) -> Domain:
    """What the facts say about the domain with these canonical ports (and switches' VLANs)."""
    ordered = in_order(node for node in nodes if type(node) is Port)
    joining = {port: facts.joining(port) for port in ordered}
    unconfirmed = [(port, one) for port, held in joining.items() for one in held if one.kind is not _CONFIRMED]
    neighbours = [(port, one.neighbour) for port, one in unconfirmed if one.neighbour is not None]
    tagged, told = _vids(facts, ordered, neighbours)
    unanswered = conflicts.unanswered(facts, joining, unconfirmed)
    return Domain(
        members=tuple(_member(facts, port, held) for port, held in joining.items()),
        evident=any(_reaches_out(facts, held) for held in joining.values()),
        vid=_most_common(tagged) or _most_common(told),
        interfaces=frozenset((port.host, port.interface) for port in ordered),
        switches=frozenset(filter(None, (facts.switch(neighbour) for _, neighbour in neighbours))),
        subnets=_subnets(facts, ordered),
        speaks=any(_would_be_heard(facts, port, held) for port, held in joining.items()),
        conflicts=(
            *conflicts.two_vids(facts, tagged, told),
            *conflicts.duplicate_macs(facts, joining),
            *conflicts.one_ways(facts, unanswered),
            *relays(facts, joining),
        ),
        waits=conflicts.may_become_one_way(facts, unanswered),
    )


def _member(facts: State, port: Port, held: Sequence[Held]) -> Member:
    if not held:
        return Member(port=port, strength=Strength.CONFIGURED, seen=facts.seen.get(port.host, Wall(0.0)))
    if len(held) == 1 and held[0].heard_since is None:
        (one,) = held
        seen = facts.last_seen(one)
        return Member(port=port, strength=STRENGTH[one.kind], evidence=(one.key,), seen=seen)
    best = _best(facts, port, held)
    return Member(
        port=port,
        strength=STRENGTH[best[0].kind],
        evidence=tuple([one.key for one in best]),
        seen=max([facts.last_seen(one) for one in best]),
    )


def _best(facts: State, port: Port, held: Sequence[Held]) -> Sequence[Held]:
    best = [one for one in held if one.kind is _CONFIRMED and one.port == port]
    if len(best) < MOST_EVIDENCE or _is_spelt_otherwise(facts, port):
        return sorted(pieces(held), key=lambda one: _preference(facts, port, one))[:MOST_EVIDENCE]
    vid = port.vid
    for one in best:
        if (peer := one.peer) is None or peer.vid != vid:
            return sorted(best, key=lambda one: _preference(facts, port, one))[:MOST_EVIDENCE]
    # What the port itself saw confirmed within one VID, as most evidence is: the same order, found without a key made in Python.
    best.sort(key=_STEADY)
    return best[:MOST_EVIDENCE]


def _is_spelt_otherwise(facts: State, port: Port) -> bool:
    return any(spelling in facts.about for spelling in facts.spellings(port)[1:])


def _preference(facts: State, port: Port, held: Held) -> tuple[object, ...]:
    """Strongest first; then what the port saw itself, then what has held the longest, then anything that is stable."""
    key = held.key
    at, of = held.port, held.peer or held.port
    own = at == port or facts.canonical(at) == port
    rest = at.host, of.host, at.interface, of.interface, key.neighbour, at.vid or 0, of.vid or 0, key.kind
    return RANK[key.kind], not own, held.since, rest


def _reaches_out(facts: State, held: Sequence[Held]) -> bool:
    return any(one.kind is not EvidenceKind.OWN_BEACON or not inside(facts, one.key) for one in held)


def inside(facts: State, key: EvidenceKey) -> bool:
    """Whether a host's own beacon took a way that its own configuration explains, so that it shows nothing of the outside."""
    assert key.peer is not None  # noqa: S101 - joins have peers
    return facts.canonical(key.peer) in facts.configured(facts.canonical(key.port))


def _vids(
    facts: State, ports: Iterable[Port], neighbours: Iterable[tuple[Port, Neighbour]]
) -> tuple[dict[int, list[Port]], dict[int, list[Port]]]:
    """VIDs that ports are tagged with, and the port VLANs that switches tell of untagged ports: VID → ports."""
    tagged: dict[int, list[Port]] = {}
    told: dict[int, list[Port]] = {}
    for port in ports:
        if port.vid is not None:
            tagged.setdefault(port.vid, []).append(port)
    for port, neighbour in neighbours:
        if (segment := facts.segment(port, neighbour)) is not None:
            told.setdefault(segment.pvid, []).append(port)
    return tagged, told


def _most_common(vids: dict[int, list[Port]]) -> int | None:
    counts = Counter({vid: len(set(ports)) for vid, ports in vids.items()})
    return min(counts, key=lambda vid: (-counts[vid], vid), default=None)


def _subnets(facts: State, ports: Iterable[Port]) -> dict[str, tuple[Port, ...]]:
    found: dict[str, dict[Port, None]] = {}
    for port in ports:
        if facts.carriers(port):
            for subnet in facts.subnets(port):
                found.setdefault(subnet, {})[port] = None
    return {subnet: tuple(found[subnet]) for subnet in sorted(found)}


def _would_be_heard(facts: State, port: Port, held: Sequence[Held]) -> bool:
    interface = facts.interface(port)
    if interface is not None:
        return interface.speaks and interface.settled
    return any(one.kind in BEACON_KINDS for one in held)
