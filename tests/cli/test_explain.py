"""`bellrock explain`."""

import json

import pytest
from click.testing import CliRunner

from bellrock.cli.explain import explain
from bellrock.cli.pages import ids, page, title
from tests.cli.terminal import on_terminal


def run(*arguments):
    return CliRunner().invoke(explain, [*arguments])


def test_a_page_is_shown_as_it_is_where_there_is_no_terminal():
    done = run("no-carrier")
    assert (done.exit_code, done.stdout) == (0, page("no-carrier"))


def test_on_a_terminal_it_is_rendered():
    lines = on_terminal(60, "explain", "no-carrier")
    assert all(len(line) <= 60 for line in lines)
    text = "\n".join(lines)
    assert "How it is proved" in text
    assert "## " not in text


@pytest.mark.parametrize("arguments", [(), ("--list",)], ids=["nothing", "list"])
def test_all_are_listed(arguments):
    done = run(*arguments)
    assert done.exit_code == 0
    assert all(one in done.stdout for one in ids())


def test_as_json():
    assert json.loads(run("--list", "--json").stdout) == [{"id": one, "title": title(page(one))} for one in ids()]
    told = json.loads(run("half-duplex", "--json").stdout)
    assert told == {"id": "half-duplex", "title": title(page("half-duplex")), "page": page("half-duplex")}


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("half-duplx",), 1, "did you mean 'half-duplex'"),
        (("--list", "half-duplex"), 2, "give it or an ID"),
        (("--list", ""), 2, "give it or an ID"),
        (("",), 1, "no finding has the id ''; --list shows all"),
        (("", "--json"), 1, "no finding has the id ''; --list shows all"),
        (("?.",), 1, "no finding has the id '?.'; --list shows all"),
        (("a\nb",), 1, "no finding has the id 'a\\nb'; --list shows all"),
        (("x" * 3000,), 1, f"no finding has the id '{'x' * 64}…'; --list shows all"),
    ],
    ids=["unknown", "both", "empty beside --list", "empty", "empty as json", "odd", "two lines", "long"],
)
def test_what_cannot_be_shown_is_one_line(arguments, code, word):
    done = run(*arguments)
    assert done.exit_code == code
    assert word in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_tool_itself_has_the_pages(bellrock):
    done = bellrock("explain", "flow-refused")
    assert (done.returncode, done.stdout) == (0, page("flow-refused"))
