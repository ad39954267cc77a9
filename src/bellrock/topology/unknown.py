"""Interfaces that nothing is known about: why, and what would settle it."""

from collections.abc import Callable, Mapping

from bellrock.model import EvidenceKind, Interface, InterfaceKind, Port, RefusalCount
from bellrock.topology.conflicts import naming
from bellrock.topology.links import vlan_port
from bellrock.topology.state import State

_START = "start a rack on another machine there (`bellrock rack`)"

Homes = Callable[[str], list[str]]
"""Subnet → names of the VLANs that it is on (`VLAN 20`, `the segment of rack-1/eth0`)."""


def why(facts: State, host: str, interface: Interface, homes: Homes) -> str:
    """Why nothing is known about an interface, in one sentence that ends with what would settle it where something would."""
    port = vlan_port(host, interface) or Port(host, interface.name)
    return (
        _state(interface)
        or _place(facts, port, interface)
        or _beaconing(interface)
        or _heard(facts, port)
        or _address(facts, port, homes)
        or _refused(facts.refusals.get((port.host, port.interface), {}))
        or _inside(facts, port)
        or _nothing(interface)
    )


def _state(interface: Interface) -> str:
    if not interface.up:
        return "administratively down: bring it up to find out"
    if interface.carrier is False:
        return "no carrier: no cable, or its other end is down"
    if not interface.mac:
        return "it has no link-layer address, so no beacon can pass"
    return ""


def _place(facts: State, port: Port, interface: Interface) -> str:
    if interface.master is None:
        return ""
    if not interface.forwarding:
        return f"member of {interface.master}, which passes no frames through it now"
    return _inside(facts, port) or f"member of {interface.master}, of which nothing is known either"


def _inside(facts: State, port: Port) -> str:
    """What a machine that is alone can still know: which of its ports share a segment."""
    others = facts.configured(port) - {port}
    if not others:
        return ""
    return f"one segment with {naming(facts, others)} by this host's own configuration; nothing heard from outside: {_START}"


def _beaconing(interface: Interface) -> str:
    if not interface.speaks:
        return "no beacons are sent on it: the agent has no privilege for raw frames there, and no address to send from"
    if not interface.settled:
        return "beaconing is still under way"
    return ""


def _heard(facts: State, port: Port) -> str:
    kinds = {held.kind: held for held in facts.held(port)}
    if EvidenceKind.LOOP in kinds:
        return "only its own beacons come back: a loop behind it, and nobody else"
    if (far := kinds.get(EvidenceKind.ROUTABLE)) is not None and far.peer is not None:
        return f"only beacons that may have crossed a router reach it, from {facts.label(facts.canonical(far.peer))}"
    return ""


def _address(facts: State, port: Port, homes: Homes) -> str:
    for carrier in facts.carriers(port):
        for address, subnet in facts.addresses(carrier):
            if places := homes(subnet):
                named = " and ".join(places)
                return f"{address} belongs to {named}, but no beacon passes between it and {'that segment' if len(places) == 1 else 'those'}"
    return ""


def _refused(counts: Mapping[tuple[Port, str, str], RefusalCount]) -> str:
    if not counts:
        return ""
    worst = max(counts.values(), key=lambda one: (one.count, one.reason, one.source_mac))
    return f"no beacon was accepted: {worst.count} from {worst.source_mac} refused ({worst.reason})"


def _nothing(interface: Interface) -> str:
    if interface.kind is InterfaceKind.VLAN:
        return (
            f"nothing heard on VLAN {interface.vid}: no other agent is on it, or the switch does not pass it to this port; "
            "start a rack on another machine of that VLAN"
        )
    return f"nothing heard: no other agent on this segment, or it is wired to a VLAN without one; {_START}"
