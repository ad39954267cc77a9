"""dhcp-request-unanswered: a machine asks for the address that it was offered, or for more time with the one it has, and nobody answers."""

from collections.abc import Iterator
from typing import Final

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.dhcp_story import PATIENCE, SURE, Exchange, Told, attempts, by_client, server
from bellrock.diagnosis.dhcp_words import probe, sentences
from bellrock.diagnosis.packets import NS, Arp, Packet, Wire
from bellrock.diagnosis.per_wire import per_wire
from bellrock.diagnosis.readings import group, links
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire import dhcp_answer as answer
from bellrock.wire import dhcp_options as option
from bellrock.wire.dhcp import NOBODY, Message

ID = "dhcp-request-unanswered"
TITLE = "Nobody acknowledges the address that a machine asks for"
EXPLAINS: frozenset[str] = frozenset()
_EVERYWHERE: Final = "255.255.255.255"


def find(case: Case) -> Iterator[Finding]:
    """One for each machine whose last REQUESTs stay without ACK and NAK where an answer would be seen."""
    wire = case.wire
    if wire is None:
        return
    for client, several in by_client(wire).items():
        waiting = _waiting(several)
        asks = tuple(one for exchange in waiting for one in exchange.requests)
        if attempts(asks) < SURE or wire.last - asks[0].packet.at < PATIENCE * NS:
            continue
        if renews(asks[-1]):
            if _hears(wire, client, asks):
                yield _renewal(wire, client, waiting[-1], asks)
        elif _offered(waiting, asks) and not _uses(wire, client, asks):
            yield _selecting(wire, client, waiting, asks)


def renews(one: Told) -> bool:
    """Whether a REQUEST is for more time with an address that the client has (RFC 2131 §4.3.2)."""
    return one.message.ciaddr != NOBODY


def _waiting(several: tuple[Exchange, ...]) -> list[Exchange]:
    """The last exchanges with REQUESTs after which no answer to one came."""
    found: list[Exchange] = []
    for one in several:
        if one.acks or one.naks:
            found = []
        elif one.requests:
            found = [each for each in found if renews(each.requests[-1]) == renews(one.requests[-1])] + [one]
    return found


def _offered(waiting: list[Exchange], asks: tuple[Told, ...]) -> list[Told]:
    """Offers of the server that is asked, where the REQUEST is seen as well: its acknowledgement would come the same way."""
    asked = answer.server(asks[-1].message)
    points = {one.packet.point for one in asks}
    return [
        one for exchange in waiting for one in exchange.offers
        if one.packet.point in points and (not asked or server(one) == asked)
    ]  # fmt: skip


def _hears(wire: Wire, client: str, asks: tuple[Told, ...]) -> bool:
    """Whether a point that shows the questions shows what is sent to the client alone, while it went to one server."""
    direct = [one for one in asks if one.packet.destination != _EVERYWHERE]
    return bool(direct) and any((one.packet.point, client) in _alone(wire) for one in direct)


@per_wire
def _alone(wire: Wire) -> frozenset[tuple[str, str]]:
    """Points, and machines of which they show what is sent to them alone."""
    return frozenset(
        (one.point, one.destination_mac) for one in wire.packets if one.destination_mac and not group(one.destination_mac)
    )  # fmt: skip


def _uses(wire: Wire, client: str, asks: tuple[Told, ...]) -> bool:
    """Whether the machine speaks from the address all the same: it was acknowledged where nobody looked."""
    wanted = option.address(asks[-1].message.options.get(option.REQUESTED_ADDRESS, b""))
    since = asks[0].packet.at
    if any(one.client == wanted and one.at >= since for one in wire.transfers):
        return True
    return any(one.at >= since and _from(one, client, wanted) for one in wire.packets)


def _from(packet: Packet, client: str, address: str) -> bool:
    said = packet.said
    if isinstance(said, Arp):
        return (said.sender_mac, said.sender) == (client, address)
    return packet.source == address and not isinstance(said, Message)


def _selecting(wire: Wire, client: str, waiting: list[Exchange], asks: tuple[Told, ...]) -> Finding:
    last, offered = waiting[-1], _offered(waiting, asks)[-1]
    whom, address = server(offered), answer.address(offered.message)
    return Finding(
        id=ID, severity=Severity.ERROR if last.boots else Severity.WARNING, client=client, vid=last.vid, flow="dhcp", address=whom,
        what=f"{whom} offers {address} to {client}, and does not answer when it asks for it, {attempts(asks)} times",
        cause="The server does not give what it has offered (it cannot write its leases, waits for its failover partner, or finds another "
        "server's identifier in the question), or REQUEST or ACK is lost on the way.",
        proof=(*sentences(wire, (offered,)), *sentences(wire, asks), "No ACK and no NAK to it is in the capture."),
        evidence=links((offered.packet, *(one.packet for one in asks))), confidence=Confidence.LIKELY,
        fix=(
            f"Read the log of {whom} for {client}: failover state (`peer holds all free leases`, `not responding`), a lease file that cannot "
            "be written, a full disk.",
            "Behind a relay: its server identifier override (option 82, suboption 11; `ip dhcp relay server-id-override`) must be what the "
            "server accepts.",
        ),
        recheck=probe(last),
    )  # fmt: skip


def _renewal(wire: Wire, client: str, last: Exchange, asks: tuple[Told, ...]) -> Finding:
    direct = [one for one in asks if one.packet.destination != _EVERYWHERE]
    whom, address = direct[-1].packet.destination, asks[-1].message.ciaddr
    return Finding(
        id=ID, severity=Severity.WARNING, client=client, vid=last.vid, flow="dhcp", address=whom,
        what=f"{client} asks {whom} for more time with {address}, {attempts(asks)} times, and nobody answers",
        cause="The server does not run any more, or what is sent to it alone is dropped (a filter that lets only broadcasts and relays "
        "reach udp/67). The machine loses its address when its lease ends (RFC 2131 §4.4.5).",
        proof=(*sentences(wire, asks), "No ACK and no NAK to it is in the capture."),
        evidence=links(one.packet for one in asks), confidence=Confidence.LIKELY,
        fix=(
            f"Make sure that a DHCP server runs on {whom} and still has the lease of {address}.",
            f"Let udp/67 pass from machines to {whom} and back, not only broadcasts and relays.",
        ),
        recheck=probe(last),
    )  # fmt: skip
