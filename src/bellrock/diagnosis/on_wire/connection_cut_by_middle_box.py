"""connection-cut-by-middle-box: a long-lived connection is cut by something between its ends, mostly after a pause."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.once import once
from bellrock.diagnosis.packets import NS, Conversation, Packet, Segment, Wire
from bellrock.diagnosis.per_wire import per_wire
from bellrock.diagnosis.readings import (
    again,
    answered,
    by_ends,
    client_of,
    clients,
    clock,
    links,
    of,
    packet_links,
    reliable,
)
from bellrock.diagnosis.readings_dates import span
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire.text import endpoint

ID = "connection-cut-by-middle-box"
TITLE = "A connection is cut on the way, not by either end"
EXPLAINS = frozenset(("http-boot-failed",))
PAUSE: Final = 30.0
"""Seconds of silence that a box on the way may have taken for the end; the shortest timeouts of firewalls for open connections."""
AGAIN: Final = 3
_HOPS: Final = 2
"""Distances of one machine may differ so much where ways change."""
_INITIAL: Final = (32, 64, 128, 255)
"""Hop limits with which systems send, the resets often with another one than the data."""
_BY_HAND: Final = 16
"""Hop limits below are set by a program (BGP to a neighbour: 1, RFC 4271 practice; multihop) and tell no distance."""


class _Cut(NamedTuple):
    one: Conversation
    confidence: Confidence
    proof: tuple[str, ...]
    packets: tuple[Packet, ...]


def find(case: Case) -> Iterator[Finding]:
    """One for each client and service: a reset that its sender never sent, or data into a void after a pause."""
    wire = case.wire
    if wire is None:
        return
    leased = clients(case)
    cuts = (cut for seen in by_ends(wire).values() if (cut := _cut(wire, seen)) is not None)
    for cut in once(cuts, lambda cut: (cut.one.source, cut.one.destination, cut.one.destination_port)):
        yield _finding(cut, client_of(leased, cut.one.source))


def _cut(wire: Wire, seen: list[Conversation]) -> _Cut | None:
    alive = [one for one in seen if one.protocol == "tcp" and (answered(one) or (not one.begun and one.replies))]
    for one in alive:
        reset = one.ended in ("reset", "reset by source")
        found = (_between(wire, one, seen) or _forged(wire, one)) if reset else _void(wire, one)
        if found is not None:
            return found
    return None


def _between(wire: Wire, one: Conversation, seen: list[Conversation]) -> _Cut | None:
    """A reset that one point saw, and another, which saw the connection as well, did not: neither end of it sent it to the other."""
    resets = [packet for packet, said in _segments(wire, one) if "R" in said.flags]
    if not resets:
        return None
    for other in seen:
        beyond = [
            packet for packet, said in _segments(wire, other) if "R" in said.flags and packet.source == resets[0].source
        ]
        if other.point == one.point or beyond or not _nearer(wire, resets[0], other) or not _listened(wire, other):
            continue
        proof = (
            f"The reset of packet {resets[0].number}, {clock(wire, resets[0].at)}, bears the address {resets[0].source} at {one.point}.",
            f"{other.point}, which is nearer to {resets[0].source} and saw the connection as well, saw no reset of it.",
        )
        return _Cut(one, Confidence.CERTAIN, proof, (resets[0],))
    return None


def _nearer(wire: Wire, reset: Packet, other: Conversation) -> bool:
    """Whether the other point is nearer to whose address the reset bears: routers have taken less from hop limits there."""
    here, there = _hops(wire, reset.source, reset.point), _hops(wire, reset.source, other.point)
    return here is not None and there is not None and there > here


def _hops(wire: Wire, source: str, point: str) -> int | None:
    """The usual hop limit of what an address sends, at a point."""
    return max(_usual(wire).get((source, point), ()), default=None)


@per_wire
def _usual(wire: Wire) -> dict[tuple[str, str], set[int]]:
    """Address and point → hop limits of its segments that are no resets."""
    found: dict[tuple[str, str], set[int]] = defaultdict(set)
    for packet, said in of(wire, Segment):
        if "R" not in said.flags and packet.hop_limit is not None:
            found[packet.source, packet.point].add(packet.hop_limit)
    return found


@per_wire
def _limits(wire: Wire) -> dict[tuple[str, str], Counter[int]]:
    """Address and point → how many of its packets have which hop limit."""
    found: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    for packet in wire.packets:
        if packet.hop_limit is not None:
            found[packet.source, packet.point][packet.hop_limit] += 1
    return found


def _listened(wire: Wire, other: Conversation) -> bool:
    """Whether that point lost nothing."""
    return all(reliable(point) for point in wire.points if point.name == other.point)


def _forged(wire: Wire, one: Conversation) -> _Cut | None:
    """A reset that came over another number of routers than everything else of its sender, whatever hop limit each began with."""
    resets = [packet for packet, said in _segments(wire, one) if "R" in said.flags]
    if not resets or resets[-1].hop_limit in (None, 255):
        return None
    last = resets[-1]
    mine = Counter(
        packet.hop_limit for packet in resets if packet.source == last.source and packet.hop_limit is not None
    )
    others = _limits(wire).get((last.source, last.point), Counter()) - mine
    usual = {limit for limit in others if limit >= _BY_HAND}
    far = _distance(last.hop_limit or 0)
    if not usual or min(abs(far - _distance(limit)) for limit in usual) <= _HOPS:
        return None
    limits = " or ".join(map(str, sorted(usual)))
    proof = (
        f"The reset of packet {last.number}, {clock(wire, last.at)}, bears the address {last.source} and a hop limit of {last.hop_limit}; all else "
        f"from there has {limits}: another machine sent it, on the way or in front of the server."
    )
    return _Cut(one, Confidence.POSSIBLE, (proof,), (last,))


def _distance(limit: int) -> int:
    """Routers that a packet came over, by its hop limit."""
    return next(initial for initial in _INITIAL if initial >= limit) - limit


def _segments(wire: Wire, one: Conversation) -> list[tuple[Packet, Segment]]:
    """Of a conversation, at its point."""
    ends = frozenset(((one.source, one.source_port), (one.destination, one.destination_port)))
    return _by_connection(wire).get((one.point, ends), [])


@per_wire
def _by_connection(wire: Wire) -> dict[tuple[str, frozenset[tuple[str, int]]], list[tuple[Packet, Segment]]]:
    found: dict[tuple[str, frozenset[tuple[str, int]]], list[tuple[Packet, Segment]]] = defaultdict(list)
    for packet, said in of(wire, Segment):
        ends = frozenset(((packet.source, packet.source_port), (packet.destination, packet.destination_port)))
        found[packet.point, ends].append((packet, said))
    return found


def _void(wire: Wire, one: Conversation) -> _Cut | None:
    """After a pause nothing that is sent is acknowledged any more, and the other end is there."""
    if (
        one.silence < PAUSE
        or one.ended != "open"
        or max(one.repeated, one.replies_repeated) < AGAIN
        or not one.stuck_octets
    ):
        return None
    other = one.destination if one.repeated >= one.replies_repeated else one.source
    sender = one.source if other == one.destination else one.destination
    since = one.last - max(NS, round((max(one.repeated, one.replies_repeated) - 1) * NS))
    if not any(packet.source == other and packet.at > since for packet in wire.packets):
        return None
    proof = (
        f"After {span(one.silence)} without a packet {sender} sent data {max(one.repeated, one.replies_repeated)} times anew, until "
        f"{clock(wire, one.last)}; nothing of it was acknowledged.",
        f"{other} was heard meanwhile, so it is there.",
    )
    return _Cut(one, Confidence.LIKELY, proof, ())


def _finding(cut: _Cut, client: str) -> Finding:
    one, to = cut.one, endpoint(cut.one.destination, cut.one.destination_port)
    return Finding(
        id=ID, severity=Severity.WARNING, flow=one.flow, client=client, address=to,
        what=f"The connection from {client} to {to} was cut on the way, {span((one.last - one.first) / NS)} after it began",
        cause="A firewall, NAT or load balancer forgets connections that are silent for a while, or cuts those that it does not want.",
        proof=cut.proof, evidence=(*links(cut.packets), *packet_links(one.first_packet, one.last_packet)), confidence=cut.confidence,
        fix=(
            f"Raise the idle timeout for tcp/{one.destination_port} on what is between {one.source} and {one.destination}.",
            "Or have one end send keep-alives more often than that (`TCP_KEEPIDLE`, `ServerAliveInterval`, heartbeats of the protocol).",
        ),
        recheck=f"bellrock probe stream --to {to}" if one.flow == "stream" else again(one.point, 600),
    )  # fmt: skip
