"""What is taken of what an agent tells of its own host: entries that can be. One that cannot would fail a rule for all hosts."""

from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import UNSET, Struct, to_builtins
from msgspec.structs import replace

from bellrock.contract.here import MOST, Told
from bellrock.model.here import Neighbour, Route
from bellrock.model.listening import Listener
from bellrock.region.service.check import MAX_NUMBER, MAX_TEXT

MAX_PORT: Final = 65_535


def taken(message: Told) -> tuple[Told, tuple[str, ...]]:
    """The message without what cannot be, and the names of parts of which something is left out."""
    kept: dict[str, Any] = {name: _part(name, value) for name in MOST if (value := getattr(message, name))}
    if message.load not in (UNSET, None) and not _fine(message.load):
        kept["load"] = None
    left_out = tuple(name for name, value in kept.items() if value != getattr(message, name))
    return (replace(message, **kept), left_out) if left_out else (message, ())


def _part(name: str, entries: tuple[Any, ...]) -> tuple[Any, ...]:
    check = _CHECKS.get(name)
    return tuple(one for one in map(_named, entries) if _fine(one) and (check is None or _passes(check, one)))


def _named(entry: object) -> object:
    """A socket whose owner calls itself something that cannot be shown is still there."""
    if isinstance(entry, Listener) and not all(map(_fine, entry.owners)):
        return replace(entry, owners=())
    return entry


def _fine(entry: object) -> bool:
    """Whether all its texts can be shown, and its numbers kept."""
    return all(
        len(leaf) <= MAX_TEXT and leaf.isprintable() if isinstance(leaf, str) else -MAX_NUMBER <= leaf <= MAX_NUMBER
        for leaf in _leaves(to_builtins(entry) if isinstance(entry, Struct) else entry)
    )


def _leaves(value: object) -> Iterator[str | float]:
    if isinstance(value, (str, int, float)):
        yield value
    elif isinstance(value, dict):
        yield from _leaves([*value.values()])
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _leaves(one)


def _passes(check: Callable[[Any], object], entry: object) -> bool:
    try:
        return check(entry) is not False
    except ValueError:
        return False


def _address(entry: tuple[str, str]) -> object:
    return ip_interface(entry[1])


def _link(entry: tuple[str, int]) -> bool:
    return entry[1] >= 0


def _listener(entry: Listener) -> bool:
    return ip_address(entry.address).version == entry.family and 0 <= entry.port <= MAX_PORT


def _neighbour(entry: Neighbour) -> object:
    return ip_address(entry.address)


def _route(entry: Route) -> object:
    return ip_network(entry.destination, strict=False), ip_address(entry.gateway or "::")


def _refusal(entry: tuple[str, str, int]) -> bool:
    return entry[2] >= 0


def _url(entry: str) -> object:
    return urlsplit(entry).port


_CHECKS: Final[dict[str, Callable[[Any], object]]] = {
    "addresses": _address, "links": _link, "listeners": _listener, "neighbours": _neighbour, "routes": _route,
    "refused": _refusal, "advertised": _url,
}  # fmt: skip
"""Part → what raises ValueError, or is False, for an entry that cannot be."""
