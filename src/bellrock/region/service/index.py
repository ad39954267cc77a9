"""What takes long to find out about all hosts at once, kept from one answer to the next and brought up to date where something changed."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct

from bellrock.model import Fabric, Interface, InterfaceKind, Port, Topology, Vlan
from bellrock.region.service.places import Place, Places, port_of
from bellrock.region.service.state import State


class _Named(Struct, frozen=True):
    """A fabric, without what is in it."""

    id: str
    name: str


Part = tuple[str] | tuple[str, str] | tuple[str, str, Port]
"""A fabric; a VLAN in it; a port in that: by their ids."""


class Index:
    """Names, the order of hosts by name, and where each interface is."""

    def __init__(self) -> None:
        self.names: Mapping[str, str] = {}
        """Unique, by id."""
        self.known: Mapping[str, str] = {}
        """Ids by unique name."""
        self.order: Sequence[tuple[str, str]] = ()
        """(name, id) of all agents, by name."""
        self.why: Mapping[tuple[str, str], str] = {}
        """By host id and interface: why nothing is known of its place."""
        self.fabrics: Mapping[str, Fabric] = {}
        """By id."""
        self.changed: set[Part] = set()
        """Parts of the topology that came, went or say something else since somebody emptied this; when they were seen is no news."""
        self.moved: set[Port] = set()
        """Ports that have another place, or another reason for having none, since somebody emptied this."""
        self._state: State | None = None
        self._named = (0, 0)
        self._from_topology: Mapping[str, str] = {}
        self._topology: Topology | None = None
        self._vlans: dict[str, tuple[_Named, Vlan]] = {}
        self._in_order: Sequence[str] | None = None
        self._places: dict[tuple[str, str], list[Place]] = {}

    def see(self, state: State, topology: Topology) -> None:
        """Bring it up to date."""
        self._see_names(state, topology)
        if topology is not self._topology:
            before, self._topology = self._topology, topology
            self._see_fabrics(topology)
            if before is None or (before.unknown is not topology.unknown and before.unknown != topology.unknown):
                was, self.why = self.why, {(one.host, one.interface): one.why for one in topology.unknown}
                self.moved |= {Port(*where) for where, _ in was.items() ^ self.why.items()}

    @property
    def by_interface(self) -> Places:
        """Every member of the topology, by the interface that it belongs to, untagged first. It is kept up to date."""
        return self._places

    def places(self, host: str, interface: Interface) -> list[Place]:
        """Where an interface is: a VLAN interface in its VLAN, any other wherever one of its ports is."""
        port = port_of(host, interface)
        found = self._places.get((host, port.interface), [])
        return [place for place in found if port.interface == interface.name or place.member.port == port]

    def placed(self, host: str, interface: Interface) -> bool:
        """Whether it is anywhere."""
        if interface.kind is InterfaceKind.VLAN:
            return bool(self.places(host, interface))
        return (host, interface.name) in self._places

    def member(self, port: Port) -> tuple[Fabric, Vlan] | None:
        """The VLAN that a port is a member of, and its fabric."""
        for place in self._places.get((port.host, port.interface), ()):
            if place.member.port == port:
                return self.vlan(place.vlan)
        return None

    @property
    def vlans_in_order(self) -> Sequence[str]:
        """The ids of all VLANs."""
        if self._in_order is None:
            self._in_order = sorted(self._vlans)
        return self._in_order

    def vlan(self, identity: str) -> tuple[Fabric, Vlan] | None:
        """The VLAN of this id, and its fabric."""
        return self.held(identity) if identity in self._vlans else None

    def held(self, identity: str) -> tuple[Fabric, Vlan]:
        """The same, of an id that is among `vlans_in_order`."""
        named, vlan = self._vlans[identity]
        return self.fabrics[named.id], vlan

    def called(self, name: str) -> str | None:
        """The id of the agent of this unique name; None: there is none."""
        at = bisect_left(self.order, (name,))
        return self.order[at][1] if at < len(self.order) and self.order[at][0] == name else None

    def vlans(self, vlan: str | None, fabric: str | None, vid: int | None) -> Mapping[str, Vlan]:
        """By id: the VLANs of this id or name, in the fabric of this id or name, of this VID; None: any."""
        return {
            identity: one
            for identity, (held, one) in self._vlans.items()
            if vlan in (None, identity, one.name) and fabric in (None, held.id, held.name) and vid in (None, one.vid)
        }

    def _see_names(self, state: State, topology: Topology) -> None:
        named = state.named, len(state.accounts)
        same = topology is self._topology or topology.names == self._from_topology
        if same and named == self._named and state is self._state:
            return
        self._state, self._named, self._from_topology = state, named, topology.names
        self.names = names = unique_names(host_names(state, topology))
        self.known = {name: identity for identity, name in names.items()}
        self.order = sorted((names[host], host) for host in state.accounts)

    def _see_fabrics(self, topology: Topology) -> None:
        """A fabric in which nothing has changed is the same object as before."""
        was, now = self.fabrics, {one.id: one for one in topology.fabrics}
        self.fabrics = now
        turned = [(was.get(one), now.get(one)) for one in was.keys() | now.keys() if was.get(one) is not now.get(one)]
        if turned:
            self._in_order = None
        # All that goes before all that comes: a VLAN may go from one fabric to another.
        came = [one for before, after in turned for one in self._leave(before, after)]
        for fabric, vlan in came:
            self._add(fabric, vlan)
        for _, after in turned:
            if after is not None:
                self._vlans |= {vlan.id: (_Named(after.id, after.name), vlan) for vlan in after.vlans}

    def _leave(self, was: Fabric | None, now: Fabric | None) -> list[tuple[str, Vlan]]:
        """Note what is not as it was in a fabric, and forget it; what is there in its place, by the fabric's id."""
        old, new = ({} if one is None else {vlan.id: vlan for vlan in one.vlans} for one in (was, now))
        fabric = next(one.id for one in (was, now) if one is not None)
        if was is None or now is None or was.name != now.name:
            self.changed.add((fabric,))
        turned = [one for one in old.keys() | new.keys() if old.get(one) is not new.get(one)]
        for one in turned:
            self._note(fabric, one, old.get(one), new.get(one))
            if (gone := old.get(one)) is not None:
                self._drop(gone)
                del self._vlans[one]
        return [(fabric, new[one]) for one in turned if one in new]

    def _note(self, fabric: str, identity: str, was: Vlan | None, now: Vlan | None) -> None:
        before, after = (
            {} if one is None else {each.port: each.strength for each in one.members} for one in (was, now)
        )
        if was is None or now is None or was.vid != now.vid:
            ports = before.keys() | after.keys()
        else:
            ports = {port for port, _ in before.items() ^ after.items()}
        if was is None or now is None or (was.name, was.vid, was.subnets) != (now.name, now.vid, now.subnets):
            self.changed.add((fabric, identity))
        self.changed |= {(fabric, identity, port) for port in ports}
        self.moved |= ports

    def _drop(self, vlan: Vlan) -> None:
        for where in {(member.port.host, member.port.interface) for member in vlan.members}:
            left = [place for place in self._places.get(where, ()) if place.vlan != vlan.id]
            if left:
                self._places[where] = left
            else:
                self._places.pop(where, None)

    def _add(self, fabric: str, vlan: Vlan) -> None:
        for member in vlan.members:
            found = self._places.setdefault((member.port.host, member.port.interface), [])
            found.append(Place(fabric, vlan.id, vlan.vid, member))
            if len(found) > 1:
                found.sort(key=lambda place: place.member.port.vid or 0)


def host_names(state: State, topology: Topology) -> dict[str, str]:
    """What hosts call themselves, by id."""
    names = dict(topology.names)
    names |= {peer.id: peer.name for peer in state.peers.values()}
    return names | {account.host.id: account.host.name for account in state.accounts.values()}


def unique_names(names: Mapping[str, str]) -> dict[str, str]:
    """Host names by id, with the id's last four characters (more, if need be) where hosts share one."""
    shared = Counter(names.values())
    taken = {name for name, count in shared.items() if count == 1}
    unique = {}
    for identity, name in sorted(names.items()):
        length = 4
        chosen = name
        while shared[name] > 1 and (chosen == name or chosen in taken):
            chosen = f"{name}-{identity[-length:]}"
            if length > len(identity):
                break
            length += 4
        taken.add(chosen)
        unique[identity] = chosen
    return unique
