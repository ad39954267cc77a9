"""What commands print: for people, for programs, and nothing that moves a terminal's cursor."""

import io
import json
import os
from contextlib import redirect_stdout

import pytest

from bellrock.cli.output import Failure, file_name, print_json, print_json_line, print_table, printable

ROWS = [("eth0", "up"), ("eth1", "no carrier")]


class Terminal(io.TextIOWrapper):
    def isatty(self):
        return True

    @property
    def text(self):
        self.flush()
        return self.buffer.getvalue().decode()


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal(io.BytesIO(), encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("rack-1 ● Zürich", "rack-1 ● Zürich"),
        ("\x1b]0;owned\x07", "\\x1b]0;owned\\x07"),
        ("a\r\nb\tc", "a\\x0d\\x0ab\\x09c"),
        ("\u202eabc\u2028", "\\x202eabc\\x2028"),
        ("\udcff\x9b", "\\xff\\x9b"),
    ],
)
def test_control_characters_become_visible(text, safe):
    assert printable(text) == safe


def test_a_failure_is_one_line_without_control_characters():
    failure = Failure("file\n  name \x1b[31m: bad", 3)
    assert (failure.message, failure.exit_code) == ("file name \\x1b[31m: bad", 3)
    assert Failure("x").exit_code == 2


def test_a_path_that_is_no_utf8_is_still_text():
    assert file_name(os.fsdecode(b"/a/\xff")) == "/a/\ufffd"
    assert file_name("/ä") == "/ä"


def test_json_is_compact_in_a_pipe_and_indented_on_a_terminal(capsys, terminal):
    print_json({"a": [1, None]})
    assert capsys.readouterr().out == '{"a":[1,null]}\n'
    with redirect_stdout(terminal):
        print_json({"a": [1, None]})
    assert terminal.text.count("\n") > 3
    assert json.loads(terminal.text) == {"a": [1, None]}


def test_json_lines_are_lines_whatever_is_in_them(capsys):
    print_json_line({"name": "a\nb\x1b"})
    print_json_line(2)
    first, second = capsys.readouterr().out.splitlines()
    assert json.loads(first) == {"name": "a\nb\x1b"}
    assert "\x1b" not in first
    assert second == "2"


def test_a_table_in_a_pipe_is_never_cut_nor_coloured(capsys):
    print_table(("interface", "state"), [("x" * 500, "\x1b[5mup")], "none")
    out = capsys.readouterr().out
    assert "x" * 500 in out
    assert "\\x1b[5mup" in out
    assert "\x1b" not in out


def test_a_table_without_rows_says_so(capsys):
    print_table(("interface",), [], "No interface.")
    assert capsys.readouterr().out == "No interface.\n"


@pytest.mark.parametrize("columns", ["40", "20"])
def test_a_narrow_terminal_wraps_the_table(terminal, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    with redirect_stdout(terminal):
        print_table(("interface", "state"), [("some words " * 20, "up [b]not markup[/b]")], "none")
    assert "\x1b" not in terminal.text
    assert all(len(line) <= int(columns) for line in terminal.text.splitlines())
    assert terminal.text.count("some") == 20
    assert "[b]not" in terminal.text


def test_a_terminal_gets_its_header_bold(terminal):
    with redirect_stdout(terminal):
        print_table(("interface", "state"), ROWS, "none")
    assert "\x1b[1m" in terminal.text
    assert "no carrier" in terminal.text


def test_an_octet_that_is_no_text_is_shown_as_what_it_is():
    assert printable("caf\udce9 \x1b") == r"caf\xe9 \x1b"


@pytest.mark.parametrize(
    ("columns", "listed", "whole"),
    [
        ("120", False, "01M3250V7TXQRSP72K94ZGK21K"),
        ("80", True, "01M3250V7TXQRSP72K94ZGK21K"),
        ("40", True, "WKWN-KJAZ"),
        ("16", True, ""),
    ],
)
def test_what_has_to_be_compared_is_never_cut(terminal, monkeypatch, columns, listed, whole):
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    columns_of = ("state", "name", "role", "code", "agent", "address", "certificate until", "connected")
    row = (
        "waiting",
        "rack-1",
        "rack",
        "WKWN-KJAZ",
        "01M3250V7TXQRSP72K94ZGK21K",
        "10.77.0.12",
        "2026-11-22 05:30",
        "no",
    )
    with redirect_stdout(terminal):
        print_table(columns_of, [row], "none")
    assert all(len(line) <= int(columns) for line in terminal.text.splitlines())
    assert "…" not in terminal.text
    assert ("state" in terminal.text.split("waiting")[0].splitlines()[-1]) is listed
    assert whole in terminal.text
