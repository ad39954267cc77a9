"""All evidence that is held, by its keys: a table for each observing port, in which what it confirmed and heard of a peer is one entry.

One large table of keys would take half as much as what it holds, and twice that each time it grows.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from typing_extensions import override

from bellrock.model import Evidence, EvidenceKey, EvidenceKind, Port, key_of
from bellrock.topology.held import Held, held_of, pieces

_CONFIRMED: Final = EvidenceKind.CONFIRMED
_HEARD: Final = EvidenceKind.HEARD

Table = dict[Port | EvidenceKey, Held]
"""By the peer: what was confirmed of it, or heard where nothing was confirmed. By its key: everything else."""
Moved = tuple[Held | None, Held | None]
"""What has come to be on the shelf, and what is no longer there."""
_NEITHER: Final[Moved] = (None, None)


class Shelf(Mapping[EvidenceKey, Held]):
    """Evidence by key. What a confirmation holds beside itself is found as well, as a copy."""

    def __init__(self) -> None:
        self._tables: dict[Port, Table] = {}

    @override
    def __getitem__(self, key: EvidenceKey) -> Held:
        if (held := self.find(key)) is None:
            raise KeyError(key)
        return held

    @override
    def __iter__(self) -> Iterator[EvidenceKey]:
        for table in self._tables.values():
            for held in pieces(table.values()):
                yield held.key

    @override
    def __len__(self) -> int:
        return sum(1 + (held.heard_since is not None) for table in self._tables.values() for held in table.values())

    def find(self, key: EvidenceKey) -> Held | None:
        """The piece of evidence with this key."""
        table = self._tables.get(key.port)
        if table is None:
            return None
        if key.peer is not None and _is_paired(key.kind) and not key.neighbour and (one := table.get(key.peer)):
            if one.kind is key.kind:
                return one
            if key.kind is _HEARD and (heard := one.heard()) is not None:
                return heard
        return table.get(key)

    def put(self, evidence: Evidence, port: Port, peer: Port | None) -> Moved:
        """Hold a piece of evidence, in place of one with the same key; `port` and `peer` are its own, or equal to them."""
        table = self._tables.get(port)
        if table is None:
            table = self._tables[port] = {}
        if peer is None or evidence.neighbour is not None or not _is_paired(evidence.kind):
            return _renewed(table, key_of(evidence), evidence, port, peer)
        one = table.get(peer)
        if one is None:
            fresh = table[peer] = held_of(evidence, port, peer)
            return fresh, None
        if one.kind is not evidence.kind:
            return _confirmed(table, one, evidence) if one.kind is _HEARD else _heard(table, one, evidence)
        if one.kind is _HEARD:
            one.renew(evidence)
            return _NEITHER
        return _confirmed_again(table, one, evidence)

    def pop(self, key: EvidenceKey) -> Held | None:
        """Let go of a piece of evidence; what is no longer on the shelf, None where that is nothing."""
        table = self._tables.get(key.port)
        if table is None:
            return None
        one = table.get(key.peer) if key.peer is not None and _is_paired(key.kind) and not key.neighbour else None
        gone = table.pop(key, None) if one is None else _taken(table, one, key)
        if not table:
            del self._tables[key.port]
        return gone


def _is_paired(kind: EvidenceKind) -> bool:
    return kind is _CONFIRMED or kind is _HEARD


def _beside(one: Held) -> EvidenceKey:
    """The key of what was heard, where it lies beside what was confirmed."""
    return EvidenceKey(_HEARD, one.port, one.peer)


def _renewed(table: Table, key: EvidenceKey, evidence: Evidence, port: Port, peer: Port | None) -> Moved:
    held = table.get(key)
    if held is not None:
        held.renew(evidence)
        return _NEITHER
    fresh = table[EvidenceKey(key.kind, port, peer, key.neighbour)] = held_of(evidence, port, peer)
    return fresh, None


def _confirmed(table: Table, heard: Held, evidence: Evidence) -> Moved:
    """What was only heard is confirmed."""
    assert heard.peer is not None  # noqa: S101 - it is found by its peer
    if heard.fits(evidence):
        heard.confirm(evidence)
        return _NEITHER
    table[_beside(heard)] = heard
    fresh = table[heard.peer] = held_of(evidence, heard.port, heard.peer)
    return fresh, None


def _heard(table: Table, one: Held, evidence: Evidence) -> Moved:
    """What is confirmed is heard."""
    if one.fits(evidence):
        gone = table.pop(_beside(one), None) if one.heard_since is None else None
        one.hear(evidence.since, evidence.seen)
        return None, gone
    one.unhear()
    return _renewed(table, _beside(one), evidence, one.port, one.peer)


def _confirmed_again(table: Table, one: Held, evidence: Evidence) -> Moved:
    heard = one.heard() or table.get(_beside(one))
    one.renew(evidence)
    if heard is None:
        return _NEITHER
    if one.fits(heard):
        one.hear(heard.since, heard.seen)
        return None, table.pop(_beside(one), None)
    if _beside(one) in table:
        return _NEITHER
    table[_beside(one)] = heard
    return heard, None


def _taken(table: Table, one: Held, key: EvidenceKey) -> Held | None:
    """Take a confirmation or a hearing away, and leave the other."""
    assert one.peer is not None  # noqa: S101 - it is found by its peer
    if one.kind is not key.kind:
        if one.kind is _HEARD or one.heard_since is None:
            return table.pop(key, None)
        one.unhear()
        return None
    if one.heard_since is not None:
        one.unconfirm()
        return None
    del table[one.peer]
    if key.kind is _CONFIRMED and (heard := table.pop(_beside(one), None)) is not None:
        table[one.peer] = heard
    return one
