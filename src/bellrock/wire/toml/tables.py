"""From TOML tables to Structs; what does not fit is a problem with its place, and all problems are found at once."""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from bellrock.wire.toml.lines import Path
from bellrock.wire.toml.text import Problem

_T = TypeVar("_T")
_WHERE = re.compile(r"^(?P<what>.*?)(?: - at `(?P<where>[^`]*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.(?P<key>[^.\[\]]+)|\[(?P<index>\d+)\]")
_UNKNOWN = re.compile(r"unknown field `(?P<key>[^`]*)`")
_TYPES: Final = {
    "str": "a string",
    "int": "an integer",
    "bool": "a boolean",
    "float": "a number",
    "object": "a table",
    "array": "an array",
}
"""msgspec's names of types, and TOML's."""
_TYPE = re.compile(rf"(?<![\w'])(?:{'|'.join(_TYPES)})(?![\w'])")


class Tables:
    """Converts table by table, so that a mistake is known by its keys (msgspec gives no keys of mappings)."""

    def __init__(self, choices: Mapping[str | int, tuple[str, ...]] = {}, words: Mapping[str, str] = {}) -> None:
        """For messages: `choices` are the values of an enumeration by key, `words` what was expected by a part of msgspec's message."""
        self.problems: list[Problem] = []
        self._choices = choices
        self._words = words

    def mapping(self, raw: dict[str, Any], key: str, kind: type[_T], path: Path) -> dict[str, _T]:
        """`[key.NAME]` tables by name."""
        found = {name: self.convert(item, kind, where) for name, item, where in self.tables(raw, key, path)}
        return {name: item for name, item in found.items() if item is not None}

    def rows(self, document: dict[str, Any], key: str, kind: type[_T]) -> tuple[_T, ...]:
        """`[[key]]` tables in order; those that do not fit are left out."""
        return tuple(item for item in self.places(document, key, kind) if item is not None)

    def places(self, document: dict[str, Any], key: str, kind: type[_T]) -> tuple[_T | None, ...]:
        """`[[key]]` tables in order, None in the place of those that do not fit."""
        items = document.get(key, [])
        if not isinstance(items, list):
            self.problems.append(((key,), f"expected [[{key}]], a list of tables, got {kind_of(items)}"))
            return ()
        return tuple(self.convert(item, kind, (key, position)) for position, item in enumerate(items))

    def tables(self, raw: dict[str, Any], key: str, path: Path) -> list[tuple[str, dict[str, Any], Path]]:
        """The tables under `key`, each with its name and its place."""
        tables = raw.get(key, {})
        if not isinstance(tables, dict):
            self.problems.append(((*path, key), f"expected a table of names, got {kind_of(tables)}"))
            return []
        wrong = {name for name, item in tables.items() if not isinstance(item, dict)}
        self.problems += [
            ((*path, key, name), f"expected a table, got {kind_of(item)}")
            for name, item in tables.items()
            if name in wrong
        ]
        return [(name, item, (*path, key, name)) for name, item in tables.items() if name not in wrong]

    def head(self, raw: dict[str, Any], kind: type[_T], but: tuple[str, ...], path: Path) -> _T | None:
        """The table itself, without the keys that hold tables of their own."""
        apart = frozenset(but)
        return self.convert({key: value for key, value in raw.items() if key not in apart}, kind, path)

    def convert(self, raw: object, kind: type[_T], path: Path) -> _T | None:
        """A value of `kind`, or None and a problem for each key of the table that does not fit."""
        try:
            return msgspec.convert(raw, kind)
        except msgspec.ValidationError as error:
            known = len(self.problems)
            if isinstance(raw, dict) and isinstance(kind, type) and issubclass(kind, Struct):
                self._keys(raw, kind, path)
            if len(self.problems) == known:
                self._tell(error, path)
            return None

    def _keys(self, raw: dict[str, Any], kind: type[Struct], path: Path) -> None:
        """Key by key: msgspec stops at the first that does not fit."""
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        for key in raw:
            if key in fields:
                self.convert(raw[key], fields[key].type, (*path, key))
            elif kind.__struct_config__.forbid_unknown_fields:
                self.problems.append(
                    ((*path, key), f"unknown key; expected one of {', '.join(sorted(kind.__struct_fields__))}")
                )
        missing = [key for key, field in fields.items() if field.required and key not in raw]
        self.problems += [(path, f"missing key {key}") for key in missing]

    def _tell(self, error: msgspec.ValidationError, path: Path) -> None:
        where, what = self._plain(str(error), path)
        self.problems.append(((*path, *where), what))

    def _plain(self, message: str, path: Path) -> tuple[Path, str]:
        """msgspec's message as the place below the table and a sentence in TOML's words."""
        match = _WHERE.match(message)
        what, where = (match["what"], match["where"] or "") if match else (message, "")
        steps: Path = tuple(
            step["key"] if step["key"] is not None else int(step["index"]) for step in _STEP.finditer(where)
        )
        unknown = _UNKNOWN.search(what)
        if unknown is not None:
            return (*steps, unknown["key"]), "unknown key"
        # Of a key's value alone msgspec does not name the key: the path does.
        last = (*path, *steps)[-1:]
        if what.startswith("Invalid enum value") and last and last[0] in self._choices:
            named = ", ".join(self._choices[last[0]])
            return steps, f"expected one of {named}, got{what.removeprefix('Invalid enum value')}"
        for part, words in self._words.items():
            if part in what:
                return steps, f"expected {words}"
        what = what.replace("`", "").replace("Object missing required field ", "missing key ").replace(" | null", "")
        what = _TYPE.sub(lambda match: _TYPES[match[0]], what)
        return steps, what[:1].lower() + what[1:]


def kind_of(value: object) -> str:
    """What a value is, in TOML's words."""
    name = "array" if isinstance(value, list) else type(value).__name__
    return _TYPES.get(name, "a table" if isinstance(value, dict) else name)
