"""DHCP asked as machines that boot ask: on a link, without an address and without taking a lease, or of a server as a relay asks it."""

import asyncio
import contextlib
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from msgspec import structs

from bellrock.flows import Protocol
from bellrock.link.card import carried
from bellrock.link.clock import monotonic
from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.link.ports import holder_of
from bellrock.model import Verdict
from bellrock.probe.dhcp_follow import Once, follow
from bellrock.probe.dhcp_lease import LEASE, lease
from bellrock.probe.dhcp_offers import MAX_OFFERS, Offer, booting, complaints, first_of_each, sentence
from bellrock.probe.dhcp_plan import OPTIONS, PLAIN, SECOND, Plan, Variant, another, machine, plan
from bellrock.probe.dhcp_talk import Conversation, Talk, describe, talking
from bellrock.probe.libvirt_dnsmasq import judge as judge_dnsmasq
from bellrock.probe.net import Net
from bellrock.probe.values import Found, Load, NotChecked, Probe
from bellrock.probe.variants import Check, each
from bellrock.wire.dhcp import SERVER_PORT, Kind
from bellrock.wire.ethernet import mac_text

REPEATS: Final = (1.0, 2.0, 60.0)
"""Seconds after which a question without an answer is asked again (RFC 2131 §4.1 has 4 s; somebody waits for this one)."""
PATIENCE: Final = 0.85
"""Of the time of the ask: so long the first offer is waited for, and then it is listened on; what is left is for following up."""
GRACE: Final = 0.5
"""Seconds in which an offer may still come after an ICMP error about the question."""


async def run(plan: Plan, net: Net) -> tuple[Found, ...]:
    """Ask as every machine that was asked for, at once; a finding for each."""
    if not plan.server:
        await carried(plan.interface)
    with talking(plan, net) as talk:
        if plan.flow == "libvirt-dnsmasq":
            (found,) = await each(net, {PLAIN: partial(_dnsmasq, plan, talk)})
            return (structs.replace(found, variant=""),)
        return unbooted(plan, await each(net, _checks(plan, talk)))


def _checks(plan: Plan, talk: Talk) -> dict[str, Check]:
    once = Once()
    checks: dict[str, Check] = {one.name: partial(_variant, plan, talk, once, one) for one in plan.variants}
    if plan.second:
        checks[SECOND] = partial(_two, plan, talk, plan.second)
    if plan.lease:
        checks[LEASE] = partial(lease, plan, talk, gather)
    return checks


def unbooted(plan: Plan, found: tuple[Found, ...]) -> tuple[Found, ...]:
    """That some kinds of machine are told nothing is no fault where nobody named them; that all are is one where the racks boot machines."""
    asked = {one.name for one in plan.variants if one.arch is not None}
    judged_of = [one for one in found if one.variant in asked and "offers" in one.facts]
    if plan.named or not plan.rack or not judged_of or any(one.facts["boots"] for one in judged_of):
        return found
    detail = (
        f"no offer names a boot file for any kind of machine; they are to boot from the rack ({', '.join(plan.rack)})"
    )
    return tuple(
        structs.replace(one, verdict=Verdict.DEGRADED, detail=detail, facts=one.facts | {"faults": [*one.facts["faults"], detail]})
        if one in judged_of and one.verdict is Verdict.WORKS else one
        for one in found
    )  # fmt: skip


async def _variant(plan: Plan, talk: Talk, once: Once, variant: Variant, net: Net) -> Found:
    started = monotonic()
    offers = await gather(plan, talk, variant, net)
    if not offers:
        return _silence(plan, talk, net)
    faults, facts = complaints(plan, variant, offers), _facts(offers, talk)
    if plan.follow:
        left = 0.95 * net.ask.within - (monotonic() - started) - 0.05
        tried = await follow(variant, talk, offers, net, left, once)
        faults, facts = [*faults, *tried.faults], facts | tried.facts
    return judged(plan, offers, faults, facts, sentence(variant, offers, facts.get("proxy_boot_file", "")))


def judged(plan: Plan, offers: Sequence[Offer], faults: list[str], facts: dict[str, Any], works: str) -> Found:
    """A finding: who answers only where he should not is the wrong service; else the first fault is the sentence."""
    verdict = Verdict.DEGRADED if faults else Verdict.WORKS
    if plan.servers and not any(offer.server in plan.servers for offer in offers):
        verdict = Verdict.WRONG_SERVICE
    detail = "; ".join(faults[:3]) or works
    return Found(verdict=verdict, detail=detail, facts=facts | {"faults": faults}, rtt=offers[0].after)


async def gather(plan: Plan, talk: Talk, variant: Variant, net: Net) -> list[Offer]:
    """Ask until somebody offers, then listen on for `plan.window`: each server's first offer, at most MAX_OFFERS.

    Raises:
        Obstructed: the question cannot be sent, or an ICMP error came back.
    """
    question = machine(variant, talk.mac, talk.giaddr)
    end = monotonic() + PATIENCE * net.ask.within
    found: list[Offer] = []
    if not (talk.raw or talk.giaddr):
        net.record.noticed("asked by UDP port 68, because raw frames are not allowed here")
    with talk.conversation(question.xid) as conversation:
        for pause in REPEATS:
            await net.turn(plan.server or talk.interface)
            if monotonic() >= end and pause == REPEATS[0]:
                raise NotChecked("other questions went first, and no time was left for this one")
            net.record.sent(describe(question, talk), talk.send(conversation, question))
            refusal = await _first(conversation, found, net, min(pause, end - monotonic()))
            if refusal:
                raise refusal
            if found or monotonic() >= end:
                break
        if found:
            await _listen(conversation, found, net, min(plan.window, end - monotonic()), most=MAX_OFFERS)
    return first_of_each(found)


async def _first(conversation: Conversation, found: list[Offer], net: Net, seconds: float) -> Obstructed | None:
    """The first offer within so many seconds; a closed port, where none comes either.

    A server that listens by raw frames answers although its kernel has nobody at the port and says so.
    """
    refusal = None
    try:
        await _listen(conversation, found, net, seconds, most=1)
    except Obstructed as error:
        if error.obstacle is not Obstacle.PORT:
            raise
        refusal = error
        with contextlib.suppress(Obstructed):
            await _listen(conversation, found, net, min(GRACE, seconds), most=1)
    return None if found else refusal


async def _listen(conversation: Conversation, found: list[Offer], net: Net, seconds: float, most: int) -> None:
    """Add to what was found, for so long or until there are so many."""
    end = monotonic() + seconds
    while len(found) < most:
        offer = await conversation.next(end - monotonic())
        if offer is None:
            return
        if offer.message.kind == Kind.OFFER:
            found.append(offer)
            what = f"an offer of {offer.address}" if offer.address else "boot information without an address"
            net.record.received(
                f"{what} by {offer.server}, from {offer.source} {offer.mac}".rstrip(), offer.octets, offer.at
            )
        else:
            net.record.noticed(f"DHCP message type {offer.message.kind} from {offer.source}, not an offer")


def _silence(plan: Plan, talk: Talk, net: Net) -> Found:
    """Nobody answered.

    Raises:
        NotChecked: the one who would is this machine.
    """
    seconds = f"{PATIENCE * net.ask.within:.3g} s"
    if plan.server:
        detail = (
            f"{plan.server} offers nothing within {seconds} to a relay at {talk.giaddr}: the question or the answer to port 67 is dropped, "
            f"or it has no subnet for {talk.giaddr}"
        )
    elif own := _own_server(plan, talk):
        raise NotChecked(
            f"nobody else offers anything on {plan.interface} within {seconds}, and {own} does not hear what its own machine sends out: ask from another machine on this link"
        )
    else:
        vlan = f" VLAN {plan.vid}" if plan.vid is not None else ""
        detail = (
            f"nobody offers anything on {plan.interface}{vlan} within {seconds}: no server on this link and no relay to one, "
            "or udp/67 and 68 are dropped"
        )
    return Found(verdict=Verdict.FILTERED, detail=detail)


def _own_server(plan: Plan, talk: Talk) -> str:
    """The server, or relay, of the link if that is this machine: frames that are sent out do not come in."""
    if not talk.raw or (plan.servers and talk.address and talk.address not in plan.servers):
        return ""
    holder = holder_of("udp", SERVER_PORT)
    return f"{holder.text()}, which has udp/67 here," if holder else ""


def _facts(offers: Sequence[Offer], talk: Talk) -> dict[str, Any]:
    chosen = booting(offers)
    return {
        "offers": [offer.facts() for offer in offers],
        "servers": sorted({offer.server for offer in offers}),
        "address": next((offer.address for offer in offers if offer.address), ""),
        "boots": chosen is not None,
        "boot_server": chosen.boot_server if chosen else "",
        "boot_file": chosen.file if chosen else "",
        "asked_as": mac_text(talk.mac),
        "raw": talk.raw,
    }


async def _two(plan: Plan, talk: Talk, second: Variant, net: Net) -> Found:
    """Whether one address is offered to two machines that ask at once."""
    first = structs.replace(second, discover=structs.replace(second.discover, xid=second.discover.xid ^ 1))
    other = another(talk.mac, SECOND)
    second = structs.replace(second, discover=structs.replace(second.discover, chaddr=other))
    ours, theirs = await asyncio.gather(gather(plan, talk, first, net), gather(plan, talk, second, net))
    if not ours or not theirs:
        return _silence(plan, talk, net)
    facts: dict[str, Any] = {"offers": [offer.facts() for offer in (*ours, *theirs)]}
    twice = [
        f"{one.server} offers {one.address} to two machines at once, {mac_text(talk.mac)} and {mac_text(other)}"
        for one in ours for its in theirs if one.address and (one.server, one.address) == (its.server, its.address)
    ]  # fmt: skip
    works = f"two machines are offered different addresses: {ours[0].address} and {theirs[0].address}"
    return judged(plan, ours, twice, facts, works)


async def _dnsmasq(plan: Plan, talk: Talk, net: Net) -> Found:
    (variant, *_) = plan.variants
    return judge_dnsmasq(await gather(plan, talk, variant, net), plan, talk)


PROBE = Probe(
    flows=("dhcp", "libvirt-dnsmasq"), plan=plan, run=run, protocols=(Protocol.UDP,), options=OPTIONS, link_wide=True,
    load=Load(packets=112, connections=12, octets=64 * 1024, spacing=0.02),
    falls_back="Without the right to raw frames it asks by UDP port 68 from the interface's own address; where there is none, or that port is taken, nothing is checked.",
)  # fmt: skip
"""Packets: three questions for each kind of machine, one to each boot and DNS server that is offered, and three more for a lease."""
