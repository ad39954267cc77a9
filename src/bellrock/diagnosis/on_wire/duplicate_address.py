"""duplicate-address: two machines use one address."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import NS, Advertisement, Arp, Packet, Solicitation, Wire
from bellrock.diagnosis.readings import (
    NOBODY,
    UNREACHED,
    again,
    claims,
    clients,
    clock,
    group,
    links,
    of,
    segment_of,
    vid_of,
    virtual,
)
from bellrock.diagnosis.readings_arp import PATIENCE, answered_twice, one_machine, proxy
from bellrock.model import Confidence, Finding, Severity

ID = "duplicate-address"
TITLE = "Two machines use one address"
EXPLAINS = UNREACHED | {"stale-arp", "dhcp-declined"}
_TURNS = 4
"""Claims by turns, of one machine and of another, after which it is no longer a move from one to the other."""
_AT_ONCE = 60 * NS
"""So soon after one the other claims it: both are there at one time."""


class _Clash(NamedTuple):
    address: str
    macs: tuple[str, str]
    proof: str
    packets: tuple[Packet, ...]


def find(case: Case) -> Iterator[Finding]:
    """One for each address; not where both are known to be one machine. Where its rightful owner is known, that is whom it is about."""
    wire = case.wire
    if wire is None:
        return
    told: set[tuple[str, int | None]] = set()
    for clash in (*_both_answer(wire), *_by_turns(wire), *_defended(case, wire), *_probed_six(wire)):
        vid = vid_of(clash.packets[0])
        if (clash.address, vid) not in told and not any(map(virtual, clash.macs)):
            told.add((clash.address, vid))
            yield _finding(case, clash, vid)


def _both_answer(wire: Wire) -> Iterator[_Clash]:
    pairs = [*answered_twice(wire)]
    # A router that answers for all machines of its subnet (local proxy ARP, private VLANs) does so by design.
    one = {(twice.address, twice.macs) for twice in pairs if one_machine(wire, twice) or proxy(wire, twice)}
    for twice in pairs:
        if (twice.address, twice.macs) not in one:
            question, first, second = twice
            proof = (
                f"The question of packet {question.number}, at {clock(wire, question.at)}, was answered by {twice.macs[0]} and by "
                f"{twice.macs[1]} (packets {first.number} and {second.number})."
            )
            yield _Clash(twice.address, twice.macs, proof, (question, first, second))


def _by_turns(wire: Wire) -> Iterator[_Clash]:
    """Both say to everybody that they have it, again and again: an address that moves does so once.

    Answers to one machine are left out: a bond that balances by ARP gives each asker another of its addresses.
    """
    turns: dict[tuple[object, str], list[Packet]] = defaultdict(list)
    for claim in claims(wire):
        if not group(claim.packet.destination_mac) or virtual(claim.mac):
            continue
        before = turns[segment_of(claim.packet), claim.address]
        # Takeovers, maintenance and installing anew take their time: whoever gave it up is silent meanwhile.
        if (
            before
            and len(before) < _TURNS
            and claim.packet.at - before[-1].at > _AT_ONCE
            and _mac(before[-1]) != claim.mac
        ):
            del before[:-1]
        if not before or _mac(before[-1]) != claim.mac:
            before.append(claim.packet)
    for (_segment, address), packets in turns.items():
        macs = sorted({_mac(packet) for packet in packets})
        if len(macs) == 2 and len(packets) >= _TURNS:
            proof = f"{macs[0]} and {macs[1]} announced it by turns, {len(packets)} times within {_span(packets)}."
            yield _Clash(address, (macs[0], macs[1]), proof, tuple(packets))


def _defended(case: Case, wire: Wire) -> Iterator[_Clash]:
    """RFC 5227 §2.1.1: who was leased an address asks whether somebody has it, and another machine answers."""
    leased = clients(case)
    probes: dict[tuple[object, str], Packet] = {}
    for packet, said in of(wire, Arp):
        key = (segment_of(packet), said.target if said.op == 1 else said.sender)
        if said.op == 1 and said.sender in NOBODY and leased.get(said.target) == said.sender_mac:
            probes[key] = packet
        elif said.op == 2 and (probe := probes.get(key)) is not None and packet.at - probe.at <= PATIENCE:
            asker = probe.source_mac
            if said.sender_mac != asker:
                proof = (
                    f"{asker}, which leased it, asked in packet {probe.number} whether somebody has it, and {said.sender_mac} answered "
                    f"(packet {packet.number}, {clock(wire, packet.at)})."
                )
                yield _Clash(said.sender, (asker, said.sender_mac), proof, (probe, packet))


def _probed_six(wire: Wire) -> Iterator[_Clash]:
    """RFC 4862 §5.4: a solicitation from the unspecified address asks for duplicates, and an advertisement says that there is one."""
    probes: dict[tuple[object, str], Packet] = {}
    for packet in wire.packets:
        said = packet.said
        if isinstance(said, Solicitation) and packet.source == "::":
            probes[segment_of(packet), said.target] = packet
        elif isinstance(said, Advertisement) and (probe := probes.get((segment_of(packet), said.target))) is not None:
            other = said.mac or packet.source_mac
            if packet.at - probe.at <= PATIENCE and other != probe.source_mac:
                proof = (
                    f"{probe.source_mac} asked in packet {probe.number} whether somebody has it (duplicate address detection), and {other} "
                    f"said so in packet {packet.number}."
                )
                yield _Clash(said.target, (probe.source_mac, other), proof, (probe, packet))


def _finding(case: Case, clash: _Clash, vid: int | None) -> Finding:
    one, other = clash.macs
    leases = clients(case).get(clash.address, "")
    client = leases if leases in clash.macs else ""
    strange = other if client == one else one
    fix = (
        f"Give {strange} another address, or take {clash.address} out of the range that DHCP gives away." if client
        else f"Give one of {one} and {other} another address."
    )  # fmt: skip
    return Finding(
        id=ID, severity=Severity.ERROR, vid=vid, client=client, address="" if client else clash.address,
        what=f"{clash.address} is used by two machines, {one} and {other}",
        cause="Packets for one of them reach the other: connections break off or never come about, one time in two.",
        proof=(clash.proof,), evidence=links(clash.packets), confidence=Confidence.CERTAIN if client else Confidence.LIKELY,
        fix=(fix, "The switch's table of MAC addresses tells behind which port each of them is."),
        recheck=again(clash.packets[0].point),
    )  # fmt: skip


def _mac(packet: Packet) -> str:
    return packet.said.sender_mac if isinstance(packet.said, Arp) else ""


def _span(packets: list[Packet]) -> str:
    return f"{(packets[-1].at - packets[0].at) / NS:.1f} s"
