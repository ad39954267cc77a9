"""Lines of a log that are both: text for people, and an event with its fields for programs."""

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

_PLAIN: Final = re.compile(r"[\w./:@+\-\[\],%]+")
OWN: Final = {"request": "request_id", "agent": "agent"}
"""Fields that stand beside the event under these names, because lines of several programs are put together by them."""
MAX_TEXT: Final = 16_384
"""Characters of a value; a log is no place for more."""


class Line(str):
    """The text; `event` names what happened, in a word that stays; `fields` say with what."""

    __slots__ = ("event", "fields")

    event: str
    fields: Mapping[str, object]


def line(event: str, **fields: object) -> Line:
    """`event key=value …`, on one line; values with spaces, quotes or control characters are quoted as JSON strings."""
    return _made(" ".join([event, *(f"{key}={_quoted(value)}" for key, value in fields.items())]), event, fields)


def sentence(event: str, text: str, **fields: object) -> Line:
    """A sentence for people, in which `{field}` stands for a field; an event with fields for programs."""
    return _made(text.format_map(fields), event, fields)


def document(at: float, level: str, logger: str, said: str, trace: str = "") -> str:
    """One JSON object on one line of ASCII, as RFC 8259 has it.

    Args:
        at: seconds since 1970.
        said: a `Line`, or any text, which then has no fields, and no event but its logger's name.
        trace: of an exception.
    """
    event, fields = (said.event, said.fields) if isinstance(said, Line) else (logger, {})
    told: dict[str, Any] = {"time": _rfc3339(at), "level": level.lower(), "event": event, "logger": logger}
    told |= {name: _value(fields[key]) for key, name in OWN.items() if key in fields}
    told |= {"message": _value(said), "fields": {key: _value(one) for key, one in fields.items() if key not in OWN}}
    if trace:
        told["trace"] = _value(trace)
    return json.dumps(told, separators=(",", ":"))


def _made(text: str, event: str, fields: Mapping[str, object]) -> Line:
    made = Line(text)
    made.event, made.fields = event, fields
    return made


def _quoted(value: object) -> str:
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


def _value(value: object) -> object:
    """What JSON has a word for, as that; all else as text."""
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return str(value)[:MAX_TEXT]


def _rfc3339(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
