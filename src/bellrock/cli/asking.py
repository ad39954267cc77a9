"""Asking the region that a command's options name, with the answer in a shape."""

from pathlib import Path
from typing import Any, TypeVar

from bellrock.cli.client import send
from bellrock.cli.keys import default_state_dir
from bellrock.cli.output import EXIT_UNREADABLE, Failure
from bellrock.cli.topology import region_of

_T = TypeVar("_T")


def ask(
    region_url: str,
    state_dir: Path | None,
    shape: type[_T],
    path: str,
    method: str = "GET",
    body: dict[str, Any] | None = None,
) -> _T:
    """The answer to METHOD /api/v1`path`; more may be in it than the shape has. A change that is answered with nothing has None's.

    Raises:
        Failure: no region, or it says no, or it is one of another version.
    """
    from msgspec import ValidationError, convert

    region_url, state_dir = region_of(region_url, state_dir)
    answer = send(region_url, state_dir or default_state_dir(), method, path, body)
    try:
        return convert(answer, shape)
    except ValidationError as error:
        said = f"{region_url}: what answers there is not a region of this version: {error}"
        raise Failure(said, EXIT_UNREADABLE) from None


def named(name: str) -> str:
    """A name that was typed.

    Raises:
        Failure: it is none.
    """
    if not name:
        raise Failure("NAME is empty; give at least one letter or digit")
    return name


def segment(text: str) -> str:
    """Text as one segment of a path."""
    import os
    from urllib.parse import quote

    return quote(os.fsencode(text), safe="")


def when(at: float | None, otherwise: str = "never") -> str:
    """A time on the region's clock, in this machine's time zone."""
    from datetime import datetime

    if at is None:
        return otherwise
    try:
        return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return f"{at:g} s"
