"""The decisions of a program while it is gathered: where the scopes end that they leave, and which packets come back."""

from typing import Final

from bellrock.firewall.verify.boxes import Boxes
from bellrock.firewall.verify.program import Decision, Kind
from bellrock.firewall.verify.ruleset import RulesetError

OPEN: Final = -1
"""The end of a scope that has not ended yet."""
LONGEST: Final = 1_000_000
"""Decisions of one program."""


class Decisions:
    """Gathers them in order.

    Attributes:
        all: the decisions.
        ends: of each scope, before which decision it ends.
        clouds: decisions of this base chain that a packet may or may not have left it by.
    """

    def __init__(self) -> None:
        self.all: list[Decision] = []
        self.ends: list[int] = [OPEN]
        self.clouds: list[Decision] = []
        self._held: list[tuple[int, Decision]] = []
        """Decisions that keep packets from this chain, with their numbers, and those that did."""
        self._back: list[tuple[int, Decision]] = []

    def add(self, decision: Decision) -> None:
        """One more, if it takes any packet.

        Raises:
            RulesetError: the program becomes too long.
        """
        if not decision.boxes:
            return
        if len(self.all) >= LONGEST:
            raise RulesetError(
                f"{decision.chain}: its jumps make more than {LONGEST} ways to a rule; check a part of it"
            )
        if decision.kind in {Kind.ACCEPT, Kind.SKIP}:
            if decision.may:
                self.clouds.append(decision)
            else:
                self._held.append((len(self.all), decision))
        self.all.append(decision)

    def scope(self) -> int:
        """Begin a scope; its number."""
        self.ends.append(OPEN)
        return len(self.ends) - 1

    def close(self, scope: int) -> None:
        """It ends behind the decisions so far."""
        self.ends[scope] = len(self.all)

    def without_returning(self, boxes: Boxes) -> Boxes:
        """Without the packets that left this chain before and come back behind it; those that are gone for good do not matter."""
        self._back += [one for one in self._held if self.ends[one[1].scope] != OPEN]
        self._held = [one for one in self._held if self.ends[one[1].scope] == OPEN]
        since = self._held[0][0] if self._held else len(self.all)
        self._back = [one for one in self._back if self.ends[one[1].scope] > since]
        away = self._away(boxes)
        for at, one in self._held:
            if one.boxes.meets(boxes):
                boxes -= self._took(at, one, boxes, away)
        return boxes

    def _away(self, boxes: Boxes) -> list[tuple[int, int, Boxes]]:
        """Of `boxes`, what was away from one decision to another and is back: nothing in between took it."""
        away: list[tuple[int, int, Boxes]] = []
        for at, one in sorted(self._back, key=lambda pair: pair[0]):
            if one.boxes.meets(boxes):
                away.append((at, self.ends[one.scope], self._took(at, one, boxes, away)))
        return away

    def _took(self, at: int, one: Decision, boxes: Boxes, away: list[tuple[int, int, Boxes]]) -> Boxes:
        taken = one.boxes & boxes if away else one.boxes
        for left, came, others in away:
            if left < at < came:
                taken -= others
        return taken
