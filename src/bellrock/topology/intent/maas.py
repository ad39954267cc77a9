"""Exports of MAAS's API (`maas PROFILE machines read`, `rack-controllers read`, `fabrics read`, `subnets read`) → intent.

Shapes: MAAS's API documentation. A VLAN without a tag has VID 0 there, which tells nothing of the switch.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from bellrock.topology.intent import records
from bellrock.topology.intent.records import Export, converted, mac_text
from bellrock.topology.intent.values import Intent, IntentError, MeantPort, MeantVlan


class _Vlan(Struct):
    vid: int
    fabric: str = ""
    name: str | None = None


class _Subnet(Struct):
    cidr: str
    vlan: _Vlan | None = None


class _Link(Struct):
    subnet: _Subnet | None = None


class _Interface(Struct):
    name: str
    type: str = "physical"
    mac_address: str | None = None
    vlan: _Vlan | None = None
    parents: list[str] = []
    links: list[_Link] = []
    enabled: bool = True
    link_connected: bool | None = None
    effective_mtu: int | None = None


class _Machine(Struct):
    hostname: str
    interface_set: list[_Interface] = []


class _Fabric(Struct):
    name: str
    vlans: list[_Vlan] = []


def read(exports: Sequence[Export]) -> Intent:
    """What the exports say of interfaces, VLANs, fabrics and subnets.

    Raises:
        IntentError: one is no export of MAAS, or none has a machine.
    """
    return records.read(exports, _Reader(), "no machine with an interface; export `machines read`")


class _Reader:
    def __init__(self) -> None:
        self.ports: dict[str, MeantPort] = {}
        self._vlans: dict[str, tuple[_Vlan, set[str]]] = {}
        self._notes: dict[str, None] = {}

    def take(self, row: dict[str, Any], where: str) -> None:
        """A record of any kind, known by what it has."""
        if "interface_set" in row:
            self._machine(converted(row, _Machine, where))
        elif "cidr" in row:
            subnet = converted(row, _Subnet, where)
            if subnet.vlan is not None:
                self._vlan(subnet.vlan, subnet.cidr)
        elif "vlans" in row:
            fabric = converted(row, _Fabric, where)
            for vlan in fabric.vlans:
                self._vlan(_Vlan(vlan.vid, vlan.fabric or fabric.name, vlan.name))
        else:
            raise IntentError(f"{where}: neither a machine, a fabric nor a subnet of MAAS")

    def intent(self) -> Intent:
        """All of it."""
        vlans = {
            name: MeantVlan(vid=vlan.vid or None, fabric=vlan.fabric, subnets=tuple(sorted(subnets)))
            for name, (vlan, subnets) in sorted(self._vlans.items())
        }
        return Intent(title="MAAS", vlans=vlans, ports=dict(sorted(self.ports.items())), notes=tuple(self._notes))

    def _machine(self, machine: _Machine) -> None:
        tagged: dict[str, list[str]] = {}
        for one in machine.interface_set:
            if one.type == "vlan" and one.vlan is not None:
                for parent in one.parents:
                    tagged.setdefault(parent, []).append(self._of(one))
        for one in machine.interface_set:
            if one.type in ("physical", "bond"):
                self.ports[f"{machine.hostname}/{one.name}"] = MeantPort(
                    mac=mac_text(one.mac_address), untagged=self._of(one), tagged=tuple(sorted(tagged.get(one.name, ()))),
                    mtu=one.effective_mtu, connected=False if one.link_connected is False and one.vlan is None else None,
                )  # fmt: skip
            elif one.type not in ("vlan", "bridge"):
                self._notes[f"interfaces of type {one.type}"] = None
        if not machine.interface_set:
            self._notes[f"{machine.hostname} has no interface"] = None

    def _of(self, one: _Interface) -> str:
        """The name of an interface's VLAN, which is noted with the subnets of its links."""
        if one.vlan is None:
            return ""
        name = self._vlan(one.vlan)
        for link in one.links:
            if link.subnet is not None:
                self._vlan(link.subnet.vlan or one.vlan, link.subnet.cidr)
        return name

    def _vlan(self, vlan: _Vlan, *subnets: str) -> str:
        name = f"{vlan.fabric or 'fabric'}.{vlan.vid or 'untagged'}"
        self._vlans.setdefault(name, (vlan, set()))[1].update(subnets)
        return name
