"""From what passed by on an end's wire to what of it belongs to a walk: by mark, by ports, by TCP sequence number."""

import contextlib
from collections.abc import Collection, Iterable, Iterator
from typing import Final, Literal

from msgspec import Struct

from bellrock.contract.walk import BLOCK, MAX_SIGHTINGS, Path, Sighting
from bellrock.model import Wall
from bellrock.wire import mark
from bellrock.wire.errors import WireError
from bellrock.wire.glimpse import ACK, RST, SYN, Complaint, Ends, Glimpse
from bellrock.wire.mark import Kind

_PORT_UNREACHABLE: Final = frozenset(((4, 3, 3), (6, 1, 4)))
What = Literal["request", "probe", "reply"]
_WHAT: Final[dict[Kind, What]] = {Kind.REQUEST: "request", Kind.PROBE: "probe", Kind.REPLY: "reply"}


class Passed(Struct, frozen=True, gc=False):
    """A packet, where and when it passed."""

    at: Wall
    interface: str
    out: bool
    seen: Glimpse | Complaint
    card: str = ""
    """The hardware address that it was for, where that is another than the interface's."""
    sender: str = ""
    """The hardware address that it came from; empty of what left."""


def sightings(path: Path, passed: Iterable[Passed], sequences: Collection[int] = ()) -> tuple[Sighting, ...]:
    """What belongs to the walk, in the order in which it passed; at most MAX_SIGHTINGS.

    Args:
        path: of the walk, with its key.
        passed: what the tap heard, in order.
        sequences: TCP sequence numbers of the source's SYNs, known again by them where their addresses or ports were translated.
    """
    eye = _Eye(path, sequences)
    found = (one for each in passed if (one := eye.look(each)) is not None)
    return tuple(one for one, _ in zip(found, range(MAX_SIGHTINGS), strict=False))


def block(path: Path) -> range:
    """The source ports of a walk."""
    return range(path.source_port, path.source_port + (1 if path.fixed else BLOCK))


class _Eye:
    """Knows what it has seen so far: an answer belongs to a question."""

    def __init__(self, path: Path, sequences: Collection[int]) -> None:
        self._path = path
        self._walk, self._key = bytes.fromhex(path.walk), bytes.fromhex(path.key)
        self._block = block(path)
        self._sequences = set(sequences)
        self._asked: set[tuple[str, int]] = set()
        """Address and port of whoever sent a request, as they were seen."""

    def look(self, passed: Passed) -> Sighting | None:
        seen = passed.seen
        if isinstance(seen, Complaint):
            return self._complaint(passed, seen)
        if seen.ends.protocol != self._path.protocol:
            return None
        return self._udp(passed, seen) if seen.ends.protocol == "udp" else self._tcp(passed, seen)

    def _udp(self, passed: Passed, seen: Glimpse) -> Sighting | None:
        found = self._mark(seen.payload)
        from_port = seen.ends.source_port == self._path.port or self._path.separate
        if from_port and (seen.ends.destination, seen.ends.destination_port) in self._asked:
            # A service's own answer carries no mark, or repeats the question's (RFC 1035 §4.1.1).
            return _sighting(passed, seen.ends, "reply", hop_limit=seen.hop_limit, number=found.number if found else 0)
        if found is not None:
            what = _WHAT[found.kind]
            if what == "request":
                self._asked.add((seen.ends.source, seen.ends.source_port))
            return _sighting(passed, seen.ends, what, hop_limit=seen.hop_limit, number=found.number)
        return None

    def _tcp(self, passed: Passed, seen: Glimpse) -> Sighting | None:
        answered = (seen.acknowledged - 1) & 0xFFFF_FFFF
        if seen.flags & (SYN | ACK) == SYN:
            return self._syn(passed, seen)
        if not seen.flags & ACK or answered not in self._sequences:
            return None
        if seen.flags & SYN:
            return _sighting(passed, seen.ends, "reply", hop_limit=seen.hop_limit, sequence=answered)
        # RFC 9293 §3.10.7.1: who has no such port resets, and acknowledges the SYN.
        return (
            _sighting(passed, seen.ends, "refusal", hop_limit=seen.hop_limit, sequence=answered)
            if seen.flags & RST
            else None
        )

    def _syn(self, passed: Passed, seen: Glimpse) -> Sighting | None:
        number = self._number(seen.ends)
        if number is None and seen.sequence not in self._sequences:
            return None
        if number:
            return _sighting(
                passed, seen.ends, "probe", hop_limit=seen.hop_limit, number=number, sequence=seen.sequence
            )
        self._sequences.add(seen.sequence)
        return _sighting(passed, seen.ends, "request", hop_limit=seen.hop_limit, sequence=seen.sequence)

    def _complaint(self, passed: Passed, seen: Complaint) -> Sighting | None:
        if seen.about.protocol != self._path.protocol:
            return None
        found = self._mark(seen.quoted) if seen.quoted else None
        number = found.number if found is not None and found.kind is Kind.PROBE else self._number(seen.about) or 0
        known = (
            found is not None
            or self._number(seen.about) is not None
            or seen.sequence in self._sequences
            or self._about_reply(seen.about)
        )
        if not known:
            return None
        version = 6 if ":" in seen.by else 4
        refused = (version, seen.kind, seen.code) in _PORT_UNREACHABLE and seen.by == seen.about.destination
        return Sighting(
            at=passed.at, what="refusal" if refused else "error", out=passed.out, interface=passed.interface,
            source=seen.about.source, source_port=seen.about.source_port, destination=seen.about.destination,
            destination_port=seen.about.destination_port, number=number, by=seen.by, kind=seen.kind, code=seen.code,
            card=passed.card, sender=passed.sender,
        )  # fmt: skip

    def _about_reply(self, ends: Ends) -> bool:
        from_port = ends.source_port == self._path.port or self._path.separate
        return from_port and (
            ends.destination_port in self._block or (ends.destination, ends.destination_port) in self._asked
        )

    def _number(self, ends: Ends) -> int | None:
        """Which of the walk's source ports; None: another."""
        if ends.destination_port == self._path.port and ends.source_port in self._block and not self._path.fixed:
            return ends.source_port - self._path.source_port
        return None

    def _mark(self, payload: bytes) -> mark.Mark | None:
        with contextlib.suppress(WireError):
            return mark.find(payload, self._walk, self._key)
        return None


def _sighting(
    passed: Passed, ends: Ends, what: Literal["request", "probe", "reply", "refusal"], *, hop_limit: int, number: int = 0, sequence: int = 0
) -> Sighting:  # fmt: skip
    return Sighting(
        at=passed.at, what=what, out=passed.out, interface=passed.interface, source=ends.source, source_port=ends.source_port,
        destination=ends.destination, destination_port=ends.destination_port, hop_limit=hop_limit, number=number, sequence=sequence,
        card=passed.card, sender=passed.sender,
    )  # fmt: skip


def requests(seen: Iterable[Sighting], *, out: bool) -> Iterator[Sighting]:
    """Of these the requests that went out, or came in for this host."""
    return (one for one in seen if one.what == "request" and one.out is out and not one.card)
