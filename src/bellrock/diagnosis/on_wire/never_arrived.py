"""never-arrived: what was sent passed one point of capture and never came to the next, or its answer never came back."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from ipaddress import ip_address, ip_interface
from typing import Final, NamedTuple

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import NS, Arp, Conversation, Point, Wire
from bellrock.diagnosis.readings import (
    UNREACHED,
    answered,
    by_ends,
    client_of,
    clients,
    clock,
    ends,
    host_of,
    interface_of,
    of,
    own_macs,
    packet_links,
    reliable,
    unicast,
)
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire.text import endpoint

ID = "never-arrived"
TITLE = "Packets pass one point and never come to the next"
EXPLAINS = (UNREACHED | {"dhcp-unanswered", "dhcp-offer-not-taken", "dhcp-request-unanswered"}) - {ID}
_RELAYED: Final = (67, 68, 546, 547)
"""Relays answer from another address than they were asked at (RFC 1542 §4.1), and take what is for any of their addresses."""
_LEAST: Final = 2
"""Packets: a single one may be lost anywhere."""
_AT_ONCE: Final = NS // 2
"""As far as the clocks of two machines that capture may be apart. What is translated passes within a millisecond."""


class _Gap(NamedTuple):
    """Between two points."""

    seen: Conversation
    missed: Point
    confidence: Confidence
    why: str
    """What shows that it should have come there."""
    back: Conversation | None = None
    """It did come there, and its answer did not come back."""


def find(case: Case) -> Iterator[Finding]:
    """One for each client, service and gap."""
    wire = case.wire
    if wire is None or len(wire.points) < 2:
        return
    paths = _Paths(case, wire)
    leased = clients(case)
    told: set[tuple[str, str, str]] = set()
    for seen in by_ends(wire).values():
        gap = _gap(wire, seen, paths)
        if gap is None:
            continue
        key = (gap.seen.source, endpoint(gap.seen.destination, gap.seen.destination_port), gap.missed.name)
        if key not in told:
            told.add(key)
            yield _finding(wire, gap, client_of(leased, gap.seen.source))


def _gap(wire: Wire, seen: list[Conversation], paths: "_Paths") -> _Gap | None:
    """Where it is lost, if it is: only what had no answer where it was sent from is."""
    near, *farther = sorted(seen, key=lambda one: one.first)
    if answered(near) or near.packets < _LEAST or not _tells(near) or paths.came_back(near):
        return None
    answering = [one for one in farther if answered(one) and one.point != near.point]
    if answering:
        here = next((point for point in wire.points if point.name == near.point and reliable(point)), None)
        why = "The questions passed there, so the answers should have as well."
        return None if here is None else _Gap(near, here, Confidence.LIKELY, why, answering[0])
    passed = {one.point for one in seen}
    if paths.at_home(near.destination) & {host_of(point) for point in passed}:
        return None  # it arrived, by whichever interface
    if paths.translated(near, passed):
        return None  # it went on, under another address
    last = ([near, *farther])[-1]
    missed = [
        _Gap(last, point, *shown)
        for point in wire.points
        if point.name not in passed and reliable(point) and (shown := paths.leads(last, point)) is not None
    ]
    return _nearest(missed) if missed else None


def _nearest(missed: list[_Gap]) -> _Gap:
    """The gap nearest to where it was seen last, as sure as all of them together: what never left a router came to nobody behind it."""
    first = min(missed, key=lambda gap: host_of(gap.missed.name) != host_of(gap.seen.point))
    surest = min((gap.confidence for gap in missed), key=[*Confidence].index)
    more = [f"{gap.why} It did not come there either." for gap in missed if gap is not first]
    return first._replace(confidence=surest, why=" ".join((first.why, *more[:2])))


def _tells(one: Conversation) -> bool:
    """Whether it means something that nothing came back: two machines, its beginning was seen, and an answer was to be expected."""
    if not (unicast(one.source) and unicast(one.destination)):
        return False
    if one.protocol == "tcp":
        return one.begun and one.ended != "reset"
    return bool(one.flow) and one.destination_port not in _RELAYED


class _Paths:
    """Which points are on the way to which addresses, as far as the captures show it."""

    def __init__(self, case: Case, wire: Wire) -> None:
        self._wire = wire
        self._own = {point.name: own_macs(wire, point.name) for point in wire.points}
        self._homes = {point.name: {ip_interface(text) for text in point.addresses} for point in wire.points}
        """Point → addresses of the interface itself."""
        for host in case.here:
            for point in wire.points:
                mine = {text for interface, text in host.addresses if interface == interface_of(point.name)}
                if host_of(point.name) == host.host:
                    self._homes[point.name] |= {ip_interface(text) for text in mine}
        for packet, said in of(wire, Arp):
            if self._own.get(packet.point) == frozenset((said.sender_mac,)) and unicast(said.sender):
                self._homes[packet.point].add(ip_interface(said.sender))
        self._pairs = {(one.point, one.source, one.destination) for one in wire.conversations}
        self._by_end: dict[tuple[str, str, int, bool], list[Conversation]] = defaultdict(list)
        """Protocol, address, port and whether that is the source."""
        for one in wire.conversations:
            for end in _both(one):
                self._by_end[end].append(one)
        self._seen = {(one.point, *ends(one)) for one in wire.conversations}
        self._sent = {(host_of(one.point), *way) for one in wire.conversations for way in _ways(one)}

    def came_back(self, one: Conversation) -> bool:
        """Whether an answer came to the machine of that point by another of its interfaces."""
        host = host_of(one.point)
        back = (one.protocol, one.destination, one.destination_port, one.source, one.source_port)
        return bool(host) and (host, *back) in self._sent

    def translated(self, one: Conversation, passed: set[str]) -> bool:
        """Whether a point beyond saw as many packets at once with another source or destination (NAT, RFC 3022 §2), which no point before saw."""
        return any(
            abs(other.first - one.first) <= _AT_ONCE
            and other.packets == one.packets
            and other.point not in passed
            and ends(other) != ends(one)
            and not any((point, *ends(other)) in self._seen for point in passed)
            for end in _both(one)
            for other in self._by_end[end]
        )

    def at_home(self, address: str) -> set[str]:
        """Machines with that address, as far as they captured."""
        return {host_of(point) for point, mine in self._homes.items() for one in mine if str(one.ip) == address} - {""}

    def leads(self, one: Conversation, point: Point) -> tuple[Confidence, str] | None:
        """Why a conversation should have come to a point; None: nothing says so.

        A quiet machine captures nothing else meanwhile. Bellrock's own captures of several points, which tell addresses, are of one time.
        """
        where, to = point.name, one.destination
        if not (_meanwhile(one, point) or point.addresses):
            return None
        same = bool(host_of(where)) and host_of(where) == host_of(one.point)
        if any(str(mine.ip) == to for mine in self._homes[where]) and not same:
            return _surely(one, point), f"{where} is an interface of {to} itself."
        if (where, one.source, to) in self._pairs:
            return _surely(one, point), f"Other packets from {one.source} to {to} did come to {where}."
        network = next((mine.network for mine in self._homes[where] if ip_address(to) in mine.network), None)
        if same and network is not None and network.num_addresses > 1 and self._taken_in(one):
            return Confidence.LIKELY, f"{to} is in {network}, to which {host_of(where)} is connected by {where}."
        return None

    def _taken_in(self, one: Conversation) -> bool:
        """Whether it was sent to the point's own interface, and not to somebody else whose frames it hears."""
        return any(
            packet.destination_mac in self._own[one.point]
            for packet in self._wire.packets
            if packet.point == one.point and (packet.source, packet.destination) == (one.source, one.destination)
        )


def _ways(one: Conversation) -> Iterator[tuple[str, str, int, str, int]]:
    if one.packets:
        yield ends(one)
    if one.replies:
        yield one.protocol, one.destination, one.destination_port, one.source, one.source_port


def _both(one: Conversation) -> tuple[tuple[str, str, int, bool], ...]:
    return (one.protocol, one.source, one.source_port, True), (
        one.protocol,
        one.destination,
        one.destination_port,
        False,
    )


def _surely(one: Conversation, point: Point) -> Confidence:
    """Certain where something else was captured there meanwhile: else the capture may have ended before, or begun later."""
    return Confidence.CERTAIN if _meanwhile(one, point) else Confidence.LIKELY


def _meanwhile(one: Conversation, point: Point) -> bool:
    return point.first <= one.last + NS and point.last >= one.first - NS


def _finding(wire: Wire, gap: _Gap, client: str) -> Finding:
    one, here, there = gap.seen, gap.seen.point, gap.missed.name
    to = endpoint(one.destination, one.destination_port)
    if gap.back is not None:
        here, there = gap.back.point, gap.missed.name
    what = f"{one.protocol} {one.source} > {to}"
    host = host_of(here) if host_of(here) == host_of(there) else ""
    return Finding(
        id=ID, severity=Severity.ERROR, host=host, flow=one.flow, client=client, address=to,
        what=f"{what} came to {here} and never to {there}" if gap.back is None
        else f"{what}: the answer passed {here} and never came back to {there}",
        cause=f"{host} does not pass it on: its firewall drops it, or it does not forward." if host
        else f"Something between {here} and {there} drops it without a word: a firewall, a rule of a switch, a tunnel.",
        proof=(_passed(wire, gap, here), gap.why, *_others(wire, gap)),
        evidence=packet_links(one.first_packet, *((gap.back.first_packet,) if gap.back else ())), confidence=gap.confidence,
        fix=_fix(host, one, here, there),
        recheck=f"bellrock path {host_of(here)} {host_of(there)} {one.flow}" if one.flow and host_of(here) and host_of(there) and not host
        else f"bellrock diagnose --live {interface_of(there) or 'IF'} --for 60",
    )  # fmt: skip


def _passed(wire: Wire, gap: _Gap, here: str) -> str:
    one = gap.seen
    if gap.back is not None:
        return f"{gap.back.replies} packets of the answer were seen at {here}, and none at {gap.missed.name}, where {one.packets} went out."
    what = "SYN" if one.protocol == "tcp" else "packet"
    return (
        f"The {what} of packet {one.first_packet} was seen at {here} at {clock(wire, one.first)}, {one.packets} packets in all; "
        f"none was seen at {gap.missed.name}."
    )


def _others(wire: Wire, gap: _Gap) -> Iterable[str]:
    """That the point was listening."""
    if not gap.missed.packets:
        yield f"{gap.missed.name} captured nothing at all."
        return
    yield f"{gap.missed.name} captured {gap.missed.packets} other packets, from {clock(wire, gap.missed.first)} to {clock(wire, gap.missed.last)}."


def _fix(host: str, one: Conversation, here: str, there: str) -> tuple[str, ...]:
    rule = f"{one.protocol} dport {one.destination_port}"
    if host:
        return (
            f"On {host}: `nft list ruleset`, `iptables-save`: let `ip daddr {one.destination} {rule}` through in forward.",
            f"On {host}: `sysctl net.ipv4.ip_forward`, `ip route get {one.destination} from {one.source} iif {interface_of(here)}`.",
        )
    return (
        f"Look for what filters between {here} and {there}; it has to let `{rule}` from {one.source} to {one.destination} through, and answers back.",
        "`bellrock firewall build` writes the rules for the site.",
    )
