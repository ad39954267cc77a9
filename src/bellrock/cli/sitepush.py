"""`bellrock site push`: the site file, given to the region."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bellrock.cli.output import Failure, json_option, print_json, printable
from bellrock.cli.paths import PathName
from bellrock.cli.topology import region_options

if TYPE_CHECKING:
    from bellrock.cli.probeanswers import Pushed


def push_site(path: Path, region_url: str, state_dir: Path | None, *, force: bool = False) -> "Pushed":
    """Check a site file here, and give it to the region. `force`: even if nothing in it can be tried.

    Raises:
        Failure: a mistake in it, one line each; no region, or it says no.
    """
    from bellrock.cli.asking import api
    from bellrock.cli.probeanswers import Pushed
    from bellrock.cli.sitefile import read_site
    from bellrock.client.shapes import NewSite

    site = read_site(path)  # what is wrong with it is told with the file's own name
    if not force and not site.roles and not any(trial.targets for trial in site.trials.values()):
        said = (
            f"{path}: no role has an address, so that nobody would try anything any more; --force gives it all the same"
        )
        raise Failure(said)
    text = path.read_text(encoding="utf-8", errors="replace")
    found = api(region_url, state_dir).put_site(NewSite(text=text))
    return Pushed(found.title, found.by, found.notices)


@click.command(epilog="Example: bellrock site push site.toml")
@click.argument("file", type=PathName(path_type=Path))
@click.option("--force", is_flag=True, help="Give it even if nothing in it can be tried: all checks by the site end.")
@region_options
@json_option
def push(file: Path, region_url: str, state_dir: Path | None, *, force: bool, as_json: bool) -> None:
    """Give the region a site file: from then on its agents try what the site says, every five minutes at first.

    Exit 0: taken. 2: a mistake in the file. 3: no region, or it does not let you.
    """
    found = push_site(file, region_url, state_dir, force=force)
    if as_json:
        print_json(found)
        return
    for notice in found.notices:
        click.echo(printable(notice), err=True)
    click.echo(printable(f"the region has {found.title or file.name}; `bellrock matrix` shows how it stands"))
