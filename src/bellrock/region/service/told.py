"""Whether what an agent tells of a flow that it tried can be: sizes and words, before anything is kept or shown."""

import math
from typing import Any, Final

import msgspec

from bellrock.model import Probed

MAX_DETAIL: Final = 1000
MAX_WORD: Final = 64
MAX_STEPS: Final = 64
MAX_RESULT: Final = 64 * 1024
"""Octets of one result as JSON."""
MAX_VARIANTS: Final = 24
"""Results of one try."""


def flaw(probed: tuple[Probed, ...], flow: str) -> str:
    """Why the results of a try are not taken; empty if they are."""
    if not 0 < len(probed) <= MAX_VARIANTS:
        return f"{len(probed)} results of one try; 1 to {MAX_VARIANTS} are taken"
    return next((why for one in probed if (why := _of(one, flow))), "")


def _of(one: Probed, flow: str) -> str:
    if one.flow != flow:
        return f"a result of {one.flow[:64]!r} for a try of {flow!r}"
    if len(one.detail) > MAX_DETAIL or len(one.target) > MAX_DETAIL or len(one.variant) > 64:
        return f"a detail, target or variant of more than {MAX_DETAIL}, {MAX_DETAIL} and 64 characters"
    if len(one.obstacle) > MAX_WORD or len(one.by) > MAX_WORD or not (one.obstacle + one.by).isprintable():
        return f"an obstacle, or an address of who told of it, that is none (more than {MAX_WORD} characters, or not to be printed)"
    if not (one.detail.isprintable() and one.variant.isprintable() and one.target.isprintable()):
        return "a detail, target or variant with characters that cannot be printed"
    if not all(step.what.isprintable() for step in one.evidence):
        return "a step of evidence with characters that cannot be printed"
    if not (one.source.isprintable() and len(one.source) <= MAX_DETAIL and _is_plain(one.facts)):
        return "a source or facts with characters that cannot be printed"
    if one.rtt_ms is not None and not (math.isfinite(one.rtt_ms) and 0 <= one.rtt_ms < 1e7):
        return "a round trip that cannot be"
    if len(one.evidence) > MAX_STEPS:
        return f"{len(one.evidence)} steps of evidence; at most {MAX_STEPS} are taken"
    if len(msgspec.json.encode(one)) > MAX_RESULT:
        return f"a result of more than {MAX_RESULT} octets"
    return ""


def _is_plain(value: Any) -> bool:  # noqa: ANN401 -- whatever JSON holds
    """Whether all texts in it can be printed."""
    match value:
        case str():
            return value.isprintable()
        case dict():
            return all(_is_plain(key) and _is_plain(one) for key, one in value.items())
        case list():
            return all(map(_is_plain, value))
        case _:
            return True
