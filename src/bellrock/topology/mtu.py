"""Who is to blame where large packets do not pass: the intersection of the pairs that fail and of those that do not.

A pair that is limited by the MTU of its own two interfaces is not the network's fault. Of the others, a port is to blame in one
direction if nothing passes it there that is larger than a limit, while its neighbours pass more with others; groups of ports
that pass more among themselves than from one to the other are parted by the link between their switches; and where no
pair passes more, it is the segment as a whole. What two ports alone cannot tell is not decided between them.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_interface
from typing import Final

from msgspec import Struct, structs

from bellrock.model import Interface, InterfaceKind, MtuLimit, MtuSeen, Port

SMALLEST: Final = 1280
"""Octets. RFC 8200 §5: IPv6 requires that every link passes so much."""


class CulpritKind(StrEnum):
    """Where the fault lies."""

    INTERFACE = "interface"
    """An interface whose own MTU differs from the rest of its segment."""
    PORT = "port"
    """The switch port or cable of one interface."""
    PAIR = "pair"
    """Somewhere between two ports; there is nobody else to tell at which."""
    LINK = "link"
    """Between two groups of ports: the link between their switches."""
    SEGMENT = "segment"
    """The segment as a whole: no pair passes more."""
    SUBNET = "subnet"
    """An interface whose MTU is not the one that its subnet is meant to have."""


class Direction(StrEnum):
    """Which way, as seen from the port that is to blame."""

    OUT = "out"
    IN = "in"
    BOTH = "both"


class Way(Struct, frozen=True):
    """One measured direction between two ports."""

    seen: MtuSeen
    own: int
    """MTU of the sending interface, or what was tried where that is less."""
    theirs: int
    """MTU of the receiving interface; 0: unknown."""

    @property
    def expected(self) -> int:
        """What the two interfaces let one expect."""
        return min(self.own, self.theirs) if self.theirs else self.own

    @property
    def faulty(self) -> bool:
        """Whether less passes than the two interfaces let one expect."""
        return self.seen.mtu < self.expected


class Culprit(Struct, frozen=True, kw_only=True):
    """What is to blame, and for which pairs."""

    kind: CulpritKind
    where: tuple[Port, ...]
    """The port, or those on one side, or all of the segment."""
    towards: tuple[Port, ...] = ()
    """Those on the other side."""
    vids: tuple[int, ...] = ()
    """VIDs on which the same is so, where frames are tagged."""
    direction: Direction = Direction.BOTH
    mtu: int
    """What passes, in octets of IP packets; 0: not even 1,280."""
    others: int = 0
    """What passes elsewhere, or would be expected; 0: nothing to compare it with."""
    how: MtuLimit = MtuLimit.LINK
    """How larger packets end."""
    pairs: tuple[tuple[Port, Port], ...] = ()
    """The directions that show it, sender first."""


def ways(seen: Iterable[MtuSeen], mtu_of: Callable[[Port], int]) -> list[Way]:
    """Measurements with the MTUs of both interfaces. `mtu_of`: 0 where it is not known."""
    return [
        Way(one, min(mtu_of(one.port) or one.tried, one.tried), mtu_of(one.peer) or one.peer_mtu)
        for one in seen
    ]  # fmt: skip


def mtus(host: str, interfaces: Iterable[Interface]) -> dict[Port, int]:
    """The MTU of each port of a host that has an interface of its own."""
    found = {}
    for interface in interfaces:
        tagged = interface.kind is InterfaceKind.VLAN and interface.parents
        port = Port(host, interface.parents[0], interface.vid) if tagged else Port(host, interface.name)
        found[port] = interface.mtu
    return found


def limited_by(way: Way) -> str:
    """What keeps larger packets from passing: `interface`, `peer`, `link`, `icmp` or `fragments`, with what the region knows beyond the agent."""
    if way.seen.limit is MtuLimit.LINK and not way.faulty and way.theirs:
        return MtuLimit.PEER.value
    return way.seen.limit.value


def culprits(measured: Iterable[Way]) -> tuple[Culprit, ...]:
    """All that is to blame, the widest reaching first."""
    return joined(one for group in _segments(list(measured)) for one in blamed(group))


def blamed(segment: list[Way]) -> list[Culprit]:
    """What is to blame in one segment, each VID for itself; `segment`: all of it, in the order of its ports."""
    return _interfaces(segment) + _network(segment)


def joined(found: Iterable[Culprit]) -> tuple[Culprit, ...]:
    """All that is to blame in several segments, the widest reaching first: the same on several VIDs is one."""
    return tuple(sorted(_joined(found), key=lambda one: (-len(one.pairs), one.where)))


def misfits(
    interfaces: Iterable[tuple[Port, tuple[str, ...], int]],
    wanted: Iterable[tuple[IPv4Network | IPv6Network, int]],
) -> tuple[Culprit, ...]:
    """Interfaces whose MTU is not what the subnet of one of their addresses is meant to have.

    Args:
        interfaces: port, addresses with prefix length, and MTU.
        wanted: subnets and the MTU that each is meant to have.
    """
    meant = list(wanted)
    found = []
    for port, addresses, mtu in interfaces:
        inside = [ip_interface(address).ip for address in addresses]
        sizes = {size for network, size in meant if any(address in network for address in inside)}
        found += [
            Culprit(kind=CulpritKind.SUBNET, where=(port,), mtu=mtu, others=size, how=MtuLimit.INTERFACE)
            for size in sorted(sizes - {mtu})
        ]
    return tuple(found)


def _segments(measured: list[Way]) -> list[list[Way]]:
    """Measurements of ports that are connected by measurements."""
    roots = _components({port for way in measured for port in _ends(way)}, [_ends(way) for way in measured])
    groups: dict[Port, list[Way]] = defaultdict(list)
    for way in measured:
        groups[roots[way.seen.port]].append(way)
    return list(groups.values())


def _components(nodes: Iterable[Port], edges: Iterable[tuple[Port, Port]]) -> dict[Port, Port]:
    """Union-find: each node's representative."""
    root = {node: node for node in nodes}

    def find(node: Port) -> Port:
        while root[node] != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    for a, b in edges:
        root[find(a)] = find(b)
    return {node: find(node) for node in root}


def _ends(way: Way) -> tuple[Port, Port]:
    return way.seen.port, way.seen.peer


def _interfaces(group: list[Way]) -> list[Culprit]:
    """Interfaces whose own MTU is not that of most others in their segment, or is too small for anything."""
    known = {way.seen.port: way.own for way in group} | {way.seen.peer: way.theirs for way in group if way.theirs}
    counted = Counter(known.values())
    most = max(counted.values())
    tied = sorted(mtu for mtu, count in counted.items() if count == most)
    odd = [port for port, mtu in known.items() if mtu not in tied or mtu < SMALLEST]
    found = [
        Culprit(
            kind=CulpritKind.INTERFACE, where=(port,), vids=_vids([port]), mtu=known[port], others=tied[-1],
            how=MtuLimit.INTERFACE, pairs=tuple(_ends(way) for way in group if port in _ends(way)),
        )
        for port in odd
    ]  # fmt: skip
    return found + [_differing(known, mtu, tied[-1], group) for mtu in tied[:-1] if mtu >= SMALLEST]


def _differing(known: Mapping[Port, int], low: int, high: int, group: list[Way]) -> Culprit:
    """As many interfaces have one MTU as have another: nothing tells which is meant."""
    near, far = (tuple(sorted(port for port, mtu in known.items() if mtu == one)) for one in (low, high))
    pairs = [_ends(way) for way in group if {known.get(way.seen.port), known.get(way.seen.peer)} == {low, high}]
    return Culprit(
        kind=CulpritKind.INTERFACE, where=near, towards=far, vids=_vids([*near, *far]), mtu=low, others=high,
        how=MtuLimit.INTERFACE, pairs=tuple(pairs),
    )  # fmt: skip


Pair = tuple[Port, Port]


def _network(group: list[Way]) -> list[Culprit]:
    """What lies between the interfaces: ports first, then what no port explains."""
    left = {_ends(way): way for way in group if way.faulty}
    if not left:
        return []
    found: list[Culprit] = []
    for port, direction, limit, explained in _ports(group, left):
        fresh = [pair for pair in explained if pair in left]
        if fresh:
            found.append(_culprit(CulpritKind.PORT, (port,), (), direction, limit, explained, group))
            for pair in fresh:
                del left[pair]
    return _both_ways(found) + _between(group, left)


def _ports(group: list[Way], bad: Mapping[Pair, Way]) -> list[tuple[Port, Direction, int, list[Pair]]]:
    """Ports that would explain faults of theirs, in one direction each, those that explain most first."""
    best: dict[tuple[Port, Direction], int] = defaultdict(int)
    for way in group:
        for side in _sides(way):
            best[side] = max(best[side], way.seen.mtu)
    faults: dict[tuple[Port, Direction], list[Way]] = defaultdict(list)
    for way in bad.values():
        for side in _sides(way):
            faults[side].append(way)
    found = []
    for (port, direction), ways_ in faults.items():
        limit = max(way.seen.mtu for way in ways_)
        other = [_other(way, direction) for way in ways_ if way.seen.mtu == limit]
        # Nothing larger passes the port, while those it speaks with pass more with others.
        if best[port, direction] <= limit and any(best[side] > limit for side in other):
            found.append((port, direction, limit, [_ends(way) for way in ways_ if way.seen.mtu == limit]))
    return sorted(found, key=lambda one: (-len(one[3]), one[0], one[1]))


def _sides(way: Way) -> tuple[tuple[Port, Direction], tuple[Port, Direction]]:
    return (way.seen.port, Direction.OUT), (way.seen.peer, Direction.IN)


def _other(way: Way, direction: Direction) -> tuple[Port, Direction]:
    sender, receiver = _sides(way)
    return receiver if direction is Direction.OUT else sender


def _both_ways(found: list[Culprit]) -> list[Culprit]:
    """A port with the same limit in and out is one culprit."""
    merged: dict[tuple[tuple[Port, ...], int], Culprit] = {}
    for one in found:
        key = one.where, one.mtu
        if key in merged:
            pairs = merged[key].pairs + one.pairs
            others = max(one.others, merged[key].others)
            one = structs.replace(merged[key], direction=Direction.BOTH, pairs=pairs, others=others)  # noqa: PLW2901
        merged[key] = one
    return list(merged.values())


def _between(group: list[Way], left: Mapping[Pair, Way]) -> list[Culprit]:
    """Faults that no single port explains: parted groups, the whole segment, or two ports and nobody to tell which."""
    if not left:
        return []
    limits = {way.seen.mtu for way in left.values()}
    nodes = {port for pair in left for port in pair}
    if len(nodes) > 2 and len(limits) == 1 and all(way.seen.mtu <= max(limits) for way in group):
        where = tuple(sorted(nodes))
        return [_culprit(CulpritKind.SEGMENT, where, (), Direction.BOTH, max(limits), list(left), group)]
    parted: dict[tuple[tuple[Port, ...], tuple[Port, ...], int], list[Pair]] = defaultdict(list)
    for limit in limits:
        sides = _joined_above(limit, group)
        for (a, b), way in left.items():
            if way.seen.mtu == limit:
                near, far = (sides[a], sides[b]) if sides[a] != sides[b] else ((a,), (b,))
                parted[near, far, limit].append((a, b))
    found = []
    while parted:
        (near, far, limit), pairs = parted.popitem()
        back = parted.pop((far, near, limit), [])
        kind = CulpritKind.PAIR if len(near) == len(far) == 1 else CulpritKind.LINK
        first, second = sorted((near, far)) if back else (near, far)
        direction = Direction.BOTH if back else Direction.OUT
        found.append(_culprit(kind, first, second, direction, limit, pairs + back, group))
    return found


def _joined_above(limit: int, group: list[Way]) -> dict[Port, tuple[Port, ...]]:
    """For each port, those that it is joined to by pairs which pass more than a limit both ways."""
    nodes = sorted({port for way in group for port in _ends(way)})
    stopped = {frozenset(_ends(way)) for way in group if way.seen.mtu <= limit}
    roots = _components(nodes, [_ends(way) for way in group if frozenset(_ends(way)) not in stopped])
    sides: dict[Port, list[Port]] = defaultdict(list)
    for node in nodes:
        sides[roots[node]].append(node)
    return {node: tuple(sides[roots[node]]) for node in nodes}


def _culprit(
    kind: CulpritKind, where: tuple[Port, ...], towards: tuple[Port, ...], direction: Direction, limit: int,
    pairs: list[Pair], group: list[Way],
) -> Culprit:  # fmt: skip
    shown = set(pairs)
    rest = Counter(way.seen.mtu for way in group if _ends(way) not in shown and way.seen.mtu > limit)
    expected = [way.expected for way in group if _ends(way) in shown]
    if kind is CulpritKind.PAIR:
        others = min(expected)  # what passes elsewhere, or the other way, is not what these two interfaces take
    else:
        others = max(rest, key=lambda mtu: (rest[mtu], mtu)) if rest else max(expected)
    how = Counter(way.seen.limit for way in group if _ends(way) in shown).most_common(1)[0][0]
    return Culprit(
        kind=kind, where=where, towards=towards, vids=_vids([*where, *towards]), direction=direction, mtu=limit,
        others=others, how=how, pairs=tuple(sorted(shown)),
    )  # fmt: skip


def _joined(found: Iterable[Culprit]) -> list[Culprit]:
    """The same on several VIDs of the same interfaces is one culprit."""
    joined: dict[object, Culprit] = {}
    for one in found:
        bare = tuple(_bare(port) for port in one.where), tuple(_bare(port) for port in one.towards)
        key = one.kind, bare, one.direction, one.mtu
        known = joined.get(key)
        if known is not None:
            vids = tuple(sorted({*known.vids, *one.vids}))
            one = structs.replace(known, vids=vids, pairs=known.pairs + one.pairs)  # noqa: PLW2901
        joined[key] = one
    return list(joined.values())


def _bare(port: Port) -> tuple[str, str]:
    return port.host, port.interface


def _vids(ports: Iterable[Port]) -> tuple[int, ...]:
    return tuple(sorted({port.vid for port in ports if port.vid is not None}))
