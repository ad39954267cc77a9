"""A ruleset on one route as a list of decisions in order, each with the packets (as they came in) that it may concern."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import accumulate
from typing import Final

from msgspec import Struct

from bellrock.firewall.verify.boxes import Box, Boxes, Intervals
from bellrock.firewall.verify.cuts import less
from bellrock.firewall.verify.hulls import Hulls, positions
from bellrock.firewall.verify.ruleset import Rule
from bellrock.firewall.verify.state import State

_TRIES: Final = 12
"""Packets that are tried before a set is taken apart."""
_DICE: Final = (1 << 64) - 1
FOREVER: Final = 1 << 62
"""Where packets rejoin that a decision takes for good."""


class Kind(StrEnum):
    """What a decision does to the packets that it takes."""

    ACCEPT = "accept"
    """They leave this base chain and go on behind it."""
    DROP = "drop"
    REJECT = "reject"
    SKIP = "skip"
    """They leave this chain by `return` or `goto`, and go on behind it."""
    UNKNOWN = "unknown"
    """What happens to them cannot be told."""
    END = "end"
    """They have come through."""


FINAL: Final = frozenset({Kind.DROP, Kind.REJECT, Kind.UNKNOWN, Kind.END})


class Decision(Struct, frozen=True, kw_only=True):
    """One decision. It takes those of `boxes` that no earlier one holds at that point: an upper bound, so nothing is subtracted here."""

    boxes: Boxes
    kind: Kind
    chain: str
    """Key of the base chain that it belongs to."""
    scope: int
    """In `Program.ends`: before which decision the packets rejoin."""
    rule: Rule | None = None
    """None: the policy of `chain`, or the end of the route."""
    may: str = ""
    """By rate or chance: it takes some of the packets and not others."""
    why: str = ""
    """The construct that cannot be decided."""
    how: str = ""
    """Of a reject."""
    state: State | None = None
    """At the end: what the packets have become."""


class Touch(Struct, frozen=True):
    """Packets that satisfy all matches of a rule, were none decided before; `at` is the number of the next decision."""

    rule: Rule
    boxes: Boxes
    at: int


class Program:
    """The decisions of a ruleset on one route."""

    __slots__ = ("_boxes", "_hulls", "_items", "_starts", "bases", "chances", "decisions", "ends", "tail", "touches")

    def __init__(
        self,
        decisions: tuple[Decision, ...],
        ends: tuple[int, ...],
        touches: tuple[Touch, ...],
        bases: tuple[str, ...],
        chances: dict[str, str] | None = None,
    ) -> None:
        """`ends` by scope: the number of the decision before which its packets rejoin; `bases`: keys of base chains met.

        `chances`: what each field of `fields.CHANCES` stands for.
        """
        self.chances = chances or {}
        self.decisions = decisions
        self.ends = ends
        self.touches = touches
        self.bases = bases
        self._items = [at for at, decision in enumerate(decisions) for _ in decision.boxes]
        self._starts = list(accumulate((len(decision.boxes) for decision in decisions), initial=0))
        self._boxes = [box for decision in decisions for box in decision.boxes]
        acting = (at for at in range(len(decisions) - 1, -1, -1) if decisions[at].kind is not Kind.END)
        self.tail = next(acting, -1) + 1
        self._hulls = Hulls(box.fields for box in self._boxes)

    def end(self, decision: Decision) -> int:
        """The number of the decision before which the packets that `decision` takes rejoin the others."""
        return FOREVER if decision.kind in FINAL else self.ends[decision.scope]

    def near(self, packets: Boxes, start: int = 0, stop: int | None = None) -> list[int]:
        """Numbers, ascending, of the decisions from `start` and before `stop` that may concern `packets`; some may not."""
        bits = 0
        for box in packets:
            bits |= self._hulls.bits(box.fields)
        if stop is not None:
            bits &= (1 << self._starts[stop]) - 1
        bits = bits >> self._starts[start] << self._starts[start] if start < len(self.decisions) else 0
        return list(dict.fromkeys(self._items[item] for item in positions(bits)))

    def items(self, at: int) -> int:
        """The boxes of a decision, as bits among those of all decisions."""
        return ((1 << len(self.decisions[at].boxes)) - 1) << self._starts[at]

    def taken(self, at: int, packets: Boxes, before: int) -> Boxes:
        """What decision `at` takes of `packets`, of which the items `before` are gone already."""
        found: list[Box] = []
        boxes = self.decisions[at].boxes
        for box in packets:
            for one in boxes.near(box):
                both = box.meet(one) if box.meets(one) else None
                if both is not None:
                    gone = self._hulls.bits(both.fields) & before
                    found += less(both, [self._boxes[item] for item in positions(gone)]) or ()
        return Boxes.put(found)

    def holding(self, packets: Boxes, at: int) -> list[Decision]:
        """The decisions before `at` that hold packets of `packets` there for certain."""
        before = (self.decisions[number] for number in self.near(packets, stop=at))
        return [one for one in before if not one.may and self.end(one) > at and one.boxes.meets(packets)]

    def witness(self, box: Box, at: int) -> bool:
        """Whether a packet of `box`, among a few that are tried, is held by no decision before `at`. False proves nothing."""
        for point in points(box, self._hulls.names):
            items = self._hulls.near(point.fields)
            held = (item for item in items if (number := self._items[item]) < at and self._holds(number, at))
            if not any(self._boxes[item].meets(point) for item in held):
                return True
        return False

    def _holds(self, number: int, at: int) -> bool:
        one = self.decisions[number]
        return not one.may and one.kind is not Kind.UNKNOWN and self.end(one) > at


def points(box: Box, names: Iterable[str]) -> Iterator[Box]:
    """A few packets of a box, spread over it: the same ones each time."""
    for turn in range(_TRIES):
        fields: dict[str, Intervals] = {}
        for number, name in enumerate(names):
            ranges = box.get(name).ranges
            dice = (turn * 0x9E3779B97F4A7C15 + number * 0xBF58476D1CE4E5B9 + 0x94D049BB133111EB) & _DICE
            first, last = ranges[(dice >> 7) % len(ranges)]
            fields[name] = Intervals.of(
                (first, last)[turn] if turn < 2 else first + (dice * dice >> 11) % (last - first + 1)
            )
        yield Box(fields)
