"""A fault is told of a place once, however often it is seen there."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def once(found: Iterable[T], place: Callable[[T], Hashable]) -> Iterator[T]:
    """The first of each place, in their order."""
    told: set[Hashable] = set()
    for one in found:
        where = place(one)
        if where not in told:
            told.add(where)
            yield one
