"""`bellrock version`."""

import click

from bellrock.cli.output import json_option, print_json


@click.command(epilog="Example: bellrock version --json")
@json_option
def version(*, as_json: bool) -> None:
    """Show the version of Bellrock, of its contract and of Python."""
    import platform
    from importlib.metadata import version as version_of

    from bellrock.contract import VERSION

    found = {"bellrock": version_of("bellrock"), "contract": VERSION, "python": platform.python_version()}
    if as_json:
        print_json(found)
    else:
        click.echo(f"bellrock {found['bellrock']} (contract {VERSION}, Python {found['python']})")
