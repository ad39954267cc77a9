"""Where the records of a file begin, found by many at once.

Each record tells where the next one begins, so that one alone must be followed after the other: 5 million a second at best. Instead a
piece is entered at many places where a record seems to begin, all of them are followed together, and what was entered is believed only
if the chain from the piece's true beginning arrives there exactly.
"""

from collections.abc import Callable
from math import isqrt
from typing import Final, NamedTuple

import numpy as np

from bellrock.capture.reading.values import Bits, Numbers

Follow = Callable[[Numbers], Numbers]
"""Starts of records → starts of the next ones; -1: no record that can be passed stands there."""
Guess = Callable[[int, int], int]
"""A place at or behind the first and before the second where a record seems to begin; -1: none."""

MOST_LANES: Final = 512
LEAST_APART: Final = 1 << 12
"""Octets between two places where a piece is entered."""
_USUAL: Final = 400
"""Octets of a record, where nothing is known of them."""


class Chain(NamedTuple):
    """Records that follow each other without a gap."""

    starts: Numbers
    end: int
    """Where the first octet behind them is: something else than a whole record stands there, or nothing."""


def chain(begin: int, end: int, follow: Follow, guess: Guess, expected: int = 0) -> Chain:
    """The records from `begin` on that are whole before `end`; `expected`: about how many, 0 where nobody knows."""
    anchors = _anchors(begin, end, guess, expected or (end - begin) // _USUAL)
    visited, lanes, landing = _followed(anchors, end, follow)
    if (landing[:-1] == anchors[1:]).all():
        return Chain(np.sort(visited), int(landing[-1]))
    true, more, stop = _stitched(anchors, landing, end, follow)
    starts = np.sort(np.concatenate([visited[true[lanes]], np.array(more, np.int64)]))
    return Chain(starts, stop)


def _anchors(begin: int, end: int, guess: Guess, expected: int) -> Numbers:
    """Where to enter, strictly ascending, the first at `begin`: so often that guessing takes about as long as following."""
    wanted = min(MOST_LANES, 2 * isqrt(expected) + 1)
    step = max(LEAST_APART, (end - begin) // wanted)
    found = [begin]
    for at in range(begin + step, end, step):
        place = guess(max(at, found[-1] + 1), min(at + step, end))
        if place > found[-1]:
            found.append(place)
    return np.array(found, np.int64)


def _followed(anchors: Numbers, end: int, follow: Follow) -> tuple[Numbers, Numbers, Numbers]:
    """All records on the way from each anchor to the next, the lane of each, and where each lane came to stand."""
    at, lane, limit = anchors, np.arange(len(anchors)), np.append(anchors[1:], end)
    landing = anchors.copy()
    visited, lanes = [], []
    while len(at):
        following = follow(at)
        on = (following > at) & (following < limit)
        if on.all():
            visited.append(at)
            lanes.append(lane)
            at = following
            continue
        whole = on | ((following > at) & (following <= end))
        landing[lane] = np.where(whole, following, at)
        visited.append(at[whole])
        lanes.append(lane[whole])
        at, lane, limit = following[on], lane[on], limit[on]
    return np.concatenate(visited), np.concatenate(lanes), landing


def _stitched(anchors: Numbers, landing: Numbers, end: int, follow: Follow) -> tuple[Bits, list[int], int]:
    """Which lanes are true, records beside them (where a lane had been entered wrongly), and where it ends."""
    lane_at = {int(place): lane for lane, place in enumerate(anchors)}
    true = np.zeros(len(anchors), np.bool_)
    more: list[int] = []
    at = int(anchors[0])
    while at < end:
        lane = lane_at.get(at)
        if lane is not None and not true[lane] and landing[lane] > at:
            true[lane], at = True, int(landing[lane])
            continue
        following = int(follow(np.array([at], np.int64))[0])
        if not at < following <= end:
            break
        more.append(at)
        at = following
    return true, more, at
