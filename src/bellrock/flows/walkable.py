"""Which exchanges of a flow two machines can try together: unicast TCP and UDP that its client begins, each once."""

from typing import Final, Literal

from msgspec import Struct

from bellrock.flows.values import ANY_PORT, EPHEMERAL, Exchange, Family, Flow, Protocol, Reach

_SEPARATE: Final = frozenset(("tftp",))
"""Helpers of protocols whose answers come from a port of their own."""


class Leg(Struct, frozen=True, kw_only=True):
    """One exchange to one port, in one address family."""

    exchange: str
    protocol: Literal["tcp", "udp"]
    port: int
    source_port: int = 0
    """Of clients that send from this one and no other; 0: any."""
    family: Family
    answered: bool = True
    separate: bool = False
    """The answer comes from another port than was asked."""

    @property
    def variant(self) -> str:
        """`udp/53 IPv6`."""
        return f"{self.protocol}/{self.port} IPv{self.family}"


def legs(flow: Flow) -> tuple[Leg, ...]:
    """In the order of the catalogue. Empty for a flow whose client begins nothing by unicast TCP or UDP."""
    found: dict[tuple[str, int, int, int], Leg] = {}
    for exchange in flow.exchanges:
        for leg in _legs(flow, exchange):
            found.setdefault((leg.protocol, leg.port, leg.source_port, leg.family), leg)
    return tuple(found.values())


def _legs(flow: Flow, exchange: Exchange) -> list[Leg]:
    begins = set(exchange.source) & set(flow.source) and set(exchange.destination) & set(flow.destination)
    if not begins or exchange.reach is Reach.LINK or exchange.expected or exchange.destination_addresses:
        return []
    if exchange.protocol not in (Protocol.TCP, Protocol.UDP):
        return []
    free = exchange.source_ports in (ANY_PORT, EPHEMERAL)
    return [
        Leg(
            exchange=exchange.name, protocol="tcp" if exchange.protocol is Protocol.TCP else "udp", port=port, family=family,
            source_port=0 if free else exchange.source_ports[0][0], answered=exchange.answered or exchange.helper in _SEPARATE,
            separate=exchange.helper in _SEPARATE,
        )
        for port in _ports(exchange)
        for family in exchange.families
    ]  # fmt: skip


def _ports(exchange: Exchange) -> list[int]:
    """Single ports; of a range the first, which stands for all."""
    return [first for first, _ in exchange.destination_ports]
