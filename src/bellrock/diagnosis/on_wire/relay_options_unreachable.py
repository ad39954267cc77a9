"""relay-options-unreachable: DHCP names a router, boot or DNS server that cannot be reached from the client's VLAN."""

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import NamedTuple

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.dhcp_story import Exchange, Told, leases, server
from bellrock.diagnosis.dhcp_words import probe, sentence
from bellrock.diagnosis.packets import Arp, Packet, Wire
from bellrock.diagnosis.per_wire import per_wire
from bellrock.diagnosis.readings import links, of
from bellrock.diagnosis.readings_arp import insists
from bellrock.diagnosis.readings_heard import heard
from bellrock.diagnosis.tftp_story import errors
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire import dhcp_answer as answer
from bellrock.wire import dhcp_options as option

ID = "relay-options-unreachable"
TITLE = "DHCP names a server that cannot be reached from this VLAN"
EXPLAINS = frozenset(
    (
        "tftp-unanswered", "name-unknown", "address-not-routable", "never-arrived", "connection-unanswered", "ntp-unanswered",
        "next-server-overwritten", "dns-unanswered",
    )
)  # fmt: skip
AWAY = frozenset(("network unreachable", "host unreachable"))
ASKED = 3


def find(case: Case) -> Iterator[Finding]:
    """One for each client and server that is out of its reach."""
    wire = case.wire
    if wire is None:
        return
    told: set[tuple[str, str]] = set()
    for exchange, ack in leases(wire):
        for name, address in _named(ack):
            why = _beyond(ack, name, address) or _away(wire, ack, address)
            if why and (exchange.client, address) not in told:
                told.add((exchange.client, address))
                yield _finding(wire, exchange, ack, (name, address), why)


def _named(ack: Told) -> Iterator[tuple[str, str]]:
    """What a machine is told to use, and as what."""
    message = ack.message
    if router := answer.gateway(message):
        yield "router (option 3)", router
    boot = answer.boot_server(message) if answer.boots(message) else ""
    if _is_address(boot):
        yield "boot server (siaddr, option 66)", boot
    yield from (("DNS server (option 6)", one) for one in answer.name_servers(message))
    yield from (
        ("NTP server (option 42)", one) for one in option.addresses(message.options.get(option.NTP_SERVERS, b""))
    )


def _beyond(ack: Told, name: str, address: str) -> tuple[str, Confidence] | None:
    """By the offer itself: beyond the subnet without a way out of it."""
    mask = answer.network(ack.message)
    if mask is None or IPv4Address(address) in mask.network:
        return None
    if name.startswith("router"):
        # RFC 3442: a client that takes classless routes passes over the router; one address alone (/32) has its router beyond.
        direct = mask.network.prefixlen >= 31 or option.CLASSLESS_ROUTES in ack.message.options
        why = f"{address} is outside of {mask.network}, so that nobody can be asked to pass on packets"
        return None if direct else (why, Confidence.CERTAIN)
    if answer.routed(ack.message):
        return None
    return f"{address} is outside of {mask.network}, and no router is offered", Confidence.CERTAIN


def _away(wire: Wire, ack: Told, address: str) -> tuple[str, Confidence] | None:
    """By what came of it: a router says that there is no way, or nobody on the link has the address."""
    client, seen = ack.message.yiaddr, _seen(wire)
    if (client, address) in seen.away:
        packet, kind = seen.away[client, address]
        return f"packet {packet.number}: {packet.source} says {kind} of {client} > {address}", Confidence.CERTAIN
    mask = answer.network(ack.message)
    asks = seen.asks.get((client, address), [])
    if mask is None or IPv4Address(address) not in mask.network or address in seen.heard:
        return None
    # At any other port of the VLAN its questions are seen, and no answer to it.
    if not insists(asks, ASKED) or not heard(wire, asks[0].source_mac):
        return None
    why = f"packet {asks[0].number} and {len(asks) - 1} more ask by ARP who has {address}, and nobody does"
    return why, Confidence.LIKELY


class _Seen(NamedTuple):
    """What tells of addresses that are not there."""

    away: dict[tuple[str, str], tuple[Packet, str]]
    """Source and destination → the first ICMP error that says that there is no way."""
    asks: dict[tuple[str, str], list[Packet]]
    """Sender and target of ARP's questions."""
    heard: frozenset[str]
    """Addresses from which anything came."""


@per_wire
def _seen(wire: Wire) -> _Seen:
    away: dict[tuple[str, str], tuple[Packet, str]] = {}
    asks: dict[tuple[str, str], list[Packet]] = {}
    heard = {packet.source for packet in wire.packets}
    for packet, said in errors(wire):
        if said.kind in AWAY:
            away.setdefault((said.source, said.destination), (packet, said.kind))
    for packet, arp in of(wire, Arp):
        heard.add(arp.sender)
        if arp.op == 1:
            asks.setdefault((arp.sender, arp.target), []).append(packet)
    return _Seen(away, asks, frozenset(heard))


def _finding(wire: Wire, exchange: Exchange, ack: Told, what: tuple[str, str], why: tuple[str, Confidence]) -> Finding:
    name, address = what
    relay = f" by way of relay {exchange.relay}" if exchange.relay else ""
    reason, sure = why
    return Finding(
        id=ID, severity=Severity.ERROR, client=exchange.client, vid=exchange.vid, address=address,
        what=f"{exchange.client} was given the {name} {address}{relay}, which cannot be reached from its VLAN",
        cause=f"{server(ack)} sends options of another network: {reason}.",
        proof=(sentence(wire, ack), f"{reason[0].upper()}{reason[1:]}."), evidence=links((ack.packet,)), confidence=sure,
        fix=(
            f"On {server(ack)}: give the subnet of {ack.message.yiaddr} its own options: addresses that machines there can reach.",
            f"Or make {address} reachable: a route on the VLAN's router, and one back.",
        ),
        recheck=probe(exchange),
    )  # fmt: skip


def _is_address(text: str) -> bool:
    try:
        return bool(IPv4Address(text))
    except ValueError:
        return False
