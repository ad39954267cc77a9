"""The definition: all observations at once."""

from collections.abc import Iterable
from typing import cast

from bellrock.model import Observation, Port, Topology
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
    forest = _Forest(facts)
    forest.join_evidence(facts)
    for host in facts.interfaces:
        for port, others in facts.links(host).items():
            for other in others:
                forest.join(port, other)
    return forest.trees()


_ABSENT = -1


class _Forest:
    """Union-find with path halving, over numbers, because a million joins are followed faster by number than by hash.

    The keys of `facts.about` have theirs from the start; other nodes get them when they are first joined.
    """

    def __init__(self, facts: Facts) -> None:
        self._nodes: list[Node] = [*facts.about]
        self._numbers: dict[Node, int] = {port: number for number, port in enumerate(self._nodes)}
        self._above = list(range(len(self._nodes)))
        self._joined = bytearray(len(self._nodes))

    def join_evidence(self, facts: Facts) -> None:
        """All that evidence joins: of what is plain each pair of ports once, and the rest one by one."""
        number = self._canonical_numbers(facts)
        numbers, above, joined = self._numbers, self._above, self._joined
        for at, (port, about) in enumerate(facts.about.items()):
            mine = number[at]
            peers = {one.peer for one in about if one.plain and one.port is port}
            for peer in peers if mine != _ABSENT else ():
                one, other = mine, number[numbers[cast("Port", peer)]]
                if other != _ABSENT:
                    joined[one] = joined[other] = True
                    # The root of each end, by path halving: in line, because a call costs as much as the work.
                    while (up := above[one]) != one:
                        above[one] = one = above[up]
                    while (up := above[other]) != other:
                        above[other] = other = above[up]
                    above[one] = other
            for one_held in about:
                if not one_held.plain and one_held.port is port and (join := facts.join(one_held)) is not None:
                    self.join(join[0], join[0] if join[1] is None else join[1])

    def _canonical_numbers(self, facts: Facts) -> list[int]:
        """By the number of a spelling that of the port that it means; of a masked one `_ABSENT`."""
        numbers = list(range(len(self._nodes)))
        for port in facts.renamed():
            numbers[self._numbers[port]] = self._number(facts.canonical(port))
        for port in facts.masked:
            numbers[self._numbers[port]] = _ABSENT
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
            if joined:
                trees.setdefault(self._root(number), []).append(node)
        return list(trees.values())

    def _number(self, node: Node) -> int:
        number = self._numbers.get(node)
        if number is None:
            number = self._numbers[node] = len(self._above)
            self._above.append(number)
            self._nodes.append(node)
            self._joined.append(False)
        return number

    def _root(self, at: int) -> int:
        above = self._above
        while (up := above[at]) != at:
            above[at] = at = above[up]
        return at
