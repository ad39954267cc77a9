"""What holds now, before any conclusion is drawn from it.

Ports are canonical here: a VLAN interface `eth0.10` is the port (host, eth0, 10). A VLAN interface upon a VLAN interface
(802.1ad, "QinQ") is a port of the outer one, (host, eth0.10, 20): its VIDs are another space than those of eth0.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from bellrock.model import (
    EvidenceKey,
    EvidenceKind,
    Host,
    Interface,
    Neighbour,
    Port,
    RefusalCount,
    Wall,
)
from bellrock.topology.held import Held
from bellrock.topology.links import Links, configured_links, is_down, vlan_port
from bellrock.topology.shelf import Shelf
from bellrock.topology.subnets import subnet_of

BEACON_KINDS = frozenset({EvidenceKind.CONFIRMED, EvidenceKind.HEARD, EvidenceKind.OWN_BEACON})
"""The kinds that put two ports on one segment."""

_LLDP = EvidenceKind.LLDP  # to look a member up in its enumeration costs as much as a hash


class Segment(Struct, frozen=True):
    """A VLAN as a switch names it: ports whose neighbour is this chassis with this port VLAN are in one broadcast domain."""

    protocol: str
    chassis: str
    pvid: int


Node = Port | Segment
Join = tuple[Port, Node | None]
"""Two nodes of one broadcast domain; or a port and None, where a neighbour speaks for the port but joins it to nothing."""


class State:
    """Hosts, interfaces and evidence that hold now, and what may be asked of them."""

    def __init__(self) -> None:
        self.hosts: dict[str, Host] = {}
        self.seen: dict[str, Wall] = {}
        self.interfaces: dict[str, dict[str, Interface]] = {}
        self.evidence = Shelf()
        self.about: dict[Port, list[Held]] = {}
        """Evidence by the ports it names (as they were spelt), whether they observe or are observed; see `held.pieces`."""
        self.loops: dict[EvidenceKey, Held] = {}
        self.neighbours: dict[str, dict[EvidenceKey, Held]] = {}
        """LLDP and CDP evidence by chassis id."""
        self.refusals: dict[tuple[str, str], dict[tuple[Port, str, str], RefusalCount]] = {}
        """The newest count per interface, and of these per port, source and reason."""
        self.masked: set[Port] = set()
        """Of the keys of `about` those that pass no frames, by their hosts' own accounts: what names them is kept back."""
        self._canonical: dict[Port, Port] = {}
        self._spellings: dict[Port, tuple[Port, ...]] = {}
        self._macs: dict[str, int] = {}
        self._links: dict[str, Links] = {}
        self._spelt: dict[str, dict[Port, None]] | None = None

    @property
    def spelt(self) -> dict[str, dict[Port, None]]:
        """The keys of `about`, by host: made when first asked for, and kept from then on."""
        if self._spelt is None:
            if not self.about:
                return {}  # interfaces are told before evidence as a rule: what is made now would slow the fold down
            self._spelt = {}
            for port in self.about:
                self._spelt.setdefault(port.host, {})[port] = None
        return self._spelt

    def canonical(self, port: Port) -> Port:
        """The port itself, or the port that a VLAN interface's name stands for."""
        return self._canonical.get(port, port) if self._canonical else port

    def renamed(self) -> Iterator[Port]:
        """The keys of `about` that are names of other ports."""
        return (port for port in self._canonical if port in self.about)

    def spellings(self, port: Port) -> tuple[Port, ...]:
        """All names of a canonical port: itself, and the VLAN interfaces that are this port."""
        return (port, *self._spellings.get(port, ()))

    def carriers(self, port: Port) -> tuple[Interface, ...]:
        """The interfaces whose addresses and MAC are those of a canonical port (one as a rule, or none)."""
        if port.vid is None:
            interface = self.interface(port)
            return () if interface is None else (interface,)
        spellings = self._spellings.get(port)
        if spellings is None:
            return ()
        return tuple(self.interfaces[port.host][spelling.interface] for spelling in spellings)

    def subnets(self, port: Port) -> Iterator[str]:
        """Subnets of the addresses that a canonical port carries; link-local ones left out."""
        for interface in self.carriers(port):
            for _, subnet in self.addresses(interface):
                yield subnet

    @staticmethod
    def addresses(interface: Interface) -> Iterator[tuple[str, str]]:
        """Addresses of an interface with the subnets they stand for; link-local ones left out."""
        for address in interface.addresses:
            if (subnet := subnet_of(address)) is not None:
                yield address, subnet

    def interface(self, port: Port) -> Interface | None:
        """The interface that a canonical port's frames pass through, if its host reported it."""
        table = self.interfaces.get(port.host)
        return None if table is None else table.get(port.interface)

    def held(self, port: Port) -> Sequence[Held]:
        """Evidence that names a canonical port: true until something else is applied."""
        if not self._spellings or port not in self._spellings:
            return self.about.get(port, ())
        return [held for spelling in self.spellings(port) for held in self.about.get(spelling, ())]

    def joining(self, port: Port) -> Sequence[Held]:
        """Evidence that joins a canonical port to anything, or speaks for it alone."""
        held = self.held(port)
        masked = self.masked
        if not masked:
            for one in held:
                if not one.plain:
                    break
            else:
                return held
            return [one for one in held if one.plain or self.join(one) is not None]
        return [
            one
            for one in held
            if one.port not in masked and one.peer not in masked and (one.plain or self.join(one) is not None)
        ]

    def is_joined(self, port: Port) -> bool:
        """Whether evidence or configuration joins a canonical port to anything, or a switch speaks for it."""
        for spelling in self.spellings(port):
            for one in self.about.get(spelling, ()):
                if (one.plain and not self.masked) or self.join(one) is not None:
                    return True
        return port in self.links(port.host)

    def is_loose(self, host: str) -> bool:
        """Whether a host has interfaces that nothing joins to anything."""
        return any(
            name != "lo" and not self.is_joined(vlan_port(host, interface) or Port(host, name))
            for name, interface in self.interfaces.get(host, {}).items()
        )

    def passes(self, port: Port) -> bool:
        """Whether frames may pass a canonical port now, as far as its host's own account tells.

        A host that gives an account names all its interfaces: what is not among them is gone, or not there yet.
        The lower device of a VLAN interface alone may be missing, because it can be in another network namespace.
        """
        table = self.interfaces.get(port.host)
        if not table:
            return True
        interface = table.get(port.interface)
        return port in self._spellings if interface is None else not is_down(interface)

    def last_seen(self, held: Held) -> Wall:
        """When evidence was last known to hold: agents report changes only, so its host's word refreshes it."""
        seen = self.seen.get(held.port.host)
        return held.seen if seen is None or seen < held.seen else seen

    def join(self, held: Held) -> Join | None:
        """What a piece of evidence puts into one broadcast domain; None where it joins nothing."""
        at, of, masked = held.port, held.peer, self.masked
        if masked and (at in masked or of in masked):
            return None
        port = self._canonical.get(at, at)
        if of is not None and (held.plain or held.kind in BEACON_KINDS):
            peer = self._canonical.get(of, of)
            return None if peer == port else (port, peer)
        if held.kind is _LLDP and held.neighbour is not None:
            return port, self.segment(port, held.neighbour)
        return None

    def segment(self, port: Port, neighbour: Neighbour) -> Segment | None:
        """The switch's VLAN that a port is in untagged, where the neighbour is a switch and tells.

        IEEE 802.1Q Annex D.2.1: port VLAN id 0 means that the sender does not know it.
        """
        if not neighbour.pvid or port.vid is not None or self.is_host(neighbour):
            return None
        return Segment(neighbour.protocol, neighbour.chassis_id, neighbour.pvid)

    def switch(self, neighbour: Neighbour | None) -> str | None:
        """The chassis id of the switch that a port is plugged into, if its neighbour is taken for one.

        Servers with an LLDP agent name their ports by MAC address, and switches hardly ever do. A server on two fabrics
        joins nothing, so such a neighbour counts as a switch only if it tells a port VLAN.
        """
        if (
            neighbour is None
            or self.is_host(neighbour)
            or not (neighbour.pvid or not looks_like_mac(neighbour.port_id))
        ):
            return None
        return neighbour.chassis_id

    def is_host(self, neighbour: Neighbour) -> bool:
        """Whether the neighbour is one of the known hosts itself (an LLDP agent on a server), hence no switch."""
        return neighbour.chassis_id.lower() in self._macs

    def links(self, host: str) -> Links:
        """The joins that a host's own configuration makes among its ports."""
        found = self._links.get(host)
        if found is None:
            found = self._links[host] = configured_links(host, self.interfaces.get(host, {}), self.spelt.get(host, ()))
        return found

    def configured(self, port: Port) -> set[Port]:
        """The ports that a host's own configuration puts on one segment with a canonical port, which is among them."""
        links = self.links(port.host)
        reached, front = {port}, [port]
        while front:
            new = links.get(front.pop(), set()) - reached
            reached |= new
            front += new
        return reached

    def ports_of(self, host: str) -> set[Port]:
        """Canonical ports of a host that any evidence or configured link names."""
        ports = {self.canonical(port) for port in self.spelt.get(host, ())}
        ports.update(self.links(host))
        return ports

    def name(self, host: str) -> str:
        """A host's name: as it says, else as its beacons say (the most recently observed), else its id."""
        known = self.hosts.get(host)
        if known is not None:
            return known.name
        heard = (held for port in self.spelt.get(host, ()) for held in self.about[port])
        names = [(e.latest, e.words.name) for e in heard if e.words.name and e.peer is not None and e.peer.host == host]
        return max(names)[1] if names else host

    def label(self, port: Port) -> str:
        """A port for people: host name / interface . VID."""
        return f"{self.name(port.host)}/{port.interface}" + ("" if port.vid is None else f".{port.vid}")


def looks_like_mac(port_id: str) -> bool:
    """Whether a port id is a MAC address: `02:00:00:00:00:01`, with colons or hyphens."""
    parts = port_id.replace("-", ":").split(":")
    return len(parts) == 6 and all(len(part) == 2 and not part.strip("0123456789abcdefABCDEF") for part in parts)
