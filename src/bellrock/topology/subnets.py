"""Addresses as interfaces carry them, and the subnets that they stand for."""

from functools import lru_cache
from ipaddress import ip_interface
from sys import intern
from typing import Final

_NOT_EVERYWHERE: Final = (127, 169)
"""First octets of addresses that may stand for one host, or one link."""


@lru_cache(maxsize=1 << 18)
def subnet_of(address: str) -> str | None:
    """The prefix of an address with prefix length, `10.0.0.1/24` → `10.0.0.0/24`.

    None for what tells nothing of a segment: link-local and loopback addresses, single hosts (/32, /128), and text that is no address.
    """
    return _plain(address) or _any(address)


def _plain(address: str) -> str | None:
    """The same for IPv4 addresses as nearly all are, ten times as fast; None: this must be looked at more closely."""
    octets, _, length = address.partition("/")
    parts = octets.split(".")
    if len(parts) != 4 or not length.isdecimal() or not octets.replace(".", "").isdecimal() or not address.isascii():
        return None
    if any(not part or len(part) > 3 or (part[0] == "0" and part != "0") for part in parts):
        return None
    a, b, c, d = map(int, parts)
    host_bits = 32 - int(length)
    if not 0 < host_bits < 32 or max(a, b, c, d) > 255 or a in _NOT_EVERYWHERE:
        return None
    network = (a << 24 | b << 16 | c << 8 | d) >> host_bits << host_bits
    return intern(f"{network >> 24}.{network >> 16 & 255}.{network >> 8 & 255}.{network & 255}/{32 - host_bits}")


def _any(address: str) -> str | None:
    try:
        network = ip_interface(address).network
    except ValueError:
        return None
    if network.is_link_local or network.is_loopback or network.num_addresses == 1:
        return None
    return str(network)
