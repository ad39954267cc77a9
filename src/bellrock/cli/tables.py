"""Tables as Markdown and CSV; for a terminal, `output.print_table`."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

import click

from bellrock.cli.output import Failure, json_option, printable

Rows = Iterable[Sequence[object]]
_F = TypeVar("_F", bound=Callable[..., Any])
_MARKDOWN: Final = str.maketrans({"|": "\\|", "\\": "\\\\", "`": "\\`", "*": "\\*", "_": "\\_", "<": "&lt;"})


def format_options(command: _F) -> _F:
    """--json, --markdown and --csv."""
    for option in (
        click.option("--csv", "as_csv", is_flag=True, help="Print CSV (RFC 4180)."),
        click.option("--markdown", "as_markdown", is_flag=True, help="Print a Markdown table."),
        json_option,
    ):
        command = option(command)
    return command


def one_format(*wanted: bool) -> None:
    """Refuse more than one of them.

    Raises:
        Failure: more than one was asked for.
    """
    if sum(wanted) > 1:
        raise Failure("--json, --markdown and --csv exclude each other; give one")


def markdown(columns: Sequence[str], rows: Rows) -> str:
    """A table as GitHub and CommonMark's extensions have it; what would be markup in a cell is escaped."""
    lines = [_line(columns), _line("---" for _ in columns), *map(_line, rows)]
    return "\n".join(lines) + "\n"


def _line(cells: Iterable[object]) -> str:
    return f"| {' | '.join(printable(str(cell)).translate(_MARKDOWN) for cell in cells)} |"


def csv_text(columns: Sequence[str], rows: Rows) -> str:
    """RFC 4180, with line feeds only, as the rest of the output has them."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()


def width() -> int:
    """Columns of the terminal; without one (a pipe) there is room for everything."""
    import sys
    from shutil import get_terminal_size

    return get_terminal_size().columns if sys.stdout.isatty() else 10_000
