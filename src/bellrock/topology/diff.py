"""Found beside wired: where two topologies part ports differently. Ids and names do not matter, partitions do."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from msgspec import Struct

from bellrock.model import Topology

MOST_PORTS: Final = 6
"""Ports that a difference names."""


class DifferenceKind(StrEnum):
    """How what was found differs from what is wired."""

    WRONG_JOIN = "wrong-join"
    """Ports found in one VLAN that wiring keeps apart."""
    MISSING_JOIN = "missing-join"
    """Ports of one VLAN, found in several."""
    WRONG_VID = "wrong-vid"
    JOINED_FABRICS = "joined-fabrics"
    SPLIT_FABRIC = "split-fabric"
    NOT_WIRED = "not-wired"
    """A port found that wiring does not know."""
    NOT_FOUND = "not-found"
    """A port of the wiring that was not found."""


class Place(NamedTuple):
    """A port by host *name*, so that topologies with different host ids can be compared."""

    host: str
    interface: str
    vid: int | None

    @property
    def label(self) -> str:
        """`rack-1/eth0.10`."""
        return f"{self.host}/{self.interface}" + ("" if self.vid is None else f".{self.vid}")


class Difference(Struct, frozen=True, kw_only=True):
    """One difference, and the ports that show it."""

    kind: DifferenceKind
    ports: tuple[str, ...]
    sentence: str


def diff(found: Topology, wired: Topology) -> tuple[Difference, ...]:
    """Differences, none if what was found is what is wired.

    Hosts are compared by name (`Topology.names`). VLANs of the wiring without a VID, or found without one, have no wrong one.
    """
    here, there = _Sorted(found), _Sorted(wired)
    both = here.vlan.keys() & there.vlan.keys()
    kinds = DifferenceKind
    return (
        *_parts(both, here.vlan, there.vlan, kinds.WRONG_JOIN, "are found in one VLAN, but wired to {}"),
        *_parts(both, there.vlan, here.vlan, kinds.MISSING_JOIN, "are wired to one VLAN, but found in {}"),
        *_vids(both, here, there),
        *_parts(both, here.fabric, there.fabric, kinds.JOINED_FABRICS, "are found on one fabric, but wired to {}"),
        *_parts(both, there.fabric, here.fabric, kinds.SPLIT_FABRIC, "are wired to one fabric, but found on {}"),
        *_alone(here.vlan.keys() - both, kinds.NOT_WIRED, "is found, but not wired"),
        *_alone(there.vlan.keys() - both, kinds.NOT_FOUND, "is wired, but not found"),
    )


class _Sorted:
    """Ports by name → number of their VLAN and of their fabric; VLAN number → VID."""

    def __init__(self, topology: Topology) -> None:
        self.vlan: dict[Place, int] = {}
        self.fabric: dict[Place, int] = {}
        self.vid: dict[int, int | None] = {}
        for number, fabric in enumerate(topology.fabrics):
            for vlan in fabric.vlans:
                mine = len(self.vid)
                self.vid[mine] = vlan.vid
                for member in vlan.members:
                    port = member.port
                    place = Place(topology.names.get(port.host, port.host), port.interface, port.vid)
                    self.vlan[place] = mine
                    self.fabric[place] = number


def _parts(
    places: Iterable[Place], one: Mapping[Place, int], other: Mapping[Place, int], kind: DifferenceKind, says: str
) -> Iterator[Difference]:
    """Groups of `one` that `other` takes apart."""
    groups: dict[int, dict[int, list[Place]]] = {}
    for place in sorted(places, key=_label):
        groups.setdefault(one[place], {}).setdefault(other[place], []).append(place)
    for parts in groups.values():
        if len(parts) > 1:
            # The first of each part shows the difference; the others stand behind it.
            shown = [part[0] for part in parts.values()][:MOST_PORTS]
            listed = "; ".join(_some(part) for part in parts.values())
            yield Difference(
                kind=kind,
                ports=tuple(map(_label, shown)),
                sentence=f"{_listed(shown)} {says.format(len(parts))}: {listed}.",
            )


def _vids(places: Iterable[Place], here: _Sorted, there: _Sorted) -> Iterator[Difference]:
    wrong: dict[tuple[int, int], list[Place]] = {}
    for place in sorted(places, key=_label):
        found, wired = here.vid[here.vlan[place]], there.vid[there.vlan[place]]
        if found is not None and wired is not None and found != wired:
            wrong.setdefault((found, wired), []).append(place)
    for (found, wired), ports in wrong.items():
        said = f"{_some(ports)}: found in VLAN {found}, wired to VLAN {wired}."
        yield Difference(kind=DifferenceKind.WRONG_VID, ports=tuple(map(_label, ports[:MOST_PORTS])), sentence=said)


def _alone(places: Iterable[Place], kind: DifferenceKind, says: str) -> Iterator[Difference]:
    for place in sorted(places, key=_label):
        yield Difference(kind=kind, ports=(place.label,), sentence=f"{place.label} {says}.")


def _listed(places: list[Place]) -> str:
    return " and ".join([", ".join(map(_label, places[:-1])), places[-1].label])


def _some(places: list[Place]) -> str:
    rest = len(places) - MOST_PORTS
    return ", ".join(map(_label, places[:MOST_PORTS])) + (f" and {rest} more" if rest > 0 else "")


def _label(place: Place) -> str:
    return place.label
