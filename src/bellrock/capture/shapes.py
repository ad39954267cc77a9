"""From flows and what is known of the roles to shapes of packets: requests and replies, each direction on its own."""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import collapse_addresses, ip_network
from typing import Any, Final

from msgspec.structs import replace

from bellrock.capture.values import Addresses, Network, Shape, Wanted
from bellrock.flows.values import ANY_PORT, Exchange, Family, PortRange, Protocol, Role

FAMILIES: Final[tuple[Family, Family]] = (4, 6)
ANSWERS: Final = {
    Protocol.ICMP: {8: 0, 13: 14, 15: 16, 17: 18},
    Protocol.ICMPV6: {128: 129, 139: 140},
}
"""ICMP type of a request → of its answer (RFC 792, RFC 950, RFC 4443 §4, RFC 4620)."""

_PORTED: Final = (Protocol.TCP, Protocol.UDP)


def shapes(wanted: Wanted) -> tuple[Shape, ...]:
    """The shapes of all packets wanted, no two the same; those that differ in ports or types alone are made one."""
    found = [
        shape
        for flow in wanted.flows
        for exchange in flow.exchanges
        for family in _families(exchange, wanted)
        for shape in _directions(exchange, family, wanted)
    ]
    return _merged(found)


def _families(exchange: Exchange, wanted: Wanted) -> Iterator[Family | None]:
    """None instead of both families where nothing is known that would tell them apart."""
    roles = {*exchange.source, *exchange.destination}
    named = exchange.source_addresses or exchange.destination_addresses
    if set(exchange.families) == set(FAMILIES) and not (named or wanted.about or roles & wanted.addresses.keys()):
        yield None
    else:
        yield from exchange.families


def _directions(exchange: Exchange, family: Family | None, wanted: Wanted) -> Iterator[Shape]:
    sources = _ends(exchange.source, exchange.source_addresses, True, family, wanted)
    has_own = exchange.or_own or not exchange.destination_addresses
    destinations = _ends(exchange.destination, exchange.destination_addresses, has_own, family, wanted)
    for source, source_free in sources:
        for destination, destination_free in destinations:
            yield _shape(exchange, family, source, destination, source_free or destination_free)
    if exchange.answered:
        # An answer to a broadcast or a group comes from an address of its own.
        for answerer, _ in _ends(exchange.destination, (), True, family, wanted):
            for asker, free in sources:
                yield from _answer(_shape(exchange, family, asker, answerer, free))


def _ends(
    roles: Iterable[Role], named: Sequence[str], has_own: bool, family: Family | None, wanted: Wanted
) -> list[tuple[tuple[Network, ...] | None, bool]]:
    """The addresses of one end in two parts: those of the roles, and those that name nobody."""
    own = _own(roles, family, wanted.addresses) if has_own else ()
    special = tuple(net for text in named if (net := ip_network(text)).version == family)
    # Apart, because what a capture is about shows in the role's own addresses only; and these are then shared by many clauses.
    parts = [(own, False), (special if wanted.about or own is not None else (), True)]
    return [(nets, free) for nets, free in parts if nets is None or nets]


def _own(roles: Iterable[Role], family: Family | None, addresses: Addresses) -> tuple[Network, ...] | None:
    """The known addresses of the roles, of those that have any known."""
    known = [addresses[role] for role in roles if role in addresses]
    if not known or Role.ANYONE in roles:
        return None
    nets = _union(net for nets in known for net in nets if net.version == family)
    return None if any(net.prefixlen == 0 for net in nets) else nets


def _union(nets: Iterable[Any]) -> tuple[Network, ...]:
    """Sorted, disjoint; all of one family."""
    return tuple(collapse_addresses(nets))


def _shape(
    exchange: Exchange,
    family: Family | None,
    source: tuple[Network, ...] | None,
    destination: tuple[Network, ...] | None,
    free: bool,
) -> Shape:
    return Shape(
        protocol=exchange.protocol, family=family, source=source, destination=destination, types=exchange.types,
        source_ports=exchange.source_ports, destination_ports=exchange.destination_ports,
        tftp=exchange.expected and exchange.protocol is Protocol.UDP, free=free,
        certain=source is not None and destination is not None,
    )  # fmt: skip


def _answer(asked: Shape) -> Iterator[Shape]:
    if asked.protocol in _PORTED or not asked.types:
        yield asked.turned
        return
    pairs = ANSWERS.get(asked.protocol, {})
    types = tuple((pairs[kind], code) for kind, code in asked.types if kind in pairs)
    if types:
        yield replace(asked.turned, types=types)


def _merged(found: Iterable[Shape]) -> tuple[Shape, ...]:
    """One shape for those that differ in destination ports alone, then in source ports, then in types."""
    merged = _by(list(found), "destination_ports")
    merged = _by(merged, "source_ports")
    return tuple(_by(merged, "types"))


def _by(found: list[Shape], name: str) -> list[Shape]:
    join: Any = _join_types if name == "types" else join_ranges
    groups: dict[Shape, list[Any]] = {}
    for shape in found:
        groups.setdefault(replace(shape, **{name: ()}), []).append(getattr(shape, name))
    return [replace(shape, **{name: join(values)}) for shape, values in groups.items()]


def join_ranges(values: Iterable[Iterable[PortRange]]) -> tuple[PortRange, ...]:
    """Sorted, disjoint, not adjacent."""
    joined: list[PortRange] = []
    for first, last in sorted(one for value in values for one in value):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return tuple(joined) or ANY_PORT


def _join_types(values: list[tuple[tuple[int, int | None], ...]]) -> tuple[tuple[int, int | None], ...]:
    if () in values:
        return ()
    return tuple(dict.fromkeys(one for value in values for one in value))
