"""The truth about a network, by another way than forwarding frames: which (device, VLAN) pairs are one broadcast domain.

Nothing of `fabric.flood` is used, so that the two can be held against each other.
"""

from tests.sim.fabric import Device, Plug, Socket, Tag

Place = tuple[int, object]


class Partition:
    """Disjoint sets over anything that can be hashed."""

    def __init__(self) -> None:
        self._parent: dict[object, object] = {}

    def find(self, item: object) -> object:
        parent = self._parent.setdefault(item, item)
        while parent != item:
            grand = self._parent[parent]
            self._parent[item] = grand
            item, parent = parent, grand
        return item

    def union(self, a: object, b: object) -> None:
        self._parent[self.find(a)] = self.find(b)

    def same(self, a: object, b: object) -> bool:
        return self.find(a) == self.find(b)

    def classes(self) -> list[list[object]]:
        found: dict[object, list[object]] = {}
        for item in list(self._parent):
            found.setdefault(self.find(item), []).append(item)
        return list(found.values())


class Truth:
    """Answers which broadcast domain a frame of a host's interface with a tag is in."""

    def __init__(self, devices: list[Device], vids: frozenset[int]) -> None:
        self._domains = Partition()
        self._tags: tuple[Tag, ...] = (None, *sorted(vids))
        for device in devices:
            for socket in device.ports:
                if isinstance(socket.far, Socket):
                    self._join(socket, socket.far)

    def _join(self, a: Socket, b: Socket) -> None:
        for tag in self._tags:
            here, there = self._place(a, tag), self._place(b, tag)
            if here is not None and there is not None and self._leaves_as(a, tag) and self._leaves_as(b, tag):
                self._domains.union(here, there)

    def _place(self, socket: Socket, tag: Tag) -> Place | None:
        if socket.device.transparent:
            return id(socket.device), tag
        vlan = socket.tags.get(tag)
        return None if vlan is None else (id(socket.device), vlan)

    def _leaves_as(self, socket: Socket, tag: Tag) -> bool:
        """Whether frames of the VLAN that `tag` enters leave with this tag too (a VLAN leaves in one form only)."""
        if socket.device.transparent:
            return True
        vlan = socket.tags[tag]
        return next(outer for outer, inner in socket.tags.items() if inner == vlan) == tag

    def domain(self, plug: Plug, tag: Tag) -> object | None:
        """The domain, as something to compare; None where frames go nowhere."""
        if plug.far is None:
            return None
        place = self._place(plug.far, tag)
        return None if place is None else self._domains.find(place)
