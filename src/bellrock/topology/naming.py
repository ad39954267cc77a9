"""Identity: fabrics and VLANs keep their ids, and the names that people gave them, from one answer to the next."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from bellrock.model import Fabric, Port, Topology, Vlan

MOST_RETIRED: Final = 1000
"""Retired ids, of fabrics and of VLANs, that are remembered in case what they named comes back."""
LONGEST_NAME: Final = 64
"""Characters in a name given by people."""


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


def carry(registry: Registry, topology: Topology) -> tuple[Registry, Topology]:
    """Give each fabric and VLAN of a topology its id and name, and remember them.

    Whoever shares the most ports with what bore an id last time inherits it: of a split the larger part, of a merger the
    id of the larger. Ids without an heir retire, and come back with their ports. Carrying twice changes nothing.
    """
    fabric_ports = [tuple(m.port for vlan in fabric.vlans for m in vlan.members) for fabric in topology.fabrics]
    vlans = [vlan for fabric in topology.fabrics for vlan in fabric.vlans]
    fabric_shelf, fabric_entries = _assign(registry.fabrics, fabric_ports, "fabric")
    vlan_shelf, vlan_entries = _assign(registry.vlans, [tuple(m.port for m in v.members) for v in vlans], "vlan")
    named = iter([_named_vlan(vlan, entry) for vlan, entry in zip(vlans, vlan_entries, strict=True)])
    fabrics = tuple(
        Fabric(id=entry.id, name=entry.name or entry.id, vlans=tuple(next(named) for _ in fabric.vlans))
        for fabric, entry in zip(topology.fabrics, fabric_entries, strict=True)
    )
    return Registry(fabric_shelf, vlan_shelf), replace(topology, fabrics=fabrics)


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


def _named_vlan(vlan: Vlan, entry: Entry) -> Vlan:
    return Vlan(
        id=entry.id, name=entry.name or default_name(vlan), vid=vlan.vid, members=vlan.members, subnets=vlan.subnets
    )


def default_name(vlan: Vlan) -> str:
    """`VLAN 10`; without a known VID `untagged`, with the subnet if there is exactly one."""
    if vlan.vid is not None:
        return f"VLAN {vlan.vid}"
    return f"untagged {vlan.subnets[0]}" if len(vlan.subnets) == 1 else "untagged"


def _assign(shelf: Shelf, groups: Sequence[tuple[Port, ...]], prefix: str) -> tuple[Shelf, list[Entry]]:
    """An entry per group of ports, and the shelf that remembers them."""
    heirs = _heirs(shelf, groups)
    last = shelf.last
    entries = []
    for number, ports in enumerate(groups):
        old = heirs.get(number)
        if old is None:
            last += 1
            entries.append(Entry(f"{prefix}-{last}", ports))
        else:
            entries.append(old if old.ports == ports else Entry(old.id, ports, old.name))
    live = {entry.id for entry in entries}
    retired = [entry for entry in (*shelf.retired, *shelf.live) if entry.id not in live]
    return Shelf(last, tuple(entries), _most_worth(retired)), entries


def _most_worth(retired: list[Entry]) -> tuple[Entry, ...]:
    """The retired entries to remember: those that people named, then the newest."""
    excess = len(retired) - MOST_RETIRED
    if excess <= 0:
        return tuple(retired)
    dropped = {entry.id for entry in sorted(retired, key=lambda entry: bool(entry.name))[:excess]}
    return tuple(entry for entry in retired if entry.id not in dropped)


def _heirs(shelf: Shelf, groups: Sequence[tuple[Port, ...]]) -> dict[int, Entry]:
    """Number of a group → the entry whose id it bears on."""
    if not (shelf.live or shelf.retired):
        return {}
    unchanged = {entry.ports: entry for entry in shelf.live}
    heirs = {number: entry for number, ports in enumerate(groups) if (entry := unchanged.get(ports)) is not None}
    taken = {entry.id for entry in heirs.values()}
    open_groups = {number: ports for number, ports in enumerate(groups) if number not in heirs}
    if not open_groups:
        return heirs
    returning = list(_overlaps(shelf.retired, open_groups))
    came_back = {number: shared for shared, number, _ in sorted(returning, key=lambda found: found[0])}
    # On a tie the group to which a retired id could return yields the live one to its sibling.
    ranked = sorted(
        _overlaps((entry for entry in shelf.live if entry.id not in taken), open_groups),
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
