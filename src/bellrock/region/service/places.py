"""Which interface belongs where: ports of interfaces, their members, and registrations that keep their ids."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from bellrock.model import Interface, InterfaceKind, Member, Port, Topology, Wall
from bellrock.region.service.state import Account
from bellrock.region.store import Registration

MAX_ABSENT: Final = 64
"""Registrations kept per host for interfaces that are not there now."""


class Place(Struct, frozen=True):
    """A member and where it is."""

    fabric: str
    vlan: str
    vid: int | None
    member: Member


Places = Mapping[tuple[str, str], list[Place]]
"""By host id and interface name."""


def places_of(topology: Topology, hosts: Collection[str] | None = None) -> Places:
    """Every member of the topology, or of some hosts by id, by the interface that it belongs to, untagged first."""
    places: dict[tuple[str, str], list[Place]] = {}
    for fabric in topology.fabrics:
        for vlan in fabric.vlans:
            for member in vlan.members:
                if hosts is not None and member.port.host not in hosts:
                    continue
                place = Place(fabric.id, vlan.id, vlan.vid, member)
                places.setdefault((member.port.host, member.port.interface), []).append(place)
    for found in places.values():
        found.sort(key=lambda place: place.member.port.vid or 0)
    return places


def port_of(host: str, interface: Interface) -> Port:
    """The port that an interface's own frames use: of a VLAN interface, its lower device's with its VID."""
    if interface.kind is InterfaceKind.VLAN and interface.vid is not None and interface.parents:
        return Port(host, interface.parents[0], interface.vid)
    return Port(host, interface.name)


def places_at(places: Places, host: str, interface: Interface) -> list[Place]:
    """Where an interface is: a VLAN interface in its VLAN, any other wherever one of its ports is."""
    port = port_of(host, interface)
    found = places.get((host, port.interface), [])
    return [place for place in found if port.interface == interface.name or place.member.port == port]


class Registrar:
    """Gives every settled interface a registration, once, and keeps its place up to date."""

    def __init__(self, registrations: Iterable[Registration], new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._by_host: dict[str, dict[tuple[str, str], Registration]] = {}
        """By host, then by MAC and name."""
        self.named: set[Port] = set()
        """Interfaces that got a registration, or one of theirs another name, since somebody emptied this."""
        self.turn = 0
        """Grows whenever a registration comes, goes, or says something else."""
        for one in registrations:
            self._by_host.setdefault(one.host, {})[one.mac, one.name] = one

    def find(self, host: str, interface: Interface) -> Registration | None:
        """The registration under an interface's present name."""
        return self._by_host.get(host, {}).get((_mac(interface), interface.name))

    def update(self, accounts: Iterable[Account], places: Places, now: Wall) -> tuple[list[Registration], list[str]]:
        """Bring all up to date; the registrations that changed, and the ids of those given up."""
        changed: list[Registration] = []
        gone: list[str] = []
        for account in accounts:
            changed += self._update_host(account, places, now)
            gone += self._trim(account)
        self.turn += bool(changed or gone)
        return changed, gone

    def _update_host(self, account: Account, places: Places, now: Wall) -> list[Registration]:
        changed = []
        for interface, _ in account.interfaces.values():
            # Before beaconing has had its say, a place would be a guess, and the guess would stick.
            if not interface.settled:
                continue
            old = self.find(account.host.id, interface) or self._renamed(account, interface)
            new = self._registration(old, account.host.id, interface, places, now)
            if new != old:
                own = self._by_host.setdefault(new.host, {})
                if old is not None:
                    own.pop((old.mac, old.name), None)
                own[new.mac, new.name] = new
                changed.append(new)
                if old is None or old.name != new.name:
                    self.named.add(Port(new.host, new.name))
        return changed

    def _registration(
        self, old: Registration | None, host: str, interface: Interface, places: Places, now: Wall
    ) -> Registration:
        if old is None:
            old = Registration(id=self._new_id(), host=host, mac=_mac(interface), name=interface.name, since=now)
        found = tuple((place.fabric, place.vlan, place.member.port.vid) for place in places_at(places, host, interface))
        # Evidence that ages out does not unplug a cable: the last known place stands until another is shown.
        return replace(old, name=interface.name, vlans=found or old.vlans)

    def _renamed(self, account: Account, interface: Interface) -> Registration | None:
        """The registration of the same MAC under a name that its host no longer has."""
        candidates = [
            one
            for one in self._by_host.get(account.host.id, {}).values()
            if one.mac == _mac(interface) and one.name not in account.interfaces
        ]
        return min(candidates, key=lambda one: one.since, default=None)

    def _trim(self, account: Account) -> list[str]:
        own = self._by_host.get(account.host.id, {})
        absent = [one for one in own.values() if one.name not in account.interfaces]
        excess = sorted(absent, key=lambda one: one.since)[: max(0, len(absent) - MAX_ABSENT)]
        for one in excess:
            del own[one.mac, one.name]
        return [one.id for one in excess]


def _mac(interface: Interface) -> str:
    return interface.permanent_mac or interface.mac
