"""Flows as tables and as sentences."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from bellrock.cli.tables import width
from bellrock.flows import render
from bellrock.flows.matrix import Cell, ports_of
from bellrock.flows.select import one_text, ports_text, ranges_text, who
from bellrock.flows.values import ANY_PORT, Exchange, Flow, Group, Protocol, Reach, Stance

WIDE: Final = 130
"""Columns from which titles and groups have room."""
ALL: Final = ("id", "title", "group", "source", "destination", "protocols", "note", "profile")
PAIRS: Final = ("from", "to", "ports", "flows")

Table = tuple[Sequence[str], list[tuple[str, ...]]]


def whole(flow: Flow) -> tuple[str, ...]:
    """Everything of a row, for Markdown and CSV."""
    row = render.row(flow)
    return (*(str(row[name]) for name in ALL[:5]), ports_text(flow), flow.note, flow.profile)


def for_people(flows: tuple[Flow, ...]) -> Table:
    """What fits the terminal: id, ends, ports and note; with room for them, title and group."""
    if width() < WIDE:
        return ("id", "who", "ports", "note"), [(flow.id, who(flow), ports_text(flow), flow.note) for flow in flows]
    return ("id", "title", "group", "who", "ports", "note"), [
        (flow.id, flow.title, flow.group.value, who(flow), ports_text(flow), flow.note) for flow in flows
    ]


def document(flow: Flow) -> dict[str, Any]:
    """Everything of a flow, for programs."""
    return {
        **render.row(flow),
        "stance": flow.stance.value,
        "optional": flow.optional,
        "exchanges": [_exchange(exchange) for exchange in flow.exchanges],
        "conditions": [
            {"kind": condition.kind.value, "subject": condition.subject, "sentence": condition.sentence}
            for condition in flow.conditions
        ],
        "uses": [{"by": by, "how": how} for by, how in uses(flow)],
    }


def _exchange(exchange: Exchange) -> dict[str, Any]:
    return {
        "name": exchange.name,
        "source": [role.value for role in exchange.source],
        "destination": [role.value for role in exchange.destination],
        "protocol": exchange.protocol.value,
        "source_ports": _ports(exchange, exchange.source_ports),
        "destination_ports": _ports(exchange, exchange.destination_ports),
        "types": [list(pair) for pair in exchange.types],
        "families": list(exchange.families),
        "reach": exchange.reach.value,
        "source_addresses": list(exchange.source_addresses),
        "destination_addresses": list(exchange.destination_addresses),
        "or_own": exchange.or_own,
        "helper": exchange.helper,
        "expected": exchange.expected,
        "answered": exchange.answered,
        "why": exchange.why,
    }


def _ports(exchange: Exchange, ranges: tuple[tuple[int, int], ...]) -> str:
    """ "" for protocols without ports; `any` for all of them."""
    if exchange.protocol not in (Protocol.TCP, Protocol.UDP):
        return ""
    return "any" if ranges == ANY_PORT else ranges_text(ranges)


def story(flow: Flow) -> Iterator[str]:
    """A flow for people: lines of at most about 80 columns."""
    yield f"{flow.id}: {flow.title}"
    yield from _wrapped("  ", f"{who(flow)}, {ports_text(flow)}; group {flow.group}, profile {flow.profile}")
    yield from _wrapped("  ", flow.note)
    if flow.stance is Stance.FORBIDDEN:
        yield "  It must not be there: rules block it, checks complain where it passes."
    if flow.optional:
        yield "  Optional: only where a site has the role for it."
    yield ""
    yield "packets"
    for exchange in flow.exchanges:
        yield from _packets(exchange)
    if flow.conditions:
        yield ""
        yield "must hold"
        for condition in flow.conditions:
            yield from _wrapped("  - ", condition.sentence)
    yield ""
    yield "what is made of it"
    for by, how in uses(flow):
        yield from _wrapped(f"  {by:<9}", how)


def _packets(exchange: Exchange) -> Iterator[str]:
    source = _end(exchange, exchange.source, exchange.source_ports, exchange.source_addresses, own=True)
    own = exchange.or_own or not exchange.destination_addresses
    there = _end(exchange, exchange.destination, exchange.destination_ports, exchange.destination_addresses, own=own)
    types = ", ".join(str(kind) if code is None else f"{kind}/{code}" for kind, code in exchange.types)
    kinds = f", type {types}" if types else ""
    yield from _wrapped("  ", f"{exchange.name}: {exchange.protocol} {source} → {there}{kinds}")
    families = " and ".join(f"IPv{family}" for family in exchange.families)
    reach = "stays on the link" if exchange.reach is Reach.LINK else "is routed"
    answers = "answers belong to it" if exchange.answered else "one way, as far as connection tracking sees"
    if exchange.expected:
        answers = "connection tracking calls it related"
    yield from _wrapped("      ", f"{families}; {reach}; {answers}")
    if exchange.why:
        yield from _wrapped("      ", exchange.why)


def _end(
    exchange: Exchange,
    roles: Sequence[str],
    ports: tuple[tuple[int, int], ...],
    addresses: tuple[str, ...],
    *,
    own: bool,
) -> str:
    number = _ports(exchange, ports)
    text = " or ".join((["/".join(roles)] if own else []) + list(addresses))
    return f"{text} port {number}" if number and number != "any" else text


def uses(flow: Flow) -> Iterator[tuple[str, str]]:
    """What the rest of Bellrock makes of a flow: (which part, what)."""
    yield "firewall", _rules(flow)
    yield "capture", _capture(flow)
    yield "check", _check(flow)


def _rules(flow: Flow) -> str:
    if flow.stance is Stance.FORBIDDEN:
        return "a rule before all others drops it, and counts"
    routed = [exchange.name for exchange in flow.exchanges if exchange.reach is Reach.ROUTED and not exchange.expected]
    link = [exchange.name for exchange in flow.exchanges if exchange.reach is Reach.LINK]
    helpers = sorted({exchange.helper for exchange in flow.exchanges if exchange.helper})
    said = []
    if routed:
        said.append(f"accepts {', '.join(routed)} at routers and at hosts")
    if link:
        said.append(f"accepts {', '.join(link)} at hosts only: routers do not forward it")
    if any(exchange.expected and exchange.reach is Reach.ROUTED for exchange in flow.exchanges):
        related = ", ".join(exchange.name for exchange in flow.exchanges if exchange.expected)
        said.append(f"lets {related} pass as related")
    if helpers:
        said.append(f"sets the conntrack helper {', '.join(helpers)}")
    return "; ".join(said)


def _capture(flow: Flow) -> str:
    named = [one_text(one).replace("/", " port ").replace(",", " or ") for one in flow.protocols]
    ends = " or ".join(named) if named else ports_text(flow)
    follow = any(exchange.helper for exchange in flow.exchanges)
    return f"takes {ends}, tagged or not" + (", and the ports that follow from it" if follow else "")


def _check(flow: Flow) -> str:
    if flow.stance is Stance.FORBIDDEN:
        return "`firewall check` complains where it passes, `flows lint` where its server runs"
    served = flow.group is not Group.ESSENTIAL and set(flow.source) != set(flow.destination)
    listens = "; `flows lint` says whether its server listens" if served else ""
    return f"`firewall check` decides whether each of its packets passes{listens}"


def _wrapped(start: str, text: str) -> Iterator[str]:
    """Text in lines that fit the terminal, 80 columns where there is none; what follows is indented as far as it began."""
    from textwrap import wrap

    room = min(width(), 100) if width() < 10_000 else 80
    yield from wrap(
        text, width=max(room - 1, 40), initial_indent=start, subsequent_indent=" " * len(start), break_on_hyphens=False
    )


def pairs(cells: tuple[Cell, ...]) -> list[tuple[str, ...]]:
    """A row for each cell: from, to, ports, flows."""
    return [
        (
            cell.source.value,
            cell.destination.value,
            ports_of(cell),
            " ".join(dict.fromkeys(way.flow for way in cell.ways)),
        )
        for cell in cells
    ]


def grid(cells: tuple[Cell, ...]) -> Table:
    """Sources as rows, destinations as columns."""
    columns = list(dict.fromkeys(cell.destination for cell in sorted(cells, key=_order)))
    by_pair = {(cell.source, cell.destination): ports_of(cell) for cell in cells}
    sources = dict.fromkeys(cell.source for cell in cells)
    rows = [(source.value, *(by_pair.get((source, column), "") for column in columns)) for source in sources]
    return ("from → to", *(column.value for column in columns)), rows


def _order(cell: Cell) -> int:
    return list(type(cell.destination)).index(cell.destination)


def grid_width(columns: Sequence[str], rows: list[tuple[str, ...]]) -> int:
    """Columns that a table takes whose cells break at spaces only, each on lines of its own."""
    widest = [max((len(word) for row in rows for word in row[i].split()), default=0) for i in range(len(columns))]
    return sum(max(len(name), wide) + 3 for name, wide in zip(columns, widest, strict=True))
