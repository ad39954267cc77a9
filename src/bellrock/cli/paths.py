"""Names of files and directories, as arguments and options."""

import os
from typing import Any, Final

import click

from bellrock.cli.overriding import override


class PathName(click.Path):
    """A `click.Path` that is not empty: a script's unset variable would name the directory that the command runs in."""

    @override
    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:  # noqa: ANN401 -- as click has it
        """The path that was given."""
        if not os.fspath(value):
            self.fail("the name is empty.", param, ctx)
        return super().convert(value, param, ctx)


FILE: Final = PathName(allow_dash=True, readable=False)
"""A file by its text, or `-`; whoever opens it says what is wrong with it."""
