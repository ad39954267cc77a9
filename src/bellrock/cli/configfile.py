"""The configuration file: read with a bound, and refused with one line for each mistake.

Secrets are named in it by their files. The one thing that may be in it itself is a password in an address (`database`), and
only where others cannot read the file.
"""

import os
import re
import stat
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from bellrock.cli.configkeys import COMMAND_LINE_ONLY, SECTIONS, Keys, command_of, is_list, keys_of, schema_of
from bellrock.cli.output import EXIT_UNREADABLE, Failure
from bellrock.wire.toml.lines import Path as Place
from bellrock.wire.toml.lines import key_lines, line_of
from bellrock.wire.toml.text import Problem, TomlError, read

DEFAULT: Final = Path("/etc/bellrock/bellrock.toml")
VARIABLE: Final = "BELLROCK_CONFIG"
MAX_FILE: Final = 256 << 10
"""Octets of a configuration file."""
PASSWORD: Final = re.compile(
    r"^([a-z][a-z0-9+.-]*://[^/?#@\s:]*:)([^/?#@\s]+)(@)|([?&](?:password|passwd)=)([^&\s]+)", re.IGNORECASE
)
"""A password in an address: `postgresql://user:…@host/db`, or `?password=…`."""

_TYPES: Final[dict[str, tuple[type[object], ...]]] = {
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
}
_WORDS: Final = {
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "string": "a text in quotes",
}


class Section(NamedTuple):
    """One table: key → value as it was written, paths made absolute."""

    keys: Keys
    values: dict[str, Any]


class Configuration(NamedTuple):
    """A file without mistakes in its form."""

    file: str
    text: str
    sections: dict[str, Section]

    def line(self, *place: str | int) -> int:
        """The line on which something stands."""
        return line_of(key_lines(self.text), place)


class Mistake(NamedTuple):
    """What is wrong, and where. `line` is 0 where it is the file as such."""

    file: str
    line: int
    key: str
    what: str

    @property
    def sentence(self) -> str:
        """`FILE:LINE: section.key: what`."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.key}: {self.what}" if self.key else f"{where}: {self.what}"


class ConfigurationError(Exception):
    """Something in a file is wrong.

    Attributes:
        mistakes: all of them, in the order of the file.
    """

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(one.sentence for one in mistakes))
        self.mistakes = mistakes


def load(path: Path, wanted: tuple[str, ...] = SECTIONS) -> Configuration:
    """What the file says for the commands `wanted`; of others only that they exist.

    Raises:
        Failure: it cannot be read (exit 3).
        ConfigurationError: something in it is wrong.
    """
    raw, mode = _octets(path)
    file = str(path)
    try:
        text, document = read(raw, file, kind="configuration file", most=MAX_FILE, levels="three")
    except TomlError as error:
        raise ConfigurationError([as_mistake(file, str(error))]) from None
    problems: list[Problem] = []
    unknown = [name for name in document if name not in SECTIONS]
    problems += [((name,), f"no such table; {_nearest(name, SECTIONS)}") for name in unknown]
    sections = {name: _section(name, document.get(name, {}), path, problems) for name in wanted}
    problems += _exposed(document, mode, file)
    if problems:
        raise ConfigurationError(located(file, text, problems))
    return Configuration(file, text, sections)


def located(file: str, text: str, problems: list[Problem]) -> list[Mistake]:
    """Mistakes with their lines, in the order of the file."""
    from bellrock.wire.toml.text import key

    lines = key_lines(text)
    return sorted(
        (Mistake(file, line_of(lines, place), key(place), what) for place, what in problems), key=lambda it: it.line
    )


def blanked(value: str) -> str:
    """A text without the passwords of addresses in it."""
    from bellrock.region import databaseurl

    if databaseurl.is_url(value):
        return databaseurl.blanked(value)
    return PASSWORD.sub(lambda found: f"{found[1] or found[4]}…{found[3] or ''}", value)


def _octets(path: Path) -> tuple[bytes, int]:
    """What is in the file, at most one octet more than it may have, and its mode.

    Raises:
        Failure: it cannot be read, or is no file.
    """
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode) and os.fspath(path) != os.devnull:
                raise Failure(f"{path}: not a regular file, so no configuration", EXIT_UNREADABLE)
            if stat.S_ISREG(mode) and mode & stat.S_IWOTH:
                raise Failure(f"{path}: everybody on this machine can change this configuration; chmod o-w {path}")
            return file.read(MAX_FILE + 1), mode
    except OSError as error:
        other = f"; --config {os.devnull} goes without" if isinstance(error, PermissionError) else ""
        raise Failure(f"{path}: {error.strerror}{other}; it is the configuration file", EXIT_UNREADABLE) from None


def _section(name: str, table: Any, path: Path, problems: list[Problem]) -> Section:  # noqa: ANN401 -- of any TOML
    known = keys_of(command_of(name))
    if not isinstance(table, dict):
        problems.append(((name,), f"expected a table: [{name}]"))
        table = {}
    values: dict[str, Any] = {}
    for key, value in table.items():
        what = _wrong(known, key, value)
        if what:
            problems.append(((name, key), what))
            continue
        values[key] = _absolute(known[key], value, path)
        problems += _refused(name, key, known[key], values[key])
    return Section(known, values)


def _wrong(known: Keys, key: str, value: Any) -> str:  # noqa: ANN401 -- of any TOML
    """What is wrong with the name of a key, or with the type of its value; nothing where both are right."""
    if key in COMMAND_LINE_ONLY:
        return f"only on the command line: {COMMAND_LINE_ONLY[key]}"
    if key not in known:
        return f"unknown key; {_nearest(key, known)}"
    schema = schema_of(known[key])
    if schema.get("type") != "array":
        return "" if _is(schema, value) else f"expected {_word(schema)}"
    if isinstance(value, list) and all(_is(schema["items"], one) for one in value):
        return ""
    return f"expected a list, such as [{_example(schema['items'])}], each item {_word(schema['items'])}"


def _is(schema: dict[str, Any], value: object) -> bool:
    if isinstance(value, bool):
        return _kinds(schema) == ["boolean"]
    return any(isinstance(value, _TYPES[kind]) for kind in _kinds(schema))


def _word(schema: dict[str, Any]) -> str:
    return " or ".join(_WORDS[kind] for kind in _kinds(schema))


def _kinds(schema: dict[str, Any]) -> list[str]:
    kinds = schema.get("type", "string")
    return [kinds] if isinstance(kinds, str) else kinds


def _example(schema: dict[str, Any]) -> str:
    return '"…"' if schema.get("type") == "string" else "1"


def _absolute(option: click.Option, value: Any, path: Path) -> Any:  # noqa: ANN401 -- of any TOML
    """Paths are those beside the file, not those beside whoever starts the command."""
    if not isinstance(option.type, click.Path):
        return value
    there = path.absolute().parent
    return [str(there / one) for one in value] if is_list(option) else str(there / value)


def _refused(section: str, key: str, option: click.Option, value: Any) -> list[Problem]:  # noqa: ANN401 -- of any TOML
    """What the command line would say to these values, one by one."""
    from bellrock.cli.configmeaning import meaningless

    found: list[Problem] = []
    context = click.Context(command_of(section), info_name=section, resilient_parsing=True)
    for place, one in enumerate(value) if is_list(option) else [(None, value)]:
        where: Place = (section, key) if place is None else (section, key, place)
        try:
            if not option.count:
                _convert(option, one, context)
            what = meaningless(key, one)
        except click.ClickException as error:
            what = re.sub(rf"^--{key}:? ", "", error.message)
        if what:
            found.append((where, blanked(what)))
    return found


def _convert(option: click.Option, value: Any, context: click.Context) -> None:  # noqa: ANN401 -- of any TOML
    """Do to a value what the command does.

    Raises:
        click.ClickException: the command would not take it.
    """
    made = option.type(value, option, context)
    if option.callback is not None:
        option.callback(context, option, (made,) if is_list(option) else made)


def _exposed(document: dict[str, Any], mode: int, file: str) -> list[Problem]:
    """Passwords in a file that others can read."""
    if not mode & stat.S_IROTH or not stat.S_ISREG(mode):
        return []
    what = f"holds a password, and everybody on this machine can read this file; chmod o-r {file}"
    tables = ((name, table) for name, table in document.items() if isinstance(table, dict))
    return [((name, key), what) for name, table in tables for key, value in table.items() if _has_password(value)]


def _has_password(value: object) -> bool:
    from bellrock.region import databaseurl

    texts = (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str))
    return any(databaseurl.holds_secret(one) if databaseurl.is_url(one) else blanked(one) != one for one in texts)


def documents(found: list[Mistake]) -> list[dict[str, object]]:
    """Mistakes, for programs."""
    return [{"line": one.line or None, "key": one.key, "what": one.what} for one in found]


def as_mistake(file: str, line: str) -> Mistake:
    """A line that says of a file what is wrong, perhaps with its line number."""
    found = re.match(r"(\d+): ", line.removeprefix(f"{file}:"))
    what = line.removeprefix(f"{file}:").lstrip()
    return Mistake(file, int(found[1]), "", what[found.end() :]) if found else Mistake(file, 0, "", what)


def _nearest(name: str, known: Any) -> str:  # noqa: ANN401 -- names, in whatever holds them
    from bellrock.flows.nearest import nearest

    return nearest(name, known)
