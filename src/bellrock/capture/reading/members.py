"""Which ends of conversations have an address of a network, or of a role; each role is looked up once, however many networks it has."""

from bisect import bisect_right
from collections.abc import Iterable
from ipaddress import collapse_addresses, ip_network
from typing import Any, NamedTuple

import numpy as np

from bellrock.capture.reading.values import Bits, Small, Words
from bellrock.capture.values import Addresses, Network
from bellrock.flows.values import Role


class Side(NamedTuple):
    """One end of conversations, an element for each."""

    version: Small
    high: Words
    low: Words
    port: Small


class Members:
    """What is known of the ends of conversations, `sides` being the first ones and the second ones."""

    def __init__(self, sides: tuple[Side, Side], addresses: Addresses) -> None:
        self._sides, self._addresses = sides, addresses
        self._roles: dict[tuple[Role, int], Bits] = {}
        self._named: dict[tuple[tuple[str, ...], int], Bits] = {}

    @property
    def count(self) -> int:
        """How many conversations."""
        return len(self._sides[0].version)

    def is_known(self, role: Role) -> bool:
        """Whether a role's addresses are; else it may be anywhere."""
        return role in self._addresses

    def of_role(self, role: Role, side: int) -> Bits:
        """The conversations whose end has an address of this role, which is known."""
        key = (role, side)
        if key not in self._roles:
            self._roles[key] = _inside(self._sides[side], self._addresses[role])
        return self._roles[key]

    def named(self, texts: tuple[str, ...], side: int) -> Bits:
        """Those whose end has one of these addresses or prefixes."""
        key = (texts, side)
        if key not in self._named:
            self._named[key] = _inside(self._sides[side], [ip_network(text) for text in texts])
        return self._named[key]


def _inside(side: Side, networks: Iterable[Network]) -> Bits:
    some = list(networks)
    four = _spans([net for net in some if net.version == 4])
    six = _spans([net for net in some if net.version == 6])
    found = np.zeros(len(side.version), np.bool_)
    if four:
        begins, ends = (np.array(column, np.uint64) for column in zip(*four, strict=True))
        at = np.searchsorted(begins, side.low, side="right") - 1
        found |= (side.version == 4) & (at >= 0) & (side.low <= ends[np.maximum(at, 0)])
    if six:
        found[side.version == 6] = _inside_six(side, six)
    return found


def _inside_six(side: Side, spans: list[tuple[int, int]]) -> list[bool]:
    """Their numbers are too large for a word; but few are many."""
    begins = [begin for begin, _ in spans]
    mine = side.version == 6
    known: dict[tuple[int, int], bool] = {}
    found = []
    for pair in zip(side.high[mine].tolist(), side.low[mine].tolist(), strict=True):
        if pair not in known:
            number = pair[0] << 64 | pair[1]
            at = bisect_right(begins, number) - 1
            known[pair] = at >= 0 and number <= spans[at][1]
        found.append(known[pair])
    return found


def _spans(networks: list[Any]) -> list[tuple[int, int]]:
    """First and last numbers of disjoint networks, ascending."""
    return sorted((int(net.network_address), int(net.broadcast_address)) for net in collapse_addresses(networks))
