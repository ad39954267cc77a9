"""Conversations that are alike, put together: one line for each flow between two addresses."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from bellrock.capture.reading.explained import Explained
from bellrock.capture.reading.register import Ends
from bellrock.capture.reading.tally import Ways
from bellrock.capture.reading.values import Array, Numbers, Small, Words

MAX_LINES: Final = 10_000
"""Lines that are told one by one, those with most packets first."""
MAX_PORTS: Final = 16


class Asked(NamedTuple):
    """Conversations from who asks to who is asked, an element for each."""

    version: Small
    source_high: Words
    source_low: Words
    destination_high: Words
    destination_low: Words
    port: Small
    """Of who is asked."""
    packets: Numbers
    octets: Numbers
    replies: Numbers
    reply_octets: Numbers
    first: Numbers
    last: Numbers


def asked(ends: Ends, ways: Ways, explained: Explained) -> Asked:
    """The conversations, each turned so that who asks comes first."""
    turned, every = explained.turned, np.arange(len(ends.version))
    way = turned.astype(np.int64)

    def of(first: Array, second: Array) -> tuple[Any, Any]:
        return np.where(turned, second, first), np.where(turned, first, second)

    source_high, destination_high = of(ends.first_high, ends.second_high)
    source_low, destination_low = of(ends.first_low, ends.second_low)
    return Asked(
        ends.version, source_high, source_low, destination_high, destination_low, of(ends.first_port, ends.second_port)[1],
        ways.packets[way, every], ways.octets[way, every], ways.packets[1 - way, every], ways.octets[1 - way, every],
        ways.first.min(axis=0), ways.last.max(axis=0),
    )  # fmt: skip


def groups(keys: Sequence[Array], packets: Numbers, most: int = MAX_LINES) -> tuple[list[Numbers], int]:
    """Indices of conversations whose keys are all the same, the groups with most packets first; and how many groups are left out."""
    if not len(packets):
        return [], 0
    order = np.lexsort(keys[::-1])
    changed = np.zeros(len(order), np.bool_)
    changed[0] = True
    for key in keys:
        changed[1:] |= key[order[1:]] != key[order[:-1]]
    begins = np.flatnonzero(changed)
    sums = np.add.reduceat(packets[order], begins)
    largest = np.argsort(-sums, kind="stable")[:most]
    ends = np.append(begins[1:], len(order))
    return [order[begins[one] : ends[one]] for one in largest.tolist()], len(begins) - len(largest)
