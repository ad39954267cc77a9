"""Keys of the configuration file: one for each option, with the type that the option has."""

import click
import pytest

from bellrock.cli.configkeys import (
    COMMAND_LINE_ONLY,
    SECTIONS,
    command_of,
    default_of,
    is_list,
    key_of,
    keys_of,
    schema_of,
    variables_of,
)
from bellrock.cli.ranges import FiniteRange


class Size(click.ParamType):
    """A type of our own."""

    name = "size"


OPTIONS = [
    ("text", {}, {"type": "string"}, None),
    ("several", {"multiple": True}, {"type": "array", "items": {"type": "string"}}, []),
    ("several-set", {"multiple": True, "default": ("a",)}, {"type": "array", "items": {"type": "string"}}, ["a"]),
    ("flag", {"is_flag": True}, {"type": "boolean"}, False),
    ("either", {"type": click.Choice(["a", "b"]), "default": "a"}, {"type": "string", "enum": ["a", "b"]}, "a"),
    ("number", {"type": int, "default": 3}, {"type": "integer"}, 3),
    ("port", {"type": click.IntRange(1, 65535)}, {"type": "integer", "minimum": 1, "maximum": 65535}, None),
    ("seconds", {"type": FiniteRange(0, 9, min_open=True)}, {"type": "number", "exclusiveMinimum": 0, "maximum": 9}, None),
    ("real", {"type": float}, {"type": "number"}, None),
    ("file", {"type": click.Path()}, {"type": "string"}, None),
    ("count", {"count": True}, {"type": "integer", "minimum": 0}, 0),
    ("size", {"type": Size()}, {"type": ["string", "integer"]}, None),
    ("mark", {"is_flag": True, "flag_value": "on", "type": str}, {"enum": ["on"]}, None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "how", "schema", "default"), OPTIONS, ids=[one[0] for one in OPTIONS])
def test_an_option_has_a_key_of_its_type(name, how, schema, default):
    option = click.Option([f"--{name}"], **how)
    assert (key_of(option), schema_of(option), default_of(option)) == (name, schema, default)
    assert is_list(option) is (schema.get("type") == "array")


def test_of_several_names_the_longest_is_the_key():
    assert key_of(click.Option(["-v", "--verbose"], count=True)) == "verbose"
    assert key_of(click.Option(["--secret-file", "secret_files"])) == "secret-file"


@pytest.mark.parametrize("section", SECTIONS)
def test_every_option_of_a_command_is_a_key_or_stands_in_the_list_of_those_that_are_none(section):
    command = command_of(section)
    options = {key_of(one) for one in command.params if isinstance(one, click.Option)}
    assert options - set(keys_of(command)) <= set(COMMAND_LINE_ONLY)
    assert {"secret-file", "state-dir", "verbose", "vlan"} <= set(keys_of(command))
    assert not {"config", "rebuild"} & set(keys_of(command))


def test_hidden_options_and_arguments_are_no_keys():
    command = click.Command(
        "x", params=[click.Option(["--a"], hidden=True), click.Argument(["b"]), click.Option(["--c"])]
    )
    assert list(keys_of(command)) == ["c"]


def test_what_no_command_is_has_no_keys():
    with pytest.raises(LookupError, match="no command nothing"):
        command_of("nothing")


def test_variables_go_before_the_file_in_their_order():
    assert variables_of("secret-file", click.Option(["--secret-file"])) == ("BELLROCK_SECRET_FILE", "BELLROCK_SECRET")
    assert variables_of("database", click.Option(["--database"], envvar="BELLROCK_DATABASE")) == ("BELLROCK_DATABASE",)
    assert variables_of("x", click.Option(["--x"], envvar=["A", "B"])) == ("A", "B")
    assert variables_of("x", click.Option(["--x"])) == ()
