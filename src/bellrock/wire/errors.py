"""The one error that every parser of this room may raise."""

from enum import StrEnum


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

    def __init__(self, reason: Reason, detail: str, skew: float | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.skew = skew
