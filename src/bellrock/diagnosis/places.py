"""Where findings are, and which of many is nearest to another: an index over what both tell, so that nobody compares each with each."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

Place = tuple[str, ...]
"""A rule, and where: host, interface, VID, flow, client, address."""
Parts = tuple[str, ...]
"""Where, without the rule: host, interface, VID, flow, client, address, port; empty: not told."""
HOST: Final = 0
CLIENT: Final = 4
ADDRESS: Final = 5
_HOST: Final = 1 << HOST
_CLIENT: Final = 1 << CLIENT
_UNTOLD: Final = ("", "None")


def parts(at: Place) -> Parts:
    """The parts of a place. Two are in one place where nothing that both tell differs.

    What happens to one client explains what tells of no client only at the same host: elsewhere that is everybody's, or another machine's.
    """
    _rule, *told, address = at
    return (*("" if one in _UNTOLD else one for one in told), *split(address))


@lru_cache(maxsize=4096)
def split(address: str) -> tuple[str, str]:
    """`10.0.0.2:69` and `[fd00::2]:69` (RFC 3986 §3.2.2) as address and port; the port is empty where there is none."""
    host, colon, port = address.rpartition(":")
    if not colon or (":" in host and not host.endswith("]")):
        return address.strip("[]"), ""
    return host.strip("[]"), port


class Candidates:
    """Findings of one rule with the causes that are told of them. All are put in before the first question.

    A question costs one look-up for each shape that they have (which parts they tell), however many they are.
    """

    def __init__(self, ranks: Mapping[Place, int]) -> None:
        """`ranks`: which of several that are equally near; the least."""
        self._ranks = ranks
        self._groups: dict[tuple[int, int], list[tuple[Parts, Place]]] = {}
        """Shapes of the place of both and of the cause → the place of both, the cause."""
        self._tables: dict[tuple[int, int, int], dict[Parts, Place]] = {}
        """The same, and the parts that are asked for → what they say → the first cause."""

    def add(self, at: Place, cause: Place) -> None:
        """A finding and its cause, which is itself where it has none. What may follow by way of it is in the place of both."""
        here, there = parts(at), parts(cause)
        both = tuple(mine or its for mine, its in zip(here, there, strict=True))
        self._groups.setdefault((_shape(both), _shape(there)), []).append((both, cause))

    def nearest(self, seen: Parts, least: int = 0) -> tuple[int, int, Place] | None:
        """The cause that shares most with a place: minus how many parts, its rank, and the cause.

        Args:
            seen: where a symptom is.
            least: bits of the parts that must be told.
        """
        mine = _shape(seen)
        found = (
            (-(its & mine).bit_count(), self._ranks[cause], cause)
            for both, its in self._groups
            if both & least == least
            and (mine & _CLIENT or not both & _CLIENT or mine & both & _HOST)
            and (cause := self._table(both, its, both & mine).get(_only(seen, both & mine))) is not None
        )
        return min(found, default=None)

    def _table(self, both: int, its: int, asked: int) -> dict[Parts, Place]:
        table = self._tables.get((both, its, asked))
        if table is None:
            table = self._tables[both, its, asked] = {}
            for at, cause in self._groups[both, its]:
                key = _only(at, asked)
                if key not in table or self._ranks[cause] < self._ranks[table[key]]:
                    table[key] = cause
        return table


def _shape(told: Parts) -> int:
    """A bit for each part that is told."""
    return sum(1 << number for number, one in enumerate(told) if one)


def _only(told: Parts, shape: int) -> Parts:
    return tuple(one for number, one in enumerate(told) if shape >> number & 1)
