"""dhcp-duplicate-offer: one address is given to two machines while both may use it."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.dhcp_story import Exchange, Told, by_client, exchanges, server
from bellrock.diagnosis.dhcp_words import probe, sentences
from bellrock.diagnosis.packets import NS, Arp, Packet, Wire
from bellrock.diagnosis.readings import links
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire import dhcp_answer as answer
from bellrock.wire import dhcp_options as option

ID = "dhcp-duplicate-offer"
TITLE = "One address is offered to two machines"
EXPLAINS = frozenset(
    (
        "dhcp-nak",
        "dhcp-unanswered",
        "dhcp-declined",
        "duplicate-address",
        "tftp-stalled",
        "tftp-data-blocked",
        "tftp-unanswered",
    )
)
OFFERED = 30.0
"""Seconds that an offer stands, until the machine has asked for it."""


def find(case: Case) -> Iterator[Finding]:
    """One for each machine that comes second. An offer that nobody took up may be made to another one."""
    if case.wire is None:
        return
    given: dict[str, list[tuple[Exchange, Told]]] = defaultdict(list)
    for exchange in exchanges(case.wire):
        for address, one in _taken(exchange).items():
            given[address].append((exchange, one))
    told: set[tuple[str, str]] = set()
    for address, holders in given.items():
        for (first, before), (second, after) in pairwise(sorted(holders, key=_order)):
            if (
                not _same_machine(first, second)
                and (second.client, address) not in told
                and _overlap(case.wire, first, before, after)
            ):
                told.add((second.client, address))
                yield _finding(case.wire, address, (first, before), (second, after))


def _order(holder: tuple[Exchange, Told]) -> tuple[bool, int]:
    """Who was refused comes second, whoever was offered it first."""
    exchange, one = holder
    return bool(exchange.naks) and not exchange.acks, one.packet.at


def _taken(exchange: Exchange) -> dict[str, Told]:
    """Addresses that the client was given, or was offered and asked for: the last answer about each."""
    asked = {option.address(one.message.options.get(option.REQUESTED_ADDRESS, b"")) for one in exchange.requests}
    answers = (*(one for one in exchange.offers if answer.address(one.message) in asked), *exchange.acks)
    return {answer.address(one.message): one for one in answers if answer.address(one.message)}


def _same_machine(one: Exchange, other: Exchange) -> bool:
    """By MAC, by client identifier (RFC 2132 §9.14) or by UUID (RFC 4578 §2.3): a bond or a stage may ask under another MAC."""
    if one.client == other.client:
        return True
    return any(_says(one, code) & _says(other, code) for code in (option.CLIENT_ID, option.CLIENT_UUID))


def _says(exchange: Exchange, code: int) -> set[bytes]:
    return {
        one.message.options[code] for one in (*exchange.discovers, *exchange.requests) if code in one.message.options
    }


def _overlap(wire: Wire, first: Exchange, before: Told, after: Told) -> bool:
    """Whether the first one's lease (or offer) still runs, and it has not given the address back."""
    lasts = (answer.lease_time(before.message) or 0) if before in first.acks else OFFERED
    back = [
        one for exchange in by_client(wire)[first.client] for one in (*exchange.declines, *exchange.releases)
        if before.packet.at <= one.packet.at <= after.packet.at
    ]  # fmt: skip
    elsewhere = [
        one for exchange in by_client(wire)[first.client] for one in exchange.acks
        if before.packet.at < one.packet.at < after.packet.at and one.message.yiaddr != before.message.yiaddr
    ]  # fmt: skip
    return not back and not elsewhere and after.packet.at - before.packet.at < lasts * NS


def _sure(first: tuple[Exchange, Told], second: tuple[Exchange, Told]) -> Confidence:
    (holder, before), (client, after) = first, second
    both = before in holder.acks and after in client.acks
    return Confidence.CERTAIN if both or client.naks else Confidence.LIKELY


def _goes_on(wire: Wire, address: str, mac: str, after: Told) -> bool:
    """Whether the first one uses it still. Of two cards of one machine with one reservation (dnsmasq, dhcpd, Kea) only one does."""
    return any(
        packet.at > after.packet.at and packet.source_mac == mac and address in (packet.source, _sender(packet))
        for packet in wire.packets
    )


def _sender(packet: Packet) -> str:
    return packet.said.sender if isinstance(packet.said, Arp) else ""


def _finding(wire: Wire, address: str, first: tuple[Exchange, Told], second: tuple[Exchange, Told]) -> Finding:
    (holder, before), (client, after) = first, second
    one_server = server(before) == server(after)
    alive = bool(client.naks) or _goes_on(wire, address, holder.client, after)
    severity, sure = (Severity.ERROR, _sure(first, second)) if alive else (Severity.WARNING, Confidence.POSSIBLE)
    cause = (
        f"{server(after)} has lost or never had the lease of {holder.client}: its lease file was lost, or both have the same reservation."
        if one_server else f"{server(before)} and {server(after)} lease from overlapping ranges, and do not know of each other."
    )  # fmt: skip
    if not alive:
        cause += (
            f" Or both are one machine with two network cards: {holder.client} says nothing from {address} after that."
        )
    return Finding(
        id=ID, severity=severity, client=client.client, vid=client.vid,
        what=f"{address} is offered to {client.client} while {holder.client} has it", cause=cause,
        proof=sentences(wire, (before, after, *client.naks, *client.declines)),
        evidence=links(one.packet for one in (before, after, *client.naks)),
        confidence=sure,
        fix=(
            "Let each address be given by one server only: ranges that do not overlap, or servers that share their leases (failover).",
            f"Look for {address} in leases and reservations of {server(after)}" + ("." if one_server else f" and of {server(before)}."),
        ),
        recheck=f"{probe(client)} -o second=yes",
    )  # fmt: skip
