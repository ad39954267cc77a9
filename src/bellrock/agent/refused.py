"""Whose beacons were refused lately, and why, in words that rules and people read."""

from typing import Final

from msgspec import Struct

from bellrock.beacon import Event, Refused
from bellrock.model import Monotonic
from bellrock.wire.errors import Reason

MAX_SOURCES: Final = 256
"""Sources and reasons that are kept; the one that has been quiet for longest makes room."""
LATELY: Final = 900.0
"""Seconds after which a refusal says nothing any more of what is so now."""
_WORDS: Final = {Reason.WRONG_SECRET.value: "wrong secret"}


class _Told(Struct):
    why: str
    counts: dict[object, int]
    """By port: each counts for itself."""
    at: Monotonic


class Refusals:
    """Fills up by events of the engine."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], _Told] = {}

    def note(self, event: Event, now: Monotonic) -> bool:
        """An event of the engine; whether it is of a source and reason that were not known."""
        if not isinstance(event, Refused):
            return False
        key = (event.source_mac, event.reason)
        known = self._told.pop(key, None)
        held = known or _Told("", {}, now)
        if len(self._told) >= MAX_SOURCES:
            del self._told[next(iter(self._told))]
        held.why, held.at = why(event), now
        if event.port in held.counts or len(held.counts) < MAX_SOURCES:
            held.counts[event.port] = event.count
        self._told[key] = held
        return known is None

    def lately(self, now: Monotonic) -> tuple[tuple[str, str, int], ...]:
        """(source MAC address, why, how many), the newest first."""
        self._told = {key: one for key, one in self._told.items() if now - one.at < LATELY}
        return tuple((mac, one.why, sum(one.counts.values())) for (mac, _), one in reversed(self._told.items()))


def why(event: Refused) -> str:
    """`wrong secret`, `version 3`, `clock skew +312 s`; else the reason as it is counted."""
    if event.reason == Reason.SKEW and event.skew is not None:
        return f"clock skew {_rough(event.skew):+d} s"
    if event.reason == Reason.UNKNOWN_VERSION:
        return event.detail.removeprefix("beacon ").partition(";")[0]
    return _WORDS.get(event.reason, event.reason)


def _rough(seconds: float) -> int:
    """To two digits: a clock that stands off by the same is no news at each beacon."""
    whole = round(seconds)
    scale: int = 10 ** max(0, len(str(abs(whole))) - 2)
    return round(whole / scale) * scale
