"""What is plugged into what: the pure plan that the builder follows and that the truth is read from."""

from collections.abc import Iterator

from msgspec import Struct, structs

from bellrock.lab.schema import FaultSpec, HostSpec, InterfaceSpec, LabFile, PortSpec
from bellrock.wire.toml.lines import Path

MAX_NAME = 15
"""Characters of an interface's name (IFNAMSIZ - 1)."""

Node = tuple[str, ...] | tuple[str, str, int | None] | tuple[str, str, str, int | None]
"""A place where frames of one broadcast domain are: ("switch", name, vid) or ("port", host, interface, vid)."""


class Plug(Struct, frozen=True, kw_only=True):
    """An interface in a switch. A cable without a switch is not one."""

    host: str
    interface: str
    switch: str
    device: str
    """The name of the switch's end."""
    port: PortSpec
    mtu: int
    """Octets of the switch's end."""


def plug_of(lab: LabFile, host: str, interface: str, spec: InterfaceSpec, device: str) -> Plug | None:
    """Where the interface is plugged in; None where it has no cable to a switch."""
    if spec.to is None:
        return None
    name, _, port_name = spec.to.partition("/")
    switch = lab.switch[name]
    inline = PortSpec(access=spec.access, trunk=spec.trunk, native=spec.native)
    port = switch.port[port_name] if port_name else inline
    for fault in lab.fault:
        if fault.at == f"{host}/{interface}":
            port = misconfigured(port, fault)
    return Plug(host=host, interface=interface, switch=name, device=device, port=port, mtu=port.mtu or switch.mtu)


def misconfigured(port: PortSpec, fault: FaultSpec) -> PortSpec:
    """How the switch treats a port with a fault that is one of its settings; other faults leave the settings alone."""
    vid, trunk = fault.vid, port.trunk or ()
    match fault.kind:
        case "port-down":
            return structs.replace(port, up=False)
        case "missing-vid":
            return structs.replace(port, trunk=tuple(other for other in trunk if other != vid))
        case "extra-vid" if vid is not None:
            return structs.replace(port, trunk=(*trunk, vid))
        case "native" if port.trunk is None:
            return structs.replace(port, access=vid)
        case "native":
            return structs.replace(port, native=vid)
        case _:
            return port


def interfaces(lab: LabFile) -> Iterator[tuple[str, str, InterfaceSpec]]:
    """(host, name, interface) of all interfaces but bridges, in the file's order."""
    for host, spec in lab.host.items():
        for name, interface in spec.interface.items():
            yield host, name, interface


def plugs(lab: LabFile) -> list[Plug]:
    """All interfaces that are plugged into a switch, in the file's order."""
    found = []
    for position, (host, name, spec) in enumerate(interfaces(lab)):
        device = f"{host}.{name}"
        plug = plug_of(lab, host, name, spec, device if len(device) <= MAX_NAME else f"port{position}")
        if plug is not None:
            found.append(plug)
    return found


def port_vids(lab: LabFile) -> dict[tuple[str, str], list[int | None]]:
    """What each interface can send and receive: VIDs, and None for untagged. Nothing where there is no carrier."""
    vids: dict[tuple[str, str], list[int | None]] = {}
    for plug in plugs(lab):
        if plug.port.up and lab.host[plug.host].interface[plug.interface].up:
            untagged = [None] if plug.port.untagged is not None else []
            vids[plug.host, plug.interface] = [*untagged, *plug.port.tagged]
    for cable in lab.cable:
        ends = [split(end) for end in cable.between]
        specs = [lab.host[host].interface[name] for host, name in ends]
        if all(spec.up for spec in specs):
            tagged = sorted({vid for spec in specs for vid in spec.vlans})
            vids.update((end, [None, *tagged]) for end in ends)
    return vids


def edges(lab: LabFile) -> Iterator[tuple[Node, Node, Path]]:
    """Pairs of places that share frames, and the key of the file that makes them so."""
    vids = port_vids(lab)
    for plug in plugs(lab):
        for vid in vids.get((plug.host, plug.interface), ()):
            inner = plug.port.untagged if vid is None else vid
            where = ("host", plug.host, "interface", plug.interface)
            yield ("port", plug.host, plug.interface, vid), ("switch", plug.switch, inner), where
    yield from _link_edges(lab)
    for position, cable in enumerate(lab.cable):
        a, b = (split(end) for end in cable.between)
        for vid in vids.get(a, ()):
            yield ("port", *a, vid), ("port", *b, vid), ("cable", position)
    for name, host in lab.host.items():
        yield from _bridge_edges(name, host, vids)


def _link_edges(lab: LabFile) -> Iterator[tuple[Node, Node, Path]]:
    for position, link in enumerate(lab.link):
        if not link.up:
            continue
        a, b = link.between
        one, other = link.end(a), link.end(b)
        pairs = {(vid, vid) for vid in one.trunk or () if vid in one.tagged or vid in other.tagged}
        if one.untagged is not None and other.untagged is not None:
            pairs.add((one.untagged, other.untagged))
        for here, there in sorted(pairs):
            yield ("switch", a, here), ("switch", b, there), ("link", position)


def _bridge_edges(
    name: str, host: HostSpec, vids: dict[tuple[str, str], list[int | None]]
) -> Iterator[tuple[Node, Node, Path]]:
    for bridge, spec in host.bridge.items():
        for position, member in enumerate(spec.members):
            for vid in vids.get((name, member), ()) if spec.up else ():
                where = ("host", name, "bridge", bridge, "members", position)
                yield ("port", name, bridge, vid), ("port", name, member, vid), where


def split(text: str) -> tuple[str, str]:
    """`HOST/INTERFACE` as its two names."""
    host, _, interface = text.partition("/")
    return host, interface


class Groups:
    """Union-find over any hashable things, in the order in which they were first named."""

    def __init__(self) -> None:
        self._parent: dict[Node, Node] = {}

    def find(self, node: Node) -> Node:
        """The one that stands for the group of `node`."""
        self._parent.setdefault(node, node)
        while self._parent[node] != node:
            self._parent[node] = self._parent[self._parent[node]]
            node = self._parent[node]
        return node

    def join(self, a: Node, b: Node) -> bool:
        """Make one group of two; False where they were one already."""
        one, other = self.find(a), self.find(b)
        self._parent[other] = one
        return one != other

    def all(self) -> list[list[Node]]:
        """The groups."""
        groups: dict[Node, list[Node]] = {}
        for node in self._parent:
            groups.setdefault(self.find(node), []).append(node)
        return list(groups.values())
