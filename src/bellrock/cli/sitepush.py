"""`bellrock site push`: the site file, given to the region."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bellrock.cli.output import json_option, print_json, printable
from bellrock.cli.topology import region_options

if TYPE_CHECKING:
    from bellrock.cli.probeanswers import Pushed


def push_site(path: Path, region_url: str, state_dir: Path | None) -> "Pushed":
    """Check a site file here, and give it to the region.

    Raises:
        Failure: a mistake in it, one line each; no region, or it says no.
    """
    from bellrock.cli.asking import ask
    from bellrock.cli.probeanswers import Pushed
    from bellrock.cli.sitefile import read_site

    read_site(path)  # what is wrong with it is told with the file's own name
    text = path.read_text(encoding="utf-8", errors="replace")
    return ask(region_url, state_dir, Pushed, "/site", "PUT", {"text": text})


@click.command(epilog="Example: bellrock site push site.toml")
@click.argument("file", type=click.Path(path_type=Path))
@region_options
@json_option
def push(file: Path, region_url: str, state_dir: Path | None, *, as_json: bool) -> None:
    """Give the region a site file: from then on its agents try what the site says, every five minutes at first.

    Exit 0: taken. 2: a mistake in the file. 3: no region, or it does not let you.
    """
    found = push_site(file, region_url, state_dir)
    if as_json:
        print_json(found)
        return
    for notice in found.notices:
        click.echo(printable(notice), err=True)
    click.echo(printable(f"the region has {found.title or file.name}; `bellrock matrix` shows how it stands"))
