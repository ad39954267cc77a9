"""Whether dnsmasq, as libvirt runs it, serves DHCP on a link: told by how its offers look, and by its process where that is here."""

from collections.abc import Sequence
from typing import Any, Final

from bellrock.link.card import owner_of
from bellrock.link.libvirtnet import Dnsmasq, dnsmasqs
from bellrock.model import Verdict
from bellrock.probe.dhcp_offers import Offer, gateway, network, told
from bellrock.probe.dhcp_plan import Plan
from bellrock.probe.dhcp_talk import Talk
from bellrock.probe.values import Found
from bellrock.wire import dhcp_options as option

FIRST: Final = (
    option.SERVER_ID,
    option.LEASE_TIME,
    option.RENEWAL_TIME,
    option.REBINDING_TIME,
    option.NETMASK,
    option.BROADCAST_ADDRESS,
)
"""The options with which every offer of dnsmasq begins, in its order, but for those of booting; neither kea nor ISC dhcpd has it."""


def like_dnsmasq(offer: Offer) -> bool:
    """Whether an offer is made as dnsmasq makes them."""
    order = tuple(code for code in offer.message.options if code not in (option.TFTP_SERVER, option.BOOT_FILE))
    return order[: len(FIRST)] == FIRST


def like_libvirt(offer: Offer) -> bool:
    """Whether it is router, DNS and DHCP server in one, on the first address of its subnet, as libvirt sets it up for machines behind NAT."""
    mask = network(offer)
    name_servers = option.addresses(offer.message.options.get(option.DNS_SERVERS, b""))
    return (
        like_dnsmasq(offer) and mask is not None and offer.server == gateway(offer) and name_servers == [offer.server]
        and offer.server == str(mask.network.network_address + 1)
    )  # fmt: skip


def judge(offers: Sequence[Offer], plan: Plan, talk: Talk) -> Found:
    """`works` means that dnsmasq serves here, which a VLAN of nodes must not have."""
    link = plan.interface or plan.server
    facts: dict[str, Any] = {"offers": [offer.facts() for offer in offers], "raw": talk.raw}
    if not offers:
        return Found(
            verdict=Verdict.FILTERED, detail=f"no dnsmasq answers on {link}, and no other DHCP server", facts=facts
        )
    suspect = next(
        (offer for offer in offers if like_libvirt(offer)),
        next((offer for offer in offers if like_dnsmasq(offer)), None),
    )
    if suspect is None:
        others = ", ".join(told(offer) for offer in offers)
        return Found(verdict=Verdict.WRONG_SERVICE, detail=f"no dnsmasq answers on {link}; DHCP is served by {others}, whose offers look otherwise",
                     facts=facts, rtt=offers[0].after)  # fmt: skip
    process = _process(suspect)
    kind = "dnsmasq as libvirt sets it up" if like_libvirt(suspect) else "dnsmasq"
    detail = f"{told(suspect)} offers {suspect.address} on {link}: it looks like {kind}"
    facts |= {"server": suspect.server, "libvirt": like_libvirt(suspect) or bool(process and process.network)}
    if process:
        detail += f"; it is {process.text()}: `{process.ending()}` ends it"
        facts |= {
            "pid": process.pid,
            "namespace": process.namespace,
            "network": process.network,
            "ended_by": process.ending(),
        }
    return Found(verdict=Verdict.WORKS, detail=detail, facts=facts, rtt=suspect.after)


def _process(offer: Offer) -> Dnsmasq | None:
    """The process on this machine that made an offer: its socket is bound to the server's address or to the interface that has it."""
    there = dnsmasqs()
    interface = owner_of(offer.server)
    certain = [
        one
        for one in there
        if one.address == offer.server or (interface and one.interface == interface and not one.namespace)
    ]
    # In other namespaces, or bound to any address: it is his if there is no other.
    return certain[0] if certain else there[0] if len(there) == 1 and (interface or there[0].namespace) else None
