"""Values as a TOML text (TOML 1.0) that is read as the same values."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any, Final

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPED: Final = {'"': '\\"', "\\": "\\\\"}
Scalar = str | bool | int | float | date | datetime | time


def written(document: Mapping[str, Any]) -> str:
    """A document of what tomllib gives: tables, lists, and scalars.

    Raises:
        TypeError: something in it is no value of TOML.
    """
    return "\n".join(_table(document, ())).strip("\n") + "\n"


def _table(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """Its values first: what follows a header belongs to it."""
    for key, value in table.items():
        if not isinstance(value, dict) and not _is_tables(value):
            yield f"{_key(key)} = {_value(value)}"
    for key, value in table.items():
        below = (*path, key)
        name = ".".join(map(_key, below))
        if isinstance(value, dict):
            yield from ("", f"[{name}]")
            yield from _table(value, below)
        elif _is_tables(value):
            for one in value:
                yield from ("", f"[[{name}]]")
                yield from _table(one, below)


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _value(value: object) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_key(key)} = {_value(one)}' for key, one in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, date | time):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no value of TOML")


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _quoted(key)


def _quoted(text: str) -> str:
    return f'"{"".join(map(_letter, text))}"'


def _letter(letter: str) -> str:
    code = ord(letter)
    return _ESCAPED.get(letter) or (letter if code >= 0x20 and code != 0x7F else f"\\u{code:04X}")
