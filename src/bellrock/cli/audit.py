"""`bellrock audit`: who changed what, who logged in, and who tried to."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bellrock.cli.output import json_option, print_json, print_table
from bellrock.cli.ranges import WholeRange
from bellrock.cli.topology import region_options

if TYPE_CHECKING:
    from bellrock.client.shapes import AuditView


@click.command(epilog="Example: bellrock audit --limit 50")
@click.option("--limit", type=WholeRange(1, 1000), default=100, show_default=True, help="How many entries at most.")
@click.option("--before", type=WholeRange(1), help="Only entries numbered below this, to go further back.")
@region_options
@json_option
def audit(limit: int, before: int | None, region_url: str, state_dir: Path | None, *, as_json: bool) -> None:
    """Show who changed what, who logged in, and who tried to; the newest last.

    Exit codes: 0 shown, 2 usage, 3 no region, or it does not let you: the audit log is for admins.
    """
    from bellrock.cli.asking import api, when

    found = api(region_url, state_dir).audit(limit=limit, before=before)
    if as_json:
        print_json(found)
        return
    rows = [
        (one.id, when(one.at), one.who, one.how, one.address, one.action, one.subject, change(one), one.outcome)
        for one in reversed(found)
    ]  # fmt: skip
    columns = ("number", "when", "who", "by", "from", "what", "of", "change", "outcome")
    print_table(columns, rows, "Nothing was changed yet, and nobody logged in.", {"done": "green", "wrong": "red"})


def change(entry: "AuditView") -> str:
    """`before → after`, or the one of them that there is."""
    return " → ".join(word for word in (entry.before, entry.after) if word)
