"""A box: packets as a product of sets of values, one for each header field."""

from collections.abc import Mapping
from typing import Final

from typing_extensions import override

from bellrock.firewall.verify.fields import CHANCES, FIELDS
from bellrock.firewall.verify.intervals import Intervals

ORDER: Final = {
    name: rank
    for rank, name in enumerate(
        sorted(
            FIELDS, key=lambda name: (name in {"saddr", "daddr", "saddr6", "daddr6"}, FIELDS[name] > 16, FIELDS[name])
        )
    )
}
"""Small fields first: what is cut off along them stays in one piece, and people read it best so."""


class Box:
    """A product of sets, one per field. A field that is absent may have any value; no field's set is empty or full."""

    __slots__ = ("fields", "hashed")

    def __init__(self, fields: Mapping[str, Intervals]) -> None:
        """Of sets that are not empty; full ones are left out. Raises ValueError for an empty one, KeyError for an unknown field."""
        if not all(fields.values()):
            raise ValueError("a box has no empty field: a set of packets without any is Boxes.nothing()")
        self.fields: dict[str, Intervals] = {
            name: fields[name]
            for name in sorted(fields, key=ORDER.__getitem__)
            if fields[name] != Intervals.full(FIELDS[name])
        }
        self.hashed: int | None = None

    @override
    def __hash__(self) -> int:
        if self.hashed is None:
            self.hashed = hash(tuple(self.fields.items()))
        return self.hashed

    @override
    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Box) and self.fields == other.fields)

    @override
    def __repr__(self) -> str:
        return f"Box({', '.join(f'{name}={values}' for name, values in self.fields.items())})"

    def get(self, field: str) -> Intervals:
        """The values that `field` may have."""
        return self.fields.get(field) or Intervals.full(FIELDS[field])

    def meets(self, other: "Box") -> bool:
        """Whether a packet is in both."""
        few, many = self.fields, other.fields
        if len(few) > len(many):
            few, many = many, few
        for name, values in few.items():
            others = many.get(name)
            if others is None or others is values:
                continue
            mine, theirs = values.ranges, others.ranges
            if mine[-1][1] < theirs[0][0] or theirs[-1][1] < mine[0][0]:
                return False
            if (len(mine) > 1 or len(theirs) > 1) and values.isdisjoint(others):
                return False
        return True

    def inside(self, other: "Box") -> bool:
        """Whether every packet of this box is in `other`."""
        mine = self.fields
        for name, values in other.fields.items():
            own = mine.get(name)
            if own is None or not own.issubset(values):
                return False
        return True

    def meet(self, other: "Box") -> "Box | None":
        """The packets in both; None where there is none."""
        if self is other:
            return self
        fields = dict(self.fields)
        for name, values in other.fields.items():
            own = fields.get(name)
            both = values if own is None else own & values
            if not both:
                return None
            fields[name] = both
        return _made(fields)

    def minus(self, other: "Box") -> "list[Box]":
        """The packets that are not in `other`, which meets this box: disjoint boxes, at most one for each field of `other`."""
        parts: list[Box] = []
        inside = self.fields
        for name in sorted(other.fields, key=ORDER.__getitem__):
            own = inside.get(name) or Intervals.full(FIELDS[name])
            outside = own - other.fields[name]
            if outside:
                parts.append(_made({**inside, name: outside}))
                inside = {**inside, name: own & other.fields[name]}
        return parts

    def without(self, *names: str) -> "Box":
        """The box with these fields free."""
        return _made({name: values for name, values in self.fields.items() if name not in names})

    def holds(self, packet: Mapping[str, int]) -> bool:
        """Whether the packet is in the box; a field that the packet lacks counts as 0."""
        return all(packet.get(name, 0) in values for name, values in self.fields.items())

    def size(self) -> int:
        """How many packets the box has, as a product over all fields."""
        total = 1
        for name, width in FIELDS.items():
            if name in CHANCES:
                continue
            total *= self.fields[name].size() if name in self.fields else 1 << width
        return total


def _made(fields: dict[str, Intervals]) -> Box:
    """Of fields that are neither empty nor full."""
    made = Box.__new__(Box)
    made.fields = fields
    made.hashed = None
    return made


EVERY_BOX: Final = Box({})
"""All packets."""
