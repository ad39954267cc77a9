"""The registry of names as it is kept on disk: JSON, of which what stays as it was is not made again."""

from collections.abc import Sequence
from operator import is_

import msgspec
from msgspec import Raw, Struct

from bellrock.topology.naming import Entry, Registry, Shelf


class _Shelf(Struct):
    """A `Shelf` whose entries are encoded."""

    last: int
    live: list[Raw]
    retired: list[Raw]


class _Row:
    """Entries that stand beside each other, and what they are in JSON."""

    def __init__(self) -> None:
        self._entries: tuple[Entry, ...] = ()
        self.encoded: list[Raw] = []

    def see(self, entries: tuple[Entry, ...]) -> None:
        """Hold these from now on: `encoded` stays the same list where they say the same."""
        if _are(entries, self._entries):
            return
        before = {one.id: (one, raw) for one, raw in zip(self._entries, self.encoded, strict=True)}
        encoded = [
            known[1] if (known := before.get(one.id)) and known[0] == one else Raw(msgspec.json.encode(one))
            for one in entries
        ]
        self._entries = entries
        if not _are(encoded, self.encoded):
            self.encoded = encoded


class _Shown:
    """A shelf, and what it is in JSON."""

    def __init__(self) -> None:
        self._live, self._retired = _Row(), _Row()

    def see(self, shelf: Shelf) -> _Shelf:
        """What it is now."""
        self._live.see(shelf.live)
        self._retired.see(shelf.retired)
        return _Shelf(shelf.last, self._live.encoded, self._retired.encoded)


class Written:
    """A registry as JSON, again and again: of a large site few entries change at a time, and often none."""

    def __init__(self) -> None:
        self._registry: Registry | None = None
        self._body = b""
        self._shown: tuple[_Shelf, ...] = ()
        self._fabrics, self._vlans = _Shown(), _Shown()

    def of(self, registry: Registry) -> bytes:
        """What `msgspec.json.encode` says of it; the same object as before where that is the same."""
        if registry is not self._registry:
            shown = self._fabrics.see(registry.fabrics), self._vlans.see(registry.vlans)
            if not self._shown or not all(map(_alike, shown, self._shown)):
                self._body = msgspec.json.encode({"fabrics": shown[0], "vlans": shown[1]})
            self._registry, self._shown = registry, shown
        return self._body


def _alike(one: _Shelf, other: _Shelf) -> bool:
    return one.last == other.last and one.live is other.live and one.retired is other.retired


def _are(some: Sequence[object], others: Sequence[object]) -> bool:
    return len(some) == len(others) and all(map(is_, some, others))
