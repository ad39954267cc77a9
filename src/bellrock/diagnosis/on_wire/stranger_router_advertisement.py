"""stranger-router-advertisement: a machine that is no router of this network says by IPv6 that it is one."""

from collections.abc import Iterator
from ipaddress import IPv6Network, ip_network
from typing import Final, NamedTuple

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import Packet, RouterAdvertisement, Wire
from bellrock.diagnosis.readings import again, clock, links, of, segment_of, vid_of
from bellrock.flows.site import Site
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire import dhcp

ID = "stranger-router-advertisement"
TITLE = "A stranger says that it is an IPv6 router"
EXPLAINS = frozenset(("address-not-routable", "connection-unanswered", "dns-unanswered"))
_SIX_TO_FOUR: Final = IPv6Network("2002::/16")
"""RFC 6104 §2.2: machines that share their connection advertise prefixes of 6to4."""


class _Router(NamedTuple):
    packet: Packet
    said: RouterAdvertisement

    @property
    def mac(self) -> str:
        return self.packet.source_mac


def find(case: Case) -> Iterator[Finding]:
    """One for each router that the site does not know, or that shows by itself that it is none: it leases an address, or shares one."""
    wire = case.wire
    if wire is None:
        return
    askers = {said.chaddr.hex(":") for _packet, said in of(wire, dhcp.Message) if said.op == 1}
    for router in _routers(wire):
        shown = _stranger(router, case.site, askers)
        if shown is not None:
            yield _finding(wire, router, *shown)


def _routers(wire: Wire) -> list[_Router]:
    """The first advertisement of each that wants to be the way out, or gives prefixes away; RFC 4861 §6.2.5: with lifetime 0 it stops."""
    found: dict[object, _Router] = {}
    for packet, said in of(wire, RouterAdvertisement):
        if said.lifetime or said.prefixes:
            found.setdefault((segment_of(packet), packet.source_mac or packet.source), _Router(packet, said))
    return [*found.values()]


def _stranger(router: _Router, site: Site | None, askers: set[str]) -> tuple[str, Confidence] | None:
    """Why it is one, and how sure that is."""
    prefixes = _networks(router.said.prefixes)
    if any(prefix.subnet_of(_SIX_TO_FOUR) for prefix in prefixes):
        return (
            "It gives away a 6to4 prefix (2002::/16), as machines do that share their own connection.",
            Confidence.LIKELY,
        )
    if site is None or not site.subnets or not prefixes:
        asks = f"{router.mac} asks for an address by DHCP itself, as few routers do (those of homes and branches, hosts of containers)."
        return (asks, Confidence.POSSIBLE) if router.mac in askers else None
    known = [one for subnet in site.subnets if isinstance(one := subnet.network, IPv6Network)]
    if any(prefix.overlaps(one) for prefix in prefixes for one in known):
        return None
    return (
        ("The site has IPv6 subnets, and none of them holds what it gives away.", Confidence.CERTAIN) if known
        else ("The site has no IPv6 subnet.", Confidence.LIKELY)
    )  # fmt: skip


def _networks(prefixes: tuple[str, ...]) -> list[IPv6Network]:
    found = (ip_network(prefix, strict=False) for prefix in prefixes)
    return [one for one in found if isinstance(one, IPv6Network) and not one.is_link_local]


def _finding(wire: Wire, router: _Router, shown: str, confidence: Confidence) -> Finding:
    packet, said = router
    gives = ", ".join(said.prefixes) or "no prefix"
    known = "may be none of this network" if confidence is Confidence.POSSIBLE else "is none of this network"
    way = f"for {said.lifetime} s as the way out" if said.lifetime else "without being the way out"
    return Finding(
        id=ID, severity=Severity.NOTICE if confidence is Confidence.POSSIBLE else Severity.WARNING, vid=vid_of(packet), address=packet.source,
        what=f"{router.mac or packet.source} advertises itself as an IPv6 router, and {known}",
        cause="Every machine of the segment takes an address and a default route from it, and prefers IPv6: connections go to it and end there.",
        proof=(
            f"Its router advertisement in packet {packet.number}, at {clock(wire, packet.at)}, from {packet.source}, gives {gives}, {way}.",
            shown,
        ),
        evidence=links((packet,)), confidence=confidence,
        fix=(
            f"Find {router.mac or packet.source} by the switch's table of MAC addresses, and stop what advertises there (radvd, dnsmasq "
            "`enable-ra`, shared connections, containers).",
            "Turn on RA guard (RFC 6105) for all ports but the routers'.",
            "If it belongs here: write its prefix into the site file.",
        ),
        recheck=again(packet.point, 300),
    )  # fmt: skip
