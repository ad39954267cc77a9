"""Log lines: an event's name and key=value pairs, on one line whatever the values hold."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from bellrock.wire import logline
from bellrock.wire.logline import Line


class _Request:
    """An HTTP request that is being answered; tasks that it started may outlive it."""

    __slots__ = ("id", "over")

    def __init__(self, identity: str) -> None:
        self.id = identity
        self.over = False


_request: ContextVar[_Request | None] = ContextVar("request", default=None)


@contextmanager
def answering(identity: str) -> Iterator[None]:
    """What is logged inside belongs to the request of this id; what tasks that were begun there log later does not."""
    request = _Request(identity)
    token = _request.set(request)
    try:
        yield
    finally:
        request.over = True
        _request.reset(token)


def request_id() -> str:
    """The id of the request that is being answered; empty where none is."""
    request = _request.get()
    return "" if request is None or request.over else request.id


def line(event: str, **fields: object) -> Line:
    """`event key=value …`, at last `request=ID` where one is being answered; values with spaces, quotes or control characters are quoted as
    JSON strings.
    """
    if identity := request_id():
        fields["request"] = identity
    return logline.line(event, **fields)


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
