"""What both ends of a walk saw, in the terms in which it is judged."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from msgspec import Struct

from bellrock.contract.walk import Path, Seen, Sent, Served, Sighting, Watching
from bellrock.model import Hop, Verdict
from bellrock.wire.text import endpoint

_PROHIBITED: Final = {4: frozenset(((3, 9), (3, 10), (3, 13))), 6: frozenset(((1, 1), (1, 5), (1, 6)))}
_PORT: Final = {4: (3, 3), 6: (1, 4)}
_TOO_BIG: Final = {4: (3, 4), 6: (2, 0)}
_EXCEEDED: Final = {4: 11, 6: 3}
_TOLERANCE: Final = 0.05
"""Seconds between what the wire shows and what a process gets of it."""


class Complaint(StrEnum):
    """What an ICMP error says, in words for a sentence: "the router 10.0.0.1 says: …"."""

    PROHIBITED = "administratively prohibited"
    PORT = "port unreachable"
    TOO_BIG = "packet too big"
    EXCEEDED = "its hop limit ran out"
    UNREACHABLE = "destination unreachable"

    @property
    def verdict(self) -> Verdict:
        """Rules, or routes."""
        unreachable = self in (Complaint.UNREACHABLE, Complaint.EXCEEDED)
        return Verdict.UNREACHABLE if unreachable else Verdict.FILTERED


class Case(Struct, frozen=True, kw_only=True):
    """One exchange that was walked."""

    flow: str
    path: Path
    source: str
    """Name of the agent that sent."""
    target: str
    watching: Watching
    near: Seen
    """By the source."""
    far: Seen
    """By the target."""
    answered: bool = True
    """Whether the protocol answers at all; syslog over UDP does not."""
    variant: str = ""

    @property
    def sent(self) -> Sent:
        """What the source's sockets found out."""
        return self.near.sent or Sent()

    @property
    def served(self) -> Served:
        """What the target's listener found out."""
        return self.far.served or Served()

    @property
    def left(self) -> Sighting | None:
        """The first request that left the source."""
        return _first(self.near.sightings, "request", out=True)

    @property
    def arrived(self) -> Sighting | None:
        """The first that came in at the target."""
        return _first(self.far.sightings, "request", out=False)

    @property
    def passed_by(self) -> Sighting | None:
        """The first that came by at the target, addressed to another network card."""
        return next((one for one in self.far.sightings if one.what == "request" and one.card), None)

    @property
    def answer_passed_by(self) -> Sighting | None:
        """The first answer that came by at the source, addressed to another network card."""
        return next((one for one in self.near.sightings if one.what == "reply" and one.card), None)

    @property
    def translated(self) -> str:
        """The address and port that the request came in for, where they are not those that were asked; else nothing."""
        came = self.arrived
        if came is None or (came.destination, came.destination_port) == (plain(self.path.target), self.path.port):
            return ""
        return endpoint(came.destination, came.destination_port)

    @property
    def translator(self) -> str:
        """Where its destination was translated, as half a sentence: the source's own wire shows what left it."""
        left, came = self.left, self.arrived
        same = left and came and (left.destination, left.destination_port) == (came.destination, came.destination_port)
        return (
            f"its destination is translated by {self.source} itself"
            if same
            else "its destination is translated on the way"
        )

    @property
    def passed_on(self) -> Sighting | None:
        """A request that left the target again, for somebody behind it (a container, a virtual machine)."""
        return _first(self.far.sightings, "request", out=True)

    @property
    def replied(self) -> Sighting | None:
        """The first answer that left the target."""
        return _first(self.far.sightings, "reply", out=True)

    @property
    def returned(self) -> Sighting | None:
        """The first answer that came in at the source."""
        return _first(self.near.sightings, "reply", out=False)

    @property
    def rejected(self) -> Sighting | None:
        """A RST, or an ICMP error about the request, by which the target refuses it."""
        return _first(self.far.sightings, "refusal", out=True) or _first(self.far.sightings, "error", out=True)

    @property
    def refusal(self) -> Sighting | None:
        """A RST, or ICMP port unreachable, in the target's name, that came in at the source."""
        return _first(self.near.sightings, "refusal", out=False)

    @property
    def reached(self) -> bool:
        """Whether a request came to the target; its own listener proves it as well, where the tap lost the packet."""
        return self.arrived is not None or self.accepted or self.sent.marked

    @property
    def came_out(self) -> bool:
        """Whether a request left the source; that something came of it proves it too (a tunnel is no wire that is watched)."""
        return self.left is not None or self.reached or self.heard

    @property
    def heard(self) -> bool:
        """Whether an answer came back to the source, whoever sent it."""
        return self.returned is not None or self.sent.answered

    @property
    def lateness(self) -> float:
        """Seconds after which an answer came in that nobody waited for any longer; 0: none did. By the source's own clock."""
        if self.left is None or self.returned is None or self.sent.answered:
            return 0
        after = self.returned.at - self.left.at
        return after if after >= self.patience - _TOLERANCE else 0

    @property
    def patience(self) -> float:
        """Seconds that the source waited for an answer."""
        return self.sent.waited or self.path.within

    @property
    def pondered(self) -> float:
        """Seconds from the request to the answer at the target, by its own clock; 0: not known."""
        return self.replied.at - self.arrived.at if self.replied is not None and self.arrived is not None else 0

    @property
    def accepted(self) -> bool:
        """Whether the target's kernel has handed a request to whoever listens, as far as the target itself can tell."""
        return bool(self.served.accepted or self.served.half_open)

    @property
    def turned(self) -> bool:
        """Whether the answer took, or was sent, another way than the request came."""
        came, went = self.arrived, self.replied
        if came is None or went is None:
            return False
        return self.round_about or (went.destination, went.source) != (came.source, came.destination)

    @property
    def round_about(self) -> bool:
        """Whether the answer left by another interface than the request came in by.

        A packet is seen at each interface that it passes: at a network card, and at the bridge, bond or VLAN above it.
        """
        came, went = (
            _interfaces(self.far.sightings, "request", out=False),
            _interfaces(self.far.sightings, "reply", out=True),
        )
        return bool(came and went) and came.isdisjoint(went)

    @property
    def entered(self) -> str:
        """The interface by which the target's rules see the request: the uppermost, which is met last."""
        return _last(self.far.sightings, "request")

    @property
    def came_back(self) -> str:
        """The interface by which the source's rules see the answer."""
        return _last(self.near.sightings, "reply")


def complaint(one: Sighting) -> Complaint:
    """What an ICMP error says."""
    version = 6 if ":" in one.by else 4
    if one.kind == _EXCEEDED[version]:
        return Complaint.EXCEEDED
    if (one.kind, one.code) in _PROHIBITED[version]:
        return Complaint.PROHIBITED
    if (one.kind, one.code) == _PORT[version]:
        return Complaint.PORT
    return Complaint.TOO_BIG if (one.kind, one.code) == _TOO_BIG[version] else Complaint.UNREACHABLE


def objection(seen: Iterable[Sighting]) -> Sighting | None:
    """The first error that came in and was not asked for: a hop limit that was meant to run out is none."""
    errors = [one for one in seen if one.what == "error" and not one.out and not one.card]
    meant = (one for one in errors if not (complaint(one) is Complaint.EXCEEDED and one.number))
    return next(meant, None)


def missing(case: Case) -> str:
    """How many packets were lost before one that came through, as half a sentence; nothing where none was, or not all were looked at.

    A packet counts as lost only where a later one of its kind overtook it: the last ones may be under way.
    """
    if case.near.lost or case.far.lost:
        return ""
    if case.path.protocol == "tcp":
        sent = (
            sum(
                one.what == "request" and one.out and one.interface == case.left.interface
                for one in case.near.sightings
            )
            if case.left
            else 0
        )
        return (
            f"its SYN had to be sent {sent} times: packets are lost now and then, or answered late" if sent > 1 else ""
        )
    there = _overtaken(_numbers(case.near, "request", out=True), _numbers(case.far, "request", out=False))
    back = _overtaken(_numbers(case.far, "reply", out=True), _numbers(case.near, "reply", out=False))
    words = [
        f"{lost} of {of} {what} lost on the way"
        for (lost, of), what in ((there, "requests"), (back, "answers"))
        if lost
    ]
    return " and ".join(words)


def _numbers(seen: Seen, what: str, *, out: bool) -> set[int]:
    return {one.number for one in seen.sightings if one.what == what and one.out is out and not one.card}


def _overtaken(went: set[int], came: set[int]) -> tuple[int, int]:
    """How many of those up to the last that came did not come, and how many went until then."""
    until = {one for one in went if one <= max(came, default=-1)}
    return len(until - came), len(until)


def routers(seen: Iterable[Sighting], target: str = "") -> tuple[str, ...]:
    """Addresses of those at which hop limits of 1, 2, … ran out; "" for one that did not say.

    `target` is no router on the way to itself: a translation of addresses has put its address there, or it passes packets on.
    """
    seen = tuple(seen)
    stray = strays(seen)
    found = {
        one.number: "" if one.by == plain(target) else one.by
        for one in seen
        if one.what == "error" and not one.out and one.number and complaint(one) is Complaint.EXCEEDED
        if one.number not in stray
    }
    last = max((number for number, by in found.items() if by), default=0)
    return tuple(found.get(number, "") for number in range(1, last + 1))


def strays(seen: Iterable[Sighting]) -> dict[int, str]:
    """Hop limits that were tried by another interface than the request left by, with that: of what routers there say, nothing is on its way.

    Each has a source port of its own, by which a host that has several ways chooses among them.
    """
    seen = tuple(seen)
    way = _interfaces(seen, "request", out=True)
    tried: dict[int, set[str]] = {}
    for one in seen:
        if one.what == "probe" and one.out and not one.card:
            tried.setdefault(one.number, set()).add(one.interface)
    return {number: min(names) for number, names in tried.items() if way and names.isdisjoint(way)}


def hops(case: Case) -> tuple[Hop, ...]:
    """The way, from the source to the target."""
    left, arrived, replied = case.left, case.arrived, case.replied
    first = Hop(
        address=left.source if left else case.sent.source, name=case.source, interface=left.interface if left else case.sent.interface,
        request=case.came_out, reply=None if replied is None and not case.heard else case.heard,
    )  # fmt: skip
    last = Hop(
        address=case.path.target, name=case.target, interface=arrived.interface if arrived else "",
        request=case.reached if case.came_out else None, reply=None if not case.reached else replied is not None or case.heard,
    )  # fmt: skip
    between = (
        Hop(address=address, request=True if address else None)
        for address in routers(case.near.sightings, case.path.target)
    )
    return (first, *between, last)


def plain(address: str) -> str:
    """Without the zone."""
    return address.partition("%")[0]


def _interfaces(seen: Iterable[Sighting], what: str, *, out: bool) -> set[str]:
    return {one.interface for one in seen if one.what == what and one.out is out and not one.card}


def _last(seen: Iterable[Sighting], what: str) -> str:
    return next(
        (one.interface for one in reversed(tuple(seen)) if one.what == what and not one.out and not one.card), ""
    )


def _first(seen: Iterable[Sighting], what: str, *, out: bool) -> Sighting | None:
    return next((one for one in seen if one.what == what and one.out is out and not one.card), None)
