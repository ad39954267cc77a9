"""Which ports an agent's interfaces give, and which of them speak."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from bellrock.beacon import PortFacts
from bellrock.model import Interface, InterfaceKind, Port


def ports_of(
    host: str, interfaces: Iterable[Interface], vlans: Mapping[str, Iterable[int]], *, raw: bool
) -> dict[Port, PortFacts]:
    """The ports on which beacons can be heard now.

    Args:
        host: the agent's id.
        interfaces: all interfaces of the host, up or not.
        vlans: interface name → VIDs on which to beacon with tags, without a VLAN interface.
        raw: whether frames are sent and received raw; without, tags can be neither seen nor sent.
    """
    by_name = {interface.name: interface for interface in interfaces}
    ports: dict[Port, PortFacts] = {}
    for interface in by_name.values():
        if not interface.up or interface.carrier is False:
            continue
        port = port_of(host, interface, by_name)
        ports[port] = _facts(port, interface, learn_vids=raw and port.vid is None, hears_itself=not raw)
        if raw:
            for vid in vlans.get(interface.name, ()):
                tagged = Port(host, interface.name, vid)
                ports.setdefault(tagged, _facts(tagged, interface, learn_vids=False, hears_itself=False))
    return ports


def port_of(host: str, interface: Interface, by_name: Mapping[str, Interface]) -> Port:
    """The port that untagged frames of an interface belong to: for a VLAN interface, its lower device with its VID."""
    if interface.kind is InterfaceKind.VLAN and interface.vid is not None and interface.parents:
        lower = interface.parents[0]
        if lower in by_name:
            return Port(host, lower, interface.vid)
    return Port(host, interface.name)


def ignored(name: str, patterns: Iterable[str]) -> bool:
    """Whether an interface is to be left alone."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _facts(port: Port, interface: Interface, *, learn_vids: bool, hears_itself: bool) -> PortFacts:
    untagged_by_vid = port.vid is not None and interface.kind is not InterfaceKind.VLAN
    addresses = () if untagged_by_vid else interface.addresses
    return PortFacts(
        port=port,
        interface=interface.name,
        mac=interface.mac,
        kind=interface.kind,
        parents=interface.parents,
        ipv4=tuple(address for address in addresses if ":" not in address),
        ipv6=tuple(address for address in addresses if ":" in address),
        mtu=interface.mtu,
        # A member's frames are its master's: on a backup slave they would move MAC addresses about in the switch.
        speaks=interface.master is None,
        learn_vids=learn_vids,
        # A UDP socket is handed its own multicast back (IP_MULTICAST_LOOP): no sign of a loop.
        hears_itself=hears_itself,
    )
