"""`bellrock config`: the configuration file before and while it is in force."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from click.core import ParameterSource

from bellrock.cli.configkeys import SECTIONS
from bellrock.cli.output import (
    EXIT_UNREADABLE,
    EXIT_USAGE,
    Failure,
    file_name,
    json_option,
    print_json,
    print_table,
    printable,
)
from bellrock.cli.paths import PathName

if TYPE_CHECKING:
    from bellrock.cli.configfile import Configuration

_VARIABLE: Final = "BELLROCK_CONFIG"


@click.group(epilog="Example: bellrock config check")
def config() -> None:
    """Check the configuration file, and show what is in force and why.

    `bellrock region`, `bellrock rack` and `bellrock up` read /etc/bellrock/bellrock.toml, or the file of --config and
    $BELLROCK_CONFIG. An option on the command line goes before the environment, and that before the file.
    """


file_argument = click.argument("file", required=False, envvar=_VARIABLE, type=PathName())


@config.command(epilog="Example: bellrock config check /etc/bellrock/bellrock.toml")
@file_argument
@click.option("--config", "named", type=PathName(), metavar="FILE", help="The same as FILE, as other commands have it.")
@json_option
def check(file: str | None, named: str | None, *, as_json: bool) -> None:
    """Say all that is wrong with FILE, a line for each mistake.

    Files of secrets are looked into as the user who runs this: `sudo -u bellrock bellrock config check` does as the service
    would. Addresses that cannot be bound are warned of, as a region may be running already.

    Exit codes: 0 no mistake (there may be warnings), 2 mistakes, 3 it cannot be read.
    """
    from bellrock.cli.configfile import ConfigurationError, documents, load
    from bellrock.cli.configtrial import mistakes, warnings

    if named and _is_typed("file"):
        raise Failure("FILE and --config both name a file; give one")
    path = _there(named or file)
    try:
        found = load(path)
        wrong, doubtful = mistakes(found), warnings(found)
    except ConfigurationError as error:
        wrong, doubtful = error.mistakes, []
    if as_json:
        print_json({"file": file_name(path), "mistakes": documents(wrong), "warnings": documents(doubtful)})
    else:
        for one in wrong:
            click.echo(f"Error: {printable(one.sentence)}", err=True)
        for one in doubtful:
            click.echo(f"Warning: {printable(one.sentence)}", err=True)
        if not wrong:
            click.echo(printable(f"{path}: no mistakes"))
    if wrong:
        raise click.exceptions.Exit(EXIT_USAGE)


@config.command(epilog="Example: bellrock config show region")
@click.argument("section", required=False, type=click.Choice(SECTIONS))
@click.option(
    "--config",
    "file",
    type=PathName(),
    envvar=_VARIABLE,
    metavar="FILE",
    help="Another file than /etc/bellrock/bellrock.toml.",
)
@json_option
def show(section: str | None, file: str | None, *, as_json: bool) -> None:
    """Show what `bellrock region`, `rack` and `up` would go by if they were started here without options, and where each value comes from.

    Passwords in addresses are blanked; secrets are not in it, only their files.
    """
    from bellrock.cli.configforce import in_force

    found = _load(file)
    rows = [row for name in SECTIONS if section in (None, name) for row in in_force(name, found)]
    if as_json:
        keys = ("section", "key", "value", "origin")
        print_json([dict(zip(keys, (row.section, row.key, row.value, row.origin), strict=True)) for row in rows])
    else:
        print_table(
            ("key", "value", "from"), [(f"{row.section}.{row.key}", row.text, row.origin) for row in rows], "Nothing."
        )


@config.command(epilog="Example: bellrock config schema > config.schema.json")
@json_option
def schema(*, as_json: bool) -> None:  # noqa: ARG001 -- it is JSON with and without
    """Print the JSON Schema (draft 2020-12) of the configuration file, for editors and programs."""
    from bellrock.cli.configschema import json_schema

    print_json(json_schema())


def _is_typed(argument: str) -> bool:
    return click.get_current_context().get_parameter_source(argument) is ParameterSource.COMMANDLINE


def _there(file: str | None) -> Path:
    """The file that is meant.

    Raises:
        Failure: none is named, and the default one is not there.
    """
    from bellrock.cli.configfile import DEFAULT
    from bellrock.cli.configuring import chosen

    path = chosen(file)
    if path is None:
        raise Failure(
            f"{DEFAULT}: no such file, so that defaults are in force; name another one to check that", EXIT_UNREADABLE
        )
    return path


def _load(file: str | None) -> "Configuration | None":
    from bellrock.cli.configfile import ConfigurationError, load
    from bellrock.cli.configuring import as_failure, chosen

    path = chosen(file)
    try:
        return None if path is None else load(path)
    except ConfigurationError as error:
        raise as_failure(error) from None
