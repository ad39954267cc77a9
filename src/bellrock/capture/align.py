"""Clocks of several captures, brought together by the packets that they share.

A packet seen at A and at B shows t_B - t_A = offset + transit where it went from A to B, and offset - transit where it went the other
way. Transit is never negative: of a conversation with both directions, the offset lies between what the one direction shows at most
and the other at least, whichever way each went.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

MAX_SHARED: Final = 4096
"""Packets that two captures share and that are compared; more would not make it better."""
MILLISECOND: Final = 1_000_000


class Sighting(Struct, frozen=True, gc=False):
    """A packet at one place."""

    at: int
    """Nanoseconds by the clock there."""
    pair: tuple[bytes, bytes]
    """Whom it is between: both ends, the lesser first."""
    forward: bool
    """Whether it goes from the lesser to the greater of them."""


Seen = Mapping[bytes, Sighting]
"""What tells a packet from all others, the same at every place → where and when it was seen; those seen more than once left out."""


class Between(Struct, frozen=True):
    """How far a clock is ahead of another."""

    offset: int
    """Nanoseconds."""
    error: int
    """By which it may be wrong."""
    shared: int
    """Packets that show it; 0: it was told."""


class Clock(Struct, frozen=True, kw_only=True):
    """How one capture's times become those of the first one."""

    shift: int
    """Nanoseconds to add."""
    error: int | None
    """By which that may be wrong; None: nothing is known, and nothing is added."""
    shared: int = 0
    how: str
    """In words: `by 812 packets that both saw`."""


def between(a: Seen, b: Seen) -> Between | None:
    """How far b's clock is ahead of a's; None where they share no packet."""
    deltas: dict[tuple[bytes, bytes], tuple[list[int], list[int]]] = {}
    shared = [key for key in (a if len(a) <= len(b) else b) if key in a and key in b][:MAX_SHARED]
    for key in shared:
        one = a[key]
        deltas.setdefault(one.pair, ([], []))[one.forward].append(b[key].at - one.at)
    if not shared:
        return None
    bounds = [_bounds(*ways) for ways in deltas.values() if all(ways)]
    if bounds:
        low, high = max(low for low, _ in bounds), min(high for _, high in bounds)
        return Between((low + high) // 2, abs(high - low) // 2 + 1, len(shared))
    all_of_them = sorted(delta for ways in deltas.values() for way in ways for delta in way)
    middle = all_of_them[len(all_of_them) // 2]
    return Between(middle, max(MILLISECOND, all_of_them[-1] - all_of_them[0]), len(shared))


def _bounds(one: list[int], other: list[int]) -> tuple[int, int]:
    """Between which the offset lies. The direction whose packets came later at b is the one from a to b."""
    low, high = (one, other) if sorted(one)[len(one) // 2] <= sorted(other)[len(other) // 2] else (other, one)
    return max(low), min(high)


def clocks(seen: Sequence[Seen], told: Sequence[int | None]) -> tuple[Clock, ...]:
    """How each capture's times become the first one's, over others where need be: the pair that is surest is taken first.

    Args:
        seen: what each capture has.
        told: nanoseconds that each clock is said to be ahead of one that all are compared with; None: nobody says so.
    """
    found: dict[int, Clock] = {0: Clock(shift=0, error=0, how="the others are aligned with it")}
    everyone = range(len(seen))
    pairs = {(a, b): one for a in everyone for b in everyone[a + 1 :] if (one := between(seen[a], seen[b]))}
    while len(found) < len(seen):
        if step := _surest(found, pairs):
            near, new, shift = step
            pair = pairs[min(near, new), max(near, new)]
            how = f"by {pair.shared} packets that two places saw"
            found[new] = Clock(shift=shift, error=_sum(found[near].error, pair.error), shared=pair.shared, how=how)
        else:  # somebody whose clock is told may share packets with those that are left
            new = min((at for at in everyone if at not in found), key=lambda at: told[at] is None)
            found[new] = _told(told, new)
    return tuple(found[at] for at in everyone)


def _sum(near: int | None, between: int) -> int | None:
    return None if near is None else near + between


def _surest(found: Mapping[int, Clock], pairs: Mapping[tuple[int, int], Between]) -> tuple[int, int, int] | None:
    """Of the pairs with one clock that is known: that one, the other, and its shift."""
    usable = [(pair, between) for pair, between in pairs.items() if (pair[0] in found) != (pair[1] in found)]
    if not usable:
        return None
    (a, b), best = min(usable, key=lambda one: one[1].error)
    if a in found:
        return a, b, found[a].shift - best.offset
    return b, a, found[b].shift + best.offset


def _told(told: Sequence[int | None], at: int) -> Clock:
    mine, first = told[at], told[0]
    if mine is None or first is None:
        return Clock(
            shift=0, error=None, how="not aligned: it shares no packet with the others, and nobody knows its clock"
        )
    # Clocks are told by messages that take a while: some ten milliseconds is what a slow network adds.
    return Clock(
        shift=first - mine, error=10 * MILLISECOND, how="by what the region knows of its clock: no packet is shared"
    )


def unique(sightings: Iterable[tuple[bytes, Sighting]], within: int = MILLISECOND) -> dict[bytes, Sighting]:
    """Packets by what tells them apart. The same again within so many nanoseconds is the same one on another interface of that machine;
    the same again later may be another, and neither counts."""
    found: dict[bytes, Sighting] = {}
    twice: set[bytes] = set()
    for key, one in sightings:
        if key in found:
            if one.at - found[key].at > within:
                twice.add(key)
        else:
            found[key] = one
    return {key: one for key, one in found.items() if key not in twice}
