"""What a command says last when it fails: `Error: …` for people; where `--log-format json` is asked for, an object on a line, as the log's."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import click

JSON: Final = "json"
OPTION: Final = "--log-format"

_styles: list[str] = []
"""The one that the command's options have; none until they are read. There is one command in a process."""


def begin() -> None:
    """Forget what was asked for."""
    _styles.clear()


def remember(style: str | None) -> None:
    """The options are read: errors are told like this."""
    _styles[:] = [style or "text"]


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether errors are told as JSON. Until the options are read, their words count: they may be what is wrong."""
    if _styles:
        return _styles == [JSON]
    pairs = pairwise(arguments)
    return (OPTION, JSON) in pairs or f"{OPTION}={JSON}" in arguments


def say(message: str, arguments: Sequence[str] = (), exit_code: int | None = None) -> None:
    """Tell an error on stderr, in one line."""
    if not wants_json(arguments):
        click.echo(f"Error: {message}", err=True)
        return
    import time

    from bellrock.wire.logline import document, sentence

    code = {} if exit_code is None else {"exit_code": exit_code}
    told = sentence("failed", "{error}", error=message, **code)
    click.echo(document(time.time(), "ERROR", "bellrock.cli", told), err=True)


def show(error: click.ClickException, arguments: Sequence[str] = ()) -> None:
    """Tell of an error as click does: of one in the usage, with a word on how it is used."""
    message = error.format_message()
    if message and wants_json(arguments):
        say(message, arguments, error.exit_code)
    else:
        error.show()
