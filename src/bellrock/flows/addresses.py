"""Addresses as sorted, disjoint ranges of integers, one list for each family."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final

from msgspec import Struct

from bellrock.flows.passages import AddressRange
from bellrock.flows.values import Family

Network = IPv4Network | IPv6Network

FAMILIES: Final[tuple[Family, ...]] = (4, 6)

EVERYTHING: Final[dict[Family, AddressRange]] = {4: (0, (1 << 32) - 1), 6: (0, (1 << 128) - 1)}


class Addresses(Struct, frozen=True, cache_hash=True):
    """A set of addresses of both families; ranges sorted, disjoint, not adjacent."""

    four: tuple[AddressRange, ...] = ()
    six: tuple[AddressRange, ...] = ()

    def of(self, family: Family) -> tuple[AddressRange, ...]:
        """The ranges of one family."""
        return self.four if family == 4 else self.six

    def __bool__(self) -> bool:
        return bool(self.four or self.six)


ALL: Final = Addresses((EVERYTHING[4],), (EVERYTHING[6],))

SPECIAL: Final = (
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
    *("192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"),
    *("::/3", "2001:2::/48", "2001:db8::/32", "3fff::/20", "4000::/2", "8000::/1"),
)
"""What nobody on the Internet has: RFC 6890 and IANA's registries of special-purpose addresses; of IPv6, all but 2000::/3 (RFC 4291 §2.4)."""


def collected(networks: Iterable[Network]) -> Addresses:
    """The addresses of some networks."""
    ranges: dict[int, list[AddressRange]] = {4: [], 6: []}
    for network in networks:
        ranges[network.version].append(range_of(network))
    return Addresses(merged(ranges[4]), merged(ranges[6]))


def global_less(taken: Addresses) -> Addresses:
    """The addresses of the Internet that are not among those taken."""
    special = collected(ip_network(text) for text in SPECIAL)
    return Addresses(
        *(without((EVERYTHING[family],), merged((*special.of(family), *taken.of(family)))) for family in FAMILIES)
    )


def range_of(network: Network) -> AddressRange:
    """First and last address of a network."""
    first = int(network.network_address)
    return first, first | int(network.hostmask)


def ranges_of(texts: Iterable[str], family: Family) -> tuple[AddressRange, ...]:
    """Addresses and prefixes of one family out of a list of both; the texts are known to be valid."""
    networks = (ip_network(text) for text in texts)
    return merged(range_of(network) for network in networks if network.version == family)


def merged(ranges: Iterable[AddressRange]) -> tuple[AddressRange, ...]:
    """The same addresses in as few ranges as possible, in order."""
    out: list[AddressRange] = []
    for first, last in sorted(ranges):
        if out and first <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(last, out[-1][1]))
        else:
            out.append((first, last))
    return tuple(out)


def without(ranges: tuple[AddressRange, ...], taken: tuple[AddressRange, ...]) -> tuple[AddressRange, ...]:
    """What is left of `ranges` outside of `taken`; both sorted and disjoint."""
    out: list[AddressRange] = []
    holes = iter((*taken, (1 << 129, 1 << 129)))
    hole = next(holes)
    for first, last in ranges:
        start = first
        while hole[1] < start:
            hole = next(holes)
        while hole[0] <= last:
            if start < hole[0]:
                out.append((start, hole[0] - 1))
            start = hole[1] + 1
            if hole[1] >= last:
                break
            hole = next(holes)
        if start <= last:
            out.append((start, last))
    return tuple(out)


def spelled(value: int, family: Family) -> str:
    """An address as people write it."""
    return str(IPv4Address(value) if family == 4 else IPv6Address(value))
