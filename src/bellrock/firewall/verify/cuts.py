"""Boxes less other boxes, whether anything is left, and boxes put together again."""

from collections.abc import Iterable
from typing import Final

from bellrock.firewall.verify.box import ORDER, Box
from bellrock.firewall.verify.intervals import Intervals

_HALVED_FROM: Final = 16
"""More boxes than these are taken away in halves of the space, each from the half that it is in."""


def less(box: Box, taken: Iterable[Box], most: int = 1 << 30) -> list[Box] | None:
    """`box` without all of `taken`, as disjoint boxes; None where these are more than `most` on the way."""
    met = [one for one in taken if one.meets(box)]
    if any(box.inside(one) for one in met):
        return []
    if len(met) > _HALVED_FROM:
        name, halves = _halves(box, met)
        if halves:
            return _less_halves(name, halves, met, most)
    kept = [box]
    for one in met:
        kept = _less_one(kept, one)
        if len(kept) > most:
            return None
    return kept


def _less_halves(name: str, halves: list[Box], taken: list[Box], most: int) -> list[Box] | None:
    kept: list[Box] = []
    for half in halves:
        parts = less(half, taken, most)
        if parts is None:
            return None
        kept += parts
    # What the cut alone has parted is put together again.
    kept = _joined_along(name, kept)
    return None if len(kept) > most else kept


def _halves(box: Box, taken: list[Box]) -> tuple[str, list[Box]]:
    """The box cut in two where half of the bounds of `taken` are on either side, along the field that tells most of them apart."""
    bounds: dict[str, list[int]] = {}
    for one in taken:
        for name, values in one.fields.items():
            whole = box.get(name)
            inside = [at for at in (values.first, values.last + 1) if whole.first < at <= whole.last]
            if inside:
                bounds.setdefault(name, []).extend(inside)
    if not bounds:
        return "", []
    name = max(bounds, key=lambda one: (len(set(bounds[one])), one))
    at = sorted(bounds[name])[len(bounds[name]) // 2]
    whole = box.get(name)
    sides = (whole & Intervals.span(whole.first, at - 1), whole & Intervals.span(at, whole.last))
    low, high = (Box({**box.fields, name: side}) for side in sides)
    # Where most of them lie on both sides, cutting does not help.
    both = sum(one.meets(low) and one.meets(high) for one in taken)
    return (name, []) if both * 4 > len(taken) * 3 else (name, [low, high])


def _less_one(parts: list[Box], other: Box) -> list[Box]:
    after: list[Box] = []
    for part in parts:
        if part.meets(other):
            after += part.minus(other)
        else:
            after.append(part)
    return after


def covered(box: Box, covers: Iterable[Box]) -> bool:
    """Whether every packet of `box` is in one of `covers`. Looks for one that is not, depth first, and stops there."""
    stack = [(box, [one for one in covers if one.meets(box)])]
    while stack:
        part, others = stack.pop()
        if not others:
            return False
        if any(part.inside(one) for one in others):
            continue
        pieces = _halves(part, others)[1] if len(others) > _HALVED_FROM else []
        if not pieces:
            # Those that constrain the least first: they leave the fewest pieces.
            one = min(others, key=lambda other: len(other.fields))
            others.remove(one)
            pieces = part.minus(one)
        stack += [(rest, [other for other in others if other.meets(rest)]) for rest in pieces]
    return True


def joined(boxes: list[Box]) -> list[Box]:
    """Boxes that have all fields but one in common, as one: field by field, the widest last."""
    for name in sorted({name for box in boxes for name in box.fields}, key=ORDER.__getitem__, reverse=True):
        boxes = _joined_along(name, boxes)
    return boxes


def _joined_along(name: str, boxes: list[Box]) -> list[Box]:
    alike: dict[Box, list[Box]] = {}
    for box in boxes:
        alike.setdefault(box.without(name), []).append(box)
    if len(alike) == len(boxes):
        return boxes
    return [_union_along(name, rest, group) for rest, group in alike.items()]


def _union_along(name: str, rest: Box, group: list[Box]) -> Box:
    if len(group) == 1 or any(name not in box.fields for box in group):
        return group[0] if len(group) == 1 else rest
    values = Intervals(pair for box in group for pair in box.fields[name].ranges)
    return Box({**rest.fields, name: values})
