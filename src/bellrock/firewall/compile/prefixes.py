"""Ranges of addresses as prefixes, for platforms that have no ranges."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, summarize_address_range

from bellrock.flows.passages import AddressRange
from bellrock.flows.values import Family

Network = IPv4Network | IPv6Network


def networks(ranges: Iterable[AddressRange], family: Family) -> list[Network]:
    """The fewest prefixes that hold the ranges and nothing else, in order."""
    address: type[IPv4Address | IPv6Address] = IPv4Address if family == 4 else IPv6Address
    found: list[Network] = []
    for first, last in ranges:
        found.extend(summarize_address_range(address(first), address(last)))
    return found
