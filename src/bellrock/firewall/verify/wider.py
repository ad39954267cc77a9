"""What a ruleset lets through that nobody needs, by the rule that lets it."""

from typing import Final

from msgspec import Struct

from bellrock.firewall.verify.boxes import Box, Boxes, Intervals
from bellrock.firewall.verify.cuts import covered
from bellrock.firewall.verify.describe import outline
from bellrock.firewall.verify.fields import CHANCES
from bellrock.firewall.verify.headers import projected
from bellrock.firewall.verify.program import Decision, Kind, Program
from bellrock.firewall.verify.report import MOST_BOXES, RuleRef, Wider, decider, reference, written
from bellrock.firewall.verify.ruleset import Rule
from bellrock.firewall.verify.state import CT_INVALID, CT_NEW, CT_UNTRACKED
from bellrock.firewall.verify.walk import run
from bellrock.firewall.verify.wanted import CABLED

_FREE: Final = Intervals.of(CT_NEW, CT_INVALID, CT_UNTRACKED)
_BEGINNING: Final = Boxes.of(ct_state=_FREE, nfproto=Intervals.of(2, 10), iifname=CABLED, oifname=CABLED)
"""Packets that need no connection that was let in, between machines: those that begin one, and those that belong to none."""
_MOST: Final = 128
"""Boxes that a set may fall apart into where earlier rules take from it; beyond, those rules are named instead."""
_EXPANDED: Final = 24
"""And so many rules."""
_CONTROL: Final = frozenset({"icmp", "icmpv6", "igmp"})


class _Found(Struct):
    """What one rule lets through, on all ways to it."""

    rule: Rule
    boxes: list[Box] = []
    before: list[RuleRef] = []
    may: bool = True


def widest(program: Program, needed: Boxes, policies: tuple[RuleRef, ...] = ()) -> tuple[Wider, ...]:
    """For each rule that accepts, the new packets beyond `needed` that come through by it; the widest first, and what reaches no service last."""
    needed = _whatever_state(needed)
    found: dict[int, _Found] = {}
    for at, decision in enumerate(program.decisions):
        if decision.kind is not Kind.ACCEPT or decision.rule is None or not decision.boxes.meets(_BEGINNING):
            continue
        passing, before = _passing(program, at, decision, needed)
        if passing:
            one = found.setdefault(id(decision.rule), _Found(decision.rule))
            one.boxes += passing
            one.before += before
            one.may &= bool(decision.may)
    made = [
        _wider(reference(one.rule), Boxes.put(one.boxes).joined(), tuple(dict.fromkeys(one.before)), may=one.may)
        for one in found.values()
    ]
    open_policies = tuple(one for one in policies if one.policy == "accept")
    if len(open_policies) == len(policies):
        made += _by_policy(program, needed, open_policies)
    return tuple(sorted(made, key=lambda one: (_is_control(one), -one.size)))


def _whatever_state(needed: Boxes) -> Boxes:
    """Who may begin a connection may send what belongs to none to the same service."""
    return Boxes.put(box.without("ct_state") if CT_NEW in box.get("ct_state") else box for box in needed)


def _said(box: Box) -> Box:
    """New packets among others: that stray ones pass too says nothing more."""
    if CT_NEW not in box.get("ct_state"):
        return box
    return Box({**box.fields, "ct_state": Intervals.of(CT_NEW)})


def _passing(program: Program, at: int, decision: Decision, needed: Boxes) -> tuple[Boxes, tuple[RuleRef, ...]]:
    """What the decision lets through beyond `needed`; where that would fall apart too much, with the rules that take of it before."""
    boxes = (decision.boxes & _BEGINNING) - needed
    if not boxes:
        return boxes, ()
    holding = program.holding(boxes, at)
    left = boxes.less([box for one in holding for box in one.boxes], _MOST) if len(holding) <= _EXPANDED else None
    if left is not None:
        return _through(program, decision, left), ()
    covers = Boxes.put(box for one in holding for box in one.boxes)
    if not any(program.witness(box, at) or not covered(box, covers.near(box)) for box in boxes):
        return Boxes.nothing(), ()
    return _through(program, decision, boxes), tuple(dict.fromkeys(map(decider, holding)))


def _through(program: Program, decision: Decision, boxes: Boxes) -> Boxes:
    """What of it the base chains behind let through too, and not by a rule of their own, whose it would be."""
    if program.end(decision) >= program.tail:
        return boxes
    outcomes = run(program, boxes, program.end(decision))
    return Boxes.put(box for one in outcomes if one.verdict == "accept" and not one.rules for box in one.packets)


def _by_policy(program: Program, needed: Boxes, policies: tuple[RuleRef, ...]) -> list[Wider]:
    taking = [
        one for one in program.decisions if one.kind is not Kind.END and not one.may and one.boxes.meets(_BEGINNING)
    ]
    boxes = _BEGINNING - needed
    left = boxes.less([box for one in taking for box in one.boxes], _MOST) if len(taking) <= _EXPANDED else None
    rest = boxes if left is None else left
    covers = Boxes.put(box for one in taking for box in one.boxes)
    if all(covered(box, covers.near(box)) for box in rest):
        return []
    before = tuple(dict.fromkeys(map(decider, taking))) if left is None else ()
    return [_wider((policies or (RuleRef(chain="", policy="accept"),))[0], rest.joined(), before)] if rest else []


def _wider(ref: RuleRef, found: Boxes, before: tuple[RuleRef, ...], *, may: bool = False) -> Wider:
    boxes = projected(Boxes.put(_said(_plain(box)) for box in found))
    # That they are new goes without saying.
    plain = (box.without("ct_state") if CT_NEW in box.get("ct_state") else box for box in boxes)
    text = outline(Boxes.put(plain), exact=not before)
    size = boxes.size().bit_length()
    truncated = max(0, len(boxes) - MOST_BOXES)
    return Wider(
        rule=ref, packets=written(boxes), text=text, size=size, less=_places(before), truncated=truncated, may=may
    )


def _plain(box: Box) -> Box:
    """Without saying that it is not the loopback: nothing here is."""
    return box.without(*CHANCES, *(name for name in ("iifname", "oifname") if box.get(name) == CABLED))


def _is_control(one: Wider) -> bool:
    """Whether it is about ICMP and IGMP alone: there is no service behind it."""
    return all(set(box.get("protocol", ("any",))) <= _CONTROL for box in one.packets)


def _places(rules: tuple[RuleRef, ...]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    chains: dict[str, list[int]] = {}
    for one in rules:
        chains.setdefault(one.chain, []).append(one.handle)
    return tuple((chain, tuple(handles)) for chain, handles in chains.items())
