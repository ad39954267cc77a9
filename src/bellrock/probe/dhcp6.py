"""DHCPv6 asked as a machine that boots asks: on a link, without taking a lease, or of a server as a relay asks it."""

from functools import partial
from typing import Any, Final

from bellrock.flows import Protocol
from bellrock.link.card import carried
from bellrock.link.clock import monotonic
from bellrock.link.source import Source
from bellrock.model import Verdict
from bellrock.probe.dhcp6_adverts import (
    OPTIONS,
    Advert,
    Plan,
    Variant,
    complaints,
    expected,
    first_of_each,
    plan,
    sentence,
    solicit,
)
from bellrock.probe.dhcp6_talk import Conversation, Talk, talking
from bellrock.probe.dhcp_follow import EACH, TRIES, Attempt, Once, Way, boot_url, fitting, follow_all, name_server
from bellrock.probe.net import Net
from bellrock.probe.values import Found, Load, NotChecked, Probe
from bellrock.probe.variants import each
from bellrock.wire.dhcp6 import SERVER_PORT
from bellrock.wire.ethernet import mac_text

REPEATS: Final = (1.0, 2.0, 60.0)
"""RFC 8415 §7.6: SOL_TIMEOUT is 1 s and doubles."""
PATIENCE: Final = 0.85
MAX_ADVERTS: Final = 16
MAX_DNS: Final = 4
LEAST: Final = 0.1
"""Seconds without which servers are not tried."""


async def run(plan: Plan, net: Net) -> tuple[Found, ...]:
    """Ask as every machine that was asked for, at once; a finding for each."""
    if not plan.server:
        await carried(plan.interface)
    with talking(plan, net) as talk:
        once = Once()
        return await each(net, {one.name: partial(_variant, plan, talk, once, one) for one in plan.variants})


async def _variant(plan: Plan, talk: Talk, once: Once, variant: Variant, net: Net) -> Found:
    started = monotonic()
    adverts = await gather(plan, talk, variant, net)
    if not adverts:
        return _silence(plan, net)
    faults = complaints(plan, variant, adverts)
    facts: dict[str, Any] = {
        "adverts": [one.facts() for one in adverts],
        "boot_url": next((one.url for one in adverts if one.url), ""),
        "asked_as": mac_text(talk.mac),
    }
    if plan.follow:
        left = 0.95 * net.ask.within - (monotonic() - started) - 0.05
        way = Way(net, Source(talk.interface), min(EACH, left) / TRIES)
        tried = await follow_all(_attempts(variant, adverts, way, once) if _can_follow(plan, talk, left) else ())
        faults, facts = [*faults, *tried.faults], facts | tried.facts
    verdict = Verdict.DEGRADED if faults else Verdict.WORKS
    if not any(expected(plan, one) for one in adverts):
        verdict = Verdict.WRONG_SERVICE
    detail = "; ".join(faults[:3]) or sentence(variant, adverts)
    return Found(verdict=verdict, detail=detail, facts=facts | {"faults": faults}, rtt=adverts[0].after)


async def gather(plan: Plan, talk: Talk, variant: Variant, net: Net) -> list[Advert]:
    """Ask until somebody answers, then listen on for `plan.window`: each server's first answer.

    Raises:
        Obstructed: the question cannot be sent, or an ICMPv6 error came back.
        Unexpected: what came from the server is no DHCPv6.
    """
    question = solicit(variant, talk.mac)
    end = monotonic() + PATIENCE * net.ask.within
    found: list[Advert] = []
    with talk.conversation(question.transaction) as conversation:
        for pause in REPEATS:
            await net.turn(plan.server or talk.interface)
            if monotonic() >= end and pause == REPEATS[0]:
                raise NotChecked("other questions went first, and no time was left for this one")
            net.record.sent(f"SOLICIT of {mac_text(talk.mac)} as {variant.name}", talk.send(question))
            await _listen(conversation, found, net, min(pause, end - monotonic()), most=1)
            if found or monotonic() >= end:
                break
        if found:
            await _listen(conversation, found, net, min(plan.window, end - monotonic()), most=MAX_ADVERTS)
    return first_of_each(found)


async def _listen(conversation: Conversation, found: list[Advert], net: Net, seconds: float, most: int) -> None:
    end = monotonic() + seconds
    while len(found) < most:
        advert = await conversation.next(end - monotonic())
        if advert is None:
            return
        found.append(advert)
        net.record.received(f"ADVERTISE of {advert.source} {advert.mac}".rstrip(), advert.octets, advert.at)


def _silence(plan: Plan, net: Net) -> Found:
    seconds = f"{PATIENCE * net.ask.within:.3g} s"
    if plan.server:
        detail = f"{plan.server} advertises nothing within {seconds} to a relay: the question or the answer is dropped, or it does not know the link"
    else:
        vlan = f" VLAN {plan.vid}" if plan.vid is not None else ""
        detail = (
            f"nobody advertises anything on {plan.interface}{vlan} within {seconds}: no DHCPv6 server on this link and no relay to one, "
            "or udp/546 and 547 are dropped"
        )
    return Found(verdict=Verdict.FILTERED, detail=detail)


def _can_follow(plan: Plan, talk: Talk, left: float) -> bool:
    """From this host's own address on the link, and while there is time."""
    return bool(talk.address) and not plan.server and left > LEAST


def _attempts(variant: Variant, adverts: list[Advert], way: Way, once: Once) -> list[Attempt]:
    servers = list(dict.fromkeys(one for advert in adverts for one in advert.name_servers))[:MAX_DNS]
    found = [once.of(f"dns {one}", partial(name_server, way, one, variant.transaction)) for one in servers]
    urls = [one.url for one in adverts if one.url and variant.arch is not None]
    return [
        *found,
        *(fitting(variant.name, variant.arch, once.of(one, partial(boot_url, way, one))) for one in urls[:1]),
    ]


PROBE = Probe(
    flows=("dhcpv6",), plan=plan, run=run, protocols=(Protocol.UDP,), options=OPTIONS, port=SERVER_PORT, link_wide=True,
    load=Load(packets=112, connections=12, octets=64 * 1024, spacing=0.02),
    falls_back="Raw frames are needed only for a VLAN without an interface, for another MAC address, or where there is no link-local address; else UDP port 546 is enough.",
)  # fmt: skip
