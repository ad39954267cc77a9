"""A lease taken and given back, where that is asked for: DISCOVER, OFFER, REQUEST, ACK, RELEASE (RFC 2131 §3.1).

Never under the interface's own hardware address: the server would offer the very lease that this host lives by, and the RELEASE
would free it for others while it is in use here.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from msgspec import structs

from bellrock.link.clock import monotonic
from bellrock.link.obstacle import is_own
from bellrock.model import Verdict
from bellrock.probe.dhcp_offers import Offer, told
from bellrock.probe.dhcp_plan import PLAIN, Plan, Variant, another, machine, transaction
from bellrock.probe.dhcp_talk import Conversation, LinkTalk, Talk, describe
from bellrock.probe.net import Net
from bellrock.probe.values import Found
from bellrock.wire import dhcp_options as option
from bellrock.wire.dhcp import Kind, Message
from bellrock.wire.ethernet import mac_text
from bellrock.wire.ip import address_bytes

Gather = Callable[[Plan, Talk, Variant, Net], Awaitable[list[Offer]]]
LEASE: Final = "lease"
PATIENCE: Final = 2.0
"""Seconds that the acknowledgement may take."""


async def lease(plan: Plan, talk: Talk, gather: Gather, net: Net) -> Found:
    """Take the first address that a wanted server offers, and release it at once.

    Raises:
        Obstructed: something cannot be sent.
    """
    first = plan.variants[0]
    xid = transaction(net.ask.nonce, "lease")
    mac = another(talk.mac, LEASE)
    variant = Variant(PLAIN, first.arch, structs.replace(first.discover, xid=xid, chaddr=mac))
    started = monotonic()
    offers = [offer for offer in await gather(plan, talk, variant, net) if _wanted(plan, offer)]
    if not offers:
        return Found(verdict=Verdict.FILTERED, detail="no lease was taken: no server that should offers an address")
    offer = offers[0]
    if is_own(offer.address):
        what = f"{told(offer)} offers {offer.address} to a machine that it does not know, and this host has that address: it was not taken"
        return Found(verdict=Verdict.DEGRADED, detail=what, facts={"server": offer.server, "offer": offer.facts()})
    with talk.conversation(xid) as conversation:
        answer = await _request(talk, conversation, variant, offer, net, net.ask.within - (monotonic() - started))
        if answer is None:
            return Found(
                verdict=Verdict.DEGRADED,
                detail=f"{told(offer)} offers {offer.address} and does not answer the request for it",
            )
        facts = {
            "server": offer.server,
            "address": offer.address,
            "lease_time_s": _lease_time(answer),
            "asked_as": mac_text(mac),
            "offer": offer.facts(),
        }
        if answer.message.kind == Kind.NAK:
            said = option.text(answer.message.options.get(option.TEXT, b""))
            why = f": {said}" if said else ""
            return Found(
                verdict=Verdict.DEGRADED,
                detail=f"{told(answer)} offers {offer.address} and then refuses it (DHCPNAK){why}",
                facts=facts,
            )
        _release(talk, conversation, variant, answer, net)
    return Found(
        verdict=Verdict.WORKS,
        detail=f"{offer.server} leases {answer.address}, which was given back at once",
        facts=facts,
    )


def request(variant: Variant, offer: Offer, mac: bytes) -> Message:
    """RFC 2131 §4.3.2, in state SELECTING: the offered address and the server's identifier, ciaddr zero."""
    asked = machine(variant, mac)
    chosen = {option.REQUESTED_ADDRESS: address_bytes(offer.address), option.SERVER_ID: address_bytes(offer.server)}
    return structs.replace(asked, kind=Kind.REQUEST, options=asked.options | chosen)


def release(variant: Variant, answer: Offer, mac: bytes) -> Message:
    """RFC 2131 §4.4.6, table 5: ciaddr, the server's identifier, and nothing else that was asked for."""
    asked = machine(variant, mac)
    options = {option.SERVER_ID: address_bytes(answer.server)}
    return structs.replace(asked, kind=Kind.RELEASE, broadcast=False, ciaddr=answer.address, options=options)


def _wanted(plan: Plan, offer: Offer) -> bool:
    """Nothing is taken from a stranger."""
    return (
        bool(offer.address)
        and option.SERVER_ID in offer.message.options
        and (not plan.servers or offer.server in plan.servers)
    )


async def _request(
    talk: Talk, conversation: Conversation, variant: Variant, offer: Offer, net: Net, left: float
) -> Offer | None:
    message = request(variant, offer, talk.mac)
    net.record.sent(
        f"{describe(message, talk)} for {offer.address} of {offer.server}", talk.send(conversation, message)
    )
    end = monotonic() + min(PATIENCE, left - 0.3)
    while (answer := await conversation.next(end - monotonic())) is not None:
        if answer.message.kind in (Kind.ACK, Kind.NAK):
            name = Kind(answer.message.kind).name
            net.record.received(f"DHCP{name} by {told(answer)}", answer.octets, answer.at)
            return answer
    return None


def _release(talk: Talk, conversation: Conversation, variant: Variant, answer: Offer, net: Net) -> None:
    message = release(variant, answer, talk.mac)
    if isinstance(talk, LinkTalk):
        # The way back leads through whoever brought the acknowledgement: the server itself, or its relay.
        size = talk.send_to(conversation, message, answer.address, answer.server, answer.mac)
    else:
        size = talk.send(conversation, message)
    net.record.sent(f"DHCPRELEASE of {answer.address} to {answer.server}", size)


def _lease_time(answer: Offer) -> int:
    return option.number(answer.message.options.get(option.LEASE_TIME, b""))
