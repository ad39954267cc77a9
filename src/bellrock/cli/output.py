"""What commands share when they print: JSON, tables, one-line errors."""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import click

EXIT_NO: Final = 1
EXIT_USAGE: Final = 2
EXIT_UNREADABLE: Final = 3
EXIT_INTERRUPTED: Final = 130
"""128 + SIGINT, as shells count."""
EXIT_READER_GONE: Final = 141
"""128 + SIGPIPE."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


class Failure(click.ClickException):
    """One clear line on stderr and an exit code."""

    def __init__(self, message: str, exit_code: int = EXIT_USAGE) -> None:
        super().__init__(printable(" ".join(message.split())))
        self.exit_code = exit_code  # type: ignore[misc]  # click reads it from the instance as well


def print_json(value: Any) -> None:  # noqa: ANN401 -- whatever JSON holds
    """One JSON document, indented for a terminal, compact for a pipe."""
    import msgspec

    text = msgspec.json.encode(value)
    click.echo(msgspec.json.format(text, indent=2 if sys.stdout.isatty() else -1))


def file_name(path: str | os.PathLike[str]) -> str:
    """A path as text that JSON can hold: octets that are no UTF-8 become U+FFFD."""
    return os.fsencode(path).decode("utf-8", "replace")


def print_json_line(value: Any) -> None:  # noqa: ANN401 -- whatever JSON holds
    """One JSON document on a line of its own, for streams."""
    import msgspec

    click.echo(msgspec.json.encode(value))


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], empty: str, colours: Mapping[str, str] | None = None
) -> None:
    """A table that adapts to the terminal's width and colours; `empty` is said where there are no rows.

    Where it is too wide even so, one row comes after the other, a line for each cell: an id that is cut is none.

    `colours`: first word of a cell → its colour, where the terminal has any.
    """
    from shutil import get_terminal_size

    from rich import box
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    known = colours or {}
    told = [[printable(str(cell)) for cell in row] for row in rows]
    # What has no space to break at stays whole, and the others make room for it.
    single = [all(" " not in row[place] for row in told) for place in range(len(columns))]
    heads = (Column(name, overflow="fold", no_wrap=one) for name, one in zip(columns, single, strict=True))
    table = Table(*heads, box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    listed = Table.grid(Column(style="bold", overflow="fold"), Column(overflow="fold"), padding=(0, 2, 0, 0))
    for row in told:
        cells = [Text(word, style=known.get(word.partition(" ")[0], "")) for word in row]
        table.add_row(*cells)
        for column, cell in zip(columns, cells, strict=True):
            listed.add_row(column, cell)
        listed.add_row()
    # A pipe has no width to adapt to: nothing is cut there.
    size = get_terminal_size()
    width = size.columns if sys.stdout.isatty() else 10_000
    # The height is of no use here, but without it rich takes a dumb terminal to be 80 columns wide.
    console = Console(width=width, height=size.lines, highlight=False, markup=False)
    if not table.row_count:
        click.echo(empty)
        return
    fits = console.measure(table, options=console.options.update(width=10_000)).minimum <= width
    with console.capture() as captured:
        console.print(table if fits else listed)
    click.echo(captured.get(), nl=False)


def printable(text: str) -> str:
    """Text from the network with control characters made visible, so that none reaches the terminal."""
    return "".join(c if c.isprintable() else _escaped(ord(c)) for c in text)


def _escaped(code: int) -> str:
    """`\\x1b`; an octet that is no UTF-8, in Python a lone surrogate (PEP 383), as the octet that it is."""
    return f"\\x{code - 0xDC00 if 0xDC80 <= code <= 0xDCFF else code:02x}"
