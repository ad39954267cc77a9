"""`HOST/INTERFACE[.VID]` → a port, or the nearest names."""

import difflib
from bisect import bisect_left
from collections.abc import Mapping, Sequence

from bellrock.model import Port
from bellrock.region.service.places import port_of
from bellrock.region.service.state import State

MAX_VID = 4094
MOST_COMPARED = 500
"""Names that are compared with one that is not known."""


class UnknownPort(LookupError):  # noqa: N818 -- says what it is
    """No such port is known; the text says which part, and what comes near."""


class UnknownHost(ValueError):  # noqa: N818 -- says what it is
    """No agent of this name or id is connected: which are."""


def chosen(wanted: Sequence[str], connected: Mapping[str, str], names: Mapping[str, str]) -> list[str]:
    """The ids of the connected agents that are meant, by id or name; all of them, where none is named.

    Args:
        wanted: names or ids.
        connected: host names as the agents tell them, by id.
        names: unique names by id.

    Raises:
        UnknownHost: one that is named is not connected, or none is.
    """
    shown = ", ".join(sorted(names.get(agent) or name for agent, name in connected.items())) or "none"
    if not connected and not wanted:
        raise UnknownHost("no agent is connected")
    found: dict[str, None] = {}
    for host in wanted:
        mine = [agent for agent, name in connected.items() if host in (agent, names.get(agent), name)]
        if not mine:
            raise UnknownHost(f"no agent {host!r} is connected; connected are: {shown}")
        found |= dict.fromkeys(mine)
    return list(found) if wanted else list(connected)


def find_port(text: str, state: State, names: Mapping[str, str], known: Mapping[str, str] | None = None) -> Port:
    """The port that a person means. `names`: host names by id; `known`: ids by name, where these are at hand.

    An interface of that very name comes first (`eth0.10` may be one); else the last part after a dot is a VID.

    Raises:
        UnknownPort: not of that form, or no host or interface of that name is known.
    """
    host_name, slash, interface = text.partition("/")
    if not slash or not interface:
        raise UnknownPort(f"{text!r} is not HOST/INTERFACE or HOST/INTERFACE.VID")
    host = _host(host_name, names, known or {shown: identity for identity, shown in names.items()})
    account = state.accounts.get(host)
    if account is None:
        # A peer that runs no agent is known by its evidence alone.
        return _split(host, interface, set()) or Port(host, interface)
    if held := account.interfaces.get(interface):
        return port_of(host, held[0])
    if port := _split(host, interface, set(account.interfaces)):
        return port
    raise UnknownPort(f"{host_name} has no interface {interface!r}{nearest(interface, account.interfaces)}")


def _host(name: str, names: Mapping[str, str], known: Mapping[str, str]) -> str:
    if name in known:
        return known[name]
    if name in names:
        return name
    raise UnknownPort(f"no host {name!r} is known{nearest(name, known)}")


def _split(host: str, interface: str, known: set[str]) -> Port | None:
    base, dot, vid = interface.rpartition(".")
    if not dot or not base or not (vid.isascii() and vid.isdigit()) or not 1 <= int(vid[:5]) <= MAX_VID:
        return None
    return Port(host, base, int(vid)) if not known or base in known else None


def nearest(name: str, known: Mapping[str, object]) -> str:
    """`; nearest: a, b`, or nothing where nothing is known. Of many, those are compared that come before and behind it in a list by name."""
    among = sorted(known)
    if len(among) > MOST_COMPARED:
        begin = max(0, bisect_left(among, name) - MOST_COMPARED // 2)
        among = among[begin : begin + MOST_COMPARED]
    near = difflib.get_close_matches(name, among, n=3, cutoff=0.4) or among[:3]
    return f"; nearest: {', '.join(near)}" if near else ""
