"""Broadcast domains → the topology: fabrics, subnets inferred and split, contradictions between domains, what stays unknown."""

from collections.abc import Collection, Iterable, Iterator

from bellrock.model import Conflict, Interface, Member, Port, Strength, Topology, Unknown, Wall
from bellrock.topology import conflicts
from bellrock.topology.domains import Domain, sort_key
from bellrock.topology.grouping import Group, Grouping, first_of
from bellrock.topology.links import vlan_port
from bellrock.topology.naming import Sketch
from bellrock.topology.state import State
from bellrock.topology.unknown import why

Loose = tuple[str, Interface]
"""An interface that may be in no domain, and its host's id."""


def assemble(facts: State, partition: Iterable[Domain]) -> Topology:
    """The topology that follows, without ids and names of fabrics and VLANs (`carry` gives them)."""
    assembly = Assembly(facts)
    assembly.replace((), partition)
    found, rest = assembly.draw()
    return Topology(
        fabrics=tuple(one.fabric for one in found), conflicts=rest.conflicts, unknown=rest.unknown, names=rest.names
    )


class Assembly:
    """What follows from domains, which come and go: what has nothing to do with those that did stays as it was."""

    def __init__(self, facts: State) -> None:
        self._facts = facts
        self._grouping = Grouping(facts)
        self._hidden: dict[Domain, None] = {}
        """Of which nothing is claimed: only their hosts' own configuration speaks for them."""
        self._homes: dict[str, dict[Domain, None]] = {}
        """The domains that are claimed, by subnet."""
        self._split: dict[str, None] = {}
        """Subnets of more than one."""
        self._odd: dict[Domain, None] = {}
        """Those with contradictions of their own."""
        self._names: dict[str, str] | None = None
        self._guessed: set[Group] = set()
        """Groups that were drawn with inferred members."""

    def replace(self, gone: Iterable[Domain], fresh: Iterable[Domain]) -> None:
        """Some domains are no more, and others are."""
        gone, fresh = list(gone), list(fresh)
        for domain in gone:
            self._hidden.pop(domain, None)
            self._odd.pop(domain, None)
        for domain in fresh:
            if not domain.evident:
                self._hidden[domain] = None
            elif domain.conflicts:
                self._odd[domain] = None
        self._settle(gone, fresh)
        self._grouping.replace(
            [domain for domain in gone if domain.evident], [domain for domain in fresh if domain.evident]
        )

    def renamed(self, hosts: Iterable[str]) -> None:
        """These hosts came, went, or may have another name."""
        if (names := self._names) is None:
            return
        found = {host: self._facts.name(host) for host in hosts if self._is_known(host)}
        gone = [host for host in hosts if host in names and host not in found]
        if gone or any(names.get(host) != name for host, name in found.items()):
            merged = {**names, **found}
            for host in gone:
                del merged[host]
            same = merged.keys() == names.keys()
            self._names = merged if same else {host: merged[host] for host in sorted(merged)}

    def draw(self, loose: Collection[str] | None = None) -> tuple[list[Sketch], Topology]:
        """Fabrics, and all that is said beside them.

        Args:
            loose: the hosts that have interfaces which nothing joins to anything (`State.is_loose`), where somebody has kept account of that.
        """
        interfaces = list(_interfaces(self._facts, self._in_question(loose)))
        inferred = self._infer(interfaces)
        groups = self._grouping.groups()
        rest = Topology(
            conflicts=tuple(self._conflicts(groups)),
            unknown=tuple(self._unknowns(inferred, interfaces)),
            names=self._known_names(),
        )
        return self._sketches(groups, inferred), rest

    def _settle(self, gone: Iterable[Domain], fresh: Iterable[Domain]) -> None:
        touched: dict[str, None] = {}
        for domain in gone:
            for subnet in domain.subnets if domain.evident else ():
                touched[subnet] = None
                del self._homes[subnet][domain]
        for domain in fresh:
            for subnet in domain.subnets if domain.evident else ():
                touched[subnet] = None
                self._homes.setdefault(subnet, {})[domain] = None
        for subnet in touched:
            if len(self._homes[subnet]) > 1:
                self._split[subnet] = None
            else:
                self._split.pop(subnet, None)
                if not self._homes[subnet]:
                    del self._homes[subnet]

    def _is_known(self, host: str) -> bool:
        facts = self._facts
        return host in facts.hosts or host in facts.spelt or host in facts.interfaces

    def _known_names(self) -> dict[str, str]:
        if self._names is None:
            facts = self._facts
            self._names = {host: facts.name(host) for host in sorted({*facts.hosts, *facts.spelt, *facts.interfaces})}
        return self._names

    def _in_question(self, loose: Collection[str] | None) -> Collection[str]:
        """The hosts that may have interfaces of which nothing is known: those of all others are in domains that are claimed."""
        facts = self._facts
        if loose is None:
            return facts.interfaces
        return {
            *loose,
            *(member.port.host for domain in self._hidden for member in domain.members),
        } & facts.interfaces.keys()

    def _sketches(self, groups: list[Group], inferred: dict[Domain, list[Member]]) -> list[Sketch]:
        guessed = {self._grouping.home(domain) for domain in inferred}
        for group in guessed:
            group.sketch(tuple(tuple(_in_order(inferred.get(domain, ()))) for domain in group.domains))
        for group in self._guessed - guessed:
            group.sketch(())
        self._guessed = guessed
        return [group.drawn for group in groups]

    def _infer(self, interfaces: list[Loose]) -> dict[Domain, list[Member]]:
        """Members that only an address speaks for, by their domain."""
        inferred: dict[Domain, list[Member]] = {}
        for ports, subnets, speaks in _candidates(self._facts, self._hidden, interfaces):
            found = {domain for subnet in subnets for domain in self._homes.get(subnet, ())}
            if len(found) == 1:
                (domain,) = found
                # Where both sides speak, a beacon would have passed: the address is not to be believed.
                if not (speaks and domain.speaks):
                    inferred.setdefault(domain, []).extend(_inferred(self._facts, port) for port in ports)
        return inferred

    def _conflicts(self, groups: list[Group]) -> Iterator[Conflict]:
        for domain in sorted(self._odd, key=first_of):
            yield from domain.conflicts
        yield from conflicts.loops(self._facts)
        for group in groups:
            yield from group.splits
        for subnet in sorted(self._split):
            yield from conflicts.subnet_conflicts(self._facts, subnet, self._at_home(subnet))

    def _at_home(self, subnet: str) -> list[Domain]:
        return sorted(self._homes.get(subnet, ()), key=first_of)

    def _unknowns(self, inferred: dict[Domain, list[Member]], interfaces: list[Loose]) -> Iterator[Unknown]:
        guessed = {member.port for members in inferred.values() for member in members}
        known = {(port.host, port.interface) for port in guessed}

        def places(subnet: str) -> list[str]:
            return [_place(self._facts, domain) for domain in self._at_home(subnet)]

        for host, interface in interfaces:
            vlan = vlan_port(host, interface)
            group = self._grouping.at(host, interface.name if vlan is None else vlan.interface)
            if vlan is not None:
                claimed = vlan in guessed or (group is not None and vlan in group.ports)
            else:
                claimed = group is not None or (host, interface.name) in known
            if not claimed:
                yield Unknown(host=host, interface=interface.name, why=why(self._facts, host, interface, places))


def _in_order(members: Iterable[Member]) -> list[Member]:
    return sorted(members, key=lambda member: sort_key(member.port))


def _inferred(facts: State, port: Port) -> Member:
    return Member(port=port, strength=Strength.INFERRED, seen=facts.seen.get(port.host, Wall(0.0)))


def _candidates(
    facts: State, hidden: Iterable[Domain], interfaces: list[Loose]
) -> Iterator[tuple[tuple[Port, ...], tuple[str, ...], bool]]:
    """Ports without evidence that have an address: alone, or with what their host's configuration joins them to."""
    for domain in hidden:
        if domain.subnets:
            ports = tuple(member.port for member in domain.members)
            yield ports, tuple(domain.subnets), any(_speaks(facts, port) for port in ports)
    for host, interface in interfaces:
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


def _interfaces(facts: State, hosts: Collection[str]) -> Iterator[Loose]:
    for host in sorted(hosts):
        for name, interface in sorted(facts.interfaces[host].items()):
            if name != "lo":
                yield host, interface


def _place(facts: State, domain: Domain) -> str:
    if domain.vid is not None:
        return f"VLAN {domain.vid}"
    return f"the segment of {conflicts.naming(facts, (member.port for member in domain.members))}"
