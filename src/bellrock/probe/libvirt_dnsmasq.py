"""Whether dnsmasq, as libvirt runs it, serves DHCP on a link: told by how its offers look, and by its process where that is here."""

from collections.abc import Sequence
from typing import Any

from bellrock.link.card import interface_with
from bellrock.link.libvirtnet import Dnsmasq, dnsmasqs
from bellrock.model import Verdict
from bellrock.probe.dhcp_offers import Offer, told
from bellrock.probe.dhcp_plan import Plan
from bellrock.probe.dhcp_talk import Talk
from bellrock.probe.values import Found
from bellrock.wire import dhcp_answer as answer


def like_dnsmasq(offer: Offer) -> bool:
    """Whether an offer is made as dnsmasq makes them."""
    return answer.like_dnsmasq(offer.message)


def like_libvirt(offer: Offer) -> bool:
    """Whether it is router, DNS and DHCP server in one, as libvirt sets it up for machines behind NAT."""
    return answer.like_libvirt(offer.message, offer.server)


def judge(offers: Sequence[Offer], plan: Plan, talk: Talk) -> Found:
    """`works` means that dnsmasq serves here, which a VLAN of nodes must not have."""
    link = plan.interface or plan.server
    facts: dict[str, Any] = {"offers": [offer.facts() for offer in offers], "raw": talk.raw}
    if not offers:
        return Found(
            verdict=Verdict.FILTERED, detail=f"no dnsmasq answers on {link}, and no other DHCP server", facts=facts
        )
    # Who is to serve here may well be a dnsmasq, that of a rack: it is nobody's to end.
    strangers = [offer for offer in offers if offer.server not in (*plan.servers, *plan.rack)]
    there = dnsmasqs() if any(map(like_dnsmasq, strangers)) else ()
    suspects = [(offer, _process(offer, there)) for offer in strangers if like_dnsmasq(offer)]
    suspect, process = next(
        ((offer, process) for offer, process in suspects if like_libvirt(offer) or (process and process.network)),
        (None, None),
    )
    if suspect is None:
        return Found(verdict=Verdict.WRONG_SERVICE, detail=_others(offers, link), facts=facts, rtt=offers[0].after)
    detail = f"{told(suspect)} offers {suspect.address} on {link}: it looks like dnsmasq"
    detail += " as libvirt sets it up" if like_libvirt(suspect) else ""
    facts |= {"server": suspect.server}
    if process:
        detail += f"; it is {process.text()}: `{process.ending()}` ends it"
        facts |= {
            "pid": process.pid,
            "namespace": process.namespace,
            "network": process.network,
            "ended_by": process.ending(),
        }
    return Found(verdict=Verdict.WORKS, detail=detail, facts=facts, rtt=suspect.after)


def _others(offers: Sequence[Offer], link: str) -> str:
    """Who serves instead; a dnsmasq that is set up otherwise than by libvirt is the DHCP server of many a rack and router."""
    served = ", ".join(f"{told(one)}{', a dnsmasq set up otherwise' if like_dnsmasq(one) else ''}" for one in offers)
    return f"no dnsmasq of libvirt's answers on {link}; DHCP is served by {served}"


def _process(offer: Offer, there: Sequence[Dnsmasq]) -> Dnsmasq | None:
    """The process on this machine that made an offer, where that is proved: it holds the server's address, in this network namespace the frame's sender too.

    That it is the only dnsmasq here proves nothing: every host with libvirt has one, and often 192.168.122.1 as well.
    """
    owner = interface_with(offer.server)
    ours = owner.name if owner and offer.mac in ("", owner.mac) else ""
    near = [one for one in there if ours and not one.namespace]
    here = [one for one in near if one.interface == ours] or [one for one in near if not one.interface]
    elsewhere = [one for one in there if one.namespace and offer.server in one.local]
    certain = here if owner else elsewhere
    return certain[0] if len(certain) == 1 else None
