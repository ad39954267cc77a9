"""Commands that findings and their pages tell people to run are commands: they go through the parser of the tool itself."""

import ast
import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import click
import pytest

from bellrock.cli.root import cli
from bellrock.probe.registry import probe_of

ROOT = Path(__file__).resolve().parents[2] / "src" / "bellrock" / "diagnosis"
QUOTED = re.compile(r"`(bellrock [^`]+)`")
PLAIN = re.compile(r"(?:^|[ (:])(bellrock [a-z][a-z -]*)")
STAND_IN = "X1"
"""For what is filled in."""


def text_of(node: ast.AST) -> str:
    """A string as the finding has it."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    parts = node.values if isinstance(node, ast.JoinedStr) else ()
    return "".join(part.value if isinstance(part, ast.Constant) else STAND_IN for part in parts)


def strings(tree: ast.AST) -> Iterator[str]:
    """Strings and f-strings, without docstrings and without the pieces of f-strings."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr):
            yield text_of(node)
        if not isinstance(node, ast.Expr) and not isinstance(node, ast.JoinedStr):
            yield from strings(node)


def commands(text: str) -> Iterator[str]:
    """Those in quotes, and a text that is one."""
    yield from QUOTED.findall(text)
    if text.startswith("bellrock "):
        yield text


def told() -> dict[str, str]:
    """Command → where it is told."""
    found = {one: path.name for path in sorted(ROOT.glob("explained/*.md")) for one in commands(path.read_text())}
    for path in sorted(ROOT.rglob("*.py")):
        found |= {one: path.name for text in strings(ast.parse(path.read_text())) for one in commands(text)}
    return found


TOLD = told()


def wrong(words: list[str]) -> str:
    """Why a command line cannot be run; empty: it can."""
    command: click.Command = cli
    context = click.Context(command, info_name="bellrock")
    rest = words[1:]
    try:
        while isinstance(command, click.Group) and rest:
            name, found, rest = command.resolve_command(context, rest)
            assert found is not None
            command, context = found, click.Context(found, parent=context, info_name=name)
        # The parser alone, without types: what is filled in stands for a value of any.
        _values, left, _order = command.make_parser(context).parse_args([*rest])
    except click.UsageError as error:
        return error.format_message()
    return f"unexpected {left}" if left else ""


@pytest.mark.parametrize("command", sorted(one for one in TOLD if one.startswith("bellrock probe ") and " -o " in one))
def test_options_of_a_probe_are_those_that_it_has(command):
    words = shlex.split(command)
    if STAND_IN in words[2]:
        return
    known = {one.name for one in probe_of(words[2]).options}
    given = {after.partition("=")[0] for before, after in pairwise(words) if before == "-o"}
    assert given - {STAND_IN} <= known, TOLD[command]


def test_there_are_some():
    assert len(TOLD) > 30


@pytest.mark.parametrize("command", sorted(TOLD))
def test_a_command_that_is_told_can_be_run(command):
    assert wrong(shlex.split(command)) == "", TOLD[command]


def test_what_no_command_is_would_be_found():
    assert "No such command" in wrong(["bellrock", "firewall", "rules"])
    assert "No such option" in wrong(["bellrock", "check", "--host", "x"])
    assert "unexpected" in wrong(["bellrock", "check", "on", "rack-1"])


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_command_in_a_sentence_exists(path):
    named = {one for text in strings(ast.parse(path.read_text())) for one in PLAIN.findall(text)}
    assert [one for one in sorted(named) if "No such" in wrong(shlex.split(one)[:2])] == []
