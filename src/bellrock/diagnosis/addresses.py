"""Addresses and networks as texts that hosts and checks tell: each text is read once, however many rules ask."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from sys import intern
from typing import Final
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
TEXTS: Final = 1 << 17
"""Texts of a kind that are remembered: at ten thousand hosts, some for each."""


@lru_cache(maxsize=TEXTS)
def address(text: str) -> Address | None:
    """The address of `10.0.0.2`, `10.0.0.2:53`, `[fd00::1]:53` or `10.0.0.2/24`; None: it is none."""
    text = text.partition("/")[0].partition("%")[0]
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return ip_address(text)
    except ValueError:
        return None


@lru_cache(maxsize=TEXTS)
def address_of_url(url: str) -> Address | None:
    """The address in a URL; None: it has a name, or is none."""
    try:
        name = urlsplit(url).hostname
    except ValueError:
        return None
    return address(f"[{name}]" if name and ":" in name else name or "")


@lru_cache(maxsize=TEXTS)
def network(text: str) -> Network | None:
    """The network of `10.0.0.0/24` or `10.0.0.2/24`; None: it is none."""
    return _network(text)


@lru_cache(maxsize=TEXTS)
def prefix(text: str) -> str:
    """The network of `10.0.0.2/24` as text; empty: it is none."""
    there = _network(text)
    return "" if there is None else intern(str(there))


def _network(text: str) -> Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
