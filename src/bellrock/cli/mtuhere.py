"""What `bellrock mtu --here` found, in the shape of the region's answer."""

from typing import Any

from msgspec import Struct

from bellrock.agent.gauge import Gauged
from bellrock.agent.network import RawNetwork, UdpNetwork
from bellrock.beacon import Identity
from bellrock.flows.site import Site
from bellrock.link.netlink import LinkMonitor
from bellrock.model import Neighbour, Port
from bellrock.topology.mtu import Culprit, Way, culprits, limited_by, misfits, mtus, ways
from bellrock.topology.mtuwords import NeighbourOf, proof_of, sentence_of


class Senses(Struct):
    """What a scout needs."""

    identity: Identity
    network: RawNetwork | UdpNetwork
    monitor: LinkMonitor


def misfit_rows(interfaces: list[dict[str, Any]], site: Site) -> list[dict[str, Any]]:
    """Culprits of kind `subnet`: `interfaces` as `GET /api/v1/interfaces` has them, against what the site means them to have."""
    told = [(Port(one["host"], one["name"]), tuple(one["addresses"]), int(one["mtu"])) for one in interfaces]
    wanted = [(subnet.network, subnet.mtu) for subnet in site.subnets if subnet.mtu is not None]
    return [_culprit(one, {}, lambda _: None) for one in misfits(told, wanted)]


def as_answer(found: Gauged, agent: str, host: str) -> dict[str, Any]:
    """Pairs and culprits, as `GET /api/v1/mtu` has them. From one machine only its own directions can be seen."""
    names = {**found.names, agent: host}
    table = mtus(agent, found.interfaces)
    switches = {evidence.port.interface: evidence.neighbour for evidence in found.switches}

    def mtu_of(port: Port) -> int:
        return table.get(port) or table.get(Port(port.host, port.interface), 0)

    def neighbour_of(port: Port) -> Neighbour | None:
        return switches.get(port.interface) if port.host == agent else None

    measured = sorted(ways(found.seen, mtu_of), key=lambda way: (way.seen.port, way.seen.peer))
    blamed = [_culprit(one, names, neighbour_of) for one in culprits(measured)]
    return {"pairs": [_pair(way, names) for way in measured], "culprits": blamed}


def _culprit(one: Culprit, names: dict[str, str], neighbour_of: NeighbourOf) -> dict[str, Any]:
    return {
        "what": sentence_of(one, names, neighbour_of), "where": _ports(one.where, names), "kind": one.kind.value,
        "direction": one.direction.value, "towards": _ports(one.towards, names), "vids": one.vids, "mtu": one.mtu,
        "others": one.others, "proof": proof_of(one, names, neighbour_of),
    }  # fmt: skip


def _pair(way: Way, names: dict[str, str]) -> dict[str, Any]:
    seen = way.seen
    return {
        "from": _end(seen.port, names), "to": _end(seen.peer, names), "vid": seen.port.vid, "mtu": seen.mtu,
        "limited_by": limited_by(way), "expected": way.expected, "tried": seen.tried, "lost": seen.lost, "age": 0.0,
    }  # fmt: skip


def _end(port: Port, names: dict[str, str]) -> dict[str, Any]:
    return {"host": names.get(port.host, port.host), "interface": port.interface}


def _ports(ports: tuple[Port, ...], names: dict[str, str]) -> list[dict[str, Any]]:
    return [{**_end(port, names), "vid": port.vid} for port in ports]
