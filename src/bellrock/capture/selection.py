"""From what a user writes to what is wanted of a capture."""

from collections.abc import Iterable, Sequence
from ipaddress import ip_address as address
from ipaddress import ip_network, summarize_address_range
from typing import Any, Final

from bellrock.capture.values import Addresses, Network
from bellrock.flows.catalogue import find
from bellrock.flows.nearest import nearest
from bellrock.flows.site import Site
from bellrock.flows.values import Flow, Role
from bellrock.wire.ethernet import mac_bytes, mac_text

MAX_ADDRESSES: Final = 10_000
"""Addresses and prefixes that a command takes: a site has its own bound."""


class SelectionError(ValueError):
    """Something asked for that is not there or cannot be read: one line."""


def chosen(ids: Sequence[str], flows: tuple[Flow, ...]) -> tuple[Flow, ...]:
    """The flows with these ids, in the order of the catalogue, each once.

    Raises:
        UnknownFlowError: one of them is in no catalogue; the message suggests the nearest.
    """
    wanted = {find(one, flows).id for one in ids}
    return tuple(flow for flow in flows if flow.id in wanted)


def role_of(text: str) -> Role:
    """The role of a name.

    Raises:
        SelectionError: there is none.
    """
    names = [role.value for role in Role if role is not Role.ANYONE]
    if text not in names:
        raise SelectionError(f"no role {text[:64]!r}; {nearest(text, names)}")
    return Role(text)


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Addresses and prefixes, also several with commas between.

    Raises:
        SelectionError: one is neither, has bits behind its prefix, or there are too many.
    """
    words = [word.strip() for text in texts for word in text.split(",")]
    if len(words) > MAX_ADDRESSES:
        raise SelectionError(f"{len(words)} addresses; at most {MAX_ADDRESSES} are taken")
    return tuple(_network(word) for word in words)


def _network(word: str) -> Network:
    try:
        return ip_network(word)
    except ValueError:
        pass
    try:
        wider = ip_network(word, strict=False)
    except ValueError:
        raise SelectionError(
            f"{word[:64]!r} is no address and no prefix; expected such as 10.0.0.2, 10.0.0.0/24, 2001:db8::/64"
        ) from None
    raise SelectionError(f"{word!r} has bits behind its prefix; is {word.partition('/')[0]} meant, or {wider}?")


def assignments(texts: Iterable[str]) -> Addresses:
    """Roles and their addresses from `rack=10.0.0.2,10.0.0.3`.

    Raises:
        SelectionError: no such form, role or address.
    """
    found: dict[Role, tuple[Network, ...]] = {}
    for text in texts:
        name, equals, rest = text.partition("=")
        if not equals:
            raise SelectionError(f"{text[:64]!r} is not ROLE=ADDRESS; expected such as rack=10.0.0.2")
        role = role_of(name.strip())
        found[role] = (*found.get(role, ()), *networks([rest]))
    return found


def addresses_of(site: Site) -> Addresses:
    """What a site gives its roles, as prefixes; roles to which it gives nothing may be anywhere."""
    return {
        role: _prefixes(members.addresses.four, members.addresses.six)
        for role, members in site.roles.items()
        if members.addresses
    }


def _prefixes(four: Iterable[tuple[int, int]], six: Iterable[tuple[int, int]]) -> tuple[Network, ...]:
    return (*_summary(four, 4), *_summary(six, 6))


def _summary(ranges: Iterable[tuple[int, int]], family: int) -> Iterable[Any]:
    for first, last in ranges:
        yield from summarize_address_range(_number(first, family), _number(last, family))


def _number(value: int, family: int) -> Any:  # noqa: ANN401 -- IPv4Address or IPv6Address
    return address(value.to_bytes(4 if family == 4 else 16, "big"))


def stations_and_hosts(texts: Iterable[str]) -> tuple[tuple[str, ...], tuple[Network, ...]]:
    """MAC addresses, and addresses and prefixes, out of a list of both.

    Raises:
        SelectionError: one is neither.
    """
    macs: list[str] = []
    others: list[str] = []
    for text in texts:
        try:
            macs.append(mac_text(mac_bytes(text)))
        except ValueError:
            others.append(text)
    return tuple(macs), networks(others) if others else ()
