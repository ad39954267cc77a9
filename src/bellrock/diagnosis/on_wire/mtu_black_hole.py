"""mtu-black-hole: large packets vanish on the way without the sender being told, and small ones pass."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.once import once
from bellrock.diagnosis.packets import NS, Complaint, Conversation, Packet, Wire
from bellrock.diagnosis.per_wire import per_wire
from bellrock.diagnosis.readings import answered, by_ends, client_of, clients, clock, host_of, links, of, packet_links
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire.text import endpoint

ID = "mtu-black-hole"
TITLE = "Large packets vanish on the way"
EXPLAINS = frozenset(
    ("metadata-unanswered", "http-boot-failed", "connection-cut-by-middle-box", "tftp-block-too-large", "tftp-stalled", "mirror-stale")
)  # fmt: skip
SMALL: Final = 576
"""Octets that every host takes (RFC 1122 §3.3.2). Links may be smaller (RFC 791 §3.2: 68), and in practice none is."""
AGAIN: Final = 3
"""Times that a segment was sent anew in vain."""
_FIRST_WAIT: Final = NS // 5
"""Linux waits no shorter than 200 ms before it sends anew."""
_MOST_TIMES: Final = 8
_TOO_BIG: Final = ("fragmentation needed", "packet too big")


class _Hole(NamedTuple):
    one: Conversation
    sender: str
    receiver: str
    octets: int
    complaint: Packet | None
    cut: Conversation | None
    """The same at a point where only smaller packets came."""


def find(case: Case) -> Iterator[Finding]:
    """One for each sender and receiver; the receiver must be alive, for a machine that is off takes no large packets either."""
    wire = case.wire
    if wire is None:
        return
    leased = clients(case)
    holes = (hole for seen in by_ends(wire).values() if (hole := _hole(wire, seen)) is not None)
    for hole in once(holes, lambda hole: (hole.sender, hole.receiver)):
        yield _finding(wire, hole, client_of(leased, hole.one.source))


def _hole(wire: Wire, seen: list[Conversation]) -> _Hole | None:
    stuck = [one for one in seen if one.protocol == "tcp" and one.stuck_octets > SMALL and answered(one)]
    if not stuck:
        return None
    one = max(stuck, key=lambda one: one.stuck_octets)
    forth = one.repeated >= AGAIN and one.stuck_octets <= one.largest and one.repeated >= one.replies_repeated
    if max(one.repeated, one.replies_repeated) < AGAIN:
        return None
    sender, receiver = (one.source, one.destination) if forth else (one.destination, one.source)
    complaint = _complaint(wire, one, sender)
    cut = next(
        (other for other in seen if other.point != one.point and 0 < _largest(other, forth) < one.stuck_octets), None
    )
    shown = complaint is not None or cut is not None
    if not shown and (one.passed_octets >= one.stuck_octets or not _alive(wire, one, receiver)):
        return None  # packets of that size do pass, or nobody may be there to take any
    return _Hole(one, sender, receiver, one.stuck_octets, complaint, cut)


def _largest(one: Conversation, forth: bool) -> int:
    return one.largest if forth else one.largest_reply


def _complaint(wire: Wire, one: Conversation, sender: str) -> Packet | None:
    """A router said that it is too big: it was seen on its way, and the sender went on as before."""
    return _too_big(wire).get((sender, frozenset((one.source, one.destination))))


@per_wire
def _too_big(wire: Wire) -> dict[tuple[str, frozenset[str]], Packet]:
    """Sender and both ends → the first complaint that something of it is too big."""
    found: dict[tuple[str, frozenset[str]], Packet] = {}
    for packet, said in of(wire, Complaint):
        if said.kind in _TOO_BIG:
            found.setdefault((said.source, frozenset((said.source, said.destination))), packet)
    return found


@per_wire
def _heard(wire: Wire) -> dict[str, int]:
    """Address → when it last sent a packet of meaning."""
    return {packet.source: packet.at for packet in wire.packets}


def _alive(wire: Wire, one: Conversation, receiver: str) -> bool:
    """Whether the receiver sent anything while the segment was sent in vain."""
    since = one.last - _in_vain(one)
    if _heard(wire).get(receiver, 0) > since:
        return True
    return any(
        (other.source == receiver and other.first > since)
        or (other.destination == receiver and (other.last_reply or 0) > since)
        for other in wire.conversations
        if other is not one
    )


def _in_vain(one: Conversation) -> int:
    """Nanoseconds for which it was sent anew at least, halved: each wait is twice the one before (RFC 6298 §5.5)."""
    times = min(max(one.repeated, one.replies_repeated), _MOST_TIMES)
    return min(_FIRST_WAIT << times >> 1, (one.last - one.first) // 2)


def _finding(wire: Wire, hole: _Hole, client: str) -> Finding:
    one, to = hole.one, endpoint(hole.one.destination, hole.one.destination_port)
    said = hole.complaint.said if hole.complaint else None
    mtu = said.mtu if isinstance(said, Complaint) else None
    return Finding(
        id=ID, severity=Severity.ERROR, flow=one.flow, client=client, address=to,
        what=f"Packets of {hole.octets} octets from {hole.sender} to {hole.receiver} vanish, and smaller ones arrive",
        cause=_cause(hole, mtu),
        proof=(
            f"A segment of {hole.octets} octets was sent {max(one.repeated, one.replies_repeated)} times anew until {clock(wire, one.last)} and never "
            f"acknowledged (packets {one.first_packet} to {one.last_packet}); the handshake, in small packets, passed.",
            *_proof(wire, hole, mtu),
        ),
        evidence=(*(links((hole.complaint,)) if hole.complaint else ()), *packet_links(one.first_packet, one.last_packet)),
        confidence=Confidence.CERTAIN if hole.complaint or hole.cut else Confidence.LIKELY,
        fix=(
            f"Let ICMP type 3 code 4 (IPv6: ICMPv6 type 2) back to {hole.sender}, before what drops it: `nft insert rule inet "
            "filter forward icmp type destination-unreachable accept`, `nft insert rule inet filter forward icmpv6 type packet-too-big accept`.",
            "Give all interfaces and tunnels of the way the same MTU, or have the router lower the MSS (`tcp option maxseg size set rt mtu`).",
        ),
        recheck="bellrock mtu",
    )  # fmt: skip


def _cause(hole: _Hole, mtu: int | None) -> str:
    if hole.complaint is not None:
        at_most = f" ({mtu} octets at most)" if mtu else ""
        return f"{hole.complaint.source} says that they are too big{at_most}, and {hole.sender} does not heed it: ICMP is dropped before it gets there."
    if hole.cut is not None:
        return f"A link between {hole.one.point} and {hole.cut.point} passes smaller packets only, and nobody says so."
    return "A link of the way has a smaller MTU, and the ICMP error that should say so does not come back."


def _proof(wire: Wire, hole: _Hole, mtu: int | None) -> Iterator[str]:
    if hole.complaint is not None:
        where = f" at {hole.complaint.point}" if host_of(hole.complaint.point) else ""
        yield (
            f"{hole.complaint.source} complained in packet {hole.complaint.number}{where}, {clock(wire, hole.complaint.at)}"
            + (f": at most {mtu} octets." if mtu else ".")
        )
    if hole.cut is not None:
        yield f"At {hole.cut.point} the largest packet of it has {_largest(hole.cut, hole.sender == hole.one.source)} octets."
    if hole.complaint is None and hole.cut is None:
        yield f"{hole.receiver} was heard after that, so it is there."
