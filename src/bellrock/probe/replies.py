"""What the answers of web servers come to that are not the ones that were hoped for; pure."""

from typing import Any, TypeVar

import msgspec

from bellrock.model import Verdict
from bellrock.probe.http import Answer
from bellrock.probe.values import Found, Unexpected

_T = TypeVar("_T")


def read_json(answer: Answer, shape: type[_T], what: str) -> _T:
    """The body as JSON of a shape.

    Raises:
        Unexpected: it is none; `what` should have answered.
    """
    try:
        return msgspec.json.decode(answer.body, type=shape)
    except (msgspec.DecodeError, RecursionError):
        kind = answer.header("content-type") or "no content type"
        raise Unexpected(f"it speaks HTTP, but is no {what}: {answer.said}, {kind}") from None


def denied(answer: Answer) -> bool:
    """RFC 9110 §15.5.2, §15.5.4: it wants other credentials, or some at all."""
    return answer.status in (401, 403)


def troubled(answer: Answer, what: str, facts: dict[str, Any]) -> Found | None:
    """A verdict on the answers that any web server may give instead: it is ill, or wants credentials."""
    if denied(answer):
        schemes = ", ".join(sorted({value.split(" ")[0] for value in answer.all("www-authenticate")}))
        offered = f"; it offers {schemes}" if schemes else ""
        return Found(
            verdict=Verdict.AUTHENTICATION_NEEDED, detail=f"{what} answers {answer.said}{offered}", facts=facts
        )
    if answer.status == 429 or answer.status >= 500:
        after = answer.header("retry-after")
        when = f", to be asked again in {after} s" if after.isdigit() else ""
        return Found(
            verdict=Verdict.DEGRADED,
            detail=f"it answers {answer.said}{when}: it, or what stands behind it, is ill",
            facts=facts,
        )
    return None


def pointed_elsewhere(answer: Answer, facts: dict[str, Any]) -> Found | None:
    """A verdict on a redirect to another server, which is not followed."""
    if answer.status not in (301, 302, 303, 307, 308):
        return None
    there = answer.header("location").partition("?")[0]
    whose = (
        "which is itself: it gives no answer where it was asked"
        if there.startswith("/") and not there.startswith("//")
        else "which is another server: whoever uses it must reach that as well"
    )
    return Found(verdict=Verdict.DEGRADED, detail=f"it points to {there}, {whose}", facts=facts | {"location": there})
