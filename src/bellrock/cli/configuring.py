"""`--config`: what a command is not told by its options and by the environment, the configuration file says."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bellrock.cli.output import Failure, printable
from bellrock.cli.paths import PathName
from bellrock.cli.telling import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from bellrock.cli.configfile import Section

_F = TypeVar("_F", bound="Callable[..., Any]")
_DEFAULT = "/etc/bellrock/bellrock.toml"
_VARIABLE = "BELLROCK_CONFIG"
_READ = "bellrock.cli.configuring.read"


def config_option(command: _F) -> _F:
    """`--config`, of which the command itself sees nothing: the file's values become the defaults of its other options."""
    return click.option(
        "--config",
        type=PathName(),
        envvar=_VARIABLE,
        is_eager=True,
        expose_value=False,
        callback=_configure,
        metavar="FILE",
        help=f"Configuration file; also ${_VARIABLE}. [default: {_DEFAULT}, where it is]",
    )(command)


def chosen(named: str | None) -> Path | None:
    """The file to read: the one that is named, else the default one where there is one."""
    from bellrock.cli.configfile import DEFAULT
    from bellrock.cli.keys import is_there

    if named is not None:
        return Path(named)
    return DEFAULT if is_there(DEFAULT) else None


def defaults(section: "Section") -> dict[str, Any]:
    """Parameter → value, for click's `default_map`, without what the environment says otherwise."""
    from bellrock.cli.configkeys import variables_of

    return {
        str(section.keys[key].name): value
        for key, value in section.values.items()
        if not any(name in os.environ for name in variables_of(key, section.keys[key]))
    }


def _configure(context: click.Context, _: click.Parameter, value: str | None) -> None:
    # `bellrock rack --config FILE join`: what was read for `rack` has come down already.
    read_before = value is None and _READ in context.meta
    path = None if context.resilient_parsing or read_before else chosen(value)
    if path is None:
        return
    from bellrock.cli.configfile import ConfigurationError, load
    from bellrock.cli.configkeys import SECTIONS

    parent = context.parent.info_name if context.parent else None
    section = next(str(name) for name in (context.info_name, parent) if name in SECTIONS)
    try:
        found = load(path, (section,))
    except ConfigurationError as error:
        raise as_failure(error) from None
    context.meta[_READ] = True
    context.default_map = {**defaults(found.sections[section]), **(context.default_map or {})}


def as_failure(error: Exception) -> Failure:
    """The last of the lines of an error; those before it are said at once."""
    *first, last = str(error).splitlines()
    for line in first:
        say(printable(line), sys.argv[1:])
    return Failure(last)
