"""`bellrock explain`: what a finding means, how it is proved and what to do."""

import sys

import click

from bellrock.cli import completing
from bellrock.cli.output import Failure, json_option, print_json, print_table

MAX_WIDTH = 100
"""Columns beyond which lines are hard to read, however wide the terminal is."""


@click.command(epilog="Example: bellrock explain dhcp-two-servers")
@click.argument("finding", metavar="[ID]", required=False, shell_complete=completing.findings)
@click.option("--list", "list_all", is_flag=True, help="Show the ids of all findings.")
@json_option
def explain(finding: str | None, *, list_all: bool, as_json: bool) -> None:
    """Show the page of a finding by its id: symptom, why, how it is proved, what to do, how to see it in the lab.

    Exit codes: 0 shown, 1 no finding has this id, 2 usage.
    """
    from bellrock.cli.pages import ids, page, title

    if list_all and finding is not None:
        raise Failure("--list shows all findings; give it or an ID")
    if list_all or finding is None:
        rows = [(one, title(page(one))) for one in ids()]
        if as_json:
            print_json([{"id": one, "title": said} for one, said in rows])
        else:
            print_table(("id", "what it says"), rows, "No findings have pages.")
        return
    text = page(finding)
    if as_json:
        print_json({"id": finding, "title": title(text), "page": text})
    else:
        _show(text)


def _show(text: str) -> None:
    """Rendered on a terminal; elsewhere as it is, for other programs render Markdown too."""
    if not sys.stdout.isatty():
        click.echo(text, nl=False)
        return
    from shutil import get_terminal_size

    from rich.console import Console
    from rich.markdown import Markdown

    size = get_terminal_size()
    console = Console(width=min(size.columns, MAX_WIDTH), height=size.lines)
    with console.capture() as captured:
        console.print(Markdown(text))
    click.echo(captured.get(), nl=False)
