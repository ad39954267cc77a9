"""The same answer as `infer`, observation by observation."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Set
from typing import cast

from msgspec.structs import replace

from bellrock.model import EvidenceKey, Observation, Port, Topology, Wall
from bellrock.topology import naming
from bellrock.topology.assemble import Assembly
from bellrock.topology.batch import partition
from bellrock.topology.domains import Domain, derive
from bellrock.topology.facts import Change, Facts
from bellrock.topology.links import ALL
from bellrock.topology.naming import Naming, Registry
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
        self._waiting: dict[int, Domain] = {}
        """Those of `views` that time alone may change."""
        self.views: dict[int, Domain] = {}
        """Conclusions about components that have not been touched since they were drawn."""
        self._due: set[int] = set()
        """Components, some of which may be no more, about which conclusions are to be drawn."""
        self._undrawn: OrderedDict[int, None] = OrderedDict()
        """Of these, those about which none has been drawn ahead."""
        self._gone: list[Domain] = []
        """Conclusions that somebody was given and that hold no longer."""

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
        self._forget(a)
        self._forget(b)
        if b in self._dirty:
            self._dirty.discard(b)
            self._dirty.add(a)

    def part(self, one: Node, other: Node | None) -> None:
        """A join lost one of the things that held it."""
        if self._label.get(one) in self._dirty:
            return  # it is walked anyway
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
            self._forget(label)

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

    def news(self) -> tuple[list[Domain], list[Domain]]:
        """What is concluded since this was last asked: the conclusions that hold no longer, and those that hold now."""
        for label in tuple(self._dirty):
            self._walk(label)
        gone, self._gone = self._gone, []
        due, self._due = self._due, set()
        self._undrawn.clear()
        fresh = [self.views.get(label) or self._derive(label) for label in sorted(due) if label in self._nodes]
        return gone, fresh

    @property
    def doubted(self) -> int:
        """How many components are to be walked, before it is known about which of them something is to be concluded."""
        return len(self._dirty)

    @property
    def due(self) -> int:
        """About how many components something is to be concluded, at most."""
        return len(self._dirty) + len(self._undrawn)

    def ahead(self, most: int) -> bool:
        """Draw at most so many conclusions of those that are due, or walk so many components first; True if there are more."""
        if self._dirty:
            for _ in range(min(most, len(self._dirty))):
                self._walk(self._dirty.pop())
            return True
        for _ in range(min(most, len(self._undrawn))):
            # The oldest: what is touched again and again waits for all others.
            label, _ = self._undrawn.popitem(last=False)
            if label in self._nodes and label not in self.views:
                self._derive(label)
        return bool(self._undrawn)

    def _derive(self, label: int) -> Domain:
        view = self.views[label] = derive(self._facts, self._nodes[label])
        if view.waits:
            self._waiting[label] = view
        return view

    def _forget(self, label: int) -> None:
        view = self.views.pop(label, None)
        if view is not None and label not in self._due:  # otherwise nobody was given it
            self._gone.append(view)
        self._owe(label)

    def _owe(self, label: int) -> None:
        self._due.add(label)
        self._undrawn[label] = None

    def grow_older(self, hosts: Set[str]) -> bool:
        """These hosts gave their word anew; True if that may change a conclusion, which is then to be drawn again."""
        self._waiting = {label: view for label, view in self._waiting.items() if self.views.get(label) is view}
        due = [label for label, view in self._waiting.items() if any(host in hosts for host, _ in view.interfaces)]
        for label in due:
            self._forget(label)
        return bool(due)

    def _at(self, node: Node) -> int:
        label = self._label.get(node)
        return self._settle({node: None}) if label is None else label

    def _settle(self, nodes: dict[Node, None]) -> int:
        label = self._next = self._next + 1
        self._nodes[label] = nodes
        self._owe(label)
        for node in nodes:
            self._label[node] = label
        return label

    def _walk(self, label: int) -> None:
        self._dirty.discard(label)
        self._forget(label)
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
        # Where all see each other, as they do on most segments, the first tells of all: nobody else need be asked.
        while front and (left or not held):
            for other in self._neighbours(front.pop()):
                held = True
                if other in left:
                    del left[other]
                    reached.append(other)
                    front.append(other)
                if not left:
                    break
        return reached if held else []

    def _neighbours(self, node: Node) -> Iterator[Node]:
        """What a node is joined to; a port for which only its switch speaks is its own neighbour."""
        facts = self._facts
        if isinstance(node, Port):
            if facts.canonical(node) != node:
                return  # it became the name of another port: evidence speaks for that one now
            for held in facts.held(node):
                if (join := facts.join(held)) is not None:
                    one, other = join
                    yield node if other is None else (other if one == node else one)
            yield from facts.links(node.host).get(node, ())
        else:
            for held in facts.neighbours.get(node.chassis.lower(), {}).values():
                if (join := facts.join(held)) is not None and join[1] == node:
                    yield join[0]


class Incremental:
    """The state of a region that hears observations one by one. Agrees with `infer` over the same observations at any time."""

    def __init__(self, registry: Registry | None = None) -> None:
        self.facts = Facts()
        self.registry = registry or Registry()
        self._components = Components(self.facts)
        self._stale: set[str] = set()
        self._restated: set[str] = set()
        """Hosts that were stale: their names may be others."""
        self._aged: set[str] = set()
        """Hosts that gave their word since the ages of members were last looked at."""
        self._older: set[str] = set()
        """Of these, those that did since anything was last concluded from it."""
        self._loose: dict[str, None] = {}
        self._touched: set[str] | None = None
        """Hosts that may have become loose, or are so no longer; None: all must be looked at."""
        self._assembly = Assembly(self.facts)
        self._naming = Naming()
        self._topology: Topology | None = None
        self._settled = False
        """Whether what was loaded, if anything, is complete."""

    def load(self, observations: Iterable[Observation]) -> None:
        """Take in many observations at once, as at a start: much faster than one by one.

        Raises:
            RuntimeError: something has been applied before.
        """
        self.take_in(observations)
        self.settle()

    def take_in(self, observations: Iterable[Observation]) -> None:
        """A part of what is loaded: nothing is concluded, or may be asked, before all of it has settled.

        Raises:
            RuntimeError: something has been applied before.
        """
        if self._settled:
            raise RuntimeError("load comes before anything is applied")
        self.facts.fold(observations)

    def settle(self) -> None:
        """All that was loaded has been taken in."""
        if not self._settled:
            self._settled = True
            self._components.adopt(partition(self.facts))

    @property
    def doubted(self) -> int:
        """How many hosts and components are looked at before it is known about which domains something is to be concluded."""
        return len(self._stale) + self._components.doubted

    @property
    def due(self) -> int:
        """About how many hosts and domains something is to be concluded, at most; of a host, its domains may follow."""
        return len(self._stale) + self._components.due

    def ahead(self, most: int) -> bool:
        """Conclude about at most so many hosts or domains, before anybody asks; True if there are more."""
        if self._stale:
            self._restate([self._stale.pop() for _ in range(min(most, len(self._stale)))])
            return True
        return self._components.ahead(most)

    def _restate(self, hosts: Collection[str]) -> None:
        self._stale.difference_update(hosts)
        self._restated.update(hosts)
        for host in hosts:
            for port in self.facts.ports_of(host):
                self._components.touch(port)

    def take_over(self, registry: Registry) -> None:
        """Go on with ids and names that another inference of the same site has given."""
        self.registry = registry
        self._naming = Naming()
        self._topology = None

    def apply(self, observation: Observation, at: Wall = ALL) -> None:
        """Take in one observation. `at`: when it held; see `links.takes_back`."""
        self._settled = True
        change = self.facts.apply(observation, at)
        if change.aged:
            self._aged.update(change.aged)
            self._older.update(change.aged)
        elif not change.idle:
            self._take(change)

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
        if self._aged:
            self._stale |= self._aged
            self._aged.clear()
            self._topology = None
        return self.claims()

    def claims(self) -> Topology:
        """The same, but members may have been seen later than it says: that all that a host said still holds changes no claim.

        What does not change from one answer to the next is the same object in both: domains, and hence VLANs and fabrics.
        """
        if self._older:
            if self._components.grow_older(self._older):
                self._topology = None
            self._older.clear()
        if self._topology is None:
            self._restate(tuple(self._stale))
            self._assembly.renamed(self._restated)
            self._restated.clear()
            self._assembly.replace(*self._components.news())
            sketches, rest = self._assembly.draw(self._loose_hosts())
            self.registry, fabrics = self._naming.carry(self.registry, sketches)
            self._topology = replace(rest, fabrics=fabrics)
        return self._topology

    def _loose_hosts(self) -> Collection[str]:
        facts = self.facts
        touched, self._touched = self._touched, set()
        for host in facts.interfaces if touched is None else touched:
            if facts.is_loose(host):
                self._loose[host] = None
            else:
                self._loose.pop(host, None)
        return self._loose.keys()

    def _touch(self, change: Change) -> None:
        """Note whose interfaces may be joined to something now, or no longer."""
        touched = self._touched
        if touched is None:
            return
        touched.update(change.hosts)
        touched.update([port.host for port in change.ports])
        for one, other in (*change.parted, *((change.joined,) if change.joined else ())):
            touched.update(node.host for node in (one, other) if isinstance(node, Port))
        for port in (*change.lost, *change.gained):
            touched.add(port.host)
            for held in self.facts.held(port):  # which may be masked by it no longer
                touched.update(end.host for end in (held.port, held.peer) if end is not None)

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
        self._touch(change)
        self._topology = None
