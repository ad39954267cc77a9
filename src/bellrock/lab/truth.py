"""How a lab is wired, as a topology, and how much of that beacons can show. Pure functions of the parsed file.

Ports are those of hosts with agents: (host, interface, untagged or VID). Two are in one broadcast domain where a way leads
from one to the other over switches, links, bridges and cables; domains that share a trunk are one fabric.
"""

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec import Struct

from bellrock.lab.schema import BridgeSpec, InterfaceSpec, LabFile
from bellrock.lab.wiring import Groups, Node, edges, port_vids, split
from bellrock.model import Fabric, Member, Port, Strength, Topology, Unknown, Vlan


class Truth(Struct, frozen=True):
    """A lab's wiring."""

    wired: Topology
    """All of it."""
    knowable: Topology
    """What beacons can show: no domain in which nobody speaks or nobody else listens, no VID that no agent sees as a tag, and
    no fabric but by the trunks of agents."""


class _Domain(Struct, frozen=True):
    ports: tuple[Port, ...]
    switch_vids: tuple[int, ...]
    trunks: frozenset[tuple[str, ...]]
    """What it shares with other domains: interfaces of hosts, and links."""


_Found = tuple[tuple[Port, ...], int | None, frozenset[tuple[str, ...]]]
"""Ports, VID, and what the domain shares with others."""


def truth(lab: LabFile) -> Truth:
    """How the lab is wired, and what of it can be known."""
    domains = list(_domains(lab))
    wired: list[_Found] = [(domain.ports, _wired_vid(domain), domain.trunks) for domain in domains if domain.ports]
    shown: list[_Found] = []
    for domain in domains:
        ports = _shown(lab, domain.ports)
        if ports:
            shown.append((ports, _tagged_vid(ports), frozenset((port.host, port.interface) for port in ports)))
    return Truth(_topology(lab, wired, "no cable"), _topology(lab, shown, "no beacon can show where it is"))


def _domains(lab: LabFile) -> Iterator[_Domain]:
    groups = Groups()
    trunks: dict[Node, set[tuple[str, ...]]] = {}
    for a, b, path in edges(lab):
        groups.join(a, b)
        if path[0] == "link":
            trunks.setdefault(a, set()).add(("link", str(path[1])))
        if a[0] == "port" and b[0] == "switch":
            trunks.setdefault(b, set()).add((str(a[1]), str(a[2])))
    for group in groups.all():
        ports = sorted((port for node in group if (port := _port(lab, node))), key=_order)
        vids = tuple(sorted({node[2] for node in group if node[0] == "switch" and isinstance(node[2], int)}))
        shared = {key for node in group for key in trunks.get(node, ())}
        shared.update((port.host, port.interface) for port in ports)
        yield _Domain(tuple(ports), vids, frozenset(shared))


def _port(lab: LabFile, node: Node) -> Port | None:
    if node[0] != "port" or not lab.host[str(node[1])].runs_agent:
        return None
    vid = node[-1]
    return Port(str(node[1]), str(node[2]), vid if isinstance(vid, int) else None)


def _order(port: Port) -> tuple[str, str, int]:
    return port.host, port.interface, -1 if port.vid is None else port.vid


def _wired_vid(domain: _Domain) -> int | None:
    """The VID that the switches know it by; of several (a native mismatch) the one that most of its tagged ports use."""
    if len(domain.switch_vids) == 1:
        return domain.switch_vids[0]
    return _tagged_vid(domain.ports) or next(iter(domain.switch_vids), None)


def _tagged_vid(ports: Iterable[Port]) -> int | None:
    counts = Counter(port.vid for port in ports if port.vid is not None)
    return min(counts, key=lambda vid: (-counts[vid], vid), default=None)


def _shown(lab: LabFile, ports: tuple[Port, ...]) -> tuple[Port, ...]:
    """The ports of a domain that beacons can show to be in it: those that hear a speaker, and those that are heard.

    A host knows by itself how a bridge joins its ports, so a beacon must have come from beyond it to show a domain.
    """
    speakers = [port for port in ports if _speaks(lab, port) and not _faulty(lab, port, "mute")]
    hearers = [port for port in ports if not _faulty(lab, port, "deaf")]
    shown: set[Port] = set()
    for speaker in speakers:
        reached = [port for port in hearers if _site(lab, port) != _site(lab, speaker)]
        shown.update((speaker, *reached) if reached else ())
    sites = {_site(lab, port) for port in shown}
    return tuple(port for port in ports if port in shown or _site(lab, port) in sites)


def _speaks(lab: LabFile, port: Port) -> bool:
    """An agent beacons untagged on whatever is up, and with the VIDs it was told; a bridge's members are silent."""
    if _bridge_of(lab, port) is not None:
        return False
    return port.vid is None or port.vid in _spec(lab, port.host, port.interface).vlans


def _faulty(lab: LabFile, port: Port, kind: str) -> bool:
    bridge = lab.host[port.host].bridge.get(port.interface)
    names = bridge.members if bridge else (port.interface,)
    return any(fault.kind == kind and split(fault.at) in {(port.host, name) for name in names} for fault in lab.fault)


def _site(lab: LabFile, port: Port) -> tuple[str, str]:
    """What a host's own configuration makes one: a bridge with its members, or an interface."""
    return port.host, _bridge_of(lab, port) or port.interface


def _bridge_of(lab: LabFile, port: Port) -> str | None:
    bridges = lab.host[port.host].bridge.items()
    return next((name for name, bridge in bridges if bridge.up and port.interface in bridge.members), None)


def _spec(lab: LabFile, host: str, interface: str) -> InterfaceSpec | BridgeSpec:
    spec = lab.host[host]
    return spec.bridge[interface] if interface in spec.bridge else spec.interface[interface]


def _topology(lab: LabFile, domains: list[_Found], why: str) -> Topology:
    fabrics = []
    for number, group in enumerate(_fabrics(domains), start=1):
        vlans = []
        for place, (ports, vid, _) in enumerate(
            sorted(group, key=lambda found: (found[1] or 4095, _order(found[0][0]))), start=1
        ):
            label = str(vid) if vid is not None else f"unknown-{place}"
            vlans.append(_vlan(lab, f"wired-{number}.{label}", label, ports, vid))
        fabrics.append(Fabric(id=f"wired-{number}", name=f"wired-{number}", vlans=tuple(vlans)))
    placed = {(port.host, port.interface) for ports, _, _ in domains for port in ports}
    unknown = (Unknown(host=h, interface=i, why=_why(lab, h, i, why)) for h, i in _all(lab) if (h, i) not in placed)
    names = {name: name for name, host in lab.host.items() if host.runs_agent}
    return Topology(fabrics=tuple(fabrics), unknown=tuple(unknown), names=names)


def _fabrics(domains: list[_Found]) -> list[list[_Found]]:
    groups = Groups()
    for number, (_, _, trunks) in enumerate(domains):
        groups.find(("domain", str(number)))
        for trunk in trunks:
            groups.join(("domain", str(number)), ("trunk", *trunk))
    members = ([domains[int(node[1] or 0)] for node in group if node[0] == "domain"] for group in groups.all())
    return sorted((group for group in members if group), key=lambda group: min(_order(found[0][0]) for found in group))


def _vlan(lab: LabFile, key: str, label: str, ports: tuple[Port, ...], vid: int | None) -> Vlan:
    members = tuple(Member(port=port, strength=Strength.CONFIGURED) for port in ports)
    return Vlan(id=key, name=label, vid=vid, members=members, subnets=tuple(sorted(_subnets(lab, ports))))


def _subnets(lab: LabFile, ports: Iterable[Port]) -> set[str]:
    addresses = (text for port in ports if port.vid is None for text in _spec(lab, port.host, port.interface).addresses)
    networks = (ipaddress.ip_interface(text).network for text in addresses)
    return {str(network) for network in networks if not network.is_link_local}


def _all(lab: LabFile) -> Iterator[tuple[str, str]]:
    for name, host in lab.host.items():
        for interface in (*host.interface, *host.bridge) if host.runs_agent else ():
            yield name, interface


def _why(lab: LabFile, host: str, interface: str, otherwise: str) -> str:
    if not _spec(lab, host, interface).up:
        return "it is down"
    carries = port_vids(lab).get((host, interface))
    if carries is None and interface in lab.host[host].interface:
        return "it has no carrier"
    return otherwise
