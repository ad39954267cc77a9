"""ICMP errors about flows: they quote the packet that they are about (RFC 792, RFC 4443 §3), which is matched as it would be itself."""

from collections.abc import Iterator
from typing import Final

from bellrock.capture.grammar import Row, both, either, number, word_net
from bellrock.capture.values import Network, Shape
from bellrock.flows.values import ANY_PORT, Family, PortRange, Protocol

_NUMBERS: Final = {Protocol.TCP: 6, Protocol.UDP: 17}
_ERRORS: Final = {4: ((3, 5), (11, 12)), 6: ((1, 4),)}
"""Destination unreachable, source quench, redirect, time exceeded, parameter problem; IPv6's errors."""
_HEADER: Final = "8 + ((icmp[8] & 0xf) << 2)"
"""Where the quoted packet's transport header begins: behind ICMP's 8 octets and the quoted IPv4 header."""
_START: Final = {
    4: "icmp",  # which libpcap looks for in first fragments only
    6: "ip6[6] = 58",
}
_PROTOCOL: Final = {4: "icmp[17]", 6: "ip6[54]"}
_PORTS: Final = {4: (f"icmp[{_HEADER}:2]", f"icmp[{_HEADER} + 2:2]"), 6: ("ip6[88:2]", "ip6[90:2]")}
_TYPE: Final = {4: "icmp[0]", 6: "ip6[40]"}
_ADDRESSES: Final[dict[int, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    4: (("icmp[20:4]",), ("icmp[24:4]",)),
    6: (tuple(f"ip6[{at}:4]" for at in range(56, 72, 4)), tuple(f"ip6[{at}:4]" for at in range(72, 88, 4))),
}


def quoted(shape: Shape, about: tuple[Network, ...] = ()) -> Iterator[Row]:
    """A row for each family: errors that quote a packet of this shape. Errors about errors do not exist (RFC 1122 §3.2.2)."""
    if shape.protocol not in _NUMBERS:
        return
    for family in (4, 6) if shape.family is None else (shape.family,):
        mine = tuple(net for net in about if net.version == family)
        if mine or shape.free or not about:
            yield _row(shape, family, () if shape.free else mine)


def _row(shape: Shape, family: Family, about: tuple[Network, ...]) -> Row:
    sources, destinations = _ADDRESSES[family]
    source_port, destination_port = _PORTS[family]
    ends = [
        (len(nets or ()), _nets([loads], nets))
        for loads, nets in ((sources, shape.source), (destinations, shape.destination))
    ]
    longer, shorter = sorted(ends, key=lambda end: end[0], reverse=True)
    return (
        both(_START[family], number(_TYPE[family], _ERRORS[family])),
        longer[1],
        shorter[1],
        _nets([sources, destinations], about or None),
        f"{_PROTOCOL[family]} = {_NUMBERS[shape.protocol]}",
        _ports(source_port, shape.source_ports),
        _ports(destination_port, shape.destination_ports),
    )


def _ports(load: str, ranges: tuple[PortRange, ...]) -> str:
    return "" if ranges == ANY_PORT else number(load, ranges)


def _nets(places: list[tuple[str, ...]], networks: tuple[Network, ...] | None) -> str:
    if not networks or any(net.prefixlen == 0 for net in networks):
        return ""
    return either(word_net(loads, net) for loads in places for net in networks)
