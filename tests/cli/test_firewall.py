"""`bellrock firewall` finds its commands without importing them."""

import importlib
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from bellrock.cli import firewall as module
from bellrock.cli.firewall import SUBCOMMANDS, firewall


def test_help_names_every_command():
    shown = CliRunner().invoke(firewall, ["--help"])
    assert shown.exit_code == 0
    for name, (_, line) in SUBCOMMANDS.items():
        assert name in shown.output
        assert line in shown.output


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_command_is_there_with_an_example_and_its_exit_codes(name):
    shown = CliRunner().invoke(firewall, [name, "--help"])
    assert shown.exit_code == 0, shown.output
    assert f"Example: bellrock firewall {name}" in shown.output
    assert "Exit codes" in shown.output
    assert "--json" in shown.output


def test_help_imports_click_and_none_of_ours_but_the_group():
    code = (
        "import sys, bellrock.cli.firewall as f\n"
        "from click.testing import CliRunner\n"
        "CliRunner().invoke(f.firewall, ['--help'])\n"
        "print(sorted(m for m in sys.modules if m.startswith('bellrock')))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert "compile" not in shown.stdout
    assert "flows" not in shown.stdout


def test_an_unknown_command():
    shown = CliRunner().invoke(firewall, ["buidl"])
    assert shown.exit_code == 2
    assert "No such command 'buidl'" in shown.output


def test_what_is_no_command_is_a_defect(monkeypatch):
    monkeypatch.setitem(module.SUBCOMMANDS, "build", ("bellrock.cli.output", ""))
    monkeypatch.setattr(importlib.import_module("bellrock.cli.output"), "build", print, raising=False)
    with pytest.raises(TypeError, match="is not a command"):
        firewall.get_command(click.Context(firewall), "build")


def test_confirm_does_not_tell_an_ordinary_user_that_nothing_waits(tmp_path, monkeypatch):
    monkeypatch.setenv("BELLROCK_STATE_DIR", str(tmp_path))
    for user, code, said in ((1000, 3, "run it as who ran apply"), (0, 1, "nothing waits")):
        monkeypatch.setattr("os.geteuid", lambda user=user: user)
        done = CliRunner().invoke(firewall, ["confirm"])
        assert (done.exit_code, said in done.output) == (code, True), done.output
