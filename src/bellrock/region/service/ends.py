"""The two ends of a path as people name them: an agent, an interface of one, or an address of one."""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from bellrock.model import Interface, InterfaceKind
from bellrock.region.service.agentsession import Session
from bellrock.region.service.names import nearest
from bellrock.region.service.state import State

_OUTSIDE: Final = (InterfaceKind.PHYSICAL, InterfaceKind.VLAN, InterfaceKind.BOND)
"""What a bridge must have among its ports to reach another host; its other ports are those of containers and virtual machines."""
MAX_NAMED: Final = 8
"""Agents that an error lists."""


Address = ipaddress.IPv4Interface | ipaddress.IPv6Interface


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
    inner: frozenset[str] = frozenset()
    """Of these, those that lead nowhere beyond the host: of bridges without a port to the outside (containers, virtual machines), or without a carrier."""
    held: tuple[str, ...] = ()
    """All that the agent has."""

    def of_family(self, family: int) -> tuple[str, ...]:
        """Its addresses of a family, without prefix length."""
        return tuple(str(one.ip) for one in map(ipaddress.ip_interface, self.addresses) if one.version == family)

    def near(self, other: "End", family: int) -> str:
        """The address by which another end reaches it best; empty: it has none that the other has not itself.

        On a subnet that both are on, rather than elsewhere; what leads nowhere beyond its host comes last.
        """
        best = self._best(other, family)
        return str(best.ip) if best else ""

    def choice(self, other: "End", family: int) -> str:
        """Why that one, where there were several: for a sentence; empty: there was nothing to choose."""
        best, several = self._best(other, family), len(self._reachable(other, family))
        if best is None or several == 1:
            return ""
        if best.network in other.subnets:
            why = "on a subnet that both are on"
        else:
            why = "of its first interface" if str(best) in self.inner else "of the first interface that leads out of it"
        return f"{best.ip} was tried, {why}; {self.name} has {several} IPv{family} addresses: name another, or an interface"

    @property
    def subnets(self) -> set[ipaddress.IPv4Network | ipaddress.IPv6Network]:
        """Those on which other hosts may be."""
        return {one.network for one in map(ipaddress.ip_interface, self.addresses) if str(one) not in self.inner}

    def _best(self, other: "End", family: int) -> Address | None:
        theirs = other.subnets
        mine = self._reachable(other, family)
        return min(mine, key=lambda one: (str(one) in self.inner, one.network not in theirs), default=None)

    def _reachable(self, other: "End", family: int) -> list[Address]:
        """Its addresses of a family that the other end has not itself."""
        own = {ipaddress.ip_interface(one).ip for one in other.held}
        return [
            one for one in map(ipaddress.ip_interface, self.addresses) if one.version == family and one.ip not in own
        ]

    def both_have(self, other: "End", family: int) -> tuple[str, ...]:
        """Addresses of a family that the other end has as well: what it sends there never leaves it."""
        own = {ipaddress.ip_interface(one).ip for one in other.held}
        return tuple(one for one in self.of_family(family) if ipaddress.ip_address(one) in own)


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
        if not holders:
            raise UnknownEnd(f"no connected agent has the address {address}{_there(sessions, names)}")
        which = ", ".join(
            sorted(f"{_name(agent, sessions, names)}/{interface}" for agent, interface in holders)[:MAX_NAMED]
        )
        raise UnknownEnd(f"{len(holders)} connected agents have the address {address}: {which}; name one of these")
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
    held = tuple(_addresses(state, agent))
    meant = tuple(
        (name, str(one))
        for name, one in held
        if (not interface or name == interface) and (not address or str(one.ip) == address)
    )
    return End(
        agent, _name(agent, sessions, names), interface, address, tuple(one for _, one in meant),
        frozenset(one for name, one in meant if _leads_nowhere(state, agent, name)), tuple(str(one) for _, one in held),
    )  # fmt: skip


def _addresses(state: State, agent: str) -> Iterator[tuple[str, Address]]:
    """Interface and address, without those that mean nothing beyond their link."""
    for name, interface in sorted(_interfaces(state, agent).items()):
        for text in interface.addresses:
            held = ipaddress.ip_interface(text)
            if not (held.is_link_local or held.is_loopback):
                yield name, held


def _interfaces(state: State, agent: str) -> dict[str, Interface]:
    account = state.accounts.get(agent)
    return {name: interface for name, (interface, _) in account.interfaces.items()} if account else {}


def _leads_nowhere(state: State, agent: str, name: str) -> bool:
    """Whether what is sent out of an interface stays on its host: docker0, virbr0, lxdbr0, and what has no carrier."""
    known = _interfaces(state, agent)
    here = known[name]
    if not here.up or here.carrier is False:
        return True
    members = {one.name for one in known.values() if one.master == name} | set(here.parents)
    outside = any(one not in known or known[one].kind in _OUTSIDE for one in members)
    return here.kind is InterfaceKind.BRIDGE and not outside


def _agent(name: str, sessions: Mapping[str, Session], names: Mapping[str, str]) -> str:
    return next((agent for agent in sessions if name in (agent, names.get(agent), sessions[agent].host.name)), "")


def _name(agent: str, sessions: Mapping[str, Session], names: Mapping[str, str]) -> str:
    return names.get(agent) or sessions[agent].host.name


def _there(sessions: Mapping[str, Session], names: Mapping[str, str]) -> str:
    known = sorted(names.get(agent) or session.host.name for agent, session in sessions.items())
    more = ", …" if len(known) > MAX_NAMED else ""
    return f"; connected are: {', '.join(known[:MAX_NAMED])}{more}" if known else "; no agent is connected"
