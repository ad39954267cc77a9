"""The one error that every parser of this room may raise."""

from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast


class Reason(StrEnum):
    """Why bytes were refused. The value is what is counted per peer, shown and logged."""

    TRUNCATED = "truncated"
    MALFORMED = "malformed"
    EMPTY = "empty"
    TOO_BIG = "too-big"
    UNKNOWN_VERSION = "unknown-version"
    WRONG_SECRET = "wrong-secret"  # noqa: S105 -- the name of a refusal, not a secret
    SKEW = "skew"
    LATE = "late"
    REPLAY = "replay"
    FRAGMENT = "fragment"
    BAD_CHECKSUM = "bad-checksum"
    STACKED_TAGS = "stacked-tags"
    OFF_LINK = "off-link"
    UNSUPPORTED = "unsupported"


class WireError(Exception):
    """Bytes that are not what they should be: `WireError(reason, detail, skew=None)`, by position only.

    It has no `__init__` of its own, and puts `detail` together only when somebody reads it: under a flood of forged
    frames making these errors is a good part of the work. `detail` is text, or a tuple (template, values...).

    Attributes:
        reason: the code, for counters.
        detail: one clause for people: what was found and what was expected.
        skew: seconds by which the sender's clock is ahead (+) or behind (-); only with `Reason.SKEW`.
    """

    if TYPE_CHECKING:

        def __init__(self, reason: Reason, detail: str | tuple[Any, ...], skew: float | None = None, /) -> None: ...

    @property
    def reason(self) -> Reason:
        """The code, for counters."""
        return cast("Reason", self.args[0])

    @property
    def detail(self) -> str:
        """What was found and what was expected, in one clause."""
        detail: str | tuple[Any, ...] = self.args[1]
        return detail if isinstance(detail, str) else detail[0] % detail[1:]

    @property
    def skew(self) -> float | None:
        """Seconds by which the sender's clock is ahead (+) or behind (-)."""
        return self.args[2] if len(self.args) > 2 else None

    def __str__(self) -> str:  # type: ignore[explicit-override]  # typing.override is of Python 3.12
        return f"{self.reason}: {self.detail}"
