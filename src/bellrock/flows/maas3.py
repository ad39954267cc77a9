"""The catalogue as a stock MAAS 3.x has it, after the ports that MAAS's own documentation lists (its configuration reference, "Ports").

What is said there beyond the conventional rows is flows of its own: controllers' internal services, RPC, agents, gossip, the database.
"""

from typing import Final

import msgspec

from bellrock.flows.catalogue import CATALOGUE
from bellrock.flows.catalogue.making import on_tcp
from bellrock.flows.repoint import merged_ports, with_ports
from bellrock.flows.values import Exchange, Flow, Group, PortsOf, Protocol, Role

PROFILE: Final = "maas-3"

_CONTROLLERS: Final = (Role.RACK, Role.REGION)
_INTERNAL: Final = tuple(range(5241, 5248))
_PORTS: Final[dict[str, tuple[PortsOf, ...]]] = {
    "http-boot": on_tcp(5248),
    "https-boot": on_tcp(5248),
    "proxy": on_tcp(8000),
    "syslog": (PortsOf(Protocol.UDP, (5247,)), PortsOf(Protocol.TCP, (5247,))),
}


def _stock(flow: Flow) -> Flow:
    if flow.id not in _PORTS:
        return flow
    changed = msgspec.structs.replace(with_ports(flow, _PORTS[flow.id]), profile=PROFILE)
    return _logging_to_rack(changed) if flow.id == "syslog" else changed


def _logging_to_rack(flow: Flow) -> Flow:
    """A stock rack takes the logs of its machines itself."""
    exchanges = (msgspec.structs.replace(one, destination=(Role.RACK,)) for one in flow.exchanges)
    return msgspec.structs.replace(flow, destination=(Role.RACK,), exchanges=tuple(exchanges))


def _own(
    flow_id: str, title: str, ends: tuple[tuple[Role, ...], tuple[Role, ...]], ports: tuple[PortsOf, ...], note: str
) -> Flow:
    exchanges = tuple(
        Exchange(
            name=one.protocol.value, source=ends[0], destination=ends[1], protocol=one.protocol,
            destination_ports=merged_ports(one.ports), why=f"MAAS's documentation of its ports: {note[0].lower()}{note[1:]}",
        )
        for one in ports
    )  # fmt: skip
    return Flow(
        id=flow_id, title=title, group=Group.CORE, source=ends[0], destination=ends[1], protocols=ports, exchanges=exchanges,
        note=note, profile=PROFILE,
    )  # fmt: skip


_OWN: Final = (
    _own(
        "internal", "Internal services of controllers", (_CONTROLLERS, _CONTROLLERS),
        (PortsOf(Protocol.TCP, _INTERNAL), PortsOf(Protocol.UDP, _INTERNAL)),
        "Reserved for what region and rack controllers serve each other",
    ),
    _own("rpc", "RPC to region workers", ((Role.RACK,), (Role.REGION,)), on_tcp(*range(5250, 5271)), "Each rack calls every worker of every region"),
    _own("agent", "Agent to region", ((Role.RACK,), (Role.REGION,)), on_tcp(*range(5271, 5275)), "The rack's agent calls the region"),
    _own("gossip", "Gossip among regions", ((Role.REGION,), (Role.REGION,)), on_tcp(*range(5281, 5285)), "Regions find each other's workers"),
    _own("database", "PostgreSQL", ((Role.REGION,), (Role.DATABASE,)), on_tcp(5432), "Each region keeps its state in one database"),
)  # fmt: skip

MAAS_3: Final[tuple[Flow, ...]] = (*map(_stock, CATALOGUE), *_OWN)
