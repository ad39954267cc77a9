"""Evidence in one sentence each, for people: who observed what of whom, and how long ago."""

from collections.abc import Mapping
from typing import Final

from bellrock.model import Evidence, EvidenceKey, EvidenceKind, Port, Strength, Wall

Names = Mapping[str, str]
"""Host id → host name."""

_SAYING: Final = {
    EvidenceKind.CONFIRMED: "{peer} acknowledged a fresh beacon of {port} on the link that it was sent on",
    EvidenceKind.HEARD: "{port} heard a beacon that {peer} sent",
    EvidenceKind.OWN_BEACON: "{port} heard the beacon that its own host sent on {peer}",
    EvidenceKind.LOOP: "{port} heard its own beacon come back",
    EvidenceKind.ROUTABLE: "{port} heard a beacon of {peer} that may have crossed a router",
    EvidenceKind.LLDP: "{port} is plugged into {neighbour}",
}

STRENGTHS: Final = {
    Strength.CONFIRMED: "a beacon of one was acknowledged by the other",
    Strength.HEARD: "beacons pass, at least one way",
    Strength.LLDP: "a switch says so",
    Strength.CONFIGURED: "the host's own configuration says so",
    Strength.INFERRED: "only the subnet of an address speaks for it",
}
"""What each strength of a claim rests on."""


def label(port: Port, names: Names) -> str:
    """A port as people write it: `rack-1/eth0`, `rack-1/eth0.10`."""
    return f"{names.get(port.host, port.host)}/{port.interface}" + ("" if port.vid is None else f".{port.vid}")


def key_sentence(key: EvidenceKey, names: Names) -> str:
    """What is known from a piece of evidence's identity alone."""
    chassis, _, port_id = key.neighbour.partition(" ")
    return _say(key, names, f"port {port_id} of {chassis}" if port_id else "a switch") + "."


def sentence(evidence: Evidence, names: Names, now: Wall | None = None, last: Wall | None = None) -> str:
    """A piece of evidence with its particulars. `last` is when it was last known to hold, if later than `evidence.seen`."""
    key = EvidenceKey(evidence.kind, evidence.port, evidence.peer)
    said = [_say(key, names, neighbour_name(evidence))]
    if evidence.round_trip is not None:
        said.append(f" within {milliseconds(evidence.round_trip)}")
    if evidence.version == 1:
        said.append(", in version 1 of the protocol")
    if now is not None:
        said.append(f" ({age(now - max(evidence.seen, last or evidence.seen))})")
    return "".join(said) + "."


def _say(key: EvidenceKey, names: Names, neighbour: str) -> str:
    peer = "nobody" if key.peer is None else label(key.peer, names)
    return _SAYING[key.kind].format(port=label(key.port, names), peer=peer, neighbour=neighbour)


def neighbour_name(evidence: Evidence) -> str:
    """A switch's port, as its LLDP or CDP frames name it: `port Eth1 of sw1 (LLDP), port VLAN 10`."""
    neighbour = evidence.neighbour
    if neighbour is None:
        return "a switch"
    name = neighbour.system_name or neighbour.chassis_id
    vlan = f", port VLAN {neighbour.pvid}" if neighbour.pvid else ""
    return f"port {neighbour.port_id} of {name} ({neighbour.protocol.upper()}){vlan}"


def milliseconds(seconds: float) -> str:
    """A short duration: `1.2 ms`, `80 µs`."""
    return f"{seconds * 1000:.3g} ms" if seconds >= 0.001 else f"{seconds * 1_000_000:.0f} µs"


def age(seconds: float) -> str:
    """How long ago: `just now`, `12 s ago`, `3 min ago`, `5 h ago`, `2 d ago`."""
    if seconds < 1:
        return "just now"
    for unit, length, limit in (("s", 1, 120), ("min", 60, 7200), ("h", 3600, 172_800)):
        if seconds < limit:
            return f"{seconds // length:.0f} {unit} ago"
    return f"{seconds // 86_400:.0f} d ago"
