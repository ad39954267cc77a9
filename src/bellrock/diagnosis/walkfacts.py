"""What both ends of a walk saw, in the terms in which it is judged."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from msgspec import Struct

from bellrock.contract.walk import Path, Seen, Sent, Served, Sighting, Watching
from bellrock.model import Hop, Verdict

_PROHIBITED: Final = {4: frozenset(((3, 9), (3, 10), (3, 13))), 6: frozenset(((1, 1), (1, 5), (1, 6)))}
_PORT: Final = {4: (3, 3), 6: (1, 4)}
_TOO_BIG: Final = {4: (3, 4), 6: (2, 0)}
_EXCEEDED: Final = {4: 11, 6: 3}


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
    errors = [one for one in seen if one.what == "error" and not one.out]
    meant = (one for one in errors if not (complaint(one) is Complaint.EXCEEDED and one.number))
    return next(meant, None)


def routers(seen: Iterable[Sighting]) -> tuple[str, ...]:
    """Addresses of those at which hop limits of 1, 2, … ran out; "" for one that did not say."""
    found = {
        one.number: one.by
        for one in seen
        if one.what == "error" and not one.out and one.number and complaint(one) is Complaint.EXCEEDED
    }
    return tuple(found.get(number, "") for number in range(1, max(found, default=0) + 1))


def hops(case: Case) -> tuple[Hop, ...]:
    """The way, from the source to the target."""
    left, arrived, replied, returned = case.left, case.arrived, case.replied, case.returned
    first = Hop(
        address=case.sent.source, name=case.source, interface=left.interface if left else case.sent.interface,
        request=left is not None, reply=None if replied is None and returned is None else returned is not None,
    )  # fmt: skip
    last = Hop(
        address=case.path.target, name=case.target, interface=arrived.interface if arrived else "",
        request=None if left is None else arrived is not None, reply=None if arrived is None else replied is not None,
    )  # fmt: skip
    between = (Hop(address=address, request=True if address else None) for address in routers(case.near.sightings))
    return (first, *between, last)


def _interfaces(seen: Iterable[Sighting], what: str, *, out: bool) -> set[str]:
    return {one.interface for one in seen if one.what == what and one.out is out}


def _last(seen: Iterable[Sighting], what: str) -> str:
    return next((one.interface for one in reversed(tuple(seen)) if one.what == what and not one.out), "")


def _first(seen: Iterable[Sighting], what: str, *, out: bool) -> Sighting | None:
    return next((one for one in seen if one.what == what and one.out is out), None)
