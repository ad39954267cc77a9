"""Words of libpcap's filter language (pcap-filter(7)): whole clauses that can be put into any other.

`and` and `or` bind equally there and from the left, so every clause of more than one test has parentheses of its own.
"""

from collections.abc import Iterable

from bellrock.capture.values import Network
from bellrock.flows.values import ANY_PORT, PortRange


def either(clauses: Iterable[str]) -> str:
    """Any of the clauses; at least one. Twice is once."""
    distinct = list(dict.fromkeys(clauses))
    return distinct[0] if len(distinct) == 1 else f"({' or '.join(distinct)})"


def both(*clauses: str) -> str:
    """All of the clauses; empty ones say nothing."""
    present = list(dict.fromkeys(clause for clause in clauses if clause))
    return f"({' and '.join(present)})" if len(present) > 1 else "".join(present)


Row = tuple[str, ...]
"""Clauses that must all hold, the most often shared first; empty ones say nothing. All rows together have one length."""


def factored(rows: Iterable[Row]) -> str:
    """Any of the rows, each shared beginning written once; empty where some row says nothing at all."""
    groups: dict[str, list[Row]] = {}
    for row in dict.fromkeys(rows):
        groups.setdefault(row[0], []).append(row[1:])
    clauses = [both(key, factored(rest) if rest[0] else "") for key, rest in groups.items()]
    return either(clauses) if all(clauses) else ""


def ports(word: str, ranges: tuple[PortRange, ...]) -> str:
    """`udp dst port 67`, `(tcp port 80 or tcp port 443)`; empty for all ports. `word`: `udp dst`, `tcp`, …"""
    if ranges == ANY_PORT:
        return ""
    return either(f"{word} port {a}" if a == b else f"{word} portrange {a}-{b}" for a, b in ranges)


def hosts(word: str, networks: tuple[Network, ...] | None) -> str:
    """`src host 10.0.0.2`, `dst net 10.0.0.0/24`; empty for anywhere. `word`: `src`, `dst`, or empty for either end."""
    if not networks or any(net.prefixlen == 0 for net in networks):
        return ""
    # Prefixes of one length follow each other: libpcap then loads and masks once for all of them.
    return either(f"{word} {host(net)}".strip() for net in sorted(networks, key=_length))


def _length(net: Network) -> tuple[int, int]:
    return net.version, -net.prefixlen


def host(net: Network) -> str:
    """`host 10.0.0.2` or `net 10.0.0.0/24`."""
    return f"host {net.network_address}" if net.prefixlen == net.max_prefixlen else f"net {net}"


def number(load: str, ranges: Iterable[PortRange]) -> str:
    """`ip6[40:2] = 53`, `(ip6[40:2] >= 1024 and ip6[40:2] <= 2048)`: a number in the packet that is in one of the ranges."""
    return either(
        f"{load} = {first}" if first == last else both(f"{load} >= {first}", f"{load} <= {last}")
        for first, last in ranges
    )


def word_net(loads: tuple[str, ...], net: Network) -> str:
    """An address in the packet that is in a network, 32 bits at a time; `loads` name the words."""
    bits, value = net.prefixlen, int(net.network_address)
    tests = []
    for at, load in enumerate(loads):
        length = min(32, max(0, bits - 32 * at))
        mask = (0xFFFFFFFF << (32 - length)) & 0xFFFFFFFF
        word = value >> (32 * (len(loads) - 1 - at)) & 0xFFFFFFFF
        if mask:
            tests.append(f"{load} = {word:#x}" if length == 32 else f"{load} & {mask:#x} = {word:#x}")
    return both(*tests) if tests else ""


def tagged(body: str, tags: int) -> str:
    """The body behind no tag, one, up to `tags`.

    libpcap's `vlan` moves every offset after it in the text, not only in its clause, so each further tag comes last.
    """
    if not tags:
        return body
    return f"{body} or (vlan and ({tagged(body, tags - 1)}))" if tags > 1 else f"{body} or (vlan and {body})"
