"""What an agent tells of its own host beside observations: parts that changed, each whole and bounded; the rest still holds."""

from typing import Annotated, Any, Final, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType, json
from msgspec.structs import replace

from bellrock.model import Wall
from bellrock.model.here import Answers, Blocked, Here, Load, Neighbour, Route
from bellrock.model.listening import Listener

MOST: Final = {
    "roles": 8, "addresses": 1024, "links": 1024, "listeners": 512, "neighbours": 1024, "routes": 1024, "blocked": 64,
    "resolvers": 16, "refused": 64, "answers": 256, "advertised": 16, "inside": 64,
}  # fmt: skip
"""Entries of each part: of more, the first are told; of parts that are too large for a message all the same, fewer."""
MOST_OCTETS: Final = 1_000_000
"""Of what is told at once: it fits a message."""
MOST_LETTERS: Final = 1000
"""Of a rule's text, which may name thousands of addresses. A command that is longer is not told: cut, it would be another one."""
MOST_FIXES: Final = 8
MOST_OWNERS: Final = 4
"""Processes of one socket that are told."""
PARTS: Final = (*MOST, "clock_synchronised", "load")
"""Fields of `Here` that are told."""

_T = TypeVar("_T")
_Few = Annotated[tuple[_T, ...], Meta(max_length=64)]
_Many = Annotated[tuple[_T, ...], Meta(max_length=1024)]


class Told(Struct, frozen=True, kw_only=True, tag="here", omit_defaults=True):
    """Of the agent's own host. Absent: as it was told before on this connection; null: it cannot be told.

    The first one on a connection has `whole` set: what it does not name is not known, whatever was told before.
    """

    sent: Wall
    whole: bool = False
    roles: _Few[str] | UnsetType = UNSET
    addresses: _Many[tuple[str, str]] | UnsetType = UNSET
    links: _Many[tuple[str, int]] | UnsetType = UNSET
    listeners: _Many[Listener] | UnsetType | None = UNSET
    neighbours: _Many[Neighbour] | UnsetType | None = UNSET
    routes: _Many[Route] | UnsetType | None = UNSET
    blocked: _Few[Blocked] | UnsetType | None = UNSET
    resolvers: _Few[str] | UnsetType | None = UNSET
    clock_synchronised: bool | UnsetType | None = UNSET
    refused: _Few[tuple[str, str, int]] | UnsetType = UNSET
    answers: _Many[Answers] | UnsetType | None = UNSET
    advertised: _Few[str] | UnsetType = UNSET
    inside: _Few[str] | UnsetType = UNSET
    load: Load | UnsetType | None = UNSET


def told(now: Here, before: Here | None) -> Told | None:
    """What is to be said after `before` was (None: nothing yet); None where nothing has changed. Both bounded."""
    parts: dict[str, Any] = {name: getattr(now, name) for name in PARTS}
    if before is not None:
        parts = {name: value for name, value in parts.items() if value != getattr(before, name)}
        if not parts:
            return None
    return Told(sent=now.seen, whole=before is None, **parts)


def heard(message: Told, known: Here | None, host: str) -> Here:
    """The host as it is known once its agent has said this."""
    base = known if known is not None and not message.whole else Here(host=host)
    parts: dict[str, Any] = {name: value for name in PARTS if (value := getattr(message, name)) is not UNSET}
    return replace(base, host=host, seen=message.sent, **parts)


def bounded(here: Here) -> Here:
    """The same with no part longer than may be told."""
    cut: dict[str, Any] = {name: value[:most] for name, most in MOST.items() if (value := getattr(here, name))}
    listeners: tuple[Listener, ...] = cut.get("listeners", ())
    if any(len(one.owners) > MOST_OWNERS for one in listeners):
        cut["listeners"] = tuple(replace(one, owners=one.owners[:MOST_OWNERS]) for one in listeners)
    blocked: tuple[Blocked, ...] = cut.get("blocked", ())
    if blocked:
        cut["blocked"] = tuple(_shortened(one) for one in blocked)
    return _fitting(replace(here, **cut))


def _shortened(one: Blocked) -> Blocked:
    fix = tuple(text for text in one.fix if len(text) <= MOST_LETTERS)[:MOST_FIXES]
    return replace(one, packet=one.packet[:MOST_LETTERS], rule=one.rule[:MOST_LETTERS], fix=fix)


def _fitting(here: Here) -> Here:
    """With half as many entries of whatever is largest, until all of it fits a message."""
    while len(json.encode(here)) > MOST_OCTETS:
        largest = max(MOST, key=lambda name: len(json.encode(getattr(here, name))))
        kept = getattr(here, largest)
        here = replace(here, **{largest: kept[: len(kept) // 2]})
    return here
