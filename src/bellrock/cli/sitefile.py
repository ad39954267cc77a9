"""A site file for commands: read with a bound, and refused with one line for each mistake."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bellrock.cli.output import EXIT_UNREADABLE, Failure, printable

if TYPE_CHECKING:
    from bellrock.cli.configfile import Mistake
    from bellrock.flows.site import Site


def read_site(path: Path) -> "Site":
    """The site of a file.

    Raises:
        Failure: it cannot be read (exit 3), or something in it is wrong (exit 2; the mistakes before the last are printed).
    """
    return parse_site(read_raw(path), path)


def read_raw(path: Path) -> bytes:
    """The octets of a site file, and one more than it may have where it is larger.

    Raises:
        Failure: it cannot be read (exit 3).
    """
    from bellrock.flows.site_file import MAX_FILE

    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE + 1)
    except OSError as error:
        said = f"{path}: {error.strerror}; `bellrock site init -o FILE` draws a site file"
        raise Failure(said, EXIT_UNREADABLE) from None


def mistakes(raw: bytes, path: Path) -> "list[Mistake]":
    """What is wrong with a text that was read from `path`, in its order; nothing where it is a site."""
    from bellrock.cli.configfile import as_mistake, located
    from bellrock.flows.site import SiteError
    from bellrock.flows.site_file import parse

    try:
        parse(raw, str(path))
    except SiteError as error:
        # Without problems it is no TOML, which one line says.
        if not error.problems:
            return [as_mistake(str(path), str(error))]
        return located(str(path), raw.decode(), [*error.problems])
    return []


def parse_site(raw: bytes, path: Path) -> "Site":
    """The site of a text that was read from `path`.

    Raises:
        Failure: something in it is wrong (exit 2; the mistakes before the last are printed).
    """
    from bellrock.flows.site import SiteError
    from bellrock.flows.site_file import parse

    try:
        return parse(raw, str(path))
    except SiteError as error:
        *first, last = str(error).splitlines()
        for line in first:
            click.echo(f"Error: {printable(line)}", err=True)
        raise Failure(last) from None
