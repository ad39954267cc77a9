"""Addresses that are surely not a router's own: what is translated to them is forwarded still."""

from ipaddress import ip_address

from bellrock.firewall.verify.boxes import Intervals
from bellrock.flows.addresses import range_of
from bellrock.flows.site import Site
from bellrock.flows.written import family_of

Others = tuple[Intervals, Intervals]
"""Of IPv4 and of IPv6."""


def others(site: Site) -> Others:
    """The single addresses that the site gives its roles, and those of subnets whose gateway it names, but for that gateway."""
    return _others(site, 4), _others(site, 6)


def _others(site: Site, family: int) -> Intervals:
    gateways = [int(ip_address(one.gateway)) for one in site.subnets if one.gateway and _is(one.gateway, family)]
    spans = [range_of(one.network) for one in site.subnets if one.gateway and family_of(one.network) == family]
    hosts = (host for members in site.roles.values() for host in members.hosts)
    single = (int(ip_address(host)) for host in hosts if _is(host, family))
    return Intervals((*spans, *((one, one) for one in single))) - Intervals.of(*gateways)


def _is(written: str, family: int) -> bool:
    try:
        return ip_address(written).version == family
    except ValueError:
        return False
