"""The same answer as `infer`, observation by observation."""

from collections.abc import Iterable, Iterator, Set
from typing import cast

from bellrock.model import EvidenceKey, Observation, Port, Topology, Wall
from bellrock.topology import naming
from bellrock.topology.assemble import assemble
from bellrock.topology.batch import partition
from bellrock.topology.domains import Domain, derive
from bellrock.topology.facts import Change, Facts
from bellrock.topology.naming import Registry, carry
from bellrock.topology.state import Node


class Components:
    """Connected components under additions (the smaller is relabelled) and removals (the touched one is walked anew).

    Removals only mark; the walk happens when somebody asks, so that a thousand removals in one component cost one walk.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._label: dict[Node, int] = {}
        self._nodes: dict[int, dict[Node, None]] = {}
        self._ports: dict[int, frozenset[Port]] = {}
        """Where a switch's VLAN is among the nodes, the ports alone: made when asked for."""
        self._dirty: set[int] = set()
        self._next = 0
        self.views: dict[int, Domain] = {}
        """Conclusions about components that have not been touched since they were drawn."""

    def adopt(self, groups: Iterable[Iterable[Node]]) -> None:
        """Start with components found otherwise."""
        for group in groups:
            self._settle(dict.fromkeys(group))

    def unite(self, one: Node, other: Node) -> None:
        """Two nodes are joined."""
        a, b = self._at(one), self._at(other)
        if a == b:
            return
        if len(self._nodes[a]) < len(self._nodes[b]):
            a, b = b, a
        moved = self._nodes.pop(b)
        self._nodes[a] |= moved
        self._ports.pop(a, None)
        self._ports.pop(b, None)
        for node in moved:
            self._label[node] = a
        self.views.pop(a, None)
        self.views.pop(b, None)
        if b in self._dirty:
            self._dirty.discard(b)
            self._dirty.add(a)

    def part(self, one: Node, other: Node | None) -> None:
        """A join lost one of the things that held it."""
        if other is None or other not in self._neighbours(one):
            self.suspect(one)

    def suspect(self, node: Node) -> None:
        """A node may have lost joins."""
        label = self._label.get(node)
        if label is not None:
            self._dirty.add(label)

    def look(self, node: Node) -> None:
        """A node may have gained joins."""
        for other in self._neighbours(node):
            self.unite(node, other)
        self.touch(node)

    def touch(self, node: Node) -> None:
        """Something is to be concluded anew about a node's component."""
        label = self._label.get(node)
        if label is not None:
            self.views.pop(label, None)

    def ports(self, port: Port) -> Set[Port]:
        """The ports of a port's component, none if it is in none: a view, true until something else is applied."""
        label = self._label.get(port)
        if label in self._dirty:
            self._walk(label)
            label = self._label.get(port)
        if label is None:
            return frozenset()
        # Copying a domain of hundreds for each that asks would cost more than all else that an observation does.
        nodes = self._nodes[label].keys()
        return self._only_ports(label) if self._facts.neighbours else cast("Set[Port]", nodes)

    def _only_ports(self, label: int) -> frozenset[Port]:
        ports = self._ports.get(label)
        if ports is None:
            ports = self._ports[label] = frozenset(node for node in self._nodes[label] if type(node) is Port)
        return ports

    def domains(self) -> Iterator[Domain]:
        """Conclusions about all components that have ports."""
        for label in tuple(self._dirty):
            self._walk(label)
        for label, nodes in self._nodes.items():
            view = self.views.get(label)
            if view is None:
                view = self.views[label] = derive(self._facts, nodes)
            yield view

    def _at(self, node: Node) -> int:
        label = self._label.get(node)
        return self._settle({node: None}) if label is None else label

    def _settle(self, nodes: dict[Node, None]) -> int:
        label = self._next = self._next + 1
        self._nodes[label] = nodes
        for node in nodes:
            self._label[node] = label
        return label

    def _walk(self, label: int) -> None:
        self._dirty.discard(label)
        self.views.pop(label, None)
        self._ports.pop(label, None)
        left = dict.fromkeys(self._nodes.pop(label))
        for node in left:
            del self._label[node]
        while left:
            start, _ = left.popitem()
            reached = self._reach(start, left)
            if reached:
                self._settle(dict.fromkeys(reached))

    def _reach(self, start: Node, left: dict[Node, None]) -> list[Node]:
        """All nodes that hang together with `start`, taken out of `left`; none if nothing holds it any longer."""
        reached, front, held = [start], [start], False
        while front:
            for other in self._neighbours(front.pop()):
                held = True
                if other in left:
                    del left[other]
                    reached.append(other)
                    front.append(other)
        return reached if held else []

    def _neighbours(self, node: Node) -> Iterator[Node]:
        """What a node is joined to; a port for which only its switch speaks is its own neighbour."""
        facts = self._facts
        if isinstance(node, Port):
            if facts.canonical(node) != node:
                return  # it became the name of another port: evidence speaks for that one now
            for held in facts.held(node):
                if (join := facts.join(held.evidence)) is not None:
                    one, other = join
                    yield node if other is None else (other if one == node else one)
            yield from facts.links(node.host).get(node, ())
        else:
            for held in facts.neighbours.get(node.chassis.lower(), {}).values():
                if (join := facts.join(held.evidence)) is not None and join[1] == node:
                    yield join[0]


class Incremental:
    """The state of a region that hears observations one by one. Agrees with `infer` over the same observations at any time."""

    def __init__(self, registry: Registry | None = None) -> None:
        self.facts = Facts()
        self.registry = registry or Registry()
        self._components = Components(self.facts)
        self._stale: set[str] = set()
        self._topology: Topology | None = None

    def load(self, observations: Iterable[Observation]) -> None:
        """Take in many observations at once, as at a start: much faster than one by one.

        Raises:
            RuntimeError: something has been applied before.
        """
        if self._components.views or self.facts.evidence or self.facts.hosts or self.facts.interfaces:
            raise RuntimeError("load comes before anything is applied")
        self.facts.fold(observations)
        self._components.adopt(partition(self.facts))
        self._topology = None

    def apply(self, observation: Observation) -> None:
        """Take in one observation."""
        self._take(self.facts.apply(observation))

    def expire(self, before: Wall) -> list[EvidenceKey]:
        """Drop evidence that neither was seen since `before` nor is of a host that has given word since; returns its keys."""
        keys, change = self.facts.expire(before)
        self._take(change)
        return keys

    def domain_of(self, port: Port) -> Set[Port]:
        """The canonical ports that share a broadcast domain with a port: itself alone where nothing is known.

        What is returned is no copy: it is true until the next observation is applied.
        """
        port = self.facts.canonical(port)
        return self._components.ports(port) or frozenset((port,))

    def topology(self) -> Topology:
        """The topology as it follows from all that was applied; drawn anew only after a change."""
        if self._topology is None:
            for host in self._stale:
                for port in self.facts.ports_of(host):
                    self._components.touch(port)
            self._stale.clear()
            found = assemble(self.facts, self._components.domains())
            self.registry, self._topology = carry(self.registry, found)
        return self._topology

    def rename(self, id: str, name: str) -> None:
        """Give a fabric or VLAN a name that stays.

        Raises:
            ValueError: there is no such fabric or VLAN, or the name will not do (see `naming.rename`).
        """
        self.topology()
        self.registry = naming.rename(self.registry, id, name)
        self._topology = None

    def _take(self, change: Change) -> None:
        components = self._components
        for one, other in change.parted:
            components.part(one, other)
        for port in change.lost:
            components.suspect(port)
        for port in change.gained:
            components.look(port)
        if (join := change.joined) is not None:
            components.unite(join[0], join[0] if join[1] is None else join[1])
        for port in change.ports:
            components.touch(port)
        self._stale.update(change.hosts)
        self._topology = None
