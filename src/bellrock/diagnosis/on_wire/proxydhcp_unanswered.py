"""proxydhcp-unanswered: a proxyDHCP server tells machines to ask it for their boot file, and that step is missing."""

from collections.abc import Iterator, Sequence
from typing import Final

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.dhcp_story import (
    LONG,
    PATIENCE,
    Exchange,
    Told,
    attempts,
    by_client,
    heard_alone,
    relayed,
    server,
)
from bellrock.diagnosis.dhcp_words import boot_options, probe, sentences
from bellrock.diagnosis.packets import NS, Wire
from bellrock.diagnosis.readings import links
from bellrock.diagnosis.tftp_story import errors
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire import dhcp_answer as answer
from bellrock.wire.dhcp import PROXY_PORT

ID = "proxydhcp-unanswered"
TITLE = "The proxyDHCP server is not asked, or does not answer"
EXPLAINS = frozenset(("service-refused", "dhcp-unanswered"))
_GONE_ON: Final = NS


def find(case: Case) -> Iterator[Finding]:
    """One for each client whose way to its boot file ends between DHCP and proxyDHCP."""
    wire = case.wire
    if wire is None:
        return
    for client, several in by_client(wire).items():
        asks = [one for exchange in several for one in exchange.proxy_requests]
        answers = [one for exchange in several for one in exchange.proxy_answers]
        if asks and not answers:
            if _in_vain(wire, asks):
                yield _unanswered(wire, several, asks)
        elif not asks and not answers and (lost := _lost(several)):
            yield _not_passed_on(wire, client, several, lost)
        elif not asks and not answers and (offers := _told_to_ask(wire, several)):
            yield _never_asked(wire, client, several, offers)


def _in_vain(wire: Wire, asks: Sequence[Told]) -> bool:
    first, last = asks[0].packet.at, asks[-1].packet.at
    count = attempts(asks)
    return count > 2 or (count > 1 and wire.last - first >= PATIENCE * NS) or wire.last - last >= LONG * NS


def _unanswered(wire: Wire, several: Sequence[Exchange], asks: Sequence[Told]) -> Finding:
    whom = asks[-1].packet.destination
    refused = [
        (packet, said)
        for packet, said in errors(wire)
        if said.destination == whom and said.destination_port == PROXY_PORT
    ]
    icmp = tuple(
        f"Packet {packet.number}: {packet.source} says {said.kind} of {whom}:{PROXY_PORT}."
        for packet, said in refused[:2]
    )
    cause = (
        f"Nobody listens on port {PROXY_PORT} of {whom}, or its firewall rejects it." if icmp
        else f"udp/{PROXY_PORT} is dropped on the way to {whom} or by it, or its proxyDHCP server listens on port 67 alone."
    )  # fmt: skip
    offers = [one for exchange in several for one in exchange.proxies]
    return Finding(
        id=ID, severity=Severity.ERROR, client=several[-1].client, vid=several[-1].vid, address=whom,
        what=f"{several[-1].client} asks {whom} on port {PROXY_PORT} for its boot file, and nobody answers", cause=cause,
        proof=(*sentences(wire, (*offers, *asks)), *icmp),
        evidence=links((*(one.packet for one in (*offers, *asks)), *(packet for packet, _said in refused))),
        confidence=Confidence.CERTAIN if icmp else Confidence.LIKELY,
        fix=(
            f"Let udp/{PROXY_PORT} pass to {whom}, and start what answers there (dnsmasq listens on it with `--dhcp-range=SUBNET,proxy` and "
            "`--pxe-service`).",
            "Or name the boot file in the DHCP server's own answer (options 66 and 67), so that no second question is needed.",
        ),
        recheck=probe(several[-1]),
    )  # fmt: skip


def _lost(several: Sequence[Exchange]) -> list[Told]:
    """ProxyDHCP's offers to a relay that were not seen on the client's link, while the DHCP server's were."""
    for exchange in several:
        to_relay = [one for one in exchange.proxies if relayed(one) and one.packet.destination == one.message.giaddr]
        links_of = {_link(one) for one in exchange.discovers if not relayed(one)} - {_link(one) for one in to_relay}
        passed = [one for one in exchange.offers if _link(one) in links_of]
        if to_relay and passed and not any(_link(one) in links_of for one in exchange.proxies):
            return to_relay
    return []


def _link(one: Told) -> tuple[str, tuple[int, ...]]:
    return one.packet.point, one.packet.vids


def _not_passed_on(wire: Wire, client: str, several: Sequence[Exchange], lost: Sequence[Told]) -> Finding:
    one = lost[0]
    return Finding(
        id=ID, severity=Severity.ERROR, client=client, vid=several[-1].vid, address=server(one),
        what=f"The relay {one.message.giaddr} drops the proxyDHCP answer of {server(one)} to {client}",
        cause="The relay passes on answers with an address only; the one that tells what to boot has none.",
        proof=(*sentences(wire, lost), "On the client's link the DHCP server's offer is seen, and this one is not."),
        evidence=links(each.packet for each in lost), confidence=Confidence.CERTAIN,
        fix=(
            "Name the boot file in the DHCP server's own answer (options 66 and 67) on VLANs behind this relay.",
            "Or let the proxyDHCP server stand on the client's VLAN, where no relay is between.",
        ),
        recheck=probe(several[-1]),
    )  # fmt: skip


def _told_to_ask(wire: Wire, several: Sequence[Exchange]) -> list[Told]:
    """Offers that say PXEClient and no file: the machine took an address, and neither asked further nor fetched anything."""
    firmware = [one for one in several if one.boots and not one.http]
    offers = [
        one
        for exchange in firmware
        for one in (*exchange.proxies, *exchange.acks, *exchange.offers)
        if answer.boots(one.message)
    ]
    named = [one for one in offers if answer.file(one.message)]
    acks = [one for exchange in firmware for one in exchange.acks]
    if not offers or named or not acks or wire.last - acks[-1].packet.at < PATIENCE * NS:
        return []
    given = {one.message.yiaddr for one in acks}
    went_on = any(one.client in given for one in wire.transfers) or any(
        one.source in given and one.protocol == "tcp" for one in wire.conversations
    )
    return [] if went_on or several[0].client not in heard_alone(wire) else offers


def _never_asked(wire: Wire, client: str, several: Sequence[Exchange], offers: Sequence[Told]) -> Finding:
    one = offers[0]
    return Finding(
        id=ID, severity=Severity.ERROR, client=client, vid=several[-1].vid, address=server(one),
        what=f"{client} was told to ask {server(one)} for its boot file on port {PROXY_PORT}, and never does",
        cause="Its firmware passes over what it was told: UEFI asks only where the menu (option 43) lets it, and some asks on its own subnet only.",
        proof=(*sentences(wire, offers[:2]), f"It says: {boot_options(one)}.", f"The client took an address and sent nothing to port {PROXY_PORT}."),
        evidence=links(each.packet for each in offers), confidence=Confidence.LIKELY,
        fix=("Name the boot file in the answer itself (options 66 and 67) instead of in a second step, by architecture (option 93).",),
        recheck=probe(several[-1]),
    )  # fmt: skip
