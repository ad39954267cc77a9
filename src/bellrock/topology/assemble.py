"""Broadcast domains → the topology: fabrics, subnets inferred and split, contradictions between domains, what stays unknown."""

from collections.abc import Iterable, Iterator

from bellrock.model import Conflict, Fabric, Interface, Member, Port, Strength, Topology, Unknown, Vlan, Wall
from bellrock.topology import conflicts
from bellrock.topology.domains import Domain, sort_key
from bellrock.topology.state import State, vlan_port
from bellrock.topology.unknown import why


def assemble(facts: State, partition: Iterable[Domain]) -> Topology:
    """The topology that follows, without ids and names of fabrics and VLANs (`carry` gives them)."""
    everything = list(partition)
    evident = sorted((domain for domain in everything if domain.evident), key=_first)
    hidden = [domain for domain in everything if not domain.evident]
    inferred = _infer(facts, evident, hidden)
    fabrics = [sorted(group, key=_order) for group in _fabrics(evident)]
    return Topology(
        fabrics=tuple(_fabric(group, inferred) for group in fabrics),
        conflicts=tuple(_conflicts(facts, evident, fabrics)),
        unknown=tuple(_unknowns(facts, evident, inferred)),
        names={host: facts.name(host) for host in sorted({*facts.hosts, *facts.spelt, *facts.interfaces})},
    )


def _first(domain: Domain) -> tuple[str, str, int]:
    return sort_key(domain.members[0].port)


def _order(domain: Domain) -> tuple[bool, int, tuple[str, str, int]]:
    return domain.vid is None, domain.vid or 0, _first(domain)


def _fabrics(domains: list[Domain]) -> list[list[Domain]]:
    """Domains grouped by the interfaces and switches that they share, in the order of their first ports."""
    group_of: dict[tuple[str, str], int] = {}
    groups: dict[int, list[Domain]] = {}
    keys: dict[int, list[tuple[str, str]]] = {}
    for number, domain in enumerate(domains):
        mine = [*domain.interfaces, *(("", switch) for switch in domain.switches)]
        met = {group_of[key] for key in mine if key in group_of}
        home = max(met, key=lambda group: (len(keys[group]), -group), default=number)
        groups.setdefault(home, []).append(domain)
        for other in met - {home}:
            groups[home] += groups.pop(other)
            mine += keys.pop(other)
        keys.setdefault(home, []).extend(mine)
        group_of.update(dict.fromkeys(mine, home))
    return sorted(groups.values(), key=lambda group: min(_first(domain) for domain in group))


def _fabric(group: list[Domain], inferred: dict[int, list[Member]]) -> Fabric:
    return Fabric(id="", name="", vlans=tuple(_vlan(domain, inferred.get(id(domain), [])) for domain in group))


def _vlan(domain: Domain, inferred: list[Member]) -> Vlan:
    members = domain.members
    if inferred:
        members = tuple(sorted((*members, *inferred), key=lambda member: sort_key(member.port)))
    return Vlan(id="", name="", vid=domain.vid, members=members, subnets=tuple(domain.subnets))


def _homes(domains: Iterable[Domain]) -> dict[str, list[Domain]]:
    homes: dict[str, list[Domain]] = {}
    for domain in domains:
        for subnet in domain.subnets:
            homes.setdefault(subnet, []).append(domain)
    return homes


def _infer(facts: State, evident: list[Domain], hidden: list[Domain]) -> dict[int, list[Member]]:
    """Members that only an address speaks for, by the identity of their domain."""
    homes = _homes(evident)
    inferred: dict[int, list[Member]] = {}
    for ports, subnets, speaks in _candidates(facts, hidden):
        found = {id(domain): domain for subnet in subnets for domain in homes.get(subnet, ())}
        if len(found) == 1:
            (domain,) = found.values()
            # Where both sides speak, a beacon would have passed: the address is not to be believed.
            if not (speaks and domain.speaks):
                inferred.setdefault(id(domain), []).extend(_inferred(facts, port) for port in ports)
    return inferred


def _inferred(facts: State, port: Port) -> Member:
    return Member(port=port, strength=Strength.INFERRED, seen=facts.seen.get(port.host, Wall(0.0)))


def _candidates(facts: State, hidden: list[Domain]) -> Iterator[tuple[tuple[Port, ...], tuple[str, ...], bool]]:
    """Ports without evidence that have an address: alone, or with what their host's configuration joins them to."""
    for domain in hidden:
        if domain.subnets:
            ports = tuple(member.port for member in domain.members)
            yield ports, tuple(domain.subnets), any(_speaks(facts, port) for port in ports)
    for host, interface in _interfaces(facts):
        port = vlan_port(host, interface) or Port(host, interface.name)
        if (
            interface.addresses
            and not facts.is_joined(port)
            and facts.passes(port)
            and interface.up
            and interface.carrier is not False
        ):
            yield (port,), tuple(subnet for _, subnet in facts.addresses(interface)), _speaks(facts, port)


def _speaks(facts: State, port: Port) -> bool:
    lower = facts.interface(port)
    carriers = [*facts.carriers(port), *([] if lower is None else [lower])]
    return any(interface.speaks for interface in carriers)


def _interfaces(facts: State) -> Iterator[tuple[str, Interface]]:
    for host in sorted(facts.interfaces):
        for name, interface in sorted(facts.interfaces[host].items()):
            if name != "lo":
                yield host, interface


def _conflicts(facts: State, evident: list[Domain], fabrics: list[list[Domain]]) -> Iterator[Conflict]:
    for domain in evident:
        yield from domain.conflicts
    yield from conflicts.loops(facts)
    for group in fabrics:
        yield from conflicts.vid_splits(facts, group)
    yield from conflicts.subnet_conflicts(facts, evident)


def _unknowns(facts: State, evident: list[Domain], inferred: dict[int, list[Member]]) -> Iterator[Unknown]:
    known = {(m.port.host, m.port.interface) for members in inferred.values() for m in members}
    known.update(pair for domain in evident for pair in domain.interfaces)
    tagged = {m.port for members in inferred.values() for m in members}
    if wanted := {vlan for host, interface in _interfaces(facts) if (vlan := vlan_port(host, interface)) is not None}:
        tagged.update(m.port for domain in evident for m in domain.members if m.port in wanted)
    homes = {subnet: [_place(facts, domain) for domain in found] for subnet, found in _homes(evident).items()}
    for host, interface in _interfaces(facts):
        vlan = vlan_port(host, interface)
        if (vlan not in tagged) if vlan is not None else ((host, interface.name) not in known):
            yield Unknown(host=host, interface=interface.name, why=why(facts, host, interface, homes))


def _place(facts: State, domain: Domain) -> str:
    if domain.vid is not None:
        return f"VLAN {domain.vid}"
    return f"the segment of {conflicts.naming(facts, (member.port for member in domain.members))}"
