"""two-on-one-segment: two interfaces of one machine are in the same broadcast domain."""

from collections.abc import Iterator

from bellrock.diagnosis.facts import Look, finding
from bellrock.model import EvidenceKind, Finding, Severity

ID = "two-on-one-segment"


def find(look: Look) -> Iterator[Finding]:
    """Each pair once. A warning: it works, but answers leave by either interface (ARP flux), and a bridge would make a loop."""
    told: set[frozenset[tuple[str, int | None]]] = set()
    for cable in look.cables:
        for one in cable.heard:
            if one.kind is not EvidenceKind.OWN_BEACON or one.peer is None:
                continue
            ends = frozenset(((one.port.interface, one.port.vid), (one.peer.interface, one.peer.vid)))
            if ends in told or one.peer.interface == one.port.interface:
                continue
            told.add(ends)
            here, there = _name(one.port.interface, one.port.vid), _name(one.peer.interface, one.peer.vid)
            yield finding(
                ID, Severity.WARNING, look, cable, f"{{}} and {look.host}/{there} are on one segment",
                cause="Both cables lead to ports of one VLAN, where two VLANs or one bond may have been meant.",
                proof=(f"{here} heard the beacon that this machine sent on {there}.",),
                fix=("Put one of the two switch ports into its own VLAN, or make a bond of both.",), vid=one.port.vid,
            )  # fmt: skip


def _name(interface: str, vid: int | None) -> str:
    return interface if vid is None else f"{interface}.{vid}"
