"""Who reaches whom, and on which ports: the catalogue with sources as rows and destinations as columns."""

from collections.abc import Collection, Iterable
from typing import Any

from msgspec import Struct

from bellrock.flows.passages import Passage
from bellrock.flows.select import ranges_text
from bellrock.flows.values import ANY_PORT, Exchange, Flow, Role, Stance

Pair = tuple[Role, Role]


class Way(Struct, frozen=True, kw_only=True):
    """What one flow sends from one role to another."""

    flow: str
    protocol: str
    ports: str
    """`67`, `80,443`; "" for protocols without ports."""
    forbidden: bool = False


class Cell(Struct, frozen=True, kw_only=True):
    """Everything that goes from one role to another."""

    source: Role
    destination: Role
    ways: tuple[Way, ...]


def matrix(flows: Iterable[Flow], pairs: Collection[Pair] | None = None) -> tuple[Cell, ...]:
    """The cells that are not empty, by the order of the roles; only `pairs` where given.

    Packets that connection tracking lets through as related (TFTP's data) are not counted as reaching by themselves.
    """
    cells: dict[Pair, dict[Way, None]] = {}
    for flow in flows:
        for exchange in flow.exchanges:
            if exchange.expected:
                continue
            for pair in _pairs(exchange):
                if pairs is None or pair in pairs:
                    cells.setdefault(pair, {})[_way(flow, exchange)] = None
    order = {role: index for index, role in enumerate(Role)}
    return tuple(
        Cell(source=source, destination=destination, ways=tuple(cells[source, destination]))
        for source, destination in sorted(cells, key=lambda pair: (order[pair[0]], order[pair[1]]))
    )


def pairs_of(passages: Iterable[Passage]) -> frozenset[Pair]:
    """The pairs of roles between which a site has anything."""
    return frozenset((passage.source_role, passage.destination_role) for passage in passages)


def _pairs(exchange: Exchange) -> list[Pair]:
    return [(source, destination) for source in exchange.source for destination in exchange.destination]


def _way(flow: Flow, exchange: Exchange) -> Way:
    ports = "" if exchange.destination_ports == ANY_PORT else ranges_text(exchange.destination_ports)
    return Way(flow=flow.id, protocol=exchange.protocol, ports=ports, forbidden=flow.stance is Stance.FORBIDDEN)


def ports_of(cell: Cell) -> str:
    """`udp/67 tcp/80,443`; what is forbidden stands behind an exclamation mark (`!udp/68`)."""
    found: dict[str, dict[str, None]] = {}
    for way in cell.ways:
        name = ("!" if way.forbidden else "") + way.protocol
        found.setdefault(name, {}).update(dict.fromkeys(way.ports.split(",") if way.ports else ()))
    return " ".join(f"{name}/{','.join(sorted(ports, key=_first))}" if ports else name for name, ports in found.items())


def _first(ports: str) -> int:
    return int(ports.partition("-")[0])


def cell_row(cell: Cell) -> dict[str, Any]:
    """A cell in the shape of `bellrock flows matrix --json`."""
    return {
        "source": cell.source,
        "destination": cell.destination,
        "ways": [
            {"flow": way.flow, "protocol": way.protocol, "ports": way.ports, "forbidden": way.forbidden}
            for way in cell.ways
        ],
    }
