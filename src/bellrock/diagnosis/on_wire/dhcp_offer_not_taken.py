"""dhcp-offer-not-taken: a machine is offered an address again and again, and never asks for it."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.dhcp_story import LONG, SURE, Exchange, Told, attempts, by_client, relayed, server
from bellrock.diagnosis.dhcp_words import probe, sentences
from bellrock.diagnosis.packets import NS, Wire
from bellrock.diagnosis.readings import EVERYBODY, links
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire import dhcp_answer as answer

ID = "dhcp-offer-not-taken"
TITLE = "Addresses are offered, and the machine takes none"
EXPLAINS: frozenset[str] = frozenset()
PACE: Final = 35.0
"""Seconds: the longest pause of firmware between two DISCOVERs (PXE 2.1 §2.2.3) and some slack. Monitors ask rarer, and never take an offer."""


def find(case: Case) -> Iterator[Finding]:
    """One for each machine that asked on and on beside offers. Its REQUEST would be a broadcast, to be seen wherever its DISCOVER was."""
    if case.wire is None:
        return
    for client, several in by_client(case.wire).items():
        untaken = _untaken(several)
        if untaken and _in_vain(case.wire, untaken):
            yield _finding(case.wire, client, untaken)


def _untaken(several: tuple[Exchange, ...]) -> list[Exchange]:
    """The last exchanges of a client in which it asked for nothing that was offered, one soon after the other."""
    found: list[Exchange] = []
    for one in several:
        if one.requests or one.acks or one.naks:
            found = []
        elif one.discovers:
            if found and one.first - found[-1].last > PACE * NS:
                found = []
            found.append(one)
    return found


def _in_vain(wire: Wire, untaken: list[Exchange]) -> bool:
    offers = [one for exchange in untaken for one in exchange.offers]
    asks = [one for exchange in untaken for one in exchange.discovers]
    times = sorted(one.packet.at for one in asks)
    # Who asks rarer is a monitor.
    paced = all(after - before <= PACE * NS for before, after in pairwise(times))
    return (
        attempts(offers) > 1 and attempts(asks) >= SURE and paced and wire.last - offers[0].packet.at >= LONG * NS
        and asks[-1].packet.at > offers[0].packet.at
    )  # fmt: skip


def _finding(wire: Wire, client: str, untaken: list[Exchange]) -> Finding:
    last = untaken[-1]
    asks = [one for exchange in untaken for one in exchange.discovers]
    offers = [one for exchange in untaken for one in exchange.offers]
    servers = list(dict.fromkeys(server(one) for one in offers))
    cause, fix, confidence = _why(last, asks, offers)
    point = offers[-1].packet.point
    return Finding(
        id=ID, severity=Severity.ERROR if last.boots else Severity.WARNING, client=client, vid=last.vid, flow="dhcp",
        address=servers[0] if len(servers) == 1 else "",
        what=f"{client} is offered {answer.address(offers[-1].message) or 'an address'} by {', '.join(servers[:3])}, and asks anew, "
        f"{attempts(asks)} times, without ever taking it",
        cause=cause,
        proof=(
            *sentences(wire, (asks[0], offers[0], asks[-1])), f"No REQUEST of {client} follows, at {point or 'any point'} or elsewhere.",
        ),
        evidence=links(one.packet for one in (*asks, *offers)), confidence=confidence, fix=fix, recheck=probe(last),
    )  # fmt: skip


def _why(last: Exchange, asks: list[Told], offers: list[Told]) -> tuple[str, tuple[str, ...], Confidence]:
    """Cause, fix, and how sure that is."""
    if last.boots and not any(answer.boots(one.message) for one in offers):
        return (
            "The offers name nothing to boot, and firmware passes over such offers; or they are lost on the way to the machine.",
            ("Name next-server and boot file for this machine's architecture, or start the proxyDHCP server.",), Confidence.LIKELY,
        )  # fmt: skip
    alone = [one for one in offers if one.packet.destination_mac != EVERYBODY and not relayed(one)]
    if alone and any(one.message.broadcast for one in asks):
        return (
            "The machine asks for a broadcast (flag of RFC 2131 §4.1), and the offer is sent to it alone: it does not take that.",
            ("Let the server heed the broadcast flag (dhcpd: `always-broadcast on;`, dnsmasq: `--dhcp-broadcast`).",), Confidence.LIKELY,
        )  # fmt: skip
    by_relay = next((one.message.giaddr for one in offers if relayed(one)), "")
    way = f"between the relay {by_relay} and the machine" if by_relay else "between this point and the machine"
    return (
        f"The offers are lost {way} (DHCP snooping with an untrusted port, a filter of udp/68, a port that passes one way only), or the "
        "machine rejects what they say.",
        (
            "On switches on the way: make the port towards the DHCP server or relay a trusted one (`ip dhcp snooping trust`).",
            "Capture at the machine's port as well, or at a mirror of it: if the offer arrives there, the machine rejects it.",
        ),
        Confidence.LIKELY,
    )  # fmt: skip
