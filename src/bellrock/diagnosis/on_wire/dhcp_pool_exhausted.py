"""dhcp-pool-exhausted: the server has no address left to give."""

from bisect import bisect_right
from collections.abc import Iterator

from bellrock.diagnosis.boots.clients import client6
from bellrock.diagnosis.case import Case
from bellrock.diagnosis.dhcp6_story import message, sixes
from bellrock.diagnosis.dhcp_story import Exchange, Plea, by_client, exchanges, leases, pleas, relayed, server
from bellrock.diagnosis.dhcp_words import probe, sentences
from bellrock.diagnosis.packets import Packet, Wire
from bellrock.diagnosis.per_wire import per_wire
from bellrock.diagnosis.readings import interface_of, links
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire import dhcp6
from bellrock.wire import dhcp_answer as answer
from bellrock.wire.errors import WireError

ID = "dhcp-pool-exhausted"
TITLE = "The DHCP server has no address left"
EXPLAINS = frozenset(("dhcp-unanswered",))


def find(case: Case) -> Iterator[Finding]:
    """One for each client that goes without. DHCPv6 says so; servers of DHCPv4 keep silent to new clients, and go on serving those they know."""
    wire = case.wire
    if wire is None:
        return
    for plea in pleas(wire):
        had_one = any(one.acks for one in by_client(wire)[plea.client])
        known = [] if had_one else _serves_on(wire, plea)
        if known:
            yield _four(wire, plea, known)
    told: set[str] = set()
    for packet, status in _without_address(wire):
        client = client6(message(packet), "") or packet.destination_mac
        if client not in told:
            told.add(client)
            yield _six(packet, client, status)


def _serves_on(wire: Wire, plea: Plea) -> list[Exchange]:
    """Exchanges of others that the server answered after this client asked: each for an address that was leased before."""
    since, places = plea.asks[0].packet.at, {(one.packet.point, one.packet.vids) for one in plea.asks}
    served = _served(wire)
    on: list[Exchange] = []
    for at, exchange, new in served[bisect_right(served, since, key=lambda one: one[0]) :]:
        ack = exchange.acks[-1].packet
        if at > since and (ack.point, ack.vids) in places:
            if new:
                # Somebody new was given an address after all.
                return []
            on.append(exchange)
    return on


@per_wire
def _served(wire: Wire) -> list[tuple[int, Exchange, bool]]:
    """By time, exchanges in which an address was given; whether it was the first time that this client got this one."""
    held: set[tuple[str, str]] = set()
    found: list[tuple[int, Exchange, bool]] = []
    for one in sorted((one for one in exchanges(wire) if one.acks), key=lambda one: one.acks[-1].packet.at):
        ack = one.acks[-1]
        holds = one.client, answer.address(ack.message)
        found.append((ack.packet.at, one, holds not in held))
        held.add(holds)
    return found


def _four(wire: Wire, plea: Plea, known: list[Exchange]) -> Finding:
    last, served = plea.exchanges[-1], known[-1].acks[-1]
    whom = server(served)
    given = sorted({answer.address(ack.message) for _one, ack in leases(wire) if server(ack) == whom})
    relay = next((one.message.giaddr for one in plea.asks if relayed(one)), "")
    return Finding(
        id=ID, severity=Severity.ERROR, client=plea.client, vid=last.vid, flow="dhcp", address=whom,
        what=f"{whom} gives {plea.client} no address, and goes on serving machines that have one{f' (relay {relay})' if relay else ''}",
        cause="Its range is used up: it answers those who hold a lease, and keeps silent to new ones.",
        proof=(
            *sentences(wire, plea.asks), *sentences(wire, (served,)),
            f"{whom} gave {len(given)} address{'es' if len(given) > 1 else ''} in this capture: {', '.join(given[:8])}; none to anybody new since.",
        ),
        evidence=links((*(one.packet for one in plea.asks), served.packet)), confidence=Confidence.LIKELY,
        fix=(
            f"On {whom}: look for `no free leases` (dhcpd), `ALLOC_FAIL` (Kea), `no address available` (dnsmasq), or `no available leases`.",
            "Widen the range (MAAS: the subnet's reserved dynamic range), free leases of machines that are gone, or shorten the lease.",
            f"If it is not full: it may be told to ignore {plea.client} (unknown clients, classes).",
        ),
        recheck=probe(last),
    )  # fmt: skip


def _without_address(wire: Wire) -> Iterator[tuple[Packet, str]]:
    """RFC 8415 §18.3.9: a server without an address for the client says NoAddrsAvail."""
    for packet in (one for six in sixes(wire) for one in six.answers):
        for code, value in message(packet).options:
            status = dhcp6.status(value) if code == dhcp6.STATUS else _inner(value) if code == dhcp6.IA_NA else ""
            if status.startswith("NoAddrsAvail"):
                yield packet, status


def _inner(value: bytes) -> str:
    try:
        return dhcp6.leased(value).status
    except WireError:
        return ""


def _six(packet: Packet, client: str, status: str) -> Finding:
    return Finding(
        id=ID, severity=Severity.ERROR, client=client, vid=packet.vids[-1] if packet.vids else None, flow="dhcpv6",
        address=packet.source, what=f"The DHCPv6 server {packet.source} has no address left for {client}",
        cause="Its pool is used up, or holds no range for this link.", proof=(f"Packet {packet.number} says {status}.",),
        evidence=links((packet,)), confidence=Confidence.CERTAIN,
        fix=("Widen the pool of the link (Kea `pools`, dhcpd `range6`, dnsmasq `--dhcp-range`).",), recheck=f"bellrock probe dhcpv6 --from {interface_of(packet.point) or 'INTERFACE'}",
    )  # fmt: skip
