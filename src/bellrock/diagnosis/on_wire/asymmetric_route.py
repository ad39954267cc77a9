"""asymmetric-route: answers go another way than questions, past a firewall that must see both, and connections do not come about."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import NS, Conversation, Packet, Segment, Wire
from bellrock.diagnosis.readings import again, answered, by_ends, client_of, clients, clock, host_of, links, of, virtual
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire.text import endpoint

ID = "asymmetric-route"
TITLE = "Answers go another way than questions, and connections fail"
EXPLAINS = frozenset(("connection-cut-by-middle-box", "mtu-black-hole", "http-boot-failed", "metadata-unanswered"))
_LEAST: Final = 2
"""Answers to one SYN: the second says that the client's third segment did not arrive."""
_AGAIN: Final = NS * 2 // 5
"""Before that long (RFC 6298 §2.1: a second, at least half of it in practice) nobody sends again: it is a copy that the capture has twice."""

_Ends = tuple[str, str, int, str, int]


class _Handshake(NamedTuple):
    """One that did not come about, at one point."""

    syn: Packet
    answers: list[Packet]


def find(case: Case) -> Iterator[Finding]:
    """One for each client and server. Ways that differ and work are no finding: routers that stand in for each other do that."""
    wire = case.wire
    if wire is None:
        return
    leased, points = clients(case), by_ends(wire)
    told: set[tuple[str, str]] = set()
    for ends, one in _stuck(wire).items():
        _point, source, _sport, destination, port = ends
        if (source, destination) in told:
            continue
        there, back = one.syn.destination_mac, one.answers[0].source_mac
        seen = points.get(("tcp", *ends[1:]), ())
        if any(_went_on(each, len(one.answers)) for each in seen):
            continue
        past = _past(seen)
        turned = there and back and there != back and not virtual(there) and not virtual(back)
        if turned or past:
            told.add((source, destination))
            yield _finding(wire, one, client_of(leased, source), endpoint(destination, port), past)


def _stuck(wire: Wire) -> dict[_Ends, _Handshake]:
    """SYNs that were answered again and again: the answer arrived (or did not), and what followed never came."""
    syns: dict[tuple[object, ...], Packet] = {}
    answers: dict[tuple[object, ...], list[Packet]] = defaultdict(list)
    for packet, said in of(wire, Segment):
        if said.flags == "S":
            syns.setdefault(
                (packet.point, packet.source, packet.source_port, packet.destination, packet.destination_port), packet
            )
        elif said.flags == "SA":
            key = (packet.point, packet.destination, packet.destination_port, packet.source, packet.source_port)
            answers[(*key, said.seq)].append(packet)
    found: dict[_Ends, _Handshake] = {}
    for (*ends, _seq), copies in answers.items():
        syn, packets = syns.get(tuple(ends)), _sent(copies)
        if syn is not None and len(packets) >= _LEAST:
            found[syn.point, syn.source, syn.source_port, syn.destination, syn.destination_port] = _Handshake(
                syn, packets
            )
    return found


def _sent(copies: list[Packet]) -> list[Packet]:
    """Those that were sent: a capture on both sides of a router, or of a mirror, has each of them more than once."""
    kept: list[Packet] = []
    for packet in copies:
        if not kept or packet.at - kept[-1].at >= _AGAIN:
            kept.append(packet)
    return kept


def _went_on(seen: Conversation, answers: int) -> bool:
    """Whether the server said more than its answers to the SYN: a server may wait for data before it takes a connection for made
    (TCP_DEFER_ACCEPT), and one acknowledgement may get lost."""
    return seen.ended == "closed" or seen.replies > 2 * answers


def _past(seen: list[Conversation] | tuple[()]) -> str:
    """A point that saw what the client sent and none of the answers, while another saw them; empty: there is none."""
    if any(answered(one) for one in seen):
        return next(
            (one.point for one in seen if one.replies == 0 and one.packets >= _LEAST and host_of(one.point)), ""
        )
    return ""


def _finding(wire: Wire, one: _Handshake, client: str, to: str, past: str) -> Finding:
    syn, answer = one.syn, one.answers[0]
    ways = f"The SYN of packet {syn.number} went to {syn.destination_mac}; the answer of packet {answer.number} came from {answer.source_mac}."
    seen = f"{past} saw the client's segments and none of the answers."
    return Finding(
        id=ID, severity=Severity.ERROR, client=client, address=to, vid=syn.vids[-1] if syn.vids else None,
        what=f"Answers from {to} to {client} come another way than questions go, and no connection comes about",
        cause="The server has an interface nearer to the client, or another router, and answers by that; a firewall on the way there sees half "
        "of the connection and drops the rest.",
        proof=(
            seen if past else ways,
            f"The answer was sent {len(one.answers)} times, until {clock(wire, one.answers[-1].at)}: what the client sent next did not arrive.",
        ),
        evidence=links((syn, *one.answers)), confidence=Confidence.CERTAIN if past else Confidence.LIKELY,
        fix=(
            f"On {answer.source}: `ip route get {syn.source} from {answer.source}`: answer by the interface that was asked (policy routing: "
            f"`ip rule add from {answer.source} table N`, with its own default route).",
            "Or give the clients the server's address on their own segment.",
        ),
        recheck=again(syn.point),
    )  # fmt: skip
