"""The two ends of a path as people name them: an agent, an interface of one, or an address of one."""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from bellrock.region.service.agents import Session
from bellrock.region.service.names import nearest
from bellrock.region.service.state import State

MAX_NAMED: Final = 8
"""Agents that an error lists."""


class UnknownEnd(LookupError):  # noqa: N818 -- says what it is
    """No connected agent is meant, or more than one: which there are."""


class End(Struct, frozen=True):
    """One end. `address` and `interface` are empty where the kernel is to choose."""

    agent: str
    """Its id."""
    name: str
    interface: str = ""
    address: str = ""
    addresses: tuple[str, ...] = ()
    """Of those that may be meant, with prefix length, in the order of its interfaces; none of one link only."""

    def of_family(self, family: int) -> tuple[str, ...]:
        """Its addresses of a family, without prefix length."""
        return tuple(str(one.ip) for one in map(ipaddress.ip_interface, self.addresses) if one.version == family)

    def near(self, other: "End", family: int) -> str:
        """The address by which another end reaches it best: on a subnet that both are on, else its first; empty: it has none."""
        theirs = [one.network for one in map(ipaddress.ip_interface, other.addresses) if one.version == family]
        mine = [one for one in map(ipaddress.ip_interface, self.addresses) if one.version == family]
        shared = (one for one in mine if one.network in theirs)
        best = next(shared, mine[0] if mine else None)
        return str(best.ip) if best else ""


def find_end(text: str, state: State, sessions: Mapping[str, Session], names: Mapping[str, str]) -> End:
    """The end that a person means: an agent's name or id, HOST/INTERFACE, an interface that one agent alone has, or an address.

    Raises:
        UnknownEnd: none is meant, several are, or the agent is not connected.
    """
    try:
        address = str(ipaddress.ip_address(text))
    except ValueError:
        return _named(text, state, sessions, names)
    holders = [
        (agent, interface)
        for agent in sessions
        for interface, held in _addresses(state, agent)
        if str(held.ip) == address
    ]  # fmt: skip
    if len(holders) != 1:
        who = f"{len(holders)} connected agents have" if holders else "no connected agent has"
        raise UnknownEnd(f"{who} the address {address}{_there(sessions, names)}")
    agent, interface = holders[0]
    return _end(agent, state, sessions, names, interface, address)


def _named(text: str, state: State, sessions: Mapping[str, Session], names: Mapping[str, str]) -> End:
    host, slash, interface = text.partition("/")
    agent = _agent(host, sessions, names)
    if agent:
        known = {name for name, _ in _addresses(state, agent)}
        if slash and interface not in known:
            raise UnknownEnd(
                f"{host} has no interface {interface!r} with an address{nearest(interface, dict.fromkeys(known))}"
            )
        return _end(agent, state, sessions, names, interface)
    holders = [agent for agent in sessions if text in {name for name, _ in _addresses(state, agent)}]
    if slash or len(holders) != 1:
        if len(holders) > 1:
            raise UnknownEnd(f"{len(holders)} agents have an interface {text!r}: give HOST/{text}")
        raise UnknownEnd(f"no agent {host!r} is connected{_there(sessions, names)}")
    return _end(holders[0], state, sessions, names, text)


def _end(
    agent: str, state: State, sessions: Mapping[str, Session], names: Mapping[str, str], interface: str, address: str = ""
) -> End:  # fmt: skip
    meant = tuple(
        str(held)
        for name, held in _addresses(state, agent)
        if (not interface or name == interface) and (not address or str(held.ip) == address)
    )
    return End(agent, names.get(agent) or sessions[agent].host.name, interface, address, meant)


def _addresses(state: State, agent: str) -> Iterator[tuple[str, ipaddress.IPv4Interface | ipaddress.IPv6Interface]]:
    """Interface and address, without those that mean nothing beyond their link."""
    account = state.accounts.get(agent)
    for name, (interface, _) in sorted(account.interfaces.items() if account else ()):
        for text in interface.addresses:
            held = ipaddress.ip_interface(text)
            if not (held.is_link_local or held.is_loopback):
                yield name, held


def _agent(name: str, sessions: Mapping[str, Session], names: Mapping[str, str]) -> str:
    return next((agent for agent in sessions if name in (agent, names.get(agent), sessions[agent].host.name)), "")


def _there(sessions: Mapping[str, Session], names: Mapping[str, str]) -> str:
    known = sorted(names.get(agent) or session.host.name for agent, session in sessions.items())
    more = ", …" if len(known) > MAX_NAMED else ""
    return f"; connected are: {', '.join(known[:MAX_NAMED])}{more}" if known else "; no agent is connected"
