"""How far long work has come: one line on a terminal that is written over, and nothing where there is none."""

import sys
from typing import Final

import click

from bellrock.cli.output import printable

WIDEST: Final = 110
"""Letters of it."""


class ProgressLine:
    """The line on stderr."""

    def __init__(self) -> None:
        self._said = False

    def show(self, text: str) -> None:
        """Write it over."""
        if sys.stderr.isatty():
            self._said = True
            click.echo(f"\r\x1b[K{printable(text)[:WIDEST]}", nl=False, err=True)

    def clear(self) -> None:
        """Take it away."""
        if self._said:
            click.echo("\r\x1b[K", nl=False, err=True)
            self._said = False
