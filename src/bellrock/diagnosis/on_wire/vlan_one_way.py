"""vlan-one-way: a VLAN passes from a machine to its switch and not back, or the other way round, as two captures show it together."""

from collections import defaultdict
from collections.abc import Iterator

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import NS, Arp, Packet, Wire
from bellrock.diagnosis.readings import group, host_of, interface_of, links, of, own_macs, reliable, vid_of
from bellrock.model import Confidence, Finding, Severity

ID = "vlan-one-way"
TITLE = "A VLAN passes one way only"
EXPLAINS = frozenset(
    (
        "connection-unanswered",
        "never-arrived",
        "dns-unanswered",
        "ntp-unanswered",
        "metadata-unanswered",
        "dhcp-unanswered",
    )
)
_LEAST = 2
"""Questions whose answers did not come back."""
_SOON = 1 * NS

_Lost = dict[tuple[str, str, int | None], list[tuple[Packet, Packet]]]
"""(point, other point, VID) → questions and their answers at the other point."""


def find(case: Case) -> Iterator[Finding]:
    """One for each point and VID whose questions are answered at another point, while nothing comes back."""
    wire = case.wire
    if wire is None or len(wire.points) < 2:
        return
    points = {point.name: own_macs(wire, point.name) for point in wire.points if reliable(point)}
    back = {(packet.point, packet.vids, packet.destination_mac) for packet in wire.packets}
    for (here, there, vid), pairs in _lost(wire, points).items():
        question = pairs[0][0]
        came = (here, question.vids, question.source_mac) in back
        others = any(
            point == here and mac == question.source_mac and vids != question.vids for point, vids, mac in back
        )
        if len(pairs) >= _LEAST and not came:
            yield _finding(here, there, vid, pairs, others)


def _lost(wire: Wire, points: dict[str, frozenset[str]]) -> _Lost:
    """Questions that left a point by the machine's own interface, and were answered to it at another point."""
    asked: dict[tuple[str, str], dict[str, Packet]] = defaultdict(dict)
    found: _Lost = defaultdict(list)
    for packet, said in of(wire, Arp):
        if said.op == 1 and packet.point in points:
            asked[said.sender_mac, said.target][packet.point] = packet
        elif said.op == 2 and not group(packet.destination_mac):
            for here, question in asked[said.target_mac, said.sender].items():
                # An answer that comes in at another card of the same machine is as a bond has it (IEEE 802.1AX), or a second cable.
                own = bool(host_of(here)) and host_of(here) == host_of(packet.point)
                soon = here != packet.point and packet.at - question.at <= _SOON
                if soon and not own and said.target_mac in points[here]:
                    found[here, packet.point, vid_of(question)].append((question, packet))
    return found


def _finding(here: str, there: str, vid: int | None, pairs: list[tuple[Packet, Packet]], others: bool) -> Finding:
    question, answer = pairs[0]
    vlan = "the untagged VLAN" if vid is None else f"VLAN {vid}"
    return Finding(
        id=ID, severity=Severity.ERROR, host=host_of(here), interface=interface_of(here), vid=vid,
        what=f"{here}: {vlan} passes out and not back in",
        cause="A switch on the way takes frames of this VLAN from the port and sends none out to it: it is missing from a port's list of "
        "allowed VLANs, or one side has it untagged.",
        proof=(
            f"{len(pairs)} ARP questions left {here} (the first: packet {question.number}); {there} saw them and the answers (packet "
            f"{answer.number}).",
            f"Nothing for {question.source_mac} came to {here} in {vlan}"
            + (", while frames of other VLANs did." if others else ", in the whole capture."),
        ),
        evidence=links((question, answer)), confidence=Confidence.CERTAIN if others else Confidence.LIKELY,
        fix=(
            f"Look at {vlan} on the switch port of {here} and on each trunk towards {there} (`show interfaces trunk`): allowed, tagged on both ends.",
        ),
        recheck=f"bellrock vlan scan {interface_of(here) or 'INTERFACE'}",
    )  # fmt: skip
