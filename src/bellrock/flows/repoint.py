"""Other ports for a flow: in its row and in every exchange that uses them."""

import msgspec

from bellrock.flows.values import Exchange, Flow, PortRange, PortsOf, Protocol


class PortsError(Exception):
    """Ports that cannot take the place of a flow's own."""


def with_ports(flow: Flow, ports: tuple[PortsOf, ...]) -> Flow:
    """The flow with other port numbers; protocols that `ports` does not name keep theirs.

    Where every exchange goes to all of the flow's ports, any number of others may take their place. Where ports have
    parts of their own (DHCP's 67 and 68), as many others are needed, in the same order.

    Raises:
        PortsError: a protocol that the flow does not use, or too many or too few ports.
    """
    old = {one.protocol: one.ports for one in flow.protocols}
    new = {one.protocol: one.ports for one in ports}
    for protocol, numbers in new.items():
        _check(flow, protocol, old, numbers)
    return msgspec.structs.replace(
        flow,
        protocols=tuple(PortsOf(protocol, new.get(protocol, numbers)) for protocol, numbers in old.items()),
        exchanges=tuple(
            _moved(one, old[one.protocol], new[one.protocol]) if new.get(one.protocol) else one for one in flow.exchanges
        ),
    )  # fmt: skip


def _check(flow: Flow, protocol: Protocol, old: dict[Protocol, tuple[int, ...]], numbers: tuple[int, ...]) -> None:
    if not old.get(protocol):
        having = ", ".join(one for one, ports in old.items() if ports)
        raise PortsError(
            f"{flow.id} has no {protocol} ports; {f'expected {having}' if having else 'none can be given'}"
        )
    apart = any(
        _singles(one.destination_ports, old[protocol]) not in (0, len(old[protocol]))
        for one in flow.exchanges
        if one.protocol == protocol
    )
    if apart and len(numbers) != len(old[protocol]):
        listed = ", ".join(map(str, old[protocol]))
        raise PortsError(
            f"{len(numbers)} ports; {flow.id} needs {len(old[protocol])}, in place of {listed} in this order"
        )


def _singles(ranges: tuple[PortRange, ...], ports: tuple[int, ...]) -> int:
    return sum((port, port) in ranges for port in ports)


def _moved(exchange: Exchange, old: tuple[int, ...], new: tuple[int, ...]) -> Exchange:
    return msgspec.structs.replace(
        exchange,
        source_ports=_replaced(exchange.source_ports, old, new),
        destination_ports=_replaced(exchange.destination_ports, old, new),
    )


def _replaced(ranges: tuple[PortRange, ...], old: tuple[int, ...], new: tuple[int, ...]) -> tuple[PortRange, ...]:
    if _singles(ranges, old) == len(old) == len(ranges):
        return merged_ports(new)
    places = {(number, number): (new[at], new[at]) for at, number in enumerate(old) if at < len(new)}
    return tuple(places.get(one, one) for one in ranges)


def merged_ports(numbers: tuple[int, ...]) -> tuple[PortRange, ...]:
    """Port numbers in as few ranges as possible, in order."""
    out: list[PortRange] = []
    for number in sorted(set(numbers)):
        if out and out[-1][1] + 1 == number:
            out[-1] = (out[-1][0], number)
        else:
            out.append((number, number))
    return tuple(out)
