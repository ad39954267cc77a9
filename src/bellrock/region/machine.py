"""The global addresses of this machine, as the kernel's tables in /proc show them to anybody."""

import ipaddress
import re
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc/thread-self/net")
MAX_TABLE: Final = 4 << 20
"""Octets of a table that are read; a router's can be long."""
_LOCAL: Final = re.compile(r"\|-- (\d+\.\d+\.\d+\.\d+)\n\s+/32 host LOCAL")
IFA_TEMPORARY: Final = 0x01
IFA_DADFAILED: Final = 0x08
IFA_DEPRECATED: Final = 0x20
IFA_TENTATIVE: Final = 0x40
"""linux/if_addr.h. An address with one of these is none to tell others: it goes soon, or is not ours yet."""
_UNFIT: Final = IFA_TEMPORARY | IFA_DADFAILED | IFA_DEPRECATED | IFA_TENTATIVE


def global_addresses(proc: Path = PROC) -> tuple[str, ...]:
    """IPv4 and then IPv6 addresses by which others can reach this machine, in the order of their numbers."""
    return (*_ipv4(_read(proc / "fib_trie")), *_ipv6(_read(proc / "if_inet6")))


def _ipv4(table: str) -> list[str]:
    # Each address stands in the table once for "local" and once for "main".
    found = {ipaddress.IPv4Address(text) for text in _LOCAL.findall(table)}
    return [str(one) for one in sorted(found) if not (one.is_loopback or one.is_link_local or one.is_multicast)]


def _ipv6(table: str) -> list[str]:
    found = set()
    for line in table.splitlines():
        text, _index, _length, _scope, flags, *_name = line.split()
        address = ipaddress.IPv6Address(bytes.fromhex(text))
        if not (int(flags, 16) & _UNFIT or address.is_loopback or address.is_link_local):
            found.add(address)
    return [str(one) for one in sorted(found)]


def _read(path: Path) -> str:
    try:
        with path.open() as file:
            return file.read(MAX_TABLE)
    except OSError:  # no IPv6, or no /proc: then there are none to tell
        return ""
