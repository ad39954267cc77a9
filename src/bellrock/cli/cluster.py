"""`bellrock cluster`: the processes of which a region consists."""

from pathlib import Path

import click

from bellrock.cli.output import json_option, print_json, print_table
from bellrock.cli.topology import region_options


@click.command(epilog="Example: bellrock cluster")
@region_options
@json_option
def cluster(region_url: str, state_dir: Path | None, *, as_json: bool) -> None:
    """Show the processes of which the region consists, which of them leads, their versions, and since when they run.

    Exit codes: 0 shown, 2 usage, 3 no region, or it does not let you.
    """
    from bellrock.cli.asking import api, when

    found = api(region_url, state_dir).cluster()
    if as_json:
        print_json(found)
        return
    rows = [
        (one.name, "leads" if one.leads else "stands by", one.version, when(one.started), " ".join(one.urls) or "-", one.id or "-")
        for one in found
    ]  # fmt: skip
    print_table(("name", "state", "version", "since", "where", "id"), rows, "No process.", {"leads": "green"})
