"""What the readers share: addresses and ports as platforms write them."""

from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Network, ip_network
from typing import Final

from bellrock.firewall.compile.vendors.rules import WHOLE, ReadbackError, protocol_of
from bellrock.flows.passages import AddressRange
from bellrock.flows.values import Family, PortRange, Protocol

PROTOCOLS: Final[dict[str, Protocol]] = {
    "tcp": Protocol.TCP,
    "udp": Protocol.UDP,
    "icmp": Protocol.ICMP,
    "icmpv4": Protocol.ICMP,
    "icmpv6": Protocol.ICMPV6,
    "icmp6": Protocol.ICMPV6,
    "igmp": Protocol.IGMP,
}


def protocol(word: str, family: Family) -> Protocol:
    """By name or number; `icmp` in a list for IPv6 is ICMPv6.

    Raises:
        ReadbackError: an unknown one.
    """
    if word.isdigit():
        return protocol_of(int(word))
    if word not in PROTOCOLS:
        raise ReadbackError(f"unknown protocol '{word}'")
    found = PROTOCOLS[word]
    return Protocol.ICMPV6 if found is Protocol.ICMP and family == 6 else found


def network(text: str) -> tuple[Family, AddressRange]:
    """`10.0.0.0/8`, `2001:db8::/32` or an address, with its family.

    Raises:
        ReadbackError: neither.
    """
    try:
        found = ip_network(text)
    except ValueError:
        raise ReadbackError(f"'{text}' is no network") from None
    return _span(found)


def wildcard(address: str, bits: str) -> AddressRange:
    """`10.0.0.0 0.255.255.255`: the ones are what does not matter.

    Raises:
        ReadbackError: they do not make a network.
    """
    try:
        first, free = int(IPv4Address(address)), int(IPv4Address(bits))
    except AddressValueError:
        free, first = 1, 1
    if free & (free + 1) or first & free:
        raise ReadbackError(f"'{address} {bits}' is no network")
    return (first, first + free)


def masked(address: str, mask: str) -> AddressRange:
    """`10.0.0.0 255.0.0.0`: the ones are what matters.

    Raises:
        ReadbackError: they do not make a network.
    """
    try:
        inverse = str(IPv4Address(int(IPv4Address(mask)) ^ 0xFFFFFFFF))
    except AddressValueError:
        raise ReadbackError(f"'{address} {mask}' is no network") from None
    return wildcard(address, inverse)


def whole(family: Family) -> AddressRange:
    """Everybody."""
    return WHOLE[family][0]


def port(text: str) -> PortRange:
    """`69` or `1024-65535`.

    Raises:
        ReadbackError: neither.
    """
    first, dash, last = text.partition("-")
    return ports_between(first, last if dash else first)


def ports_between(first: str, last: str) -> PortRange:
    """Both included.

    Raises:
        ReadbackError: not two ports in order.
    """
    if not (first.isdigit() and last.isdigit() and int(first) <= int(last) <= 65535):
        raise ReadbackError(f"'{first}-{last}' are no ports")
    # Where every port is meant, 1 is as good a beginning as 0, which nobody has (RFC 6335 §6).
    return (0 if int(first) <= 1 and int(last) == 65535 else int(first), int(last))


def number(text: str, what: str) -> int:
    """An octet.

    Raises:
        ReadbackError: it is none.
    """
    if not text.isdigit() or int(text) > 255:
        raise ReadbackError(f"'{text}' is no {what}")
    return int(text)


def _span(found: IPv4Network | IPv6Network) -> tuple[Family, AddressRange]:
    family: Family = 4 if found.version == 4 else 6
    return family, (int(found.network_address), int(found.broadcast_address))
