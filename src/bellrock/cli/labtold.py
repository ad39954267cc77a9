"""A lab's errors as commands tell them."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from bellrock.cli.output import EXIT_UNREADABLE, EXIT_USAGE


class LabFailure(click.ClickException):
    """What a lab's error says, on as many lines as it has: a file may have several mistakes, and a wait a diagnosis."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.exit_code = code  # type: ignore[misc] # click asks for it on the instance


@contextmanager
def lab_told() -> Iterator[None]:
    """A lab's errors for people, with an exit code: 2 for a mistake in the file, 3 for what could not be done."""
    from bellrock.lab.parse import LabFileError
    from bellrock.lab.schema import LabError

    try:
        yield
    except LabError as error:
        code = EXIT_USAGE if isinstance(error, LabFileError) else EXIT_UNREADABLE
        raise LabFailure(str(error), code) from None
