"""dhcp-reply-not-to-relay: the server answers a relayed request to somebody else than the relay."""

from collections.abc import Iterator

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.dhcp_story import Exchange, Told, exchanges, relayed, server
from bellrock.diagnosis.dhcp_words import sentences
from bellrock.diagnosis.packets import Wire
from bellrock.diagnosis.readings import links
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire.dhcp import CLIENT_PORT, NOBODY, SERVER_PORT

ID = "dhcp-reply-not-to-relay"
TITLE = "The DHCP server does not answer to the relay"
EXPLAINS = frozenset(
    (
        "dhcp-unanswered",
        "dhcp-offer-not-taken",
        "proxydhcp-unanswered",
        "dhcp-server-stopped",
        "dhcp-pool-exhausted",
        "never-arrived",
    )
)


def find(case: Case) -> Iterator[Finding]:
    """One for each client whose relay waits in vain: where its request arrived, no answer is sent to where it came from."""
    if case.wire is None:
        return
    told: set[tuple[str, str]] = set()
    for exchange in exchanges(case.wire):
        for ask in (one for one in (*exchange.discovers, *exchange.requests) if relayed(one)):
            replies = [one for one in (*exchange.offers, *exchange.acks) if _beside(one, ask)]
            # A server that answers to the relay as well, or later, has found it.
            astray = [one for one in replies if not _to_relay(one, ask)]
            if astray and len(astray) == len(replies) and (exchange.client, server(astray[0])) not in told:
                told.add((exchange.client, server(astray[0])))
                yield _finding(case.wire, exchange, ask, astray)


def _beside(reply: Told, ask: Told) -> bool:
    """Seen on the same wire as the request, after it, and not by the relay itself, which passes answers on to its clients."""
    here = (reply.packet.point, reply.packet.vids) == (
        ask.packet.point,
        ask.packet.vids,
    ) and reply.packet.at >= ask.packet.at
    by_relay = reply.packet.source_mac == ask.packet.source_mac or reply.packet.source == ask.message.giaddr
    return here and not by_relay and reply.packet.source_mac != ""


def _to_relay(reply: Told, ask: Told) -> bool:
    """RFC 2131 §4.1: to port 67 of giaddr; RFC 8357: to the port that the relay sent from."""
    right_port = reply.packet.destination_port in (SERVER_PORT, ask.packet.source_port)
    return reply.packet.destination == ask.message.giaddr and right_port and reply.message.giaddr == ask.message.giaddr


def _finding(wire: Wire, exchange: Exchange, ask: Told, astray: list[Told]) -> Finding:
    one, giaddr = astray[0], ask.message.giaddr
    went = f"{one.packet.destination}:{one.packet.destination_port}"
    if one.message.giaddr == NOBODY:
        said, cause = (
            "carries no giaddr",
            "Without giaddr the relay cannot tell for which of its links the answer is, and drops it.",
        )
    elif one.packet.destination_port == CLIENT_PORT and one.packet.destination == giaddr:
        said, cause = f"carries giaddr {giaddr}, but went to port 68", "The relay waits on port 67, and never gets it."
    else:
        said, cause = (
            f"carries giaddr {giaddr}, but went to {went}",
            "The client is behind the relay: what is not sent to the relay never gets there.",
        )
    return Finding(
        id=ID, severity=Severity.ERROR, client=exchange.client, address=server(one), flow="dhcp",
        what=f"The answer of {server(one)} to {exchange.client} {said}: the relay does not get it",
        cause=cause, proof=sentences(wire, (ask, *astray)), evidence=links(one.packet for one in (ask, *astray)),
        confidence=Confidence.CERTAIN,
        fix=(
            f"Let {server(one)} answer relays as RFC 2131 §4.1 says: to port 67 of giaddr ({giaddr}). Look for settings that force broadcast or "
            "ignore giaddr, and for rules of its host that rewrite destinations (`nft list ruleset`).",
            f"Make sure that {server(one)} has a route to {giaddr}: `ip route get {giaddr}`.",
        ),
        recheck=f"bellrock probe dhcp --to {server(one)}",
    )  # fmt: skip
