"""Readings of conversations with services: which failed for good, and who only scans."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from bellrock.diagnosis.packets import Complaint, Conversation, Packet, Segment, Wire
from bellrock.diagnosis.per_wire import per_wire
from bellrock.diagnosis.readings import answered, by_ends, of, unicast
from bellrock.diagnosis.readings_heard import heard

SCAN: Final = 16
"""Services that one machine tries without success: it looks for what is there, and nothing is wrong with those that are not."""
METADATA: Final = ("api",)
"""Flows of the catalogue by which a machine gets its metadata."""
_LINK_LOCAL: Final = "169.254."
_TRACED: Final = range(33434, 33535)
"""UDP ports that traceroute sends to, where nobody is to be."""

Service = tuple[str, str, str, int]
"""Client, protocol, server, port."""


def service(one: Conversation) -> Service:
    """Who wants what of whom."""
    return one.source, one.protocol, one.destination, one.destination_port


def failed(wire: Wire) -> Iterator[list[Conversation]]:
    """Conversations of a client with a service that never came about, those with one service together, by time.

    Not of scans, not where another attempt came about, at whatever point, nor with what is only looked for (link-local metadata);
    and only of clients of whom the capture shows what is sent to them.
    """
    syns = _syns(wire)
    tries: dict[Service, list[Conversation]] = {}
    worked: set[Service] = set()
    for seen in by_ends(wire).values():
        if any(answered(one) or _went_on(one, syns) for one in seen):
            worked.add(service(seen[0]))
        elif _meant(seen[0]):
            nearest = min(seen, key=lambda one: one.first).point
            tries.setdefault(service(seen[0]), []).extend(one for one in seen if one.point == nearest)
    scans = Counter(client for client, *_rest in tries)
    for key, many in tries.items():
        if key not in worked and scans[key[0]] < SCAN and heard(wire, key[0]):
            yield sorted(many, key=lambda one: one.first)


@per_wire
def _syns(wire: Wire) -> Counter[tuple[str, str, int, str, int]]:
    """Point and ends → SYNs of the source."""
    return Counter(
        (packet.point, packet.source, packet.source_port, packet.destination, packet.destination_port)
        for packet, said in of(wire, Segment)
        if said.flags == "S"
    )


def _went_on(one: Conversation, syns: Counter[tuple[str, str, int, str, int]]) -> bool:
    """Whether the source sent more than its SYNs, which it does only once an answer has come, whether the capture shows that or not."""
    sent = syns[one.point, one.source, one.source_port, one.destination, one.destination_port]
    return one.protocol == "tcp" and one.begun and 0 < sent < one.packets


def _meant(one: Conversation) -> bool:
    begun = one.begun if one.protocol == "tcp" else one.protocol == "udp" and one.destination_port not in _TRACED
    return begun and unicast(one.source) and unicast(one.destination) and not one.destination.startswith(_LINK_LOCAL)


def complaints(wire: Wire) -> dict[Service, list[tuple[Packet, Complaint]]]:
    """ICMP errors about packets to services, by whom and what they are about."""
    found: dict[Service, list[tuple[Packet, Complaint]]] = {}
    for packet, said in of(wire, Complaint):
        protocol = {6: "tcp", 17: "udp"}.get(said.protocol)
        if protocol:
            found.setdefault((said.source, protocol, said.destination, said.destination_port), []).append(
                (packet, said)
            )
    return found
