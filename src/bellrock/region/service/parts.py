"""Parts of the topology, for who does not want all of it at once."""

from bisect import bisect_right
from itertools import islice

from msgspec import Struct

from bellrock.model import Conflict, Fabric, Member, Unknown, Vlan
from bellrock.region.service.filters import VlansWanted
from bellrock.region.service.shapes import ConflictView, FabricSummary, MemberView, UnknownView, VlanSummary
from bellrock.region.service.slices import Key, Slice, Span, cut, of_length, taken
from bellrock.region.service.views import Views


class _Placed(Struct, frozen=True):
    fabric: Fabric
    vlan: Vlan


class Parts:
    """Of the topology of one moment."""

    def __init__(self, views: Views) -> None:
        self._views = views
        self._topology = views.claims

    def fabrics(self, name: str | None, span: Span) -> Slice[FabricSummary]:
        """Those of this name, or all; by id."""
        found = [one for one in self._topology.fabrics if name in (None, one.name)]
        return cut(sorted(found, key=_by_id), _by_id, span, _fabric)

    def fabric(self, identity: str) -> FabricSummary | None:
        """One of them."""
        found = self._views.index.fabrics.get(identity)
        return None if found is None else _fabric(found)

    def vlans(self, wanted: VlansWanted, span: Span) -> Slice[VlanSummary]:
        """Those that are asked for, by id."""
        found = self._views.index.vlans_in_order
        if wanted != VlansWanted():
            found = [one.vlan.id for one in map(self._placed, found) if _takes(wanted, one)]
        start = 0 if span.after is None else bisect_right(found, of_length(span.after, 1), key=lambda one: (one,))
        rest = (((one.vlan.id,), one) for one in map(self._placed, islice(found, start, None)))
        return taken(rest, len(found), Span(None, span.limit), _vlan)

    def vlan(self, identity: str) -> VlanSummary | None:
        """One of them."""
        found = self._views.index.vlan(identity)
        return None if found is None else _vlan(_Placed(*found))

    def members(self, identity: str, host: str | None, interface: str | None, span: Span) -> Slice[MemberView] | None:
        """The ports in a VLAN, by host id; of a host by name or id, of an interface, or all. None: there is no such VLAN."""
        there = self._views.index.vlan(identity)
        if there is None:
            return None
        vlan = there[1]
        asked = host if host is None else self._identity(host)
        found = [
            one for one in vlan.members if asked in (None, one.port.host) and interface in (None, one.port.interface)
        ]
        return cut(sorted(found, key=_by_port), _by_port, span, self._views.member)

    def conflicts(self, kind: str | None, span: Span) -> Slice[ConflictView]:
        """Contradictions in the evidence, by kind and place."""
        found = [one for one in self._topology.conflicts if kind in (None, one.kind.value)]
        return cut(sorted(found, key=_by_place), _by_place, span, self._views.conflict)

    def unknown(self, host: str | None, span: Span) -> Slice[UnknownView]:
        """Interfaces that nothing is known about, by host id; of a host by name or id, or of all."""
        asked = host if host is None else self._identity(host)
        found = [one for one in self._topology.unknown if asked in (None, one.host)]
        return cut(sorted(found, key=_by_interface), _by_interface, span, self._views.unknown)

    def _identity(self, host: str) -> str:
        found = self._views.find(host)
        return host if found is None else found.host.id

    def _placed(self, identity: str) -> _Placed:
        return _Placed(*self._views.index.held(identity))


def _takes(wanted: VlansWanted, one: _Placed) -> bool:
    return (
        wanted.fabric in (None, one.fabric.id, one.fabric.name)
        and wanted.name in (None, one.vlan.name)
        and wanted.vid in (None, one.vlan.vid)
    )


def _fabric(one: Fabric) -> FabricSummary:
    return FabricSummary(one.id, one.name, len(one.vlans))


def _vlan(one: _Placed) -> VlanSummary:
    vlan = one.vlan
    return VlanSummary(vlan.id, vlan.name, vlan.vid, one.fabric.id, len(vlan.members), vlan.subnets)


def _by_id(one: Fabric) -> Key:
    return (one.id,)


def _by_port(one: Member) -> Key:
    return one.port.host, one.port.interface, one.port.vid or 0


def _by_place(one: Conflict) -> Key:
    where = ",".join(f"{port.host}/{port.interface}.{port.vid or 0}" for port in one.where)
    return one.kind.value, where, one.proof


def _by_interface(one: Unknown) -> Key:
    return one.host, one.interface
