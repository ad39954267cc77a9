"""Where commands take a password from."""

import os
import sys

import click
import pytest
from click.testing import CliRunner

from bellrock.cli import password as module
from bellrock.cli.output import Failure
from bellrock.cli.password import password_option, take_password


@click.command()
@password_option
def taking(password_file):
    click.echo(repr(take_password(password_file)))


def file(tmp_path, data, mode=0o600):
    path = tmp_path / "password"
    path.write_bytes(data)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("data", "word"),
    [(b"correct horse\n", "correct horse"), (b"a b\r\nmore", "a b"), ("ä ö".encode(), "ä ö"), (b" x \n", " x ")],
)
def test_the_first_line_of_a_file(tmp_path, data, word):
    assert take_password(file(tmp_path, data)) == word


@pytest.mark.parametrize(
    ("data", "mode", "why"),
    [
        (b"", 0o600, "its first line is empty"),
        (b"\nword", 0o600, "its first line is empty"),
        (b"\xff\xfe", 0o600, "not text in UTF-8"),
        (b"x" * (module.MAX_FILE + 1), 0o600, "larger than 4096 bytes"),
        (b"word", 0o644, "everybody on this machine can read this password; chmod 600"),
    ],
)
def test_files_that_will_not_do(tmp_path, data, mode, why):
    path = file(tmp_path, data, mode)
    with pytest.raises(Failure, match=why) as caught:
        take_password(path)
    assert str(path) in caught.value.message
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(("name", "why"), [("none", "No such file"), (".", "Is a directory")])
def test_what_is_no_file(tmp_path, name, why):
    with pytest.raises(Failure, match=f"{why}.*; it is where the password is looked for"):
        take_password(tmp_path / name)


def test_a_pipe_needs_no_mode(tmp_path):
    reading, writing = os.pipe()
    os.write(writing, b"word\n")
    os.close(writing)
    try:
        from pathlib import Path

        assert take_password(Path(f"/dev/fd/{reading}")) == "word"
    finally:
        os.close(reading)


def test_stdin():
    done = CliRunner().invoke(taking, ["--password-file", "-"], input="correct horse\n")
    assert done.stdout == "'correct horse'\n"
    done = CliRunner().invoke(taking, ["--password-file", "-"], input="")
    assert (done.exit_code, "stdin: its first line is empty" in done.stderr) == (2, True)


def test_no_terminal_no_prompt():
    done = CliRunner().invoke(taking, [], input="correct horse\n")
    assert (done.exit_code, "no terminal to ask for the password at" in done.stderr) == (2, True)


def test_a_terminal_is_asked_twice(monkeypatch):
    asked = []

    def prompt(text, **options):
        asked.append((text, options["hide_input"], bool(options["confirmation_prompt"]), options["err"]))
        return "typed"

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(click, "prompt", prompt)
    assert take_password(None) == "typed"
    assert asked == [("Password", True, True, True)]
