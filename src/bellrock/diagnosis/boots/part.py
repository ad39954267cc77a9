"""One boot of one client as its steps read it: what concerns it from one time to another, and what could be seen of it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from bellrock.diagnosis.boot import Outcome, Step
from bellrock.diagnosis.boots.clients import Client
from bellrock.diagnosis.packets import NS, Conversation, Packet, Transfer, Wire
from bellrock.flows.site import Site

MAX_PACKETS: Final = 16
SLOW: Final = 4.0
"""Seconds after which boot firmware has had its first timeout (PXE 2.1 §2.2.3: 4, 8, 16, 32 s)."""
GAVE_UP: Final = 10.0
"""Seconds of capture without an answer after which none is to be expected."""


class Part(Struct, frozen=True, kw_only=True):
    """Times in nanoseconds; what is at `until` is no longer of it."""

    mac: str
    begin: int
    """Of the capture."""
    end: int
    since: int
    until: int
    packets: tuple[Packet, ...]
    transfers: tuple[Transfer, ...] = ()
    conversations: tuple[Conversation, ...] = ()
    around: tuple[Packet, ...] = ()
    """What switches said of their ports meanwhile, at any point."""
    sees: frozenset[str] = frozenset()
    """Points at which something was seen that was sent to the client alone: who is asked there directly answers there."""
    whole: frozenset[str] = frozenset()
    """Points that see all that is sent to it, whoever answers: at its own port, or a mirror of that."""
    near: frozenset[str] = frozenset()
    """Points on its own segment: what it sends comes there from its own hardware address."""
    stages: tuple[tuple[int, str], ...] = ()
    """From when on who acts: `firmware`, `ipxe`, `installer`."""
    site: Site | None = None

    @property
    def best(self) -> tuple[frozenset[str], ...]:
        """Points by how well they show what the client meets."""
        return self.whole, self.near, self.sees

    def seconds(self, at: int) -> float:
        """Since the beginning of the capture."""
        return round(max(0, at - self.begin) / NS, 6)

    def stage(self, at: int) -> str:
        """Who acts then; empty where that cannot be told."""
        return next((stage for since, stage in reversed(self.stages) if since <= at), "")

    def silent(self, asked: int, last: int, *, everybody: bool = False) -> Outcome:
        """What having no answer means: one who asks again has got none; else it counts where an answer would have been seen.

        `everybody`: the question was a broadcast, and the answer may come from anywhere.
        """
        seen = self.whole if everybody else self.sees
        if asked > 1 or (seen and (self.end - last) / NS >= SLOW):
            return "unanswered"
        return "not-seen"

    def step(
        self, name: str, outcome: Outcome, what: str, times: tuple[int, int], packets: Iterable[int], stage: str | None = None
    ) -> Step:  # fmt: skip
        """A step from its first packet to its last; without `stage`, of who acts then."""
        first, last = times
        return Step(
            step=name, stage=self.stage(first) if stage is None else stage, outcome=outcome, what=what,
            packets=some(packets), time=self.seconds(first), seconds=round(max(0, last - first) / NS, 6),
        )  # fmt: skip


def some(packets: Iterable[int]) -> tuple[int, ...]:
    """At most MAX_PACKETS numbers: the first and the last of them."""
    told = sorted({number for number in packets if number > 0})
    return tuple(told if len(told) <= MAX_PACKETS else told[: MAX_PACKETS // 2] + told[-MAX_PACKETS // 2 :])


def part_of(
    client: Client, wire: Wire, times: tuple[int, int], own: dict[str, frozenset[str]], site: Site | None
) -> Part:
    """What of a client falls between two times. `own`: MAC addresses that take part in all that is unicast at a point."""
    since, until = times
    return Part(
        mac=client.mac, begin=wire.first, end=wire.last, since=since, until=until, sees=seeing(client), whole=whole(client, own),
        near=frozenset(one.point for one in client.packets if client.mac and one.source_mac == client.mac),
        packets=tuple(one for one in client.packets if since <= one.at < until),
        transfers=tuple(one for one in client.transfers if since <= one.at < until),
        conversations=tuple(one for one in client.conversations if since <= one.first < until), site=site,
    )  # fmt: skip


def seeing(client: Client) -> frozenset[str]:
    """Points at which something was seen that was sent to this client alone."""
    to_it = {one.point for one in client.packets if client.mac and one.destination_mac == client.mac}
    answered = {one.point for one in client.transfers if one.blksize is not None or one.ended in ("whole", "refused")}
    return frozenset(to_it | answered | {one.point for one in client.conversations if one.replies})


def whole(client: Client, own: dict[str, frozenset[str]]) -> frozenset[str]:
    """Points at the client's own port: it is in all that is unicast there, or two others were seen to speak to it."""
    speakers: defaultdict[str, set[str]] = defaultdict(set)
    for one in client.packets:
        if client.mac and one.destination_mac == client.mac:
            speakers[one.point].add(one.source_mac)
    at_port = {point for point, macs in own.items() if macs == {client.mac}}
    return frozenset(at_port | {point for point, macs in speakers.items() if len(macs) > 1})


def names(given: Sequence[str], most: int = 3) -> str:
    """`a, b, c and 4 more`."""
    told = list(dict.fromkeys(given))
    if len(told) <= most:
        return " and ".join(filter(None, (", ".join(told[:-1]), *told[-1:])))
    return f"{', '.join(told[:most])} and {len(told) - most} more"


def counted(number: int, one: str, more: str = "") -> str:
    """`1 discover`, `2 discovers`."""
    return f"{number} {one if number == 1 else more or one + 's'}"
