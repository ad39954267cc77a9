"""What became of findings over time: opened, still there, gone; told once, although it comes and goes.

                    seen                     missing LOOKS times and CALM seconds
    (unknown) ───────────────▶ open ─────────────────────────────────────────────▶ gone
                               │ ▲ ▲                                                │
       nobody can look any more│ │ └──────────────── seen again ────────────────────┘
                               ▼ │ seen              FLAPS times within FLAPPING seconds: flapping,
                             unseen                  until it stayed as it is for so long

What follows from another finding is `explained` by it, as long as both are there: it is not gone.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from bellrock.diagnosis.absorption import rank
from bellrock.diagnosis.findings_document import key
from bellrock.model import Finding, Wall

LOOKS: Final = 3
"""Looks without it, one after the other, after which a finding is gone."""
CALM: Final = 6.0
"""Seconds that it must have been missing as well: looks may follow each other quickly."""
STEADY: Final = 2
"""Looks that must have shown it before anybody is alerted."""
FLAPS: Final = 2
"""Times that it came back within FLAPPING."""
FLAPPING: Final = 600.0
"""Seconds."""
KEPT: Final = 7 * 86_400.0
"""Seconds for which is remembered what is gone, or what nobody could look at since."""
MAX_ENTRIES: Final = 5000
"""Of more findings the least grave ones are not remembered."""
MAX_FOREIGN: Final = 2000
"""Of them, those that others have found; each origin has its share, the gravest of each first. Whoever looks has the rest."""
MAX_TOLD: Final = 50
"""Events of what others have found in one look; the next ones tell of the rest, so that a flood of them hides no other."""
REFRESH: Final = 60.0
"""Seconds after which it is worth a note that a finding is still there."""


class State(StrEnum):
    """How a finding stands."""

    OPEN = "open"
    FLAPPING = "flapping"
    """It comes and goes."""
    UNSEEN = "unseen"
    """It was there, and nobody can look now: whether it still is, is not known."""
    EXPLAINED = "explained"
    """It follows from another finding, and is told as that one's symptom."""
    GONE = "gone"


STANDING: Final = (State.OPEN, State.FLAPPING, State.UNSEEN)
"""States of what is to be told as wrong."""


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A finding as it was seen last, and its history. Times are by the clock of whoever looks."""

    finding: Finding
    origin: str = ""
    """Who found it; empty: whoever looks."""
    state: State = State.OPEN
    opened: Wall
    seen: Wall
    gone: Wall | None = None
    missed: int = 0
    """Looks in a row that did not show it."""
    looks: int = 1
    """Looks that showed it since it opened."""
    returns: tuple[Wall, ...] = ()
    """When it came back after it was gone; the last few."""
    by: str = ""
    """Key of the finding that explains it."""
    alerted: bool = False
    """Whether somebody was told that it is there."""

    @property
    def key(self) -> str:
        """Of the finding."""
        return key(self.finding)


class Event(Struct, frozen=True):
    """Something to be told."""

    kind: Literal["opened", "flapping", "gone"]
    entry: Entry


class Looked(Struct, frozen=True):
    """What a look has changed."""

    events: tuple[Event, ...] = ()
    changed: tuple[Entry, ...] = ()
    """What is worth keeping; that something is still there, once in REFRESH."""
    forgotten: tuple[str, ...] = ()
    """Keys."""


class Ledger:
    """All findings that are remembered."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries = {one.key: one for one in entries}
        self._kept = dict(self._entries)
        """As they were last given out to be kept."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All of them: what stands first, the gravest first, then what is gone, the latest first."""
        return tuple(sorted(self._entries.values(), key=_order))

    @property
    def unsettled(self) -> bool:
        """Whether another look would soon tell more: something is new, or missing."""
        return any(
            (one.state is State.OPEN and (one.missed or one.looks < STEADY))
            or (one.state is State.EXPLAINED and one.missed)
            for one in self._entries.values()
        )

    def look(
        self, found: Iterable[tuple[Finding, str]], into: Mapping[str, str], blind: Callable[[Entry], bool], now: Wall
    ) -> Looked:
        """Take a look in.

        Args:
            found: what is wrong, each with its origin.
            into: keys of what was seen as well, and follows from something → key of that.
            blind: whether this look could not have shown an entry, although it may be there.
            now: time of the look; one before that of the last counts as that.
        """
        seen, cut = _bounded(found)
        stand = [
            (self._entries.get(identity), _seen(self._entries.get(identity), *one, now))
            for identity, one in seen.items()
        ]
        stand += [
            (before, _not_told(before, into.get(identity, ""), now, blind=identity in cut or blind(before)))
            for identity, before in self._entries.items()
            if identity not in seen
        ]
        budget = _Budget()
        told = [budget.alert(before, after) for before, after in stand]
        self._entries |= {one.key: one for one, _ in told}
        forgotten = self._forget(now)
        events = tuple(event for _, event in told if event is not None)
        return Looked(events, tuple(self._changed()), tuple(forgotten))

    def _forget(self, now: Wall) -> list[str]:
        old = [
            identity
            for identity, one in self._entries.items()
            if one.state in (State.GONE, State.UNSEEN) and now - max(one.seen, one.gone or one.seen) > KEPT
        ]
        for identity in old:
            del self._entries[identity]
        excess = self._excess()
        for identity in excess:
            del self._entries[identity]
        for identity in (*old, *excess):
            self._kept.pop(identity, None)
        return [*old, *excess]

    def _excess(self) -> list[str]:
        """Keys of what there is no room for."""
        if len(self._entries) <= MAX_ENTRIES and sum(one.origin != "" for one in self._entries.values()) <= MAX_FOREIGN:
            return []
        entries = self.entries
        foreign = [one.key for one in entries if one.origin][MAX_FOREIGN:]
        known = {*foreign}
        left = sorted(
            (one for one in entries if one.key not in known),
            key=lambda one: (one.state is State.GONE, one.origin != ""),
        )
        return [*foreign, *(one.key for one in left[MAX_ENTRIES:])]

    def _changed(self) -> Iterable[Entry]:
        for identity, one in self._entries.items():
            kept = self._kept.get(identity)
            if kept is None or _matters(kept, one):
                self._kept[identity] = one
                yield one


class _Budget:
    """Events of a look: all of what whoever looks has found, and so many of others."""

    def __init__(self) -> None:
        self._left = MAX_TOLD

    def alert(self, before: Entry | None, after: Entry) -> tuple[Entry, Event | None]:
        """As `_alert`; beyond the bound nothing is told, and the next look tells what opened or is gone."""
        told, event = _alert(before, after)
        if event is None or not after.origin:
            return told, event
        self._left -= 1
        return (told, event) if self._left >= 0 else (after, None)


def _bounded(found: Iterable[tuple[Finding, str]]) -> tuple[dict[str, tuple[Finding, str]], set[str]]:
    """By key, what there is room for, and keys of what there is none for: it is there all the same."""
    by_origin: dict[str, list[tuple[Finding, str]]] = {"": []}
    for one, origin in sorted(found, key=lambda pair: rank(pair[0])):
        by_origin.setdefault(origin, []).append((one, origin))
    own = by_origin.pop("")
    # The gravest of each origin, then the second of each, and so on.
    rounds = [(number, rank(pair[0]), pair) for theirs in by_origin.values() for number, pair in enumerate(theirs)]
    foreign = [pair for _, _, pair in sorted(rounds, key=lambda one: one[:2])]
    room = min(MAX_FOREIGN, max(0, MAX_ENTRIES - len(own)))
    taken = {key(pair[0]): pair for pair in (*own[:MAX_ENTRIES], *foreign[:room])}
    return taken, {key(one) for one, _ in (*own[MAX_ENTRIES:], *foreign[room:])} - taken.keys()


def _seen(before: Entry | None, finding: Finding, origin: str, now: Wall) -> Entry:
    if before is None:
        return Entry(finding=finding, origin=origin, opened=now, seen=now)
    now = max(now, before.seen)
    looks = before.looks + 1
    returns = tuple(at for at in before.returns if now - at <= FLAPPING)
    opened = before.opened
    if before.state is State.FLAPPING and before.missed >= LOOKS:
        returns = (*returns, now)[-FLAPS:]
    if before.state is State.GONE:
        again = before.gone is not None and now - before.gone <= FLAPPING
        looks, returns = 1, (*returns, now)[-FLAPS:] if again else ()
        opened = before.opened if again else now
    state = State.FLAPPING if len(returns) >= FLAPS else State.OPEN
    return replace(
        before, finding=finding, origin=origin, state=state, opened=opened, seen=now, gone=None, missed=0, looks=looks, returns=returns, by=""
    )  # fmt: skip


def _not_told(before: Entry, by: str, now: Wall, *, blind: bool) -> Entry:
    """It is not among what was found: it follows from something, or nobody could see it, or it is missing."""
    now = max(now, before.seen)
    if by:
        return replace(before, state=State.EXPLAINED, seen=now, gone=None, missed=0, by=by)
    if before.state is State.GONE:
        return before
    if blind:
        return replace(before, state=State.UNSEEN, missed=0, by="")
    missed = before.missed + 1
    flapping = before.state is State.FLAPPING
    if missed < LOOKS or now - before.seen < (FLAPPING if flapping else CALM):
        state = State.OPEN if before.state is State.UNSEEN else before.state
        return replace(before, state=state, missed=missed)
    return replace(before, state=State.GONE, gone=now, missed=missed, by="")


def _alert(before: Entry | None, after: Entry) -> tuple[Entry, Event | None]:
    """What somebody is to be told of it: that it is there once it is steady, that it comes and goes once, that it is gone if they knew."""
    if after.state is State.FLAPPING and (before is None or before.state is not State.FLAPPING):
        after = replace(after, alerted=True)
        return after, Event("flapping", after)
    if after.state is State.OPEN and not after.alerted and after.looks >= STEADY:
        after = replace(after, alerted=True)
        return after, Event("opened", after)
    if after.state is State.GONE and after.alerted:
        after = replace(after, alerted=False)
        return after, Event("gone", after)
    return after, None


def _matters(kept: Entry, one: Entry) -> bool:
    """Whether it is worth keeping anew."""
    parts = ("state", "opened", "gone", "by", "alerted", "origin", "returns")
    different = any(getattr(kept, name) != getattr(one, name) for name in parts)
    return different or kept.finding.severity is not one.finding.severity or one.seen - kept.seen >= REFRESH


def _order(one: Entry) -> tuple[int, float, tuple[object, ...]]:
    places = {State.OPEN: 0, State.FLAPPING: 0, State.UNSEEN: 1, State.EXPLAINED: 2, State.GONE: 3}
    return places[one.state], -(one.gone or 0.0), rank(one.finding)
