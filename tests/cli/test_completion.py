"""`bellrock completion`, as shells use it: real ones are asked what they would show."""

import os
import shutil
import subprocess

import click
import pytest

from bellrock.cli.completion import SHELLS, VARIABLE, script
from bellrock.cli.root import COMMANDS, cli
from tests.cli.programs import BELLROCK
from tests.needs import require

ASKED = [
    ("bellrock ex", "explain"),
    ("bellrock region --pol", "--policy"),
    ("bellrock region --policy ap", "approve"),
    ("bellrock explain dhcp-two", "dhcp-two-servers"),
    ("bellrock flows show tf", "tftp"),
    ("bellrock lab scenario run dhcp-two", "dhcp-two-servers"),
    ("bellrock completion z", "zsh"),
    ("bellrock vlan scan l", "lo"),
]


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """Run a script in a shell that finds `bellrock`."""
    monkeypatch.setenv("PATH", f"{BELLROCK.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TERM", "dumb")
    for name in SHELLS:
        (tmp_path / f"{name}.script").write_text(script(name))

    def shell(*command):
        require([] if shutil.which(command[0]) else [command[0]])
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        return done.stdout.split()

    return shell


@pytest.mark.parametrize(("typed", "shown"), ASKED)
def test_bash_completes(shell, typed, shown):
    words = typed.split(" ")
    asked = f"""
        source bash.script
        COMP_WORDS=({" ".join(words)}) COMP_CWORD={len(words) - 1}
        complete -p bellrock >/dev/null
        _bellrock_completion bellrock {words[-1]} {words[-2]}
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    assert shown in shell("bash", "--norc", "-c", asked)


@pytest.mark.parametrize(("typed", "shown"), ASKED)
def test_fish_completes(shell, typed, shown):
    assert shown in shell("fish", "--no-config", "-c", f'source fish.script; complete -C"{typed}"')


@pytest.mark.parametrize(("typed", "shown"), ASKED)
def test_zsh_completes(shell, typed, shown):
    """What its function hands to the completion system, in whose place two functions write it down."""
    words = typed.split(" ")
    asked = f"""
        compdef() {{ : }}
        _describe() {{ print -l -- "${{(@P)3%%:*}}" "${{(@)${{(@P)3}}%%:*}}" }}
        compadd() {{ print -l -- "${{(@P)argv[-1]}}" }}
        _path_files() {{ print files }}
        source ./zsh.script
        words=({" ".join(words)}); CURRENT={len(words)}
        _bellrock_completion
    """
    assert shown in shell("zsh", "-f", "-c", asked)


def test_all_commands_are_offered_without_importing_them():
    code = (
        "import sys, os; from bellrock.cli import main; sys.argv = ['bellrock']\n"
        "try: main()\n"
        "finally: print(sorted(name for name in sys.modules if name.startswith('bellrock.cli.')), file=sys.stderr)\n"
    )
    import sys

    environment = os.environ | {VARIABLE: "bash_complete", "COMP_WORDS": "bellrock ", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    offered = [line.partition(",")[2] for line in done.stdout.splitlines()]
    assert offered[: len(COMMANDS)] == list(COMMANDS)
    assert "bellrock.cli.run" not in done.stderr


def test_a_region_is_not_waited_for(shell, tmp_path, monkeypatch):
    """Nobody listens there, or somebody who never answers."""
    import socket

    monkeypatch.setenv("BELLROCK_STATE_DIR", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        words = f"bellrock findings --region http://127.0.0.1:{port} --host r"
        asked = f"source bash.script; COMP_WORDS=({words}) COMP_CWORD=5; _bellrock_completion bellrock; echo ${{#COMPREPLY[@]}}"
        assert shell("bash", "--norc", "-c", asked) == ["0"]


@pytest.mark.parametrize("name", SHELLS)
def test_the_script_is_printed(bellrock, name):
    done = bellrock("completion", name)
    assert (done.returncode, done.stdout) == (0, script(name))
    assert VARIABLE in done.stdout


def test_another_shell_is_not_known(bellrock):
    assert bellrock("completion", "tcsh").returncode == 2
    with pytest.raises(LookupError, match="no completion for tcsh"):
        script("tcsh")


def commands(command, path=()):
    """All of them, with their paths."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from commands(command.get_command(context, name), (*path, name))
    else:
        yield " ".join(path), command


@pytest.mark.parametrize("name", ["FLOW", "[FLOW]..."])
def test_whatever_takes_flows_completes_them(name):
    takes = [(path, one) for path, command in commands(cli) for one in command.params if one.metavar == name]
    assert takes
    context = click.Context(click.Command("any"))
    without = [
        path for path, one in takes if not any(item.value == "tftp" for item in one.shell_complete(context, "tftp"))
    ]
    assert without == []
