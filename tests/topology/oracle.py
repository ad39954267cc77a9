"""Inference as a beginner would write it: lists, loops, no index, no cache. Slow, and for that reason to be believed."""

from bellrock.model import (
    EvidenceGone,
    EvidenceKey,
    EvidenceSeen,
    HostGone,
    HostSeen,
    InterfaceGone,
    InterfaceSeen,
    Port,
)

BEACONS = ("confirmed", "heard", "own-beacon")


class Oracle:
    def __init__(self):
        self.evidence = []
        self.interfaces = {}
        self.seen = {}

    def apply(self, observation):
        match observation:
            case EvidenceSeen(evidence):
                self.evidence = [e for e in self.evidence if key(e) != key(evidence)] + [evidence]
            case EvidenceGone(gone, _, since):
                self.drop(lambda e: self.meant(key(e), gone))
                if since and gone.peer is not None:
                    self.drop(lambda e: self.mirrors(e, gone) and e.seen < since)
            case HostSeen(host, seen):
                self.seen[host.id] = max(seen, self.seen.get(host.id, seen))
            case HostGone(host):
                self.drop(lambda e: e.port.host == host)
                self.interfaces = {k: v for k, v in self.interfaces.items() if k[0] != host}
                self.seen.pop(host, None)
            case InterfaceSeen(host, new):
                old = self.interfaces.get((host, new.name))
                if down(new) and not (old is not None and down(old)):
                    self.drop(lambda e: self.touches(e, host, new.name))
                self.interfaces[host, new.name] = new
            case InterfaceGone(host, name):
                self.drop(lambda e: self.touches(e, host, name))
                self.interfaces.pop((host, name), None)

    def expire(self, before):
        old = [e for e in self.evidence if max(e.seen, self.seen.get(e.port.host, 0.0)) < before]
        self.drop(lambda e: e in old)
        return {key(e) for e in old}

    def drop(self, condition):
        self.evidence = [e for e in self.evidence if not condition(e)]

    def canonical(self, port):
        interface = None if port is None else self.interfaces.get((port.host, port.interface))
        if (
            interface is None
            or port.vid is not None
            or interface.kind != "vlan"
            or not interface.parents
            or interface.vid is None
        ):
            return port
        return Port(port.host, interface.parents[0], interface.vid)

    def meant(self, one, other):
        return self.folded(one) == self.folded(other)

    def folded(self, key):
        return key.kind, self.canonical(key.port), self.canonical(key.peer), key.neighbour

    def mirrors(self, evidence, gone):
        return (
            evidence.kind in BEACONS
            and self.canonical(evidence.port) == self.canonical(gone.peer)
            and self.canonical(evidence.peer) == self.canonical(gone.port)
        )

    def touches(self, evidence, host, name):
        for port in (evidence.port, evidence.peer):
            if port is None or port.host != host:
                continue
            canonical = self.canonical(port)
            if name in (port.interface, canonical.interface) or canonical == self.canonical(Port(host, name)):
                return True
        return False

    def passes(self, port):
        account = [i for (host, _), i in self.interfaces.items() if host == port.host]
        carrying = [i for i in account if i.name == port.interface]
        above = [i for i in account if port.vid is not None and self.canonical(Port(port.host, i.name)) == port]
        return not account or (not any(map(down, carrying)) if carrying else bool(above))

    def joins(self):
        """Pairs of nodes in one domain; a port with itself where only a switch speaks for it."""
        macs = {mac.lower() for i in self.interfaces.values() for mac in (i.mac, i.permanent_mac) if mac}
        for e in self.evidence:
            port, peer = self.canonical(e.port), self.canonical(e.peer)
            if not self.passes(port):
                continue
            if e.kind in BEACONS and peer is not None and self.passes(peer) and port != peer:
                yield port, peer
            elif e.kind == "lldp" and e.neighbour is not None:
                n = e.neighbour
                yield port, port
                if n.pvid and port.vid is None and n.chassis_id.lower() not in macs:
                    yield port, ("switch", n.protocol, n.chassis_id, n.pvid)
        yield from self.configured()

    def configured(self):
        for host in {host for host, _ in self.interfaces}:
            table = {name: i for (of, name), i in self.interfaces.items() if of == host}
            wires = [(a, b) for a in table.values() for b in table.values() if wired(a, b)]
            for a, b in wires:
                near = {a.name}
                while grown := {n for x, y in wires for n in (x.name, y.name) if {x.name, y.name} & near} - near:
                    near |= grown
                for vid in {None} | self.vids(host, near):
                    yield tuple(
                        Port(host, i.name, vid) if vid is not None else self.canonical(Port(host, i.name))
                        for i in (a, b)
                    )

    def vids(self, host, names):
        found = {v for name in names for v in self.interfaces[host, name].vids}
        for (of, _), i in self.interfaces.items():
            if of == host and i.kind == "vlan" and i.vid is not None and i.parents and i.parents[0] in names:
                found.add(i.vid)
        for e in self.evidence:
            for port in (e.port, e.peer):
                if port is not None and port.host == host and port.interface in names and port.vid is not None:
                    found.add(port.vid)
        return found

    def partition(self):
        groups = []
        for a, b in self.joins():
            met = [g for g in groups if a in g or b in g]
            groups = [g for g in groups if g not in met] + [{a, b}.union(*met)]
        return {frozenset(n for n in g if isinstance(n, Port)) for g in groups}


def key(e):
    neighbour = "" if e.neighbour is None else f"{e.neighbour.chassis_id} {e.neighbour.port_id}"
    return EvidenceKey(e.kind, e.port, e.peer, neighbour)


def down(interface):
    return not interface.up or interface.carrier is False


def wired(upper, lower):
    if upper.name == lower.name or down(upper) or down(lower):
        return False
    related = lower.name in upper.parents or lower.master == upper.name
    match upper.kind:
        case "bridge":
            return related and lower.forwarding and not upper.vlan_filtering
        case "bond":
            return related and lower.forwarding
        case "macvlan":
            return related
        case "veth":
            return lower.name in upper.parents and lower.kind == "veth"
    return False
