"""The same selections as Wireshark's display filters (wireshark-filter(4)).

Wireshark puts fragments together and follows TFTP to its data ports by itself, so that here a word says it.
"""

from collections.abc import Iterable
from typing import Final

from bellrock.capture.shapes import shapes
from bellrock.capture.values import Network, Shape, Wanted
from bellrock.flows.values import ANY_PORT, PortRange, Protocol

_TYPE_FIELDS: Final = {Protocol.ICMP: ("icmp.type", "icmp.code"), Protocol.ICMPV6: ("icmpv6.type", "icmpv6.code")}
_NOT_QUOTED: Final = "!(icmp || icmpv6)"
"""Fields of a quoted packet count like the packet's own; an ICMP error is no packet of the flow."""


def display(wanted: Wanted) -> str:
    """The display filter of a selection; empty for everything."""
    parts = [_stations(wanted.stations), _flows(wanted) if wanted.flows else _about(wanted.about)]
    return _all(*parts)


def _flows(wanted: Wanted) -> str:
    found = shapes(wanted)
    ported = _any(
        _shape(shape, wanted.about) for shape in found if shape.protocol not in (*_TYPE_FIELDS, Protocol.IGMP)
    )
    others = [_shape(shape, wanted.about) for shape in found if shape.protocol in (*_TYPE_FIELDS, Protocol.IGMP)]
    if ported and not wanted.errors:
        ported = _all(_NOT_QUOTED, ported)
    return _any([*([ported] if ported else []), *others])


def _shape(shape: Shape, about: tuple[Network, ...]) -> str:
    ends = _all(
        _addresses("src", shape.source), _addresses("dst", shape.destination), "" if shape.free else _about(about)
    )
    family = "" if shape.family is None else "ip" if shape.family == 4 else "ipv6"
    if shape.tftp:
        return _all(family, "tftp", ends)
    if shape.protocol in _TYPE_FIELDS:
        return _all(_types(shape), ends)
    word = shape.protocol.value
    return _all(
        family,
        word,
        _ports(f"{word}.srcport", shape.source_ports),
        _ports(f"{word}.dstport", shape.destination_ports),
        ends,
    )


def _types(shape: Shape) -> str:
    kind, code = _TYPE_FIELDS[shape.protocol]
    if not shape.types:
        return shape.protocol.value
    return _any(_all(f"{kind} == {a}", "" if b is None else f"{code} == {b}") for a, b in shape.types)


def _ports(field: str, ranges: tuple[PortRange, ...]) -> str:
    if ranges == ANY_PORT:
        return ""
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return f"{field} == {ranges[0][0]}"
    return f"{field} in {{{', '.join(str(a) if a == b else f'{a}..{b}' for a, b in ranges)}}}"


def _addresses(side: str, nets: tuple[Network, ...] | None) -> str:
    if not nets or any(net.prefixlen == 0 for net in nets):
        return ""
    return _any(f"{'ip' if net.version == 4 else 'ipv6'}.{side} == {_network(net)}" for net in nets)


def _about(nets: tuple[Network, ...]) -> str:
    return _addresses("addr", nets or None)


def _stations(macs: tuple[str, ...]) -> str:
    return _any(f"eth.addr == {mac}" for mac in macs) if macs else ""


def _network(net: Network) -> str:
    return str(net.network_address) if net.prefixlen == net.max_prefixlen else str(net)


def _any(clauses: Iterable[str]) -> str:
    distinct = list(dict.fromkeys(clause for clause in clauses if clause))
    return f"({' || '.join(distinct)})" if len(distinct) > 1 else "".join(distinct)


def _all(*clauses: str) -> str:
    present = list(dict.fromkeys(clause for clause in clauses if clause))
    return f"({' && '.join(present)})" if len(present) > 1 else "".join(present)
