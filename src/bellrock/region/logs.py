"""Log lines: an event's name and key=value pairs, on one line whatever the values hold."""

import json
import re
import time
from collections.abc import Callable
from typing import Final

_PLAIN: Final = re.compile(r"[\w./:@+\-\[\],%]+")


def line(event: str, **fields: object) -> str:
    """`event key=value …`; values with spaces, quotes or control characters are quoted as JSON strings."""
    return " ".join([event, *(f"{key}={_value(value)}" for key, value in fields.items())])


def _value(value: object) -> str:
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


class Limited:
    """At most one line per interval, so that a fault that repeats does not fill the log as well."""

    def __init__(self, interval: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = interval
        self._clock = clock
        self._next = float("-inf")

    def may(self) -> bool:
        """Whether a line may be written now; if so, the interval begins."""
        now = self._clock()
        if now < self._next:
            return False
        self._next = now + self._interval
        return True

    def reset(self) -> None:
        """The fault is over: the next one is told at once."""
        self._next = float("-inf")
