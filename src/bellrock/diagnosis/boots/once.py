"""The same packet, transfer or conversation seen at several points is one."""

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Final, TypeVar

from bellrock.diagnosis.packets import NS, Conversation, Packet, Transfer
from bellrock.wire import dhcp

WITHIN: Final = NS
"""Nanoseconds on the way from one point to another, with what is left of a difference between two clocks."""
MAX_OPEN: Final = 32
"""Packets of one key on their way at once; in a flood of the same they are not told apart further."""
_T = TypeVar("_T")


def once(packets: Iterable[Packet], key: Callable[[Packet], Hashable]) -> list[tuple[Packet, ...]]:
    """Groups of packets, each one packet on its way: by time, in a group as well.

    A packet that passes a point twice in the same guise (VLAN, hop limit, relay) was sent twice.
    """
    return _grouped(packets, key, lambda one: one.at, _guise)


def transfers(given: Iterable[Transfer]) -> list[tuple[Transfer, ...]]:
    """Views of one transfer from several points, the surest first: one that shows it whole, then who saw least of it."""
    groups = _grouped(
        sorted(given, key=lambda one: one.at), lambda one: (one.client, one.server, one.path), lambda one: one.at, lambda one: (one.point, one.vids)
    )  # fmt: skip
    return [tuple(sorted(group, key=lambda one: (one.ended != "whole", one.octets))) for group in groups]


def conversations(given: Iterable[Conversation], best: Sequence[frozenset[str]]) -> list[Conversation]:
    """One view of each conversation: of the points that are best, by the sets of `best` in turn; of several the one that saw fewest replies."""
    groups = _grouped(
        sorted(given, key=lambda one: one.first), _ends, lambda one: one.first, lambda one: (one.point, one.vids)
    )
    return [
        min(group, key=lambda one: (*(one.point not in points for points in best), one.replies)) for group in groups
    ]


def _ends(one: Conversation) -> Hashable:
    return one.protocol, one.source, one.source_port, one.destination, one.destination_port


def _guise(packet: Packet) -> Hashable:
    relay = packet.said.giaddr if isinstance(packet.said, dhcp.Message) else ""
    return packet.point, packet.vids, packet.tunnel, packet.hop_limit, relay


def _grouped(
    given: Iterable[_T], key: Callable[[_T], Hashable], at: Callable[[_T], int], guise: Callable[[_T], Hashable]
) -> list[tuple[_T, ...]]:
    groups: list[list[_T]] = []
    open_groups: defaultdict[Hashable, deque[tuple[list[_T], set[Hashable]]]] = defaultdict(
        lambda: deque(maxlen=MAX_OPEN)
    )
    for one in given:
        known = open_groups[key(one)]
        while known and at(one) - at(known[0][0][0]) > WITHIN:
            known.popleft()
        # What was sent twice passes each point twice, in the same order.
        group = next((group for group in known if guise(one) not in group[1]), None)
        if group is None:
            group = ([], set())
            groups.append(group[0])
            known.append(group)
        group[0].append(one)
        group[1].add(guise(one))
    return [tuple(group) for group in groups]


def numbers(groups: Sequence[Sequence[Packet]]) -> tuple[int, ...]:
    """Of all packets, in their order."""
    return tuple(sorted(one.number for group in groups for one in group))
