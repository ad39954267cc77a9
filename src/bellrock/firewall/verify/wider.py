"""What a ruleset lets through that nobody needs, by the rule that lets it."""

from typing import Final

from bellrock.firewall.verify.boxes import Boxes, Intervals
from bellrock.firewall.verify.describe import describe
from bellrock.firewall.verify.program import Decision, Kind, Program
from bellrock.firewall.verify.report import MOST_BOXES, RuleRef, Wider, reference, written
from bellrock.firewall.verify.ruleset import Rule
from bellrock.firewall.verify.state import CT_NEW
from bellrock.firewall.verify.walk import run

_BEGINNING: Final = Boxes.of(ct_state=Intervals.of(CT_NEW), nfproto=Intervals.of(2, 10))
"""Packets that begin a connection: those of connections that were let in belong to them."""
_MOST: Final = 4 * MOST_BOXES
"""Boxes that a set may fall apart into while others are taken from it; beyond, the set is given as an upper bound."""


def widest(program: Program, needed: Boxes, policies: tuple[RuleRef, ...] = ()) -> tuple[Wider, ...]:
    """For each rule that accepts, the new packets beyond `needed` that come through by it; the widest first."""
    found: dict[int, tuple[Rule, Boxes, bool]] = {}
    for at, decision in enumerate(program.decisions):
        if decision.kind is not Kind.ACCEPT or decision.rule is None or not decision.boxes.meets(_BEGINNING):
            continue
        passing, exact = _passing(program, at, decision, needed)
        if passing:
            rule, before, sure = found.get(id(decision.rule), (decision.rule, Boxes.nothing(), True))
            found[id(decision.rule)] = (rule, before | passing, exact and sure)
    made = [_wider(reference(rule), boxes, exact=exact) for rule, boxes, exact in found.values()]
    open_policies = tuple(one for one in policies if one.policy == "accept")
    if len(open_policies) == len(policies):
        made += _by_policy(program, needed, open_policies)
    return tuple(sorted(made, key=lambda one: -one.size))


def _passing(program: Program, at: int, decision: Decision, needed: Boxes) -> tuple[Boxes, bool]:
    """What the decision lets through beyond `needed`, and whether that is exact or an upper bound."""
    boxes = (decision.boxes & _BEGINNING) - needed
    if not boxes:
        return boxes, True
    taken = [box for one in program.holding(boxes, at) for box in one.boxes]
    left = boxes.less(taken, _MOST)
    if left is None:
        return boxes.joined(), False
    through = Boxes.nothing()
    for outcome in run(program, left, program.end(decision)):
        # What a later base chain lets through by a rule of its own is that rule's.
        if outcome.verdict == "accept" and not outcome.rules:
            through |= outcome.packets
    return through.joined(), True


def _by_policy(program: Program, needed: Boxes, policies: tuple[RuleRef, ...]) -> list[Wider]:
    taken = [box for one in program.decisions if one.kind is not Kind.END and not one.may for box in one.boxes]
    boxes = _BEGINNING - needed
    left = boxes.less(taken, _MOST)
    refs = policies or (RuleRef(chain="", policy="accept"),)
    exact = left is not None
    rest = boxes if left is None else left
    return [_wider(refs[0], rest.joined(), exact=exact)] if rest else []


def _wider(ref: RuleRef, boxes: Boxes, *, exact: bool) -> Wider:
    text = describe(boxes) if exact else f"of {describe(boxes)} what no earlier rule takes"
    return Wider(
        rule=ref,
        packets=written(boxes),
        text=text,
        size=boxes.size().bit_length(),
        truncated=max(0, len(boxes) - MOST_BOXES),
        exact=exact,
    )
