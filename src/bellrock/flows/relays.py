"""Whether what nodes send to everybody on their link, before they have an address, can reach a rack.

A DHCPDISCOVER (RFC 2131 §4.1) and a SOLICIT (RFC 8415 §14) cross no router: a rack is on the link, or a relay is.
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

from bellrock.flows.addresses import FAMILIES, range_of
from bellrock.flows.passages import AddressRange
from bellrock.flows.site import Site, Subnet
from bellrock.flows.values import Family, Role
from bellrock.flows.written import family_of

SHOWN: Final = 5
"""Names of subnets in one line."""

_FLOWS: Final[dict[Family, tuple[str, str]]] = {4: ("dhcp", "DISCOVER"), 6: ("dhcpv6", "SOLICIT")}

_Link = tuple[str | None, int | str | None, str]
"""Fabric, VLAN, and where the VLAN is not told the subnet itself."""


def unrelayed(site: Site) -> tuple[str, ...]:
    """A line for each family in which nodes are on a subnet that neither a rack nor a relay has an address on.

    A rack on the link speaks both families, by link-local addresses; a relay speaks those of which it has addresses there.
    """
    racks = {_link(one) for one in _with(site, Role.RACK, site.subnets)}
    found = []
    for family in FAMILIES:
        flow, message = _FLOWS[family]
        members = site.roles.get(Role.RACK)
        own = [one for one in site.subnets if family_of(one.network) == family]
        if flow in site.disabled or members is None or not members.addresses.of(family):
            continue
        reached = racks | {_link(one) for one in _with(site, Role.RELAY, own)}
        names = [one.name for one in _with(site, Role.NODE, own) if _link(one) not in reached]
        if names:
            found.append(
                f"flow {flow}: no rack and no relay has an address on {_named(names)}: no {message} reaches a rack"
            )
    return tuple(found)


def _with(site: Site, role: Role, subnets: Iterable[Subnet]) -> list[Subnet]:
    """The subnets that a role fills or has addresses in; who is everywhere, or in a network around them, tells nothing."""
    members = site.roles.get(role)
    if members is None:
        return []
    filled = set(members.subnets)
    return [
        one
        for one in subnets
        if one.name in filled or _meets(members.addresses.of(family_of(one.network)), range_of(one.network))
    ]


def _meets(ranges: tuple[AddressRange, ...], subnet: AddressRange) -> bool:
    """Whether a range lies within the subnet; the ranges are sorted and disjoint."""
    at = bisect_left(ranges, subnet[0], key=lambda one: one[0])
    return at < len(ranges) and ranges[at][1] <= subnet[1]


def _link(subnet: Subnet) -> _Link:
    return (subnet.fabric, subnet.vlan, "" if subnet.vlan is not None else subnet.name)


def _named(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN:,} more subnets" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
