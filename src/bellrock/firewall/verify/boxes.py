"""Sets of packets, exactly: a box says which values each header field may have, and a set is a union of boxes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from typing_extensions import override

from bellrock.firewall.verify.box import EVERY_BOX, Box
from bellrock.firewall.verify.cuts import covered, joined, less
from bellrock.firewall.verify.hulls import Hulls
from bellrock.firewall.verify.intervals import Intervals

__all__ = ["Box", "Boxes", "Intervals"]

_INDEXED_FROM: Final = 24
"""From this many boxes on, an index finds those that meet another box sooner than looking at each."""
_ASKED_FROM: Final = 6
"""And from the so manieth question on: many sets are asked only once."""


class Boxes:
    """A set of packets as a union of disjoint boxes. Equality is that of sets, however they are cut."""

    __slots__ = ("asked", "boxes", "index")

    def __init__(self, boxes: Iterable[Box] = ()) -> None:
        """The union of `boxes`, which may overlap."""
        self.boxes: tuple[Box, ...] = _disjoint(tuple(boxes))
        self.index: Hulls | None = None
        self.asked = 0

    @classmethod
    def everything(cls) -> "Boxes":
        """All packets."""
        return _EVERYTHING

    @classmethod
    def nothing(cls) -> "Boxes":
        """No packet."""
        return _NOTHING

    @classmethod
    def of(cls, **fields: Intervals) -> "Boxes":
        """One box; no packet where a field's set is empty."""
        return _of((Box(fields),)) if all(fields.values()) else _NOTHING

    @classmethod
    def put(cls, boxes: Iterable[Box]) -> "Boxes":
        """Of boxes that are disjoint already; where they are not, the set is right, but `size` counts twice what is in two."""
        return _of(tuple(boxes))

    @classmethod
    def points(cls, fields: Sequence[str], rows: Iterable[Sequence[Intervals]]) -> "Boxes":
        """The elements of a concatenated set: each row has a set of values for each of `fields`. Rows may overlap."""
        named = [dict(zip(fields, row, strict=True)) for row in rows]
        return cls(joined([Box(row) for row in named if all(row.values())]))

    def __bool__(self) -> bool:
        return bool(self.boxes)

    def __iter__(self) -> Iterator[Box]:
        return iter(self.boxes)

    def __len__(self) -> int:
        return len(self.boxes)

    @override
    def __repr__(self) -> str:
        return f"Boxes({', '.join(map(repr, self.boxes))})"

    __hash__ = None  # type: ignore[assignment]  # equal sets may be cut differently, so no cheap hash exists

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Boxes):
            return NotImplemented
        return self is other or set(self.boxes) == set(other.boxes) or (self.issubset(other) and other.issubset(self))

    def __contains__(self, packet: Mapping[str, int]) -> bool:
        return any(box.holds(packet) for box in self.boxes)

    def __and__(self, other: "Boxes") -> "Boxes":
        if self is other or other is _EVERYTHING:
            return self
        if self is _EVERYTHING:
            return other
        few, many = (self, other) if len(self) <= len(other) else (other, self)
        met = (box.meet(found) for box in few.boxes for found in many.near(box) if box.meets(found))
        return _of(tuple(box for box in met if box is not None))

    def __or__(self, other: "Boxes") -> "Boxes":
        if not other.boxes or self is other:
            return self
        return _of(self.boxes + (other - self).boxes) if self.boxes else other

    def __sub__(self, other: "Boxes") -> "Boxes":
        if self is other:
            return _NOTHING
        kept: list[Box] = []
        for box in self.boxes:
            kept += less(box, other.near(box)) or ()
        return self if len(kept) == len(self) and all(map(_same, kept, self.boxes)) else _of(tuple(kept))

    def near(self, box: Box) -> Iterable[Box]:
        """The boxes that may meet `box`; a quick choice for many, and not a decision."""
        self.asked += 1
        if len(self.boxes) < _INDEXED_FROM or self.asked < _ASKED_FROM:
            return self.boxes
        if self.index is None:
            self.index = Hulls(one.fields for one in self.boxes)
        return [self.boxes[at] for at in self.index.near(box.fields)]

    def meets(self, other: "Boxes") -> bool:
        """Whether a packet is in both."""
        few, many = (self, other) if len(self) <= len(other) else (other, self)
        return any(box.meets(found) for box in few.boxes for found in many.near(box))

    def issubset(self, other: "Boxes") -> bool:
        """Whether every packet is in `other` too."""
        return all(covered(box, other.near(box)) for box in self.boxes)

    def without(self, *names: str) -> "Boxes":
        """The set with these fields free."""
        return Boxes(joined([box.without(*names) for box in self.boxes]))

    def less(self, taken: Sequence[Box], most: int) -> "Boxes | None":
        """Without all of `taken`; None where that falls apart into more than `most` boxes."""
        near = Boxes.put(taken)
        kept: list[Box] = []
        for box in self.boxes:
            parts = less(box, near.near(box), most)
            if parts is None or len(kept) + len(parts) > most:
                return None
            kept += parts
        return _of(tuple(kept))

    def any(self) -> Box:
        """One of the boxes; raises ValueError where there is none."""
        if not self.boxes:
            raise ValueError("no packet is in an empty set")
        return self.boxes[0]

    def sample(self) -> dict[str, int]:
        """A packet of the set, with the fields that matter; raises ValueError where there is none."""
        return {name: values.first for name, values in self.any().fields.items()}

    def size(self) -> int:
        """How many packets are in the set."""
        return sum(box.size() for box in self.boxes)

    def joined(self) -> "Boxes":
        """The same set in fewer boxes where that is cheap: those that differ in one field become one."""
        fewer = joined(list(self.boxes))
        return self if len(fewer) == len(self) else _of(tuple(fewer))


def _same(one: Box, other: Box) -> bool:
    return one is other


def _of(boxes: tuple[Box, ...]) -> Boxes:
    """Of boxes that are disjoint already."""
    made = Boxes.__new__(Boxes)
    made.boxes = boxes
    made.index = None
    made.asked = 0
    return made


def _disjoint(boxes: tuple[Box, ...]) -> tuple[Box, ...]:
    if len(boxes) < 2:
        return boxes
    index = Hulls(box.fields for box in boxes)
    kept: list[Box] = []
    for at, box in enumerate(boxes):
        kept += less(box, (boxes[earlier] for earlier in index.near(box.fields, before=at))) or ()
    return tuple(kept)


_NOTHING: Final = _of(())
_EVERYTHING: Final = _of((EVERY_BOX,))
