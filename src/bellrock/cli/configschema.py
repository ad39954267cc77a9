"""The JSON Schema of the configuration file, made of the commands' options so that it cannot drift from them."""

from typing import Any, Final

import click

from bellrock.cli.configkeys import SECTIONS, command_of, default_of, keys_of, schema_of

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Of JSON Schema 2020-12. It says what the file may hold; that addresses are right and files are there, only `config check` says."""
    tables = {name: _table(name) for name in SECTIONS}
    return {
        "$schema": DRAFT,
        "title": "Bellrock configuration file",
        "type": "object",
        "properties": tables,
        "additionalProperties": False,
    }


def described(option: click.Option) -> str:
    """The option's help on one line, without what it says of its default and of the environment."""
    from re import sub

    text = " ".join((option.help or "").split())
    return sub(r"; also \$[A-Z_]+|\s*\[default: [^\]]*\]", "", text)


def _table(name: str) -> dict[str, Any]:
    command = command_of(name)
    properties = {key: _key(option) for key, option in keys_of(command).items()}
    line = " ".join((command.help or "").split("\n\n")[0].split())
    return {"type": "object", "description": line, "properties": properties, "additionalProperties": False}


def _key(option: click.Option) -> dict[str, Any]:
    value = default_of(option)
    default = {} if value is None else {"default": value}
    return {"description": described(option), **schema_of(option), **default}
