"""The definition: all observations at once."""

from collections.abc import Iterable

from bellrock.model import Observation, Topology
from bellrock.topology.assemble import assemble
from bellrock.topology.domains import derive
from bellrock.topology.facts import Facts
from bellrock.topology.naming import Registry, carry
from bellrock.topology.state import Node


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
    forest = _Forest()
    for port, other in facts.joins():
        forest.join(port, port if other is None else other)
    for host in facts.interfaces:
        for port, others in facts.links(host).items():
            for other in others:
                forest.join(port, other)
    return forest.trees()


class _Forest:
    """Union-find with path halving, over numbers, because a million ports are counted faster than they are hashed."""

    def __init__(self) -> None:
        self._number: dict[Node, int] = {}
        self._above: list[int] = []

    def join(self, one: Node, other: Node) -> None:
        self._above[self._root(other)] = self._root(one)

    def trees(self) -> list[list[Node]]:
        trees: dict[int, list[Node]] = {}
        for node in self._number:
            trees.setdefault(self._root(node), []).append(node)
        return list(trees.values())

    def _root(self, node: Node) -> int:
        above = self._above
        at = self._number.get(node)
        if at is None:
            at = self._number[node] = len(above)
            above.append(at)
            return at
        while (up := above[at]) != at:
            above[at] = at = above[up]
        return at
