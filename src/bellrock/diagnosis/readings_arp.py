"""Readings of ARP that several rules share: questions that two machines answer, and whether the two are one."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from bellrock.diagnosis.packets import NS, Arp, Packet, Wire
from bellrock.diagnosis.per_wire import per_wire
from bellrock.diagnosis.readings import group, of, segment_of
from bellrock.wire import dhcp
from bellrock.wire import dhcp_answer as answer

PATIENCE: Final = 1 * NS
"""An answer that comes later belongs to another question."""
CROSSING: Final = 5 * NS
"""So much later at most does an answer follow what it answers."""


PACE: Final = 10 * NS
"""Within which whoever gets no answer asks again: after a second (RFC 1122 §2.3.2.1, Linux), or a few (firmware).

Whoever gets one asks anew as its entry ages: after minutes.
"""


def insists(questions: Sequence[Packet], least: int) -> bool:
    """Whether so many questions (by time) follow each other so soon, as one point saw them, that nobody can have answered."""
    by_point: dict[object, list[int]] = defaultdict(list)
    for packet in questions:
        by_point[segment_of(packet)].append(packet.at)
    return any(
        last - first <= PACE for at in by_point.values() for first, last in zip(at, at[least - 1 :], strict=False)
    )


class Twice(NamedTuple):
    """One question about an address, answered with two MAC addresses."""

    question: Packet
    first: Packet
    second: Packet

    @property
    def address(self) -> str:
        """That was asked for."""
        said = self.first.said
        return said.sender if isinstance(said, Arp) else ""

    @property
    def macs(self) -> tuple[str, str]:
        """Both, the lower one first."""
        one, other = sorted(packet.said.sender_mac for packet in self[1:] if isinstance(packet.said, Arp))
        return one, other


def answered_twice(wire: Wire) -> Iterator[Twice]:
    """Each pair of answers to one question of one asker, as one point saw them."""
    asked: dict[tuple[object, ...], Packet] = {}
    answers: dict[tuple[object, ...], Packet] = {}
    for packet, said in of(wire, Arp):
        if said.op == 1:
            key = (segment_of(packet), said.sender_mac, said.target)
            asked[key] = packet
            answers.pop(key, None)
            continue
        key = (segment_of(packet), said.target_mac, said.sender)
        question = asked.get(key)
        if question is None or packet.at - question.at > PATIENCE:
            continue
        before = answers.setdefault(key, packet)
        if isinstance(before.said, Arp) and before.said.sender_mac != said.sender_mac:
            yield Twice(question, before, packet)


def crossed(wire: Wire, address: str, macs: tuple[str, str]) -> tuple[Packet, Packet] | None:
    """Something sent to the address at one of the MACs, and answered from the address by the other: then both are one machine."""
    waiting: dict[tuple[object, ...], Packet] = {}
    for packet in wire.packets:
        if packet.destination == address and packet.destination_mac in macs:
            waiting[segment_of(packet), packet.source, packet.source_port, type(packet.said) is Arp] = packet
        elif packet.source == address and packet.source_mac in macs:
            key = (segment_of(packet), packet.destination, packet.destination_port, False)
            sent = waiting.get(key)
            if sent and sent.destination_mac != packet.source_mac and packet.at - sent.at <= CROSSING:
                return sent, packet
    return None


@per_wire
def shared(wire: Wire) -> dict[tuple[object, str, str], set[str]]:
    """(segment, MAC, MAC) → addresses that both say to have, each as an answer."""
    who: dict[tuple[object, str], set[str]] = defaultdict(set)
    for packet, said in of(wire, Arp):
        if said.op == 2 and not group(said.sender_mac):
            who[segment_of(packet), said.sender].add(said.sender_mac)
    found: dict[tuple[object, str, str], set[str]] = defaultdict(set)
    for (segment, address), macs in who.items():
        ordered = sorted(macs)
        for at, one in enumerate(ordered):
            for other in ordered[at + 1 :]:
                found[segment, one, other].add(address)
    return found


@per_wire
def _proxies(wire: Wire) -> frozenset[tuple[object, str]]:
    """(segment, MAC) of whoever answers for several machines besides themselves, or for one and for the router's address."""
    routers = {router for packet, said in of(wire, dhcp.Message) if (router := answer.gateway(said))}
    of_routers = {
        (segment_of(packet), said.sender_mac)
        for packet, said in of(wire, Arp)
        if said.op == 2 and said.sender in routers
    }
    others: dict[tuple[object, str], dict[str, str]] = defaultdict(dict)
    for twice in answered_twice(wire):
        for mac, other in (twice.macs, twice.macs[::-1]):
            others[segment_of(twice.first), mac][twice.address] = other
    return frozenset(who for who, by in others.items() if len(set(by.values())) > 1 or who in of_routers)


def proxy(wire: Wire, twice: Twice) -> bool:
    """Whether one of both stands in for machines of its own subnet (proxy ARP, RFC 1027; private VLANs, RFC 5517 §5)."""
    segment = segment_of(twice.first)
    return not _proxies(wire).isdisjoint((segment, mac) for mac in twice.macs)


def one_machine(wire: Wire, twice: Twice) -> tuple[str, tuple[Packet, ...]] | None:
    """What shows that both MACs are interfaces of one machine, as a sentence and its packets; None: nothing does."""
    one, other = twice.macs
    if pair := crossed(wire, twice.address, twice.macs):
        sent, came = pair
        text = (
            f"Packet {sent.number} went to {twice.address} at {sent.destination_mac}, and packet {came.number} answered it from "
            f"{came.source_mac}: both belong to one machine."
        )
        return text, pair
    both = sorted(shared(wire).get((segment_of(twice.first), one, other), ()))
    if len(both) > 1:
        return f"Both answer for {' and for '.join(both[:4])}, as one machine with two interfaces does.", ()
    return None
