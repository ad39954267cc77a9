"""`--agents`: how large the site is that a region is to be ready for; `--standby`: how soon a process is to lead."""

from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from bellrock.cli.ranges import WholeRange

if TYPE_CHECKING:
    from collections.abc import Callable

_F = TypeVar("_F", bound="Callable[..., Any]")

AGENTS: Final = 10_000
"""As `region/size.py` has it, which is not loaded only to say so."""
MOST: Final = 200_000


def size_option(command: _F) -> _F:
    """A number of agents."""
    return click.option(
        "--agents",
        type=WholeRange(1, MOST),
        default=AGENTS,
        show_default=True,
        metavar="NUMBER",
        help="Agents to be ready for: how many are let in, and what all of them together may take, follow from it.",
    )(command)


def standby_option(command: _F) -> _F:
    """Whether a process that does not lead is ready to."""
    return click.option(
        "--standby",
        type=click.Choice(["auto", "warm", "cold"]),
        default="auto",
        show_default=True,
        help="While another process on the database leads: be ready to lead at once, for more memory (warm), or make ready when it ends (cold); auto: warm up to 20,000 agents.",
    )(command)
