"""A piece of evidence as it is held while anything is concluded from it: as much of it as that needs, in as little memory as may be.

A region holds 150 and more for each agent, so every field counts:

- A port that has *confirmed* another has nearly always *heard* it too, and the two say the same of the peer. One `Held` is both: `heard_since`
  and `heard_seen` are all that hearing adds. It can be asked for, renewed and taken back as if it lay beside (`heard`, `pieces`, `Shelf`).
- There is no `EvidenceKey` and no hash of one for each: `key` makes it where a claim names it, which is four for each port.
- Moments and durations are two in one object (a complex number is 32 octets, two numbers are 64), and none where an evidence is told
  as it begins, which it nearly always is: then it was last seen as it was first.
- What a peer says of itself is one object for all that hear it say so, and ports are those of the index.
- Proof and source address are not here: they are in the account of whoever told them.
"""

from collections.abc import Iterable
from functools import lru_cache
from math import nan
from sys import intern
from typing import Final, NamedTuple

from msgspec import Struct

from bellrock.model import Evidence, EvidenceKey, EvidenceKind, Neighbour, Port, Wall

_CONFIRMED: Final = EvidenceKind.CONFIRMED  # to look a member up in its enumeration costs as much as a hash
_HEARD: Final = EvidenceKind.HEARD


class Words(NamedTuple):
    """What a peer's beacons say of it."""

    version: int
    name: str
    mac: str


@lru_cache(maxsize=1 << 13)
def _words(version: int, name: str, mac: str) -> Words:
    """Shared by all that are told near each other: as a rule one for each cable."""
    return Words(version, intern(name), intern(mac))


class Held(Struct, eq=False, gc=False):
    """A piece of evidence that holds, or of a confirmation both that and the hearing. A later one with the same key changes it in place."""

    kind: EvidenceKind
    port: Port
    peer: Port | None
    plain: bool
    """A beacon between two hosts: it joins its ports unless one of them is masked."""
    words: Words
    began: complex
    """`since`, and for the imaginary part `heard_since`; not a number where there is none, as in what follows."""
    ended: complex | None = None
    """`seen` and `heard_seen`; None where these are those of `began`."""
    took: complex | None = None
    """`transit` and `round_trip`; None where neither was measured."""
    neighbour: Neighbour | None = None

    @property
    def since(self) -> Wall:
        """When it was first observed, without a break since."""
        return Wall(self.began.real)

    @property
    def seen(self) -> Wall:
        """When it was last told."""
        return Wall((self.began if self.ended is None else self.ended).real)

    @property
    def latest(self) -> Wall:
        """When it, or the hearing that it holds, was last told: what the peer says of itself is of then."""
        ended = self.began if self.ended is None else self.ended
        seen, heard = ended.real, ended.imag
        return Wall(max(seen, heard))  # in this order: what is not a number is not more than the first

    @property
    def heard_since(self) -> Wall | None:
        """Of a confirmation: since when `port` has also heard `peer`, which said the same of itself; None where that is not known, or held beside."""
        since = self.began.imag
        return Wall(since) if since == since else None

    @property
    def transit(self) -> float | None:
        """Seconds; see `Evidence`."""
        return None if self.took is None else _known(self.took.real)

    @property
    def round_trip(self) -> float | None:
        """Seconds; see `Evidence`."""
        return None if self.took is None else _known(self.took.imag)

    @property
    def key(self) -> EvidenceKey:
        """Its identity."""
        neighbour = self.neighbour
        said = "" if neighbour is None else f"{neighbour.chassis_id} {neighbour.port_id}"
        return EvidenceKey(self.kind, self.port, self.peer, said)

    def renew(self, evidence: Evidence) -> None:
        """It was observed again. Of a confirmation, whoever knows that it is a hearing as well says so again (`hear`)."""
        since, seen = evidence.since, evidence.seen
        self.words = _words(evidence.version, evidence.peer_name, evidence.peer_mac)
        self.began = complex(since, nan)
        self.ended = None if since == seen else complex(seen, nan)
        self.took = _took(evidence.transit, evidence.round_trip)
        self.neighbour = evidence.neighbour

    def fits(self, other: "Held | Evidence") -> bool:
        """Whether of a confirmation and a hearing by one port of another, which these are, nothing is lost if one is held with the other."""
        if self.kind is _HEARD:
            if self.took is not None:
                return False
        elif other.transit is not None or other.round_trip is not None:
            return False
        words = other.words if isinstance(other, Held) else _words(other.version, other.peer_name, other.peer_mac)
        return self.words is words or self.words == words

    def hear(self, since: float, seen: float) -> None:
        """A confirmation is a hearing as well."""
        began, ended = self.began.real, self.ended
        self.began = complex(began, since)
        if ended is not None or since != seen:
            self.ended = complex(began if ended is None else ended.real, seen)

    def confirm(self, evidence: Evidence) -> None:
        """What was heard is confirmed as well."""
        began, ended = self.began, self.ended
        self.kind = _CONFIRMED
        self.renew(evidence)
        self.hear(began.real, (began if ended is None else ended).real)

    def heard(self) -> "Held | None":
        """The hearing that a confirmation holds, as a piece of its own; None if it holds none."""
        since = self.began.imag
        if since != since:
            return None
        ended = None if self.ended is None or self.ended.imag == since else complex(self.ended.imag, nan)
        return Held(_HEARD, self.port, self.peer, self.plain, self.words, complex(since, nan), ended)

    def unhear(self) -> None:
        """It is the confirmation alone."""
        self.began = complex(self.began.real, nan)
        if self.ended is not None:
            self.ended = None if self.ended.real == self.began.real else complex(self.ended.real, nan)

    def unconfirm(self) -> None:
        """It is the hearing alone that a confirmation held."""
        if (heard := self.heard()) is not None:
            self.kind, self.began, self.ended, self.took = _HEARD, heard.began, heard.ended, None

    def evidence(self) -> Evidence:
        """The evidence, but for its proof and the frame's address: enough to say it in a sentence."""
        version, name, mac = self.words
        return Evidence(
            kind=self.kind, port=self.port, peer=self.peer, peer_name=name, peer_mac=mac, version=version,
            round_trip=self.round_trip, transit=self.transit, neighbour=self.neighbour, since=self.since, seen=self.seen,
        )  # fmt: skip


def _took(transit: float | None, round_trip: float | None) -> complex | None:
    if transit is None:
        return None if round_trip is None else complex(nan, round_trip)
    return complex(transit, nan if round_trip is None else round_trip)


def _known(seconds: float) -> float | None:
    return seconds if seconds == seconds else None


def held_of(evidence: Evidence, port: Port | None = None, peer: Port | None = None) -> Held:
    """What is kept of a piece of evidence; `port` and `peer`: equal ones to keep in place of its own."""
    kind, port, peer = evidence.kind, port or evidence.port, peer or evidence.peer
    plain = (kind is _CONFIRMED or kind is _HEARD) and peer is not None and peer.host != port.host
    since, seen = evidence.since, evidence.seen
    return Held(
        kind, port, peer, plain, _words(evidence.version, evidence.peer_name, evidence.peer_mac), complex(since, nan),
        None if since == seen else complex(seen, nan), _took(evidence.transit, evidence.round_trip), evidence.neighbour,
    )  # fmt: skip


def pieces(held: Iterable[Held]) -> list[Held]:
    """Each piece of evidence on its own."""
    found = []
    for one in held:
        found.append(one)
        if (heard := one.heard()) is not None:
            found.append(heard)
    return found
