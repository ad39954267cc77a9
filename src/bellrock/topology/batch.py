"""The definition: all observations at once."""

from collections.abc import Iterable

from bellrock.model import Observation, Topology
from bellrock.topology.assemble import assemble
from bellrock.topology.domains import derive
from bellrock.topology.facts import Facts
from bellrock.topology.index import number_in
from bellrock.topology.naming import Registry, carry
from bellrock.topology.state import Node, Segment


def infer(observations: Iterable[Observation], registry: Registry | None = None) -> Topology:
    """The topology that follows from observations, in the order in which they were made.

    With a registry, fabrics and VLANs keep the ids and names that it remembers for their members.
    """
    facts = Facts()
    facts.fold(observations)
    return topology_of(facts, registry)


def topology_of(facts: Facts, registry: Registry | None = None) -> Topology:
    """The topology that follows from facts."""
    found = assemble(facts, (derive(facts, nodes) for nodes in partition(facts)))
    return carry(registry or Registry(), found)[1]


def partition(facts: Facts) -> list[list[Node]]:
    """Ports (and switches' VLANs) that any evidence or configuration joins, as broadcast domains."""
    forest = _Forest(facts)
    forest.join_evidence(facts)
    for host in facts.interfaces:
        for port, others in facts.links(host).items():
            for other in others:
                forest.join(port, other)
    return forest.trees()


_ABSENT = -1


class _Forest:
    """Union-find with path halving, over numbers, because a million ports are counted faster than they are hashed.

    A port has the number of its canonical spelling in `facts.about`; other nodes get theirs when they are first joined.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._above = list(range(facts.numbers))
        self._joined = bytearray(facts.numbers)
        self._nodes: list[Node | None] = [None] * facts.numbers
        self._others: dict[Node, int] = {}
        for port, about in facts.about.items():
            self._nodes[number_in(about, port)] = port

    def join_evidence(self, facts: Facts) -> None:
        """All that evidence joins: what is plain by number, and the rest by name."""
        number = self._canonical_numbers(facts)
        above, joined = self._above, self._joined
        for held in facts.evidence.values():
            if held.plain:
                one, other = number[held.near], number[held.far]
                if one != _ABSENT and other != _ABSENT:
                    joined[one] = joined[other] = True
                    # The root of each end, by path halving: in line, because a call costs as much as the work.
                    while (up := above[one]) != one:
                        above[one] = one = above[up]
                    while (up := above[other]) != other:
                        above[other] = other = above[up]
                    above[one] = other
            elif (join := facts.join(held.evidence)) is not None:
                self.join(join[0], join[0] if join[1] is None else join[1])

    def _canonical_numbers(self, facts: Facts) -> list[int]:
        """By the number of a spelling that of the port that it means; of a masked one `_ABSENT`."""
        numbers = list(range(facts.numbers))
        for port in facts.renamed():
            numbers[number_in(facts.about[port], port)] = self._number(facts.canonical(port))
        for port in facts.masked:
            numbers[number_in(facts.about[port], port)] = _ABSENT
        return numbers

    def join(self, one: Node, other: Node) -> None:
        """Two nodes are in one domain."""
        a, b = self._number(one), self._number(other)
        self._joined[a] = self._joined[b] = True
        self._above[self._root(a)] = self._root(b)

    def trees(self) -> list[list[Node]]:
        """The nodes that hang together; those that nothing was joined to are in no tree."""
        trees: dict[int, list[Node]] = {}
        for number, (node, joined) in enumerate(zip(self._nodes, self._joined, strict=True)):
            if joined and node is not None:
                trees.setdefault(self._root(number), []).append(node)
        return list(trees.values())

    def _number(self, node: Node) -> int:
        about = None if isinstance(node, Segment) else self._facts.about.get(node)
        if about is not None and not isinstance(node, Segment):
            return number_in(about, node)
        number = self._others.get(node)
        if number is None:
            number = self._others[node] = len(self._above)
            self._above.append(number)
            self._nodes.append(node)
            self._joined.append(False)
        return number

    def _root(self, at: int) -> int:
        above = self._above
        while (up := above[at]) != at:
            above[at] = at = above[up]
        return at
