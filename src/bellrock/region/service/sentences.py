"""What a piece of evidence says, in one sentence."""

from collections.abc import Callable

from bellrock.model import Evidence, EvidenceKey, EvidenceKind, Port

NameOf = Callable[[str], str]


def port_words(port: Port, name_of: NameOf) -> str:
    """`rack1 eth0`, `rack1 eth0 VID 10`."""
    tag = "" if port.vid is None else f" VID {port.vid}"
    return f"{name_of(port.host)} {port.interface}{tag}"


def key_sentence(key: EvidenceKey, evidence: Evidence | None, name_of: NameOf) -> str:
    """What the evidence under a key says; with the particulars where it is at hand."""
    port = port_words(key.port, name_of)
    peer = "an unnamed peer" if key.peer is None else port_words(key.peer, name_of)
    match key.kind:
        case EvidenceKind.CONFIRMED:
            return f"{peer} acknowledged a fresh beacon of {port}{_round_trip(evidence)}."
        case EvidenceKind.HEARD:
            return f"{port} heard a beacon that {peer} sent{_version(evidence)}."
        case EvidenceKind.OWN_BEACON:
            return f"{port} heard the beacon that its own host sent on {peer}."
        case EvidenceKind.LOOP:
            return f"{port} heard its own beacon: there is a loop."
        case EvidenceKind.ROUTABLE:
            return f"{port} had a beacon of {peer} that may have crossed a router."
        case EvidenceKind.LLDP:
            return f"{port} is connected to {_neighbour(key, evidence)}."


def _round_trip(evidence: Evidence | None) -> str:
    if evidence is None or evidence.round_trip is None:
        return ""
    return f" after {evidence.round_trip * 1000:.1f} ms"


def _version(evidence: Evidence | None) -> str:
    return f" (version {evidence.version})" if evidence and evidence.version else ""


def _neighbour(key: EvidenceKey, evidence: Evidence | None) -> str:
    neighbour = evidence.neighbour if evidence else None
    if neighbour is None:
        return f"neighbour {key.neighbour}"
    system = neighbour.system_name or neighbour.chassis_id
    vlan = "" if neighbour.pvid is None else f", port VLAN {neighbour.pvid}"
    return f"{system} port {neighbour.port_id}, as its {neighbour.protocol.upper()} says{vlan}"
