"""Which broadcast domains are one fabric: those that share an interface or a switch."""

from collections.abc import Iterable, Iterator
from functools import cached_property

from bellrock.model import Conflict, Fabric, Member, Port, Vlan
from bellrock.topology import conflicts
from bellrock.topology.domains import Domain, sort_key
from bellrock.topology.naming import Sketch, sketch_of
from bellrock.topology.state import State

Key = tuple[str, str]
"""(host, interface), or ("", chassis id): what two domains of one fabric have in common."""
Inferred = tuple[tuple[Member, ...], ...]


class Group:
    """The domains of one fabric. It never changes: where one of them does, another takes its place."""

    def __init__(self, facts: State, domains: Iterable[Domain]) -> None:
        self.domains = sorted(domains, key=_order)
        self.first = min(first_of(domain) for domain in self.domains)
        """Its place among fabrics."""
        self.splits: tuple[Conflict, ...] = tuple(conflicts.vid_splits(facts, self.domains))
        self._inferred: Inferred = ()
        self.drawn = self._draw(())
        """What is claimed of it, as last asked for."""

    @cached_property
    def ports(self) -> frozenset[Port]:
        """All that evidence puts into it."""
        return frozenset(member.port for domain in self.domains for member in domain.members)

    def sketch(self, inferred: Inferred) -> None:
        """See what is claimed of it: `drawn` stays the same object, if that is the same.

        Args:
            inferred: of each domain, the members that only an address speaks for; none where there are none at all.
        """
        if inferred != self._inferred:
            self._inferred, self.drawn = inferred, self._draw(inferred)

    def _draw(self, inferred: Inferred) -> Sketch:
        added = inferred or ((),) * len(self.domains)
        vlans = [_vlan(domain, more) for domain, more in zip(self.domains, added, strict=True)]
        return sketch_of(Fabric(id="", name="", vlans=tuple(vlans)))


class Grouping:
    """All groups, as domains come and go."""

    def __init__(self, facts: State) -> None:
        self._facts = facts
        self._of: dict[Key, Group] = {}
        self._home: dict[Domain, Group] = {}
        self._groups: list[Group] = []
        """In the order of their first ports, but for those that were added since somebody asked for that."""
        self._over: set[Group] = set()

    def replace(self, gone: Iterable[Domain], fresh: Iterable[Domain]) -> None:
        """Some domains are no more, and others are."""
        pool = dict.fromkeys(fresh)
        for group in [*map(self._home.get, gone), *(self._of.get(key) for one in pool for key in keys_of(one))]:
            if group is not None and group not in self._over:
                self._dissolve(group)
                pool.update(dict.fromkeys(group.domains))
        for domain in gone:
            pool.pop(domain, None)
        for domains in together(sorted(pool, key=first_of)):
            self._add(Group(self._facts, domains))

    def groups(self) -> list[Group]:
        """All of them, in the order of their first ports."""
        if self._over:
            self._groups = [group for group in self._groups if group not in self._over]
            self._over.clear()
        self._groups.sort(key=_place)
        return self._groups

    def home(self, domain: Domain) -> Group:
        """The group of a domain."""
        return self._home[domain]

    def at(self, host: str, interface: str) -> Group | None:
        """The group that an interface is part of; None where it is part of none."""
        return self._of.get((host, interface))

    def _add(self, group: Group) -> None:
        self._groups.append(group)
        for domain in group.domains:
            self._home[domain] = group
            self._of.update(dict.fromkeys(keys_of(domain), group))

    def _dissolve(self, group: Group) -> None:
        self._over.add(group)
        for domain in group.domains:
            del self._home[domain]
            for key in keys_of(domain):
                self._of.pop(key, None)


def together(domains: Iterable[Domain]) -> Iterator[list[Domain]]:
    """Domains by what they share, whatever the way round."""
    group_of: dict[Key, int] = {}
    groups: dict[int, list[Domain]] = {}
    keys: dict[int, list[Key]] = {}
    for number, domain in enumerate(domains):
        mine = keys_of(domain)
        met = {group_of[key] for key in mine if key in group_of}
        home = max(met, key=lambda group: (len(keys[group]), -group), default=number)
        groups.setdefault(home, []).append(domain)
        for other in met - {home}:
            groups[home] += groups.pop(other)
            mine += keys.pop(other)
        keys.setdefault(home, []).extend(mine)
        group_of.update(dict.fromkeys(mine, home))
    yield from groups.values()


def keys_of(domain: Domain) -> list[Key]:
    """What a domain may have in common with others."""
    return [*domain.interfaces, *(("", switch) for switch in domain.switches)]


def first_of(domain: Domain) -> tuple[str, str, int]:
    """A domain's place among domains: its first port."""
    return sort_key(domain.members[0].port)


def _place(group: Group) -> tuple[str, str, int]:
    return group.first


def _order(domain: Domain) -> tuple[bool, int, tuple[str, str, int]]:
    return domain.vid is None, domain.vid or 0, first_of(domain)


def _vlan(domain: Domain, inferred: tuple[Member, ...]) -> Vlan:
    members = domain.members
    if inferred:
        members = tuple(sorted((*members, *inferred), key=lambda member: sort_key(member.port)))
    return Vlan(id="", name="", vid=domain.vid, members=members, subnets=tuple(domain.subnets))
