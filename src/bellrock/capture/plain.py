"""Filters as people write them by hand, from the catalogue's conventional ports: short, for one look at the wire.

`(port 67 or port 68)`, `udp port 69`, `port 53`, `tcp port 80 and host <rack-ip>`: the protocol is said where a flow has only one
and one port (UDP) or runs on TCP alone; connections are narrowed to the server, datagrams are not, because who answers
them is often the question.
"""

from typing import Final

from bellrock.capture.grammar import either, host
from bellrock.capture.shapes import join_ranges
from bellrock.capture.values import Addresses, Network
from bellrock.flows.values import Flow, PortRange, Protocol, Role

_WORDS: Final = {Protocol.ICMP: "icmp", Protocol.ICMPV6: "icmp6", Protocol.IGMP: "igmp"}


def plain(flows: tuple[Flow, ...], addresses: Addresses) -> str:
    """The flows' filters, joined by `or`; `<rack-ip>` stands where a server's address is not known."""
    found = [_one(flow, addresses) for flow in flows]
    return found[0] if len(found) == 1 else " or ".join(f"({one})" if " and " in one else one for one in found)


def _one(flow: Flow, addresses: Addresses) -> str:
    protocols = {each.protocol for each in flow.protocols}
    ranges = join_ranges([[(port, port) for port in each.ports] for each in flow.protocols if each.ports])
    if not protocols & {Protocol.TCP, Protocol.UDP}:
        return either(_WORDS[protocol] for protocol in sorted(protocols))
    if protocols == {Protocol.TCP}:
        return f"{_ports('tcp', ranges)} and {_server(flow, addresses)}"
    single = protocols == {Protocol.UDP} and len(ranges) == 1 and ranges[0][0] == ranges[0][1]
    return _ports("udp" if single else "", ranges)


def _ports(word: str, ranges: tuple[PortRange, ...]) -> str:
    apart = [(port, port) for first, last in ranges if last - first < 2 for port in range(first, last + 1)]
    wide = [one for one in ranges if one[1] - one[0] >= 2]
    tests = [f"port {a}" if a == b else f"portrange {a}-{b}" for a, b in sorted([*apart, *wide])]
    if len(tests) == 1:
        return f"{word} {tests[0]}".strip()
    return f"{word} and {either(tests)}" if word else either(tests)


def _server(flow: Flow, addresses: Addresses) -> str:
    return either(text for role in flow.destination for text in _hosts(role, addresses.get(role)))


def _hosts(role: Role, networks: tuple[Network, ...] | None) -> list[str]:
    return [f"host <{role}-ip>"] if networks is None else [host(net) for net in networks]
