"""What was measured to pass between ports, kept so that a change costs what it changed: which directions fall short, and who is to blame.

A segment in which all ports have one MTU and each direction passes it has no culprit, whatever else is in it; of a site this is nearly all.
Only the others are looked at as a whole (`mtu.blamed`), and again only when something in them changes.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from msgspec import Struct

from bellrock.model import (
    HostGone,
    Interface,
    InterfaceGone,
    InterfaceSeen,
    MtuGone,
    MtuLimit,
    MtuSeen,
    Observation,
    Port,
    Wall,
)
from bellrock.topology.mtu import SMALLEST, Culprit, Way, blamed, joined, mtus

Pair = tuple[Port, Port]


class _Found(Struct, frozen=True, gc=False):
    """A measurement without its ports; those of one port are mostly alike, and then one object."""

    mtu: int
    limit: MtuLimit
    tried: int
    lost: int
    peer_mtu: int
    seen: int
    """Whole seconds."""


class _Node:
    """A port, and what was measured from it; None beside one that has measured this one alone."""

    __slots__ = ("beside", "port", "usual")

    def __init__(self, port: Port) -> None:
        self.port = port
        self.usual: _Found | None = None
        """What was found last."""
        self.beside: dict[_Node, _Found | None] = {}


class _Host:
    __slots__ = ("interfaces", "mtus", "nodes")

    def __init__(self) -> None:
        self.nodes: dict[Port, _Node] = {}
        self.interfaces: dict[str, Interface] = {}
        self.mtus: dict[Port, int] = {}


class _Segment(NamedTuple):
    """One that is not as all are."""

    first: tuple[str, str, int]
    nodes: tuple[_Node, ...]
    blamed: tuple[Culprit, ...]


class Measured:
    """All measurements. `settle` brings conclusions up to date."""

    def __init__(self) -> None:
        self._hosts: dict[str, _Host] = {}
        self._dirty: set[_Node] = set()
        self._lapsed: frozenset[str] = frozenset()
        self._odd: set[Pair] = set()
        """Directions because of which their segment is looked at."""
        self._segments: dict[int, _Segment] = {}
        self._segment: dict[_Node, int] = {}
        self._number = 0
        self._culprits: tuple[Culprit, ...] | None = ()
        self.short: dict[Pair, Way] = {}
        """Directions in which less passes than both interfaces let one expect."""
        self.turned: set[Pair] = set()
        """Those that began or ceased to, or do so otherwise, since somebody emptied this."""
        self.measured = 0
        """Directions, those from lapsed hosts included."""

    @property
    def culprits(self) -> tuple[Culprit, ...]:
        """All that is to blame as of `settle`, the widest reaching first."""
        if self._culprits is None:
            order = sorted(self._segments.values(), key=lambda one: one.first)
            self._culprits = joined(one for segment in order for one in segment.blamed)
        return self._culprits

    def apply(self, told: Iterable[Observation]) -> None:
        """Take in what an agent told. What goes with an interface that passes no frames is to be told as gone: it hangs on who told it, and when."""
        for one in told:
            match one:
                case MtuSeen():
                    self._seen(one)
                case MtuGone(port, peer):
                    self._gone(port, peer)
                case InterfaceSeen(host, interface):
                    self._interface(host, interface)
                case InterfaceGone(host, name):
                    self._vanished(host, name)
                case HostGone(host):
                    self._departed(host)
                case _:
                    pass

    def settle(self, lapsed: Collection[str]) -> None:
        """Conclude. `lapsed`: hosts whose word does not count."""
        self._lapse(lapsed)
        dirty, self._dirty = self._dirty, set()
        for node in dirty:
            for other in (*node.beside,):
                self._judge(node, other)
                self._judge(other, node)
        self._conclude(dirty)

    def ways(self, host: str | None = None) -> list[Way]:
        """What was measured, by sender and receiver; `host`: from there and to there alone."""
        among = self._hosts.values() if host is None else [self._hosts[host]] if host in self._hosts else []
        pairs = {(node, other) for one in among for node in one.nodes.values() for other in node.beside}
        if host is not None:
            pairs |= {(other, node) for node, other in pairs}
        found = (self._way(node, other) for node, other in pairs)
        return sorted((way for way in found if way is not None), key=lambda way: (way.seen.port, way.seen.peer))

    # what is told

    def _seen(self, one: MtuSeen) -> None:
        node, other = self._node(one.port), self._node(one.peer)
        fresh = _Found(one.mtu, one.limit, one.tried, one.lost, one.peer_mtu, int(one.seen))
        self.measured += node.beside.get(other) is None
        if node.usual != fresh:
            node.usual = fresh
        node.beside[other] = node.usual
        other.beside.setdefault(node, None)
        self._dirty.update((node, other))

    def _gone(self, port: Port, peer: Port) -> None:
        node, other = self._known(port), self._known(peer)
        if node is not None and other is not None:
            self._forget(node, other)

    def _interface(self, host: str, interface: Interface) -> None:
        held = self._hosts.setdefault(host, _Host())
        was = held.interfaces.get(interface.name)
        held.interfaces[interface.name] = interface
        if was is None or (was.mtu, was.kind, was.parents, was.vid) != (
            interface.mtu,
            interface.kind,
            interface.parents,
            interface.vid,
        ):
            self._resized(host, held)

    def _vanished(self, host: str, name: str) -> None:
        if (held := self._hosts.get(host)) is not None:
            held.interfaces.pop(name, None)
            self._resized(host, held)

    def _departed(self, host: str) -> None:
        if (held := self._hosts.get(host)) is not None:
            held.interfaces.clear()
            self._resized(host, held)
            for node in [*held.nodes.values()]:
                for other in (*node.beside,):
                    self._forget(node, other)

    def _resized(self, host: str, held: _Host) -> None:
        was, held.mtus = held.mtus, mtus(host, held.interfaces.values())
        changed = {port.interface for port, _ in was.items() ^ held.mtus.items()}
        self._dirty.update(node for port, node in held.nodes.items() if port.interface in changed)

    def _forget(self, node: _Node, other: _Node) -> None:
        if node.beside.get(other) is None:
            return
        self.measured -= 1
        self._judged((node.port, other.port), None)
        self._dirty.update((node, other))
        node.beside[other] = None
        if other.beside.get(node) is None:
            for one, two in ((node, other), (other, node)):
                one.beside.pop(two, None)
                if not one.beside:
                    self._hosts[one.port.host].nodes.pop(one.port, None)

    def _node(self, port: Port) -> _Node:
        held = self._hosts.setdefault(port.host, _Host())
        if (found := held.nodes.get(port)) is None:
            found = held.nodes[port] = _Node(port)
        return found

    def _known(self, port: Port) -> _Node | None:
        held = self._hosts.get(port.host)
        return held.nodes.get(port) if held else None

    # what follows

    def _lapse(self, lapsed: Collection[str]) -> None:
        turned = self._lapsed.symmetric_difference(lapsed)
        if turned:
            self._lapsed = frozenset(lapsed)
            for host in turned & self._hosts.keys():
                self._dirty.update(self._hosts[host].nodes.values())

    def _way(self, node: _Node, other: _Node) -> Way | None:
        """A direction that was measured by somebody whose word counts."""
        found = node.beside.get(other)
        if found is None or node.port.host in self._lapsed:
            return None
        seen = MtuSeen(
            node.port, other.port, found.mtu, found.limit, found.tried, found.lost, found.peer_mtu, Wall(found.seen)
        )
        mine = self._mtu_of(node.port) or found.tried
        return Way(seen, min(mine, found.tried), self._mtu_of(other.port) or found.peer_mtu)

    def _mtu_of(self, port: Port) -> int:
        held = self._hosts[port.host]
        return held.mtus.get(port) or held.mtus.get(Port(port.host, port.interface), 0)

    def _judge(self, node: _Node, other: _Node) -> None:
        self._judged((node.port, other.port), self._way(node, other))

    def _judged(self, pair: Pair, way: Way | None) -> None:
        if way is None or (not way.faulty and way.own == way.theirs >= SMALLEST and self._as_told(way)):
            self._odd.discard(pair)
        else:
            self._odd.add(pair)
        short = way if way is not None and way.faulty else None
        if self.short.get(pair) == short:
            return
        self.turned.add(pair)
        if short is None:
            del self.short[pair]
        else:
            self.short[pair] = short

    def _as_told(self, way: Way) -> bool:
        """Whether both ends have the MTUs that their hosts tell: others could be different ones in each direction of a port."""
        return way.own == self._mtu_of(way.seen.port) and way.theirs == self._mtu_of(way.seen.peer)

    def _conclude(self, dirty: Iterable[_Node]) -> None:
        numbers = {self._segment[node] for node in dirty if node in self._segment}
        starts = {node for number in numbers for node in self._segments[number].nodes}
        starts |= {node for node in dirty if self._has_odd(node)}
        self._drop(numbers)
        for nodes in self._walked(starts):
            # Segments that were none of them dirty may have become one.
            self._drop({self._segment[node] for node in nodes if node in self._segment})
            if any(map(self._has_odd, nodes)):
                self._look(nodes)

    def _drop(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            gone = self._segments.pop(number)
            for node in gone.nodes:
                del self._segment[node]
            self._note(gone)

    def _note(self, segment: _Segment) -> None:
        if segment.blamed:
            self._culprits = None

    def _has_odd(self, node: _Node) -> bool:
        port = node.port
        return any((port, other.port) in self._odd or (other.port, port) in self._odd for other in node.beside)

    def _walked(self, starts: Iterable[_Node]) -> Iterator[tuple[_Node, ...]]:
        """The segments that these ports are in, by measurements that count; the ports of each in order."""
        seen: set[_Node] = set()
        for start in starts:
            if start in seen:
                continue
            seen.add(start)
            reached = [start]
            for node in reached:
                near = [other for other in node.beside if other not in seen and self._linked(node, other)]
                seen.update(near)
                reached += near
            yield tuple(sorted(reached, key=lambda node: node.port))

    def _linked(self, node: _Node, other: _Node) -> bool:
        return any(
            one.beside.get(two) is not None and one.port.host not in self._lapsed
            for one, two in ((node, other), (other, node))
        )

    def _look(self, nodes: tuple[_Node, ...]) -> None:
        self._number += 1
        pairs = ((node, other) for node in nodes for other in sorted(node.beside, key=lambda one: one.port))
        ways = [way for way in (self._way(*pair) for pair in pairs) if way is not None]
        first = ways[0].seen.port
        place = first.host, first.interface, -1 if first.vid is None else first.vid
        self._segments[self._number] = found = _Segment(place, nodes, tuple(blamed(ways)))
        self._segment |= dict.fromkeys(nodes, self._number)
        self._note(found)
