"""Exports of NetBox's REST API (`/api/dcim/interfaces/`, `/api/dcim/cables/`, `/api/ipam/vlans/`, `/api/ipam/prefixes/`) → intent.

Shapes: NetBox's API, 3.3 to 4.x. Pages and plain lists are read. Which devices are switches NetBox does not say in these records: an
interface is meant to be cabled to whatever its link peer or its cable's other end is; devices that were never observed stay unknown.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from bellrock.topology.intent import records
from bellrock.topology.intent.records import Export, converted, mac_text
from bellrock.topology.intent.values import Intent, IntentError, MeantPort, MeantVlan


class _Named(Struct):
    id: int = 0
    name: str | None = None


class _Mac(Struct):
    mac_address: str | None = None


class _End(Struct):
    id: int = 0
    name: str | None = None
    device: _Named | None = None


class _Vlan(Struct):
    id: int
    vid: int
    name: str = ""
    site: _Named | None = None
    group: _Named | None = None


class _Choice(Struct):
    value: str | None = None


class _Interface(Struct):
    id: int
    name: str
    device: _Named
    enabled: bool = True
    mgmt_only: bool = False
    type: _Choice | None = None
    mac_address: str | None = None
    primary_mac_address: _Mac | None = None
    mtu: int | None = None
    untagged_vlan: _Vlan | None = None
    tagged_vlans: list[_Vlan] | None = None
    cable: _Named | None = None
    connected_endpoints: list[_End] | None = None
    link_peers: list[_End] | None = None


class _Termination(Struct):
    object_type: str = ""
    object: _End | None = None


class _Cable(Struct):
    id: int
    a_terminations: list[_Termination] = []
    b_terminations: list[_Termination] = []


class _Prefix(Struct):
    prefix: str
    vlan: _Vlan | None = None


_VIRTUAL = ("virtual", "bridge")


def read(exports: Sequence[Export]) -> Intent:
    """What the exports say of interfaces, cables, VLANs and prefixes.

    Raises:
        IntentError: one is no export of NetBox, or none has an interface.
    """
    return records.read(exports, _Reader(), "no interface; export /api/dcim/interfaces/")


class _Reader:
    def __init__(self) -> None:
        self.interfaces: list[_Interface] = []
        self._cables: dict[int, tuple[str, str]] = {}
        """Interface's id → device and port at the other end."""
        self._vlans: dict[int, tuple[_Vlan, set[str]]] = {}
        self._notes: dict[str, None] = {}

    def take(self, row: dict[str, Any], where: str) -> None:
        """A record of any kind, known by what it has."""
        if "a_terminations" in row:
            self._cable(converted(row, _Cable, where))
        elif "prefix" in row:
            prefix = converted(row, _Prefix, where)
            if prefix.vlan is not None:
                self._vlan(prefix.vlan, prefix.prefix)
        elif "vid" in row:
            self._vlan(converted(row, _Vlan, where))
        elif "device" in row and "name" in row:
            self.interfaces.append(converted(row, _Interface, where))
        elif "device_type" in row:
            self._notes["devices, of which only the interfaces matter"] = None
        else:
            raise IntentError(f"{where}: neither an interface, a cable, a VLAN, a prefix nor a device of NetBox")

    def intent(self) -> Intent:
        """All of it."""
        ports = dict(sorted(self._ports()))
        names = self._names()
        vlans = {
            names[identity]: MeantVlan(vid=vlan.vid, fabric=_place(vlan), subnets=tuple(sorted(prefixes)))
            for identity, (vlan, prefixes) in self._vlans.items()
        }
        return Intent(title="NetBox", vlans=dict(sorted(vlans.items())), ports=ports, notes=tuple(self._notes))

    def _ports(self) -> Iterator[tuple[str, MeantPort]]:
        for one in self.interfaces:
            for vlan in (one.untagged_vlan, *(one.tagged_vlans or ())):
                if vlan is not None:
                    self._vlan(vlan)
        names = self._names()
        for one in self.interfaces:
            if one.type is not None and one.type.value in _VIRTUAL:
                self._notes["virtual interfaces and bridges"] = None
                continue
            yield f"{one.device.name or one.device.id}/{one.name}", MeantPort(
                mac=mac_text(one.primary_mac_address.mac_address if one.primary_mac_address else one.mac_address),
                untagged=names[one.untagged_vlan.id] if one.untagged_vlan else "",
                tagged=tuple(sorted(names[vlan.id] for vlan in one.tagged_vlans or ())),
                cable="/".join(self._far(one)), mtu=one.mtu,
                connected=False if one.cable is None and not one.enabled else None,
            )  # fmt: skip

    def _far(self, one: _Interface) -> tuple[str, str] | tuple[()]:
        for end in (*(one.connected_endpoints or ()), *(one.link_peers or ())):
            if end.device is not None and end.device.name and end.name:
                return end.device.name, end.name
        return self._cables.get(one.id, ())

    def _cable(self, cable: _Cable) -> None:
        for near, far in ((cable.a_terminations, cable.b_terminations), (cable.b_terminations, cable.a_terminations)):
            if len(near) == len(far) == 1 and (here := near[0].object) and (there := far[0].object):
                if there.device is not None and there.device.name and there.name:
                    self._cables[here.id] = there.device.name, there.name
            else:
                self._notes["cables with several ends on a side"] = None

    def _vlan(self, vlan: _Vlan, *prefixes: str) -> None:
        self._vlans.setdefault(vlan.id, (vlan, set()))[1].update(prefixes)

    def _names(self) -> dict[int, str]:
        """A name for each VLAN: VIDs and names are unique in a site or group only."""
        found: dict[int, str] = {}
        taken: set[str] = set()
        for identity, (vlan, _) in sorted(self._vlans.items()):
            name = ".".join(filter(None, (_place(vlan), vlan.name or str(vlan.vid))))
            found[identity] = name if name not in taken else f"{name}.{identity}"
            taken.add(found[identity])
        return found


def _place(vlan: _Vlan) -> str:
    return next((one.name for one in (vlan.group, vlan.site) if one is not None and one.name), "")
