"""Ports cut into segments that the same terms want, so that a verdict map can send each to one chain."""

import itertools
from collections.abc import Iterable

from bellrock.firewall.compile.policy import Term
from bellrock.flows.values import PortRange

Segment = tuple[tuple[PortRange, ...], tuple[Term, ...]]
"""Disjoint ranges of destination ports, and the terms that want all of them."""


def segments(terms: Iterable[Term]) -> list[Segment]:
    """The destination ports of `terms`, disjoint; ranges that the same terms want are kept together.

    In the order of the first port. Terms without destination ports want none.
    """
    ranged = [(span, term) for term in terms for span in term.destination_ports]
    cuts = sorted({edge for (first, last), _ in ranged for edge in (first, last + 1)})
    found: dict[tuple[int, ...], tuple[list[PortRange], tuple[Term, ...]]] = {}
    for first, end in itertools.pairwise(cuts):
        members = tuple(term for (low, high), term in ranged if low <= first and end - 1 <= high)
        if members:
            spans, _ = found.setdefault(tuple(map(id, members)), ([], members))
            spans.append((first, end - 1))
    return [(tuple(spans), members) for spans, members in found.values()]
