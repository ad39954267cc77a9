"""Where commands take a password from: a prompt, or a file; never the command line."""

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from bellrock.cli.output import Failure
from bellrock.cli.paths import PathName

MAX_FILE: Final = 4096
"""Octets."""

_F = TypeVar("_F", bound=Callable[..., Any])


def password_option(command: _F) -> _F:
    """`--password-file`."""
    return click.option(
        "--password-file",
        type=PathName(path_type=Path, allow_dash=True),
        help="File whose first line is the password, - for stdin; without it you are asked.",
    )(command)


def take_password(file: Path | None) -> str:
    """The password: the file's first line, or what is typed twice.

    Raises:
        Failure: the file will not do, or there is no terminal to ask at.
    """
    if file is not None:
        return _from_file(file)
    if not sys.stdin.isatty():
        raise Failure("there is no terminal to ask for the password at; give --password-file FILE, or - for stdin")
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt="The same again", err=True)
    return typed


def _from_file(file: Path) -> str:
    if str(file) == "-":
        return _first_line(sys.stdin.buffer.read(MAX_FILE + 1), "stdin")
    try:
        with file.open("rb") as source:
            mode = os.fstat(source.fileno()).st_mode
            if stat.S_ISREG(mode) and mode & (stat.S_IROTH | stat.S_IWOTH):
                raise Failure(f"{file}: everybody on this machine can read this password; chmod 600 {file}")
            return _first_line(source.read(MAX_FILE + 1), str(file))
    except OSError as error:
        raise Failure(f"{file}: {error.strerror}; it is where the password is looked for") from None


def _first_line(data: bytes, origin: str) -> str:
    if len(data) > MAX_FILE:
        raise Failure(f"{origin}: larger than {MAX_FILE} bytes, so not a password")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Failure(f"{origin}: not text in UTF-8, so not a password") from None
    line = text.splitlines()[0] if text else ""
    if not line:
        raise Failure(f"{origin}: its first line is empty; the password is to be there")
    return line
