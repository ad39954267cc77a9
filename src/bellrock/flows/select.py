"""Flows picked by group, role and port, and shown as rows."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, TypeVar

from msgspec import Struct

from bellrock.flows.nearest import nearest
from bellrock.flows.render import ends
from bellrock.flows.values import Exchange, Flow, Group, PortRange, PortsOf, Protocol, Role

_Word = TypeVar("_Word", bound=StrEnum)
_WITH_PORTS: Final = (Protocol.TCP, Protocol.UDP)


class SelectionError(ValueError):
    """A group, role or port that does not exist; the message says what there is."""


class PortWanted(Struct, frozen=True):
    """A port number, of one protocol or of any."""

    number: int
    protocol: Protocol | None = None


def parse_group(text: str) -> Group:
    """`day-2`.

    Raises:
        SelectionError: there is no such group.
    """
    return _word("group", text, Group)


def parse_role(text: str) -> Role:
    """`rack`.

    Raises:
        SelectionError: there is no such role.
    """
    return _word("role", text, Role)


def parse_port(text: str) -> PortWanted:
    """`53`, `53/tcp` or `tcp/53`.

    Raises:
        SelectionError: not a port number, or of a protocol that has none.
    """
    first, slash, second = text.strip().lower().partition("/")
    number, name = (second, first) if first in _WITH_PORTS else (first, second)
    if bool(slash) != bool(name) or name not in ("", *_WITH_PORTS):
        raise SelectionError(f"port {_short(text)}: expected a number, N/tcp or N/udp")
    if not (number.isascii() and number.isdecimal() and len(number) <= 5 and int(number) <= 65535):
        raise SelectionError(f"port {_short(text)}: expected a number from 0 to 65535, alone or as N/tcp or N/udp")
    return PortWanted(int(number), Protocol(name) if name else None)


def select(
    flows: Iterable[Flow], *, group: Group | None = None, role: Role | None = None, port: PortWanted | None = None
) -> tuple[Flow, ...]:
    """The flows that meet all that is asked, in their order."""
    return tuple(
        flow
        for flow in flows
        if (group is None or flow.group is group)
        and (role is None or role in roles_of(flow))
        and (port is None or _uses(flow, port))
    )


def roles_of(flow: Flow) -> frozenset[Role]:
    """Everybody who sends or receives packets of a flow."""
    groups = [flow.source, flow.destination]
    for exchange in flow.exchanges:
        groups += [exchange.source, exchange.destination]
    return frozenset(role for group in groups for role in group)


def _uses(flow: Flow, wanted: PortWanted) -> bool:
    """Ranges that ends choose from freely are nobody's port: TFTP's data is not found under 5000."""
    named = any(wanted.number in one.ports and wanted.protocol in (None, one.protocol) for one in flow.protocols)
    return named or any(
        wanted.protocol in (None, exchange.protocol) and (wanted.number, wanted.number) in fixed_ports(exchange)
        for exchange in flow.exchanges
    )


def fixed_ports(exchange: Exchange) -> tuple[PortRange, ...]:
    """The single ports of an exchange, at either end."""
    return tuple(ports for ports in (*exchange.source_ports, *exchange.destination_ports) if ports[0] == ports[1])


def who(flow: Flow) -> str:
    """`node → rack/region`."""
    return f"{ends(flow.source)} → {ends(flow.destination)}"


def ports_text(flow: Flow) -> str:
    """`udp/67,68`, `udp/53 tcp/53`; a protocol alone where it has no ports."""
    return " ".join(one_text(one) for one in flow.protocols)


def one_text(one: PortsOf) -> str:
    """`tcp/80,443`, or `icmp`."""
    return f"{one.protocol}/{','.join(map(str, one.ports))}" if one.ports else str(one.protocol)


def ranges_text(ranges: tuple[PortRange, ...]) -> str:
    """`67`, `80,443`, `1024-65535`."""
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def _word(what: str, text: str, words: type[_Word]) -> _Word:
    try:
        return words(text.strip().lower())
    except ValueError:
        raise SelectionError(f"no {what} {_short(text)}; {nearest(text, words)}") from None


def _short(text: str) -> str:
    """What was asked, quoted, and no more of it than fits a line."""
    return repr(text if len(text) <= 40 else text[:40] + "…")
