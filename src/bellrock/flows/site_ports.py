"""The port overrides of a site file: which flows, which protocols, and whether the numbers fit."""

from bellrock.flows.nearest import nearest
from bellrock.flows.repoint import PortsError, with_ports
from bellrock.flows.site_spec import PORT_WORDS, PortList
from bellrock.flows.values import Flow, PortsOf, Protocol
from bellrock.flows.written import WrittenError, ports
from bellrock.wire.toml.lines import Path
from bellrock.wire.toml.tables import Tables, kind_of
from bellrock.wire.toml.text import Problem


def overrides(tables: object, flows: tuple[Flow, ...], problems: list[Problem]) -> dict[str, tuple[PortsOf, ...]]:
    """By flow id, the ports that take the place of the profile's; what is wrong goes to `problems`."""
    if not isinstance(tables, dict):
        problems.append((("ports",), f"expected a table of flow ids, got {kind_of(tables)}"))
        return {}
    known = {flow.id: flow for flow in flows}
    found: dict[str, tuple[PortsOf, ...]] = {}
    for name, value in tables.items():
        if name not in known:
            problems.append((("ports", name), f"no flow {name!r}; {nearest(name, known)}"))
            continue
        found[name] = _of_flow(known[name], value, problems)
    return found


def _of_flow(flow: Flow, value: object, problems: list[Problem]) -> tuple[PortsOf, ...]:
    path: Path = ("ports", flow.id)
    by_protocol = value if isinstance(value, dict) else {one.protocol.value: value for one in flow.protocols}
    out: list[PortsOf] = []
    for name, items in by_protocol.items():
        where = (*path, name) if isinstance(value, dict) else path
        known = [one.protocol.value for one in flow.protocols if one.ports]
        if name not in known:
            expected = nearest(name, known) if known else "none can be given"
            what = (
                f"flow {flow.id} has no ports of {name}; {expected}"
                if isinstance(value, dict)
                else f"flow {flow.id} has no ports"
            )
            problems.append((where, what))
        elif (one := _list(flow, Protocol(name), items, where, problems)) is not None:
            out.append(one)
    return tuple(out)


def _list(flow: Flow, protocol: Protocol, items: object, where: Path, problems: list[Problem]) -> PortsOf | None:
    tables = Tables(words=PORT_WORDS)
    listed = tables.convert(items, PortList, where)
    problems += [problem for problem in tables.problems if problem not in problems]
    if listed is None:
        return None
    try:
        found = PortsOf(protocol, ports(listed))
        with_ports(flow, (found,))
    except (WrittenError, PortsError) as error:
        if (where, str(error)) not in problems:
            problems.append((where, str(error)))
        return None
    return found
