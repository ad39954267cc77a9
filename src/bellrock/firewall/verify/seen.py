"""A field whose value now depends on one that the packet came in with: a mark that was copied or cut, a TTL that was lowered."""

from typing import Final

from msgspec import Struct

from bellrock.firewall.verify.boxes import Intervals
from bellrock.firewall.verify.fields import FIELDS

_MOST: Final = 16
"""Values that are cut one by one."""
_HOLES: Final = 12
"""Bits above the lowest kept one that may be cut off: each doubles the ranges."""
LOW: Final = 16
"""Bits of a field of which any cut can be told."""


class Seen(Struct, frozen=True):
    """`((field as it came in) - less) & keep | bits`; `bits` are none of `keep`."""

    field: str
    keep: int
    bits: int = 0
    less: int = 0
    wide: int = 0
    """What came in has no more bits than these; 0 for any."""

    @classmethod
    def of(cls, field: str, wide: int = 0) -> "Seen":
        """The field as it came in."""
        return cls(field, (1 << (wide or FIELDS[field])) - 1, wide=wide)

    @property
    def few(self) -> bool:
        """Whether the origin of a value is few ranges."""
        width = self.wide or FIELDS[self.field]
        low = (self.keep & -self.keep).bit_length() - 1 if self.keep else width
        return sum(not self.keep >> bit & 1 for bit in range(low, width)) <= _HOLES

    def of_value(self, came: int) -> int:
        """The value now of a packet that came with `came`."""
        return max(came - self.less, 0) & self.keep | self.bits

    def cut(self, keep: int, bits: int) -> "Seen":
        """With the bits of `keep` kept and those of `bits` set; not of a lowered value."""
        return Seen(self.field, self.keep & keep, self.bits & keep | bits, self.less, self.wide)

    def origin(self, wanted: Intervals, width: int) -> Intervals | None:
        """The values as they came in whose value now is in `wanted`; None where they are too many ranges to tell.

        `width`: bits of the field that is asked for.
        """
        top = (1 << (self.wide or FIELDS[self.field])) - 1
        if self.less:
            raised = ((first + self.less, min(last + self.less, top)) for first, last in wanted.ranges)
            return Intervals(pair for pair in raised if pair[0] <= pair[1])
        if self.keep == top:
            return wanted
        others = wanted.complement(width)
        found = self._cut(wanted if wanted.size() <= _MOST else others)
        if found is None or wanted.size() <= _MOST:
            return found
        return found.complement(self.wide or FIELDS[self.field])

    def _cut(self, wanted: Intervals) -> Intervals | None:
        if wanted.size() > _MOST:
            return None
        values = (value for first, last in wanted.ranges for value in range(first, last + 1))
        possible = [value for value in values if value & ~self.keep == self.bits]
        try:
            return Intervals(
                pair
                for value in possible
                for pair in Intervals.masked(self.keep, value & self.keep, self.wide or FIELDS[self.field]).ranges
            )
        except ValueError:
            return None
