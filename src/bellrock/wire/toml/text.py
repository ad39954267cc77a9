"""From octets to a TOML document, or to one line that says what is wrong and where."""

import re
import tomllib
from codecs import BOM_UTF8
from collections.abc import Iterable
from typing import Any, Final

from bellrock.wire.toml.lines import Path, key_lines, line_of

MAX_DEPTH: Final = 32
"""Tables and arrays within each other."""
MAX_PROBLEMS: Final = 20
"""Mistakes that are told at a time."""

_TWICE: Final = re.compile(r"Cannot declare \((.*)\) twice")
_PART: Final = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""")

Problem = tuple[Path, str]
"""Where (keys from the top) and what."""


class TomlError(Exception):
    """A text that is no TOML document: one line, with file and line number."""


def read(raw: bytes, file: str, *, kind: str, most: int, levels: str) -> tuple[str, dict[str, Any]]:
    """Text and document; `file` is its name for messages, `kind` (`lab file`) what it should be.

    `most` octets are read at most; `levels` (`four`) says how deep such a file goes, for whoever went too deep.

    Raises:
        TomlError: too big, not UTF-8, not TOML, nested too deeply.
    """
    if len(raw) > most:
        raise TomlError(f"{file}: more than {most} octets, the most that a {kind} may have")
    if raw.startswith(BOM_UTF8):
        raise TomlError(
            f"{file}:1: begins with a byte order mark, which TOML does not have; save it as UTF-8 without one"
        )
    try:
        text = raw.decode()
        document = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise TomlError(f"{file}:{line}: not UTF-8; TOML files are") from None
    except tomllib.TOMLDecodeError as error:
        raise TomlError(_syntax(file, str(error))) from None
    except RecursionError:
        raise TomlError(_too_deep(file, kind, levels)) from None
    if _is_deep(document):
        raise TomlError(_too_deep(file, kind, levels))
    return text, document


def told(file: str, text: str, problems: Iterable[Problem], most: int = MAX_PROBLEMS) -> str:
    """One line for each problem, `file:line: key: what`, in the order of the file; at most `most` and how many more."""
    lines = key_lines(text)
    found = sorted((line_of(lines, path), key(path), what) for path, what in problems)
    out = [f"{file}:{line}: {name}: {what}" if name else f"{file}:{line}: {what}" for line, name, what in found]
    if len(out) > most:
        out[most:] = [f"{file}: and {len(out) - most} more mistakes"]
    return "\n".join(out)


def key(path: Path) -> str:
    """`host.rack-1.interface.eth0`, `link[0].between`; what would move a cursor is escaped."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{_shown(step)}" for step in path)
    return text.removeprefix(".")


def _shown(step: str) -> str:
    return step if step.isprintable() else ascii(step)


def _is_deep(document: dict[str, Any]) -> bool:
    """Whether tables and arrays are nested beyond MAX_DEPTH: what descends into them by recursion may then do so."""
    layer: list[Any] = [document]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for one in layer:
            below += (it for it in (one.values() if isinstance(one, dict) else one) if isinstance(it, dict | list))
        if not below:
            return False
        layer = below
    return True


def _too_deep(file: str, kind: str, levels: str) -> str:
    return f"{file}: nested too deeply; a {kind} has at most {levels} levels"


def _syntax(file: str, message: str) -> str:
    what, _, where = message.partition(" (at ")
    line = re.search(r"line (\d+)", where)
    return f"{file}:{line[1]}: {_in_words(what)}" if line else f"{file}: {message}"


def _in_words(what: str) -> str:
    """tomllib writes keys as a tuple of Python."""
    twice = _TWICE.fullmatch(what)
    if twice is None:
        return what
    name = ".".join(_shown(one or other) for one, other in _PART.findall(twice[1]))
    return f"the table [{name}] stands here for the second time; put its keys into one table"
