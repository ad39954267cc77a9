"""Names of files and directories that are given to commands."""

import importlib
import subprocess
from pathlib import Path

import click
import pytest

from bellrock.cli.paths import PathName
from bellrock.cli.root import COMMANDS
from tests.cli.programs import BELLROCK


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("db", "export", ""), "FILE"),
        (("evidence", "bundle", "-o", ""), "-o' / '--output"),
        (("config", "check", "--config", ""), "--config"),
        (("rack", "--metrics-file", ""), "--metrics-file"),
        (("db", "check", "--state-dir", ""), "--state-dir"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_an_empty_name_is_refused(arguments, name):
    done = subprocess.run([BELLROCK, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == f"Error: Invalid value for '{name}': the name is empty."


def test_what_is_named_is_taken_as_click_takes_it(tmp_path):
    kind = PathName(path_type=Path, dir_okay=False)
    assert kind.convert(str(tmp_path / "x"), None, None) == tmp_path / "x"
    with pytest.raises(click.BadParameter, match="is a directory"):
        kind.convert(tmp_path, None, None)
    with pytest.raises(click.BadParameter, match="the name is empty"):
        kind.convert("", None, None)


def commands(one):
    yield one
    for below in getattr(one, "commands", {}).values():
        yield from commands(below)


def test_every_command_refuses_empty_names():
    kinds = [
        (one.name, option.name, option.type)
        for name, (module, _) in COMMANDS.items()
        for one in commands(getattr(importlib.import_module(module), name))
        for option in one.params
        if isinstance(option.type, click.Path) or (option.metavar or "").endswith(("FILE", "FILE...", "FILE|-"))
        if not (option.name == "database" or isinstance(option.type, click.File))
    ]
    assert len(kinds) > 50
    assert [kind for kind in kinds if not isinstance(kind[2], PathName)] == []
