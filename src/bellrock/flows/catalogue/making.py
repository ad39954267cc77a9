"""Short words for the rows of the catalogue: exchanges of TCP and UDP, and lists of ports."""

from typing import Any

from bellrock.flows.values import Exchange, PortRange, PortsOf, Protocol, Role

Ends = tuple[tuple[Role, ...], tuple[Role, ...]]
"""Sources and destinations."""


def single(*numbers: int) -> tuple[PortRange, ...]:
    """Each number as a range of its own."""
    return tuple((number, number) for number in numbers)


def tcp(name: str, ends: Ends, ports: tuple[int, ...], why: str, **more: Any) -> Exchange:  # noqa: ANN401 -- fields of Exchange
    """Connections to `ports`; the answers belong to them."""
    return _exchange(Protocol.TCP, name, ends, ports, why, more)


def udp(name: str, ends: Ends, ports: tuple[int, ...], why: str, **more: Any) -> Exchange:  # noqa: ANN401 -- fields of Exchange
    """Datagrams to `ports`."""
    return _exchange(Protocol.UDP, name, ends, ports, why, more)


def on_tcp(*ports: int) -> tuple[PortsOf, ...]:
    """The conventional ports of a flow that only TCP has."""
    return (PortsOf(Protocol.TCP, ports),)


def on_udp(*ports: int) -> tuple[PortsOf, ...]:
    """The conventional ports of a flow that only UDP has."""
    return (PortsOf(Protocol.UDP, ports),)


def _exchange(
    protocol: Protocol, name: str, ends: Ends, ports: tuple[int, ...], why: str, more: dict[str, Any]
) -> Exchange:
    return Exchange(
        name=name, source=ends[0], destination=ends[1], protocol=protocol, destination_ports=single(*ports), why=why, **more
    )  # fmt: skip
