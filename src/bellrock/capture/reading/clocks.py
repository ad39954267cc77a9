"""Times of pcapng files: ticks of an interface's clock → nanoseconds since the epoch (§4.2, if_tsresol and if_tsoffset)."""

from typing import Final, NamedTuple

import numpy as np

from bellrock.capture.reading.values import Numbers, Words

NS: Final = 1_000_000_000
LATEST: Final = 9_000_000_000
"""Seconds since the epoch (in the year 2255) beyond which a time is taken for that: 64 bits of nanoseconds hold no more."""
_FINEST: Final = {10: 19, 2: 63}
"""Largest exponent whose ticks in a second 64 bits hold."""


class Resolution(NamedTuple):
    """How an interface's clock counts: base^exponent ticks in a second, from `offset` seconds after the epoch."""

    base: int = 10
    exponent: int = 6
    offset: int = 0

    @property
    def is_known(self) -> bool:
        """Whether 64 bits hold its second."""
        return self.exponent <= _FINEST[self.base]


def resolution(option: bytes, offset: bytes, order: str) -> Resolution:
    """From the octets of the two options, empty where there are none: then microseconds."""
    value = option[0] if option else 6
    signed = int.from_bytes(offset[:8], "little" if order == "<" else "big", signed=True) if len(offset) >= 8 else 0
    return Resolution(2 if value & 0x80 else 10, value & 0x7F, max(-LATEST, min(LATEST, signed)))


def nanoseconds(ticks: Words, clock: Resolution) -> Numbers:
    """Nanoseconds since the epoch, rounded down; never negative, never after LATEST. A clock that is not known gives 0."""
    if not clock.is_known:
        return np.zeros(len(ticks), np.int64)
    if clock == (10, 9, 0):
        return np.minimum(ticks, np.uint64(LATEST * NS)).astype(np.int64)
    second = np.uint64(clock.base**clock.exponent)
    whole, part = np.divmod(ticks, second)
    seconds = np.clip(np.minimum(whole, np.uint64(LATEST)).astype(np.int64) + clock.offset, 0, LATEST - 1)
    return seconds * NS + _fraction(part, clock).astype(np.int64)


def _fraction(part: Words, clock: Resolution) -> Words:
    """Nanoseconds of a part of a second, without going beyond 64 bits."""
    if clock.base == 10:
        if clock.exponent <= 9:
            return part * np.uint64(10 ** (9 - clock.exponent))
        return part // np.uint64(10 ** (clock.exponent - 9))
    # 2³⁴ · 10⁹ fits; finer ticks are left out.
    spare = max(0, clock.exponent - 34)
    return (part >> np.uint64(spare)) * np.uint64(NS) >> np.uint64(clock.exponent - spare)
