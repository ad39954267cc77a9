"""The one error that every parser of this room may raise."""

from enum import StrEnum
from functools import partial
from typing import Any, cast


class Reason(StrEnum):
    """Why bytes were refused. The value is what is counted per peer, shown and logged."""

    TRUNCATED = "truncated"
    MALFORMED = "malformed"
    EMPTY = "empty"
    TOO_BIG = "too-big"
    UNKNOWN_VERSION = "unknown-version"
    WRONG_SECRET = "wrong-secret"  # noqa: S105 -- the name of a refusal, not a secret
    SKEW = "skew"
    REPLAY = "replay"
    FRAGMENT = "fragment"
    BAD_CHECKSUM = "bad-checksum"
    STACKED_TAGS = "stacked-tags"
    OFF_LINK = "off-link"
    UNSUPPORTED = "unsupported"


class WireError(Exception):
    """Bytes that are not what they should be.

    Attributes:
        reason: the code, for counters.
        detail: one clause for people: what was found and what was expected.
        skew: seconds by which the sender's clock is ahead (+) or behind (-); only with `Reason.SKEW`.
    """

    skew: float | None = None

    def __init__(self, reason: Reason, detail: str, skew: float | None = None) -> None:
        super().__init__(reason, detail)
        if skew is not None:
            self.skew = skew

    @property
    def reason(self) -> Reason:
        """The code, for counters."""
        return cast("Reason", self.args[0])

    @property
    def detail(self) -> str:
        """What was found and what was expected, in one clause."""
        detail: str | tuple[Any, ...] = self.args[1]
        return detail if isinstance(detail, str) else detail[0] % detail[1:]

    def __str__(self) -> str:  # type: ignore[explicit-override]  # typing.override is of Python 3.12
        return f"{self.reason}: {self.detail}"


refusal = partial(Exception.__new__, WireError)
"""`refusal(reason, detail)` is WireError(reason, detail) at less than half the cost: under a flood, this is most of the work.

`detail` is text, or a tuple (template, values...) that is put together only when somebody reads it.
"""
