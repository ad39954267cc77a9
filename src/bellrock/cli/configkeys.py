"""Which keys the configuration file has: one for each option of the commands that run for long, under the option's name."""

from collections.abc import Mapping
from typing import Any, Final

import click

SECTIONS: Final = ("region", "rack", "up")
"""The tables of the file, each for the command of its name."""

COMMAND_LINE_ONLY: Final = {
    "config": "it says which file this is",
    "rebuild": "in a file it would begin with an empty store at every start",
    "help": "it is no setting",
}
"""Options without a key, and why."""

ENVIRONMENT: Final[Mapping[str, tuple[str, ...]]] = {
    "secret-file": ("BELLROCK_SECRET_FILE", "BELLROCK_SECRET"),
    "state-dir": ("BELLROCK_STATE_DIR",),
    "database": ("BELLROCK_DATABASE",),
}
"""Variables that commands ask for by themselves, beside those that click knows of (`envvar`). Any of them goes before the file."""

Keys = dict[str, click.Option]
"""Key → its option."""


def keys_of(command: click.Command) -> Keys:
    """The keys of a command's table, in the order of its help."""
    found = {key_of(one): one for one in command.params if isinstance(one, click.Option) and not one.hidden}
    return {key: option for key, option in found.items() if key not in COMMAND_LINE_ONLY}


def key_of(option: click.Option) -> str:
    """`--secret-file` → `secret-file`; of several names the longest."""
    return max((name.lstrip("-") for name in option.opts), key=len)


def command_of(section: str) -> click.Command:
    """The command that a table is for."""
    from bellrock.cli.root import cli

    command = cli.get_command(click.Context(cli, info_name="bellrock"), section)
    if command is None:
        raise LookupError(f"there is no command {section}")
    return command


def variables_of(key: str, option: click.Option) -> tuple[str, ...]:
    """The environment variables that go before this key, the strongest first."""
    named = option.envvar
    own = (named,) if isinstance(named, str) else tuple(named or ())
    return (*own, *(one for one in ENVIRONMENT.get(key, ()) if one not in own))


def schema_of(option: click.Option) -> dict[str, Any]:
    """What the key may hold, as JSON Schema, without help and default."""
    if option.is_flag and option.type is not click.BOOL and not isinstance(option.type, click.types.BoolParamType):
        return {"enum": [option.flag_value]}
    one = _one(option)
    return {"type": "array", "items": one} if is_list(option) else one


def default_of(option: click.Option) -> Any:  # noqa: ANN401 -- as JSON has it
    """The value that holds without the key; None where there is none, or the machine decides."""
    value = option.get_default(click.Context(click.Command("default"), resilient_parsing=True))
    if is_list(option):
        return [str(one) for one in value] if isinstance(value, list | tuple) else []
    if option.count:
        return value if isinstance(value, int) else 0
    return value if isinstance(value, str | bool | int | float) and value != "" else None


def is_list(option: click.Option) -> bool:
    """Whether it holds several values: the option may be given several times."""
    return option.multiple or option.nargs != 1


def _one(option: click.Option) -> dict[str, Any]:
    kind = option.type
    if option.count:
        return {"type": "integer", "minimum": 0}
    if isinstance(kind, click.types.BoolParamType):
        return {"type": "boolean"}
    if isinstance(kind, click.Choice):
        return {"type": "string", "enum": [str(one) for one in kind.choices]}
    if isinstance(kind, click.types.IntParamType):
        return {"type": "integer", **_range(kind)}
    if isinstance(kind, click.types.FloatParamType):
        return {"type": "number", **_range(kind)}
    if isinstance(kind, click.Path | click.types.StringParamType):
        return {"type": "string"}
    return {"type": ["string", "integer"]}  # a type of our own, such as a size: `"2 GiB"`, or a number of octets


def _range(kind: object) -> dict[str, Any]:
    if not isinstance(kind, click.IntRange | click.FloatRange):
        return {}
    low, high = (
        ("exclusiveMinimum" if kind.min_open else "minimum"),
        ("exclusiveMaximum" if kind.max_open else "maximum"),
    )
    return {name: edge for name, edge in ((low, kind.min), (high, kind.max)) if edge is not None}
