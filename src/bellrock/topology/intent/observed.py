"""What a region's API says of interfaces and VLANs (`GET /api/v1/interfaces`, `GET /api/v1/topology`), as intent is compared with."""

from typing import Any

import msgspec
from msgspec import Struct

from bellrock.topology.intent.compare import ObservedVlan
from bellrock.topology.intent.values import IntentError, Seen


class _Neighbour(Struct):
    system: str
    port: str
    chassis: str
    description: str


class _Place(Struct):
    vlan: str
    vid: int | None


class _Interface(Struct):
    host: str
    name: str
    mac: str
    kind: str
    carrier: bool | None
    up: bool
    mtu: int
    master: str | None
    neighbour: _Neighbour | None
    vlans: list[_Place]
    unknown: str | None


class _Member(Struct):
    host: str
    interface: str


class _Vlan(Struct):
    id: str
    name: str
    vid: int | None
    members: list[_Member]


class _Fabric(Struct):
    vlans: list[_Vlan]


class _Topology(Struct):
    fabrics: list[_Fabric]


_PHYSICAL = ("physical", "veth", "other")


def observed(interfaces: Any, topology: Any) -> tuple[list[Seen], dict[str, ObservedVlan]]:  # noqa: ANN401 -- JSON
    """Interfaces, and VLANs by id.

    Raises:
        IntentError: the documents are not what a region answers.
    """
    try:
        found = msgspec.convert(interfaces, list[_Interface])
        known = msgspec.convert(topology, _Topology)
    except (msgspec.ValidationError, RecursionError) as error:
        raise IntentError(f"not what a region answers: {error}") from None
    vlans = {vlan.id: _vlan(vlan) for fabric in known.fabrics for vlan in fabric.vlans}
    return [_seen(one) for one in found], vlans


def _vlan(vlan: _Vlan) -> ObservedVlan:
    ports = dict.fromkeys(f"{member.host}/{member.interface}" for member in vlan.members)
    return ObservedVlan(vlan.name, vlan.vid, tuple(sorted(ports)))


def _seen(one: _Interface) -> Seen:
    neighbour = one.neighbour
    return Seen(
        host=one.host, interface=one.name, mac=one.mac, carrier=one.carrier if one.up else False, mtu=one.mtu,
        physical=one.kind in _PHYSICAL, master=one.master or "", unknown=one.unknown or "",
        untagged=next((place.vlan for place in one.vlans if place.vid is None), ""),
        tagged={place.vid: place.vlan for place in one.vlans if place.vid is not None},
        switch=tuple(filter(None, (neighbour.system, neighbour.chassis))) if neighbour else (),
        switch_port=tuple(filter(None, (neighbour.port, neighbour.description))) if neighbour else (),
    )  # fmt: skip
