"""Identity: fabrics and VLANs keep their ids, and the names that people gave them, from one answer to the next."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter, is_
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from bellrock.model import Fabric, Port, Topology, Vlan

MOST_RETIRED: Final = 1000
"""Retired ids, of fabrics and of VLANs, that are remembered in case what they named comes back."""
LONGEST_NAME: Final = 64
"""Characters in a name given by people."""
_PORTS: Final = attrgetter("ports")


class Entry(Struct, frozen=True, omit_defaults=True):
    """A fabric or VLAN that has been claimed: its id, the name a person gave it, and the ports it had when last claimed."""

    id: str
    ports: tuple[Port, ...]
    name: str = ""


class Shelf(Struct, frozen=True):
    """Entries of one kind. `last` is the number of the newest id; the oldest of `retired` come first."""

    last: int = 0
    live: tuple[Entry, ...] = ()
    retired: tuple[Entry, ...] = ()


class Registry(Struct, frozen=True):
    """All identities handed out so far. Encodes to JSON with msgspec, and back."""

    fabrics: Shelf = Shelf()
    vlans: Shelf = Shelf()


class Sketch(Struct, frozen=True, eq=False):
    """A fabric without ids and names, and the ports by which it and its VLANs are known again."""

    fabric: Fabric
    ports: tuple[Port, ...]
    of_vlans: tuple[tuple[Port, ...], ...]


def sketch_of(fabric: Fabric) -> Sketch:
    """The sketch of a fabric."""
    of_vlans = tuple([tuple([member.port for member in vlan.members]) for vlan in fabric.vlans])
    return Sketch(fabric, tuple([port for ports in of_vlans for port in ports]), of_vlans)


def carry(registry: Registry, topology: Topology) -> tuple[Registry, Topology]:
    """Give each fabric and VLAN of a topology its id and name, and remember them.

    Whoever shares the most ports with what bore an id last time inherits it: of a split the larger part, of a merger the
    id of the larger. Ids without an heir retire, and come back with their ports. Carrying twice changes nothing.
    """
    registry, fabrics = Naming().carry(registry, [sketch_of(fabric) for fabric in topology.fabrics])
    return registry, replace(topology, fabrics=fabrics)


class _Named(Struct, frozen=True, eq=False):
    entry: Entry
    of_vlans: Sequence[Entry]
    fabric: Fabric


class Naming:
    """`carry`, again and again: a VLAN or fabric that is as it was before is the same object, so that nobody need compare them."""

    def __init__(self) -> None:
        self._named: dict[Sketch, _Named] = {}

    def carry(self, registry: Registry, sketches: Sequence[Sketch]) -> tuple[Registry, tuple[Fabric, ...]]:
        """What `carry` does, for a topology of these fabrics."""
        fabric_shelf, fabric_entries = _assign(registry.fabrics, [one.ports for one in sketches], "fabric")
        vlan_shelf, entries = _assign(registry.vlans, [ports for one in sketches for ports in one.of_vlans], "vlan")
        before, self._named = self._named, {}
        changed: list[tuple[Sketch, Entry, Sequence[Entry]]] = []
        end = 0
        for sketch, entry in zip(sketches, fabric_entries, strict=True):
            begin, end = end, end + len(sketch.of_vlans)
            mine = entries[begin:end]
            known = before.get(sketch)
            if known is not None and known.entry is entry and all(map(is_, known.of_vlans, mine)):
                self._named[sketch] = before.pop(sketch)
            else:
                self._named[sketch] = _Named(entry, mine, sketch.fabric)
                changed.append((sketch, entry, mine))
        self._name(changed, [one.fabric for one in before.values()])
        return Registry(fabric_shelf, vlan_shelf), tuple([self._named[sketch].fabric for sketch in sketches])

    def _name(self, changed: Iterable[tuple[Sketch, Entry, Sequence[Entry]]], before: Iterable[Fabric]) -> None:
        known = {one.id: one for one in before}
        known_vlans = {vlan.id: vlan for one in known.values() for vlan in one.vlans}
        for sketch, entry, mine in changed:
            pairs = zip(sketch.fabric.vlans, mine, strict=True)
            vlans = tuple([_named_vlan(vlan, own, known_vlans.get(own.id)) for vlan, own in pairs])
            self._named[sketch] = _Named(entry, mine, _named_fabric(vlans, entry, known.get(entry.id)))


def rename(registry: Registry, id: str, name: str) -> Registry:
    """Give a fabric or VLAN a name that stays; an empty one takes the given name away.

    Raises:
        ValueError: there is no such fabric or VLAN, or the name is longer than 64 characters or not printable.
    """
    name = name.strip()
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise ValueError(f"a name has at most {LONGEST_NAME} printable characters, on one line")
    for shelf_name in ("fabrics", "vlans"):
        shelf: Shelf = getattr(registry, shelf_name)
        if any(entry.id == id for entry in shelf.live):
            live = tuple(replace(entry, name=name) if entry.id == id else entry for entry in shelf.live)
            return replace(registry, **{shelf_name: replace(shelf, live=live)})
    raise ValueError(f"there is no fabric or VLAN with id {id!r}")


def _named_vlan(vlan: Vlan, entry: Entry, before: Vlan | None) -> Vlan:
    name = entry.name or default_name(vlan)
    same = before is not None and before.members is vlan.members
    if before is not None and same and (before.name, before.vid, before.subnets) == (name, vlan.vid, vlan.subnets):
        return before
    return Vlan(id=entry.id, name=name, vid=vlan.vid, members=vlan.members, subnets=vlan.subnets)


def _named_fabric(vlans: tuple[Vlan, ...], entry: Entry, before: Fabric | None) -> Fabric:
    name = entry.name or entry.id
    same = before is not None and before.name == name and len(before.vlans) == len(vlans)
    if before is not None and same and all(map(is_, before.vlans, vlans)):
        return before
    return Fabric(id=entry.id, name=name, vlans=vlans)


def default_name(vlan: Vlan) -> str:
    """`VLAN 10`; without a known VID `untagged`, with the subnet if there is exactly one."""
    if vlan.vid is not None:
        return f"VLAN {vlan.vid}"
    return f"untagged {vlan.subnets[0]}" if len(vlan.subnets) == 1 else "untagged"


def _assign(shelf: Shelf, groups: Sequence[tuple[Port, ...]], prefix: str) -> tuple[Shelf, Sequence[Entry]]:
    """An entry per group of ports, and the shelf that remembers them: the same one where nothing is new."""
    if len(groups) == len(shelf.live) and all(map(is_, map(_PORTS, shelf.live), groups)):
        return shelf, shelf.live
    # Nearly all are those of the last time, to the object: to look at more than that would cost more than all else.
    left = {id(entry.ports): entry for entry in shelf.live}
    known = [left.pop(id(ports), None) for ports in groups]
    new = {number: groups[number] for number, entry in enumerate(known) if entry is None}
    heirs = _heirs([*left.values()], shelf.retired, new)
    last = shelf.last
    entries: list[Entry] = []
    for number, entry in enumerate(known):
        if entry is not None:
            entries.append(entry)
        elif (old := heirs.get(number)) is not None:
            entries.append(Entry(old.id, new[number], old.name))
        else:
            last += 1
            entries.append(Entry(f"{prefix}-{last}", new[number]))
    taken = {entry.id for entry in heirs.values()}
    retired = [entry for entry in (*shelf.retired, *left.values()) if entry.id not in taken]
    return Shelf(last, tuple(entries), _most_worth(retired)), entries


def _most_worth(retired: list[Entry]) -> tuple[Entry, ...]:
    """The retired entries to remember: those that people named, then the newest."""
    excess = len(retired) - MOST_RETIRED
    if excess <= 0:
        return tuple(retired)
    dropped = {entry.id for entry in sorted(retired, key=lambda entry: bool(entry.name))[:excess]}
    return tuple(entry for entry in retired if entry.id not in dropped)


def _heirs(live: Sequence[Entry], retired: Sequence[Entry], groups: Mapping[int, tuple[Port, ...]]) -> dict[int, Entry]:
    """Number of a group → the entry whose id it bears on."""
    if not (live or retired):
        return {}
    heirs: dict[int, Entry] = {}
    taken: set[str] = set()
    open_groups = dict(groups)
    unchanged = {entry.ports: entry for entry in live}
    for number in [number for number, ports in open_groups.items() if ports in unchanged]:
        heirs[number] = entry = unchanged[open_groups.pop(number)]
        taken.add(entry.id)
    if not open_groups:
        return heirs
    returning = list(_overlaps(retired, open_groups))
    came_back = {number: shared for shared, number, _ in sorted(returning, key=lambda found: found[0])}
    # On a tie the group to which a retired id could return yields the live one to its sibling.
    ranked = sorted(
        _overlaps((entry for entry in live if entry.id not in taken), open_groups),
        key=lambda found: (-found[0], came_back.get(found[1], 0), _number(found[2].id), found[1]),
    )
    ranked += sorted(returning, key=lambda found: (-found[0], _number(found[2].id), found[1]))
    for _, number, entry in ranked:
        if number not in heirs and entry.id not in taken:
            heirs[number] = entry
            taken.add(entry.id)
    return heirs


def _overlaps(entries: Iterable[Entry], groups: dict[int, tuple[Port, ...]]) -> Iterator[tuple[int, int, Entry]]:
    """(shared ports, number of the group, entry) for each pair that shares any."""
    home = {port: number for number, ports in groups.items() for port in ports}
    for entry in entries:
        counts: dict[int, int] = {}
        for port in entry.ports:
            if (number := home.get(port)) is not None:
                counts[number] = counts.get(number, 0) + 1
        for number, shared in counts.items():
            yield shared, number, entry


def _number(id: str) -> int:
    return int(id.rpartition("-")[2])
