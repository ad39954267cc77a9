"""A capture whose clock was set back, in the order in which it was captured: what came later is later.

Rules judge the times as they stand (certificates, NTP); only ladders are told of the times that are made here.
"""

from bisect import bisect_right
from itertools import pairwise
from typing import Final

from msgspec.structs import replace

from bellrock.diagnosis.packets import NS, Conversation, Transfer, Wire

BACK: Final = NS // 2
"""Nanoseconds by which a packet may be before the one captured before it: several queues of a card do that."""


def steady(wire: Wire) -> Wire:
    """The wire without jumps back: what follows one is moved on by as much as it went back. Of several points the numbers tell no
    order of time, and the wire is as it was."""
    ordered = sorted(wire.packets, key=lambda one: one.number)
    jumps = [(later.number, one.at - later.at) for one, later in pairwise(ordered) if one.at - later.at > BACK]
    if len(wire.points) != 1 or not jumps:
        return wire
    clock = _Clock(jumps)
    packets = tuple(replace(one, at=one.at + clock.behind(one.number)) for one in ordered)
    transfers = tuple(map(clock.transfer, wire.transfers))
    conversations = tuple(map(clock.conversation, wire.conversations))
    (point,) = wire.points
    first = min((packets[0].at, *(one.at for one in transfers), *(one.first for one in conversations)))
    last = max((packets[-1].at, point.last, *(one.until for one in transfers), *(one.last for one in conversations)))
    return replace(
        wire, points=(replace(point, first=first, last=last),), packets=packets, transfers=transfers, conversations=conversations
    )  # fmt: skip


class _Clock:
    """How far it is behind itself from each packet on."""

    def __init__(self, jumps: list[tuple[int, int]]) -> None:
        self._numbers = [number for number, _ in jumps]
        self._behind = [0]
        for _, back in jumps:
            self._behind.append(self._behind[-1] + back)

    def behind(self, number: int) -> int:
        return self._behind[bisect_right(self._numbers, number)]

    def transfer(self, one: Transfer) -> Transfer:
        at = one.at + self.behind(one.packet)
        return replace(one, at=at, until=max(at, one.until + self.behind(one.packet)))

    def conversation(self, one: Conversation) -> Conversation:
        begin, end = self.behind(one.first_packet), self.behind(one.last_packet)
        first = one.first + begin
        return replace(
            one, first=first, last=max(first, one.last + end),
            answered=None if one.answered is None else max(first, one.answered + begin),
            last_reply=None if one.last_reply is None else max(first, one.last_reply + end),
        )  # fmt: skip
