"""Asking the region that a command's options name, with the answer in a shape."""

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bellrock.cli.keys import default_state_dir
from bellrock.cli.output import Failure
from bellrock.cli.topology import region_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from bellrock.cli.regionapi import Asked
    from bellrock.client.routes import Routes

_T = TypeVar("_T")


def api(region_url: str, state_dir: Path | None) -> "Asked":
    """The API of the region that a command's options name, a method for each operation; they raise what `ask` raises."""
    from bellrock.cli.regionapi import Asked

    region_url, state_dir = region_of(region_url, state_dir)
    return Asked(region_url, state_dir or default_state_dir())


def ask(
    region_url: str,
    state_dir: Path | None,
    shape: type[_T],
    question: "Callable[[Routes], object]",
    *,
    within: float | None = None,
) -> _T:
    """The answer to one operation, in a shape of the command's own; more may be in it than the shape has, and with Any it is as it came.

    Args:
        question: calls the operation.
        within: seconds until the answer must be there, where they are not the usual ones.

    Raises:
        Failure: no region, or it says no, or it is one of another version.
    """
    from bellrock.cli.regionapi import answered

    region_url, state_dir = region_of(region_url, state_dir)
    return answered(region_url, state_dir or default_state_dir(), shape, question, within=within)


def named(name: str) -> str:
    """A name that was typed.

    Raises:
        Failure: it is none.
    """
    if not name:
        raise Failure("NAME is empty; give at least one letter or digit")
    return name


def when(at: float | None, otherwise: str = "never") -> str:
    """A time on the region's clock, in this machine's time zone."""
    from datetime import datetime

    if at is None:
        return otherwise
    try:
        return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return f"{at:g} s"
