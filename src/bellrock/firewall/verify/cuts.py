"""Boxes less other boxes, and whether anything is left."""

from collections.abc import Iterable

from bellrock.firewall.verify.box import Box


def less(box: Box, taken: Iterable[Box], most: int = 1 << 30) -> list[Box] | None:
    """`box` without all of `taken`, as disjoint boxes; None where these are more than `most` on the way."""
    kept = [box]
    for other in taken:
        kept = less_one(kept, other)
        if not kept:
            return kept
        if len(kept) > most:
            return None
    return kept


def less_one(parts: list[Box], other: Box) -> list[Box]:
    """All of `parts` without `other`; the same list where nothing was taken."""
    if not any(part.meets(other) for part in parts):
        return parts
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
        # Those that constrain the least first: they leave the fewest pieces.
        one = min(others, key=_wide)
        others.remove(one)
        stack += [(rest, [other for other in others if other.meets(rest)]) for rest in part.minus(one)]
    return True


def _wide(box: Box) -> int:
    return len(box.fields)
