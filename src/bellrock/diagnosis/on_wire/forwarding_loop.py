"""forwarding-loop: the same packet comes by again and again: switches pass it in a circle, or routers do."""

from collections import defaultdict
from collections.abc import Hashable, Iterator
from itertools import pairwise
from typing import Final

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import NS, Arp, Complaint, Packet, Segment, Solicitation, Wire
from bellrock.diagnosis.readings import (
    SILENCE,
    again,
    group,
    host_of,
    interface_of,
    links,
    segment_of,
    unicast,
    vid_of,
)
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire import dhcp

ID = "forwarding-loop"
TITLE = "Packets go round in a circle"
EXPLAINS = SILENCE | {
    "arp-storm",
    "duplicate-address",
    "dhcp-unanswered",
    "dhcp-offer-not-taken",
    "dhcp-request-unanswered",
}
COPIES: Final = 16
"""Of one frame; capturing on several interfaces at once shows two or three, a mirror of many ports one for each."""
APART: Final = NS // 20
"""At most, from one copy to the next: whoever repeats himself waits longer."""
LASTS: Final = NS // 50
"""From the first copy to the last, at least: a circle goes on, and what a mirror of many ports or many taps copy is over at once."""
SENDERS: Final = 2
"""Machines of which frames come by again and again: one may be a program that has gone wild."""
ROUNDS: Final = 4
"""Hop limits of one packet."""


def find(case: Case) -> Iterator[Finding]:
    """One for each circle, at the point that saw it first, and one for each address to which routers do not find the way."""
    if case.wire is not None:
        yield from _switched(case.wire)
        yield from _routed(case.wire)


def _switched(wire: Wire) -> Iterator[Finding]:
    copies: dict[tuple[object, Hashable], list[Packet]] = defaultdict(list)
    for packet in wire.packets:
        same = _frame(packet)
        if same is None:
            continue
        held = copies[segment_of(packet), same]
        if held and packet.at - held[-1].at > APART:
            if _goes_on(held):
                continue
            held.clear()
        held.append(packet)
    loops: dict[object, dict[Hashable, list[Packet]]] = defaultdict(dict)
    for (segment, same), packets in copies.items():
        if _goes_on(packets):
            loops[segment][same] = packets
    told: set[Hashable] = set()
    for many in loops.values():
        if len({packets[0].source_mac for packets in many.values()}) >= SENDERS and not told & set(many):
            yield _circle([*many.values()])
            told |= set(many)  # other points see the same circle


def _goes_on(copies: list[Packet]) -> bool:
    return len(copies) >= COPIES and copies[-1].at - copies[0].at >= LASTS


def _frame(packet: Packet) -> Hashable | None:
    """What is the same of a flooded frame when it comes by again, and differs when its sender sends another."""
    said, way = packet.said, (packet.source_mac, packet.destination_mac, packet.octets)
    if not group(packet.destination_mac):
        return None
    if isinstance(said, Arp):
        return (*way, said)
    if isinstance(said, Solicitation):
        return (*way, said, packet.source)
    if isinstance(said, dhcp.Message):
        return (*way, said.kind, said.xid, said.secs, said.chaddr)
    return None


def _circle(many: list[list[Packet]]) -> Finding:
    many.sort(key=len, reverse=True)
    first, last = many[0][0], many[0][-1]
    senders = sorted({packets[0].source_mac for packets in many})
    return Finding(
        id=ID, severity=Severity.ERROR, host=host_of(first.point), interface=interface_of(first.point), vid=vid_of(first),
        what=f"Frames go round in a circle between switches; {first.point or 'the capture'} sees each many times",
        cause="Two ways lead to the same place and no spanning tree closes one of them, or a bridge on a machine joins two of its interfaces "
        "that are on one segment. Broadcasts multiply until nothing else gets through.",
        proof=(
            *map(_rounds, many[:4]),
            f"Frames of {len(senders)} machines come again like this, so it is none of them that repeats itself.",
        ),
        evidence=links((first, last, *(packets[0] for packets in many[1:]))), confidence=Confidence.CERTAIN,
        fix=(
            "Take out the cable that was plugged in last, and see whether it stops.",
            "Turn spanning tree on for all ports between switches, and BPDU guard and loop protection on for ports of machines.",
            "On machines with a bridge over two interfaces: `bridge link`; `ip link set IF nomaster` for one of them.",
        ),
        recheck=again(first.point, 10),
    )  # fmt: skip


def _rounds(packets: list[Packet]) -> str:
    first, last = packets[0], packets[-1]
    within = f"{(last.at - first.at) / NS:.3f} s"
    return (
        f"The frame of packet {first.number}, from {first.source_mac}, was seen {len(packets)} times within {within}."
    )


def _routed(wire: Wire) -> Iterator[Finding]:
    seen: dict[tuple[object, ...], dict[int, Packet]] = defaultdict(dict)
    for packet in wire.packets:
        if isinstance(packet.said, Segment) and packet.hop_limit is not None and unicast(packet.destination):
            said = packet.said
            ends = (packet.source, packet.source_port, packet.destination, packet.destination_port)
            seen[packet.point, *ends, said.flags, said.seq].setdefault(packet.hop_limit, packet)
    told: set[str] = set()
    for rounds in seen.values():
        packets = sorted(rounds.values(), key=lambda packet: packet.at)
        to = packets[0].destination
        if len(packets) >= ROUNDS and _sinks(packets) and to not in told:
            told.add(to)
            yield _lost(wire, packets)


def _sinks(packets: list[Packet]) -> bool:
    """Whether it comes by with a smaller hop limit each time, without a pause in which it would have been sent anew."""
    return all((a.hop_limit or 0) > (b.hop_limit or 0) and b.at - a.at < NS // 2 for a, b in pairwise(packets))


def _lost(wire: Wire, packets: list[Packet]) -> Finding:
    first, last = packets[0], packets[-1]
    limits = ", ".join(str(packet.hop_limit) for packet in packets[:6])
    complaint = next(
        (packet for packet in wire.packets if isinstance(packet.said, Complaint) and packet.said.kind == "time exceeded"
         and packet.said.destination == first.destination), None,
    )  # fmt: skip
    macs = sorted({packet.source_mac for packet in packets} - {first.source_mac})
    said = () if complaint is None else (f"{complaint.source} gave it up: time exceeded (packet {complaint.number}).",)
    return Finding(
        id=ID, severity=Severity.ERROR, vid=vid_of(first), address=first.destination,
        what=f"Routers send packets for {first.destination} to each other and back",
        cause="Each holds the other for the way to it: a default route on both sides, or a route to a subnet that is no longer there.",
        proof=(f"The packet of packet {first.number} came by {len(packets)} times, with hop limits {limits}.", *said),
        evidence=links((first, last, *((complaint,) if complaint else ()))), confidence=Confidence.CERTAIN,
        fix=(
            f"`ip route get {first.destination}` on each router of the way" + (f" ({', '.join(macs)})." if macs else "."),
            "Take the wrong route away; for a subnet that has no machines yet, add a blackhole route where it belongs.",
        ),
        recheck=again(first.point),
    )  # fmt: skip
