"""Addresses as interfaces carry them, and the subnets that they stand for."""

from functools import lru_cache
from ipaddress import ip_interface


@lru_cache(maxsize=1 << 16)
def subnet_of(address: str) -> str | None:
    """The prefix of an address with prefix length, `10.0.0.1/24` → `10.0.0.0/24`.

    None for what tells nothing of a segment: link-local and loopback addresses, single hosts (/32, /128), and text that is no address.
    """
    try:
        network = ip_interface(address).network
    except ValueError:
        return None
    if network.is_link_local or network.is_loopback or network.num_addresses == 1:
        return None
    return str(network)
