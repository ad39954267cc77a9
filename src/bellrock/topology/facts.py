"""The fold of all observations: what each of them changes in what holds."""

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from bellrock.model import (
    Evidence,
    EvidenceGone,
    EvidenceKey,
    EvidenceSeen,
    Host,
    HostGone,
    HostSeen,
    Interface,
    InterfaceGone,
    InterfaceSeen,
    MtuGone,
    MtuSeen,
    Observation,
    Port,
    RefusalCount,
    Wall,
    key_of,
)
from bellrock.topology.held import Held, pieces
from bellrock.topology.index import Index
from bellrock.topology.links import ALL, falls, is_down, takes_back, vlan_port
from bellrock.topology.spelt import spelt_keys
from bellrock.topology.state import BEACON_KINDS, Join


class Change(Struct):
    """What an observation did, as far as whoever keeps a partition must know."""

    parted: list[Join] = []
    """Joins of which one piece of evidence is gone; another may still hold them."""
    lost: list[Port] = []
    """Ports that may have lost any of their joins."""
    gained: list[Port] = []
    """Ports all of whose joins must be looked at again."""
    joined: Join | None = None
    """One new join."""
    ports: list[Port] = []
    """Ports of which something else changed."""
    hosts: list[str] = []
    """Hosts of which something changed that all their ports show: name, interfaces."""
    aged: list[str] = []
    """Hosts that gave their word anew and said nothing else."""
    idle: bool = False
    """Nothing that is concluded can be another for it."""


class Facts(Index):
    """The state, and `apply`, the only way to change it."""

    def fold(self, observations: Iterable[Observation]) -> None:
        """Apply many observations whose single effects nobody wants to know."""
        for observation in observations:
            if type(observation) is EvidenceSeen:
                self._hold(observation.evidence)
            else:
                self.apply(observation)

    def apply(self, observation: Observation, at: Wall = ALL) -> Change:
        """Take in one observation, and say what it changed. `at`: when it held; see `links.takes_back`."""
        match observation:
            case EvidenceSeen(evidence):
                return self._evidence_seen(evidence)
            case EvidenceGone(key, _, since):
                return self._evidence_gone(key, since)
            case HostSeen(host, seen):
                return self._host_seen(host, seen)
            case HostGone(host_id):
                return self._host_gone(host_id)
            case InterfaceSeen(host_id, interface):
                return self._interface_changed(host_id, interface.name, interface, at)
            case InterfaceGone(host_id, name):
                return self._interface_changed(host_id, name, None, at)
            case RefusalCount():
                return self._refused(observation)
            case MtuSeen() | MtuGone():
                return Change(idle=True)  # what passes does not decide what is wired to what

    def _refused(self, refusal: RefusalCount) -> Change:
        port = refusal.port
        counts = self.refusals.setdefault((port.host, port.interface), {})
        if refusal.count:
            counts[port, refusal.source_mac, refusal.reason] = refusal
        else:
            counts.pop((port, refusal.source_mac, refusal.reason), None)
        return Change()

    def expire(self, before: Wall) -> tuple[list[EvidenceKey], Change]:
        """Drop the evidence that was last known to hold before `before`."""
        # What a host observed is as fresh as its last word, so only silent hosts need a closer look.
        silent = [host for host in self.spelt if self.seen.get(host, Wall(0.0)) < before]
        old = [held for host in silent for held in self._observed_by(host) if held.seen < before]
        return [held.key for held in old], self._drop_all(old)

    def _observed_by(self, host: str) -> list[Held]:
        own = {h: None for port in self.spelt.get(host, ()) for h in self.about[port] if h.port.host == host}
        return pieces(own)

    def _evidence_seen(self, evidence: Evidence) -> Change:
        port, peer = evidence.port, evidence.peer
        grown = self._grows(port) or (peer is not None and self._grows(peer))
        before = self._ends(evidence) if grown else set()
        held = self.evidence.find(key_of(evidence))
        replaced = None if held is None else self.join(held)
        self._hold(evidence)
        ports = [self.canonical(port)] if peer is None else [self.canonical(port), self.canonical(peer)]
        change = Change(ports=ports, hosts=[end.host for end in ports if end.host not in self.hosts])
        joined = self.join(held or self.evidence[key_of(evidence)])
        if held is None:
            change.joined = joined
        elif replaced != joined:
            change.lost, change.gained = ports[:1], ports[:1]
        if grown:
            change.gained = [*before, *self._ends(evidence)]
        return change

    def _grows(self, port: Port) -> bool:
        """Whether evidence on a port makes a VID known that the host's bridges and bonds then pass on."""
        return port.vid is not None and port not in self.about and bool(self.links(port.host))

    def _ends(self, evidence: Evidence) -> set[Port]:
        hosts = {port.host for port in (evidence.port, evidence.peer) if port is not None}
        return set().union(*(self.ports_of(host) for host in hosts))

    def _evidence_gone(self, key: EvidenceKey, since: Wall) -> Change:
        gone = [held for spelling in self._spelt_keys(key) if (held := self.evidence.find(spelling)) is not None]
        if since and key.peer is not None:
            gone += self._mirrors(key.port, key.peer, since)
        return self._drop_all(gone)

    def _spelt_keys(self, key: EvidenceKey) -> Sequence[EvidenceKey]:
        peers = () if key.peer is None else self.spellings(self.canonical(key.peer))
        return spelt_keys(key, self.spellings(self.canonical(key.port)), peers)

    def _mirrors(self, port: Port, peer: Port, since: Wall) -> list[Held]:
        """What `peer` observed of `port` before the silence began."""
        return [
            held
            for kind in BEACON_KINDS
            for key in self._spelt_keys(EvidenceKey(kind, peer, port))
            if (held := self.evidence.find(key)) is not None and held.seen < since
        ]

    def _drop_all(self, gone: Iterable[Held]) -> Change:
        change = Change()
        shrinking: set[str] = set()
        for held in gone:
            ends = [self.canonical(port) for port in (held.port, held.peer) if port is not None]
            if (join := self.join(held)) is not None:
                change.parted.append(join)
            change.ports += ends
            change.hosts += [end.host for end in ends if end.host not in self.hosts]
            for host in {end.host for end in ends if end.vid is not None} - shrinking:
                # Without its last evidence a VID is no longer known, and no longer passed on inside the host.
                if self.links(host):
                    shrinking.add(host)
                    change.lost += self.ports_of(host)
            self._drop(held.key)
        return change

    def _host_seen(self, host: Host, seen: Wall) -> Change:
        newer = max(seen, self.seen.get(host.id, seen))
        if self.hosts.get(host.id) == host and self.seen.get(host.id) == newer:
            return Change()
        same = self.hosts.get(host.id) == host
        self.hosts[host.id] = host
        self.seen[host.id] = newer
        return Change(aged=[host.id]) if same else Change(hosts=[host.id])

    def _host_gone(self, host: str) -> Change:
        before = self.ports_of(host)
        change = self._drop_all(self._observed_by(host))
        for name in tuple(self.interfaces.get(host, ())):
            moved = self._interface_changed(host, name, None, None)
            change.lost += moved.lost
            change.gained += moved.gained
        self.hosts.pop(host, None)
        self.seen.pop(host, None)
        self.interfaces.pop(host, None)
        for key in [key for key in self.refusals if key[0] == host]:
            del self.refusals[key]
        change.lost += before
        change.gained += self.ports_of(host)
        change.hosts.append(host)
        return change

    def _interface_changed(self, host: str, name: str, new: Interface | None, at: Wall | None) -> Change:
        """`at`: as of when it takes evidence back, if it falls; None: it takes none back."""
        table = self.interfaces.setdefault(host, {})
        old = table.get(name)
        if old is not None and new is not None and replace(old, mtu=new.mtu) == new:
            table[name] = new
            return Change(idle=True)
        if new is None:
            self.refusals.pop((host, name), None)
        fell = self._fallen(host, name, at) if at is not None and (new is None or falls(old, new)) else ()
        change = self._drop_all(fell)
        change.hosts.append(host)
        if _shape(old) == _shape(new):
            if new is not None:
                table[name] = new
            return change
        change.lost += self.ports_of(host)
        macs = _macs(old) ^ _macs(new)
        self._replace(host, table, old, new)
        about = [held for mac in macs for held in self.neighbours.get(mac, {}).values()]
        ends = [self.canonical(held.port) for held in about]
        change.lost += ends
        change.gained += [*self.ports_of(host), *ends]
        change.ports += ends
        return change

    def _fallen(self, host: str, name: str, at: Wall) -> list[Held]:
        return [one for one in self._on_interface(host, name) if takes_back(host, at, one.port.host, one.seen)]

    def _on_interface(self, host: str, name: str) -> list[Held]:
        """Evidence of or about the ports of an interface, however they are spelt."""
        own = self.canonical(Port(host, name))
        found: dict[Held, None] = {}
        for spelt in self.spelt.get(host, ()):
            port = self.canonical(spelt)
            if name in (spelt.interface, port.interface) or port == own:
                found.update(dict.fromkeys(self.about[spelt]))
        return pieces(found)

    def _replace(self, host: str, table: dict[str, Interface], old: Interface | None, new: Interface | None) -> None:
        if old is not None:
            self._forget(host, old)
            del table[old.name]
        if new is not None:
            table[new.name] = new
            self._learn(host, new)
        self._links.pop(host, None)
        for port in self.spelt.get(host, ()):
            self._mask(port)

    def _learn(self, host: str, interface: Interface) -> None:
        for mac in _macs(interface):
            self._macs[mac] = self._macs.get(mac, 0) + 1
        if (port := vlan_port(host, interface)) is not None:
            spelling = Port(host, interface.name)
            self._canonical[spelling] = port
            self._spellings[port] = (*self._spellings.get(port, ()), spelling)

    def _forget(self, host: str, interface: Interface) -> None:
        for mac in _macs(interface):
            self._macs[mac] -= 1
            if not self._macs[mac]:
                del self._macs[mac]
        spelling = Port(host, interface.name)
        port = self._canonical.pop(spelling, None)
        if port is not None:
            rest = tuple(other for other in self._spellings.pop(port) if other != spelling)
            if rest:
                self._spellings[port] = rest


def _macs(interface: Interface | None) -> set[str]:
    if interface is None:
        return set()
    return {mac.lower() for mac in (interface.mac, interface.permanent_mac) if mac}


def _shape(interface: Interface | None) -> tuple[object, ...] | None:
    """All of an interface that decides what it is joined to."""
    if interface is None:
        return None
    return (
        interface.kind,
        interface.parents,
        interface.vid,
        interface.master,
        interface.forwarding,
        interface.vlan_filtering,
        interface.vids,
        is_down(interface),
        _macs(interface),
    )
