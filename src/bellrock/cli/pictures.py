"""Files that commands draw pictures and pages into: nothing that is there is lost by a slip of the hand."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from bellrock.cli.output import EXIT_UNREADABLE, Failure, file_name

force_option = click.option("--force", is_flag=True, help="Replace pictures and pages that are there already.")


def may_write(drawn: Mapping[str, Path | None], read: Iterable[str], *, force: bool) -> None:
    """Look at all names before anything is read. `drawn`: option → file; `read`: what the command reads.

    Raises:
        Failure: a file is there already and not to be replaced (exit 3), is read as well, or is named twice (exit 2).
    """
    named = {option: path for option, path in drawn.items() if path is not None}
    sources = [Path(one) for one in read]
    seen: dict[Path, str] = {}
    for option, path in named.items():
        if any(_same(path, one) for one in sources):
            raise Failure(f"{option}: {file_name(path)} is what is read; name another file")
        place = path.absolute() if path.parent == Path() else path.parent.resolve() / path.name
        if place in seen and not _special(path):
            raise Failure(f"{seen[place]} and {option} are one file, {file_name(path)}; name two")
        seen[place] = option
        if path.is_file() and not force:
            raise Failure(f"{file_name(path)} is there already; --force replaces it", EXIT_UNREADABLE)


def write(path: Path | None, text: str) -> None:
    """Write it, where it is wanted.

    Raises:
        Failure: it cannot be written (exit 3).
    """
    if path is None:
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(f"{file_name(path)}: {error.strerror or error}", EXIT_UNREADABLE) from None


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return False


def _special(path: Path) -> bool:
    """A pipe or a device takes what comes."""
    return path.exists() and not path.is_file()
