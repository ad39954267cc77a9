"""Joins that a host's own configuration makes among its ports: bridges, bonds, macvlans, veth pairs."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from bellrock.model import Interface, InterfaceKind, Port, Wall

Links = dict[Port, set[Port]]
"""Canonical port → ports that share its segment by configuration."""
ALL: Final = Wall(float("inf"))
"""The moment of a fall that takes back whatever was told before: nobody knows when it was."""


def is_down(interface: Interface) -> bool:
    """Whether an interface is known to pass no frames."""
    return not interface.up or interface.carrier is False


def falls(known: Interface | None, told: Interface) -> bool:
    """Whether this word of an interface takes back what was told of its ports before: it is the first that says it is down.

    What is told while it is down is kept, and counts once it is up: it came ahead of the word that it is, and is told only once.
    """
    return is_down(told) and not (known is not None and is_down(known))


def takes_back(fallen: str, at: Wall, teller: str, seen: Wall) -> bool:
    """Whether a fall of a host's port takes back what somebody saw of it: all that its own agent told before; of others', what they saw before.

    `at`: when the port was down. An agent tells in order, but what it tells may reach the region after what others saw later.
    """
    return teller == fallen or seen < at


def vlan_port(host: str, interface: Interface) -> Port | None:
    """The port that a VLAN interface is, or None for any other interface."""
    if interface.kind is not InterfaceKind.VLAN or interface.vid is None or not interface.parents:
        return None
    return Port(host, interface.parents[0], interface.vid)


def fallen_with(host: str, names: Collection[str], table: Mapping[str, Interface]) -> set[Port]:
    """The ports that fall with a host's interfaces beside those that bear their names, whatever their VID.

    A VLAN interface falls as the port that it is, and under every other name of it; with any interface fall the names of its VLANs.
    `table`: the interfaces as they were known before.
    """
    vlans = {name: port for name, one in table.items() if (port := vlan_port(host, one)) is not None}
    own = {port for name in names if (port := vlans.get(name)) is not None}
    return own | {Port(host, name) for name, port in vlans.items() if port in own or port.interface in names}


def configured_links(host: str, table: Mapping[str, Interface], observed: Iterable[Port]) -> Links:
    """The joins among a host's ports, untagged and for each VID known on any interface of a group.

    `observed` are the ports that evidence names; their VIDs are known as those of VLAN interfaces are.
    A bridge that keeps VLANs apart (`vlan_filtering`) joins nothing: its members need not share a segment.
    """
    pairs = list(_pairs(table))
    links: Links = {}
    if not pairs:
        return links
    vids = _known_vids(table, observed)
    for group in _groups(pairs):
        known = set().union(*(vids.get(name, ()) for pair in group for name in pair))
        for upper, lower in group:
            for vid in (None, *known):
                a, b = _port(host, table[upper], vid), _port(host, table[lower], vid)
                links.setdefault(a, set()).add(b)
                links.setdefault(b, set()).add(a)
    return links


def _pairs(table: Mapping[str, Interface]) -> Iterator[tuple[str, str]]:
    """Pairs of interfaces through which all frames pass, whatever their tag."""
    for name, interface in table.items():
        if is_down(interface):
            continue
        others = [*interface.parents, *([interface.master] if interface.master else [])]
        for other in others:
            if (found := table.get(other)) is not None and other != name and not is_down(found):
                upper, lower = (found, interface) if other == interface.master else (interface, found)
                if _passes(upper, lower):
                    yield upper.name, lower.name


def _passes(upper: Interface, lower: Interface) -> bool:
    match upper.kind:
        case InterfaceKind.BRIDGE:
            return lower.forwarding and not upper.vlan_filtering
        case InterfaceKind.BOND:
            return lower.forwarding
        case InterfaceKind.MACVLAN:
            return True
        case InterfaceKind.VETH:
            return lower.kind is InterfaceKind.VETH
        case _:
            return False


def _known_vids(table: Mapping[str, Interface], observed: Iterable[Port]) -> dict[str, set[int]]:
    vids: dict[str, set[int]] = {}
    for interface in table.values():
        vids.setdefault(interface.name, set()).update(interface.vids)
        if interface.kind is InterfaceKind.VLAN and interface.vid is not None and interface.parents:
            vids.setdefault(interface.parents[0], set()).add(interface.vid)
    for port in observed:
        if port.vid is not None:
            vids.setdefault(port.interface, set()).add(port.vid)
    return vids


def _groups(pairs: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """Pairs that hang together."""
    root: dict[str, str] = {}

    def find(name: str) -> str:
        while (above := root.setdefault(name, name)) != name:
            name = above
        return name

    for a, b in pairs:
        root[find(a)] = find(b)
    groups: dict[str, list[tuple[str, str]]] = {}
    for pair in pairs:
        groups.setdefault(find(pair[0]), []).append(pair)
    yield from groups.values()


def _port(host: str, interface: Interface, vid: int | None) -> Port:
    if vid is None and interface.kind is InterfaceKind.VLAN and interface.vid is not None and interface.parents:
        return Port(host, interface.parents[0], interface.vid)
    return Port(host, interface.name, vid)
