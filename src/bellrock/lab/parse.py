"""From a lab file to values, or to one line for each mistake: file, line, key, what was expected."""

import re
import tomllib
from pathlib import Path as FilePath
from typing import Any, Final, TypeVar, get_args

import msgspec
from msgspec import Struct

from bellrock.lab.check import check
from bellrock.lab.lines import Path, key_lines, line_of
from bellrock.lab.schema import (
    BridgeSpec,
    CableSpec,
    FaultKind,
    FaultSpec,
    HostSpec,
    InterfaceSpec,
    LabError,
    LabFile,
    LinkSpec,
    PortSpec,
    SwitchSpec,
)
from bellrock.model import Role

MAX_FILE: Final = 1 << 20
"""Octets of a lab file."""
MAX_PROBLEMS: Final = 20
"""Mistakes that are told at a time."""

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
_CHOICES: Final[dict[str | int, tuple[str, ...]]] = {"role": tuple(Role), "kind": get_args(FaultKind)}


class LabFileError(LabError):
    """A lab file that cannot be used: one line for each mistake."""


def load(path: FilePath) -> LabFile:
    """The lab that a file describes.

    Raises:
        LabFileError: it cannot be read, or something in it is wrong.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise LabFileError(f"{path}: cannot be read: {error.strerror}; give the path of a lab file") from None
    return parse(raw, str(path))


def parse(raw: bytes, file: str) -> LabFile:
    """The lab that the text of a file describes; `file` is its name for messages.

    Raises:
        LabFileError: something in it is wrong.
    """
    if len(raw) > MAX_FILE:
        raise LabFileError(f"{file}: {len(raw)} octets; a lab file has at most {MAX_FILE}")
    try:
        text = raw.decode()
        document = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise LabFileError(f"{file}:{line}: not UTF-8; TOML files are") from None
    except tomllib.TOMLDecodeError as error:
        raise LabFileError(_syntax(file, str(error))) from None
    except RecursionError:
        raise LabFileError(f"{file}: nested too deeply; a lab file has at most four levels") from None
    reader = _Reader()
    lab = reader.lab(document)
    problems = reader.problems or check(lab)
    if problems:
        raise LabFileError(_told(file, text, problems))
    return lab


def _syntax(file: str, message: str) -> str:
    what, _, where = message.partition(" (at ")
    line = re.search(r"line (\d+)", where)
    return f"{file}:{line[1]}: {what}" if line else f"{file}: {message}"


def _told(file: str, text: str, problems: list[tuple[Path, str]]) -> str:
    lines = key_lines(text)
    told = sorted((line_of(lines, path), _key(path), what) for path, what in problems)
    out = [f"{file}:{line}: {key}: {what}" if key else f"{file}:{line}: {what}" for line, key, what in told]
    if len(out) > MAX_PROBLEMS:
        out[MAX_PROBLEMS:] = [f"{file}: and {len(out) - MAX_PROBLEMS} more mistakes"]
    return "\n".join(out)


def _key(path: Path) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


class _Reader:
    """Converts table by table, so that a mistake is known by its keys (msgspec gives no keys of mappings)."""

    def __init__(self) -> None:
        self.problems: list[tuple[Path, str]] = []

    def lab(self, document: dict[str, Any]) -> LabFile:
        head = self._head(document, LabFile, ("switch", "host", "link", "cable", "fault"), ())
        return msgspec.structs.replace(
            head or LabFile(),
            switch={name: self._switch(raw, path) for name, raw, path in self._tables(document, "switch", ())},
            host={name: self._host(raw, path) for name, raw, path in self._tables(document, "host", ())},
            link=self._list(document, "link", LinkSpec),
            cable=self._list(document, "cable", CableSpec),
            fault=self._list(document, "fault", FaultSpec),
        )

    def _switch(self, raw: dict[str, Any], path: Path) -> SwitchSpec:
        head = self._head(raw, SwitchSpec, ("port",), path) or SwitchSpec()
        return msgspec.structs.replace(head, port=self._mapping(raw, "port", PortSpec, path))

    def _host(self, raw: dict[str, Any], path: Path) -> HostSpec:
        head = self._head(raw, HostSpec, ("interface", "bridge"), path) or HostSpec()
        return msgspec.structs.replace(
            head,
            interface=self._mapping(raw, "interface", InterfaceSpec, path),
            bridge=self._mapping(raw, "bridge", BridgeSpec, path),
        )

    def _mapping(self, raw: dict[str, Any], key: str, kind: type[_T], path: Path) -> dict[str, _T]:
        found = {name: self._convert(item, kind, where) for name, item, where in self._tables(raw, key, path)}
        return {name: item for name, item in found.items() if item is not None}

    def _list(self, raw: dict[str, Any], key: str, kind: type[_T]) -> tuple[_T, ...]:
        items = raw.get(key, [])
        if not isinstance(items, list):
            self.problems.append(((key,), f"expected [[{key}]], a list of tables, got {_kind(items)}"))
            return ()
        found = (self._convert(item, kind, (key, position)) for position, item in enumerate(items))
        return tuple(item for item in found if item is not None)

    def _tables(self, raw: dict[str, Any], key: str, path: Path) -> list[tuple[str, dict[str, Any], Path]]:
        tables = raw.get(key, {})
        if not isinstance(tables, dict):
            self.problems.append(((*path, key), f"expected a table of names, got {_kind(tables)}"))
            return []
        wrong = [name for name, item in tables.items() if not isinstance(item, dict)]
        self.problems += [((*path, key, name), f"expected a table, got {_kind(tables[name])}") for name in wrong]
        return [(name, item, (*path, key, name)) for name, item in tables.items() if name not in wrong]

    def _head(self, raw: dict[str, Any], kind: type[_T], but: tuple[str, ...], path: Path) -> _T | None:
        return self._convert({key: value for key, value in raw.items() if key not in but}, kind, path)

    def _convert(self, raw: object, kind: type[_T], path: Path) -> _T | None:
        try:
            return msgspec.convert(raw, kind)
        except msgspec.ValidationError as error:
            where, what = _plain(str(error), kind)
            self.problems.append(((*path, *where), what))
            return None


def _plain(message: str, kind: type[object]) -> tuple[Path, str]:
    """msgspec's message as the place below the table and a sentence in the words of lab files."""
    match = _WHERE.match(message)
    what, where = (match["what"], match["where"] or "") if match else (message, "")
    steps: Path = tuple(
        step["key"] if step["key"] is not None else int(step["index"]) for step in _STEP.finditer(where)
    )
    unknown = _UNKNOWN.search(what)
    if unknown is not None:
        known = ", ".join(_fields(kind))
        return (*steps, unknown["key"]), f"unknown key; expected one of {known}"
    if what.startswith("Invalid enum value") and steps and steps[-1] in _CHOICES:
        return steps, f"expected one of {', '.join(_CHOICES[steps[-1]])}, got{what.removeprefix('Invalid enum value')}"
    what = what.replace("`", "").replace("Object missing required field ", "missing key ").replace(" | null", "")
    what = _TYPE.sub(lambda match: _TYPES[match[0]], what)
    return steps, what[:1].lower() + what[1:]


def _fields(kind: type[object]) -> tuple[str, ...]:
    return tuple(sorted(kind.__struct_fields__)) if issubclass(kind, Struct) else ()


def _kind(value: object) -> str:
    name = "array" if isinstance(value, list) else type(value).__name__
    return _TYPES.get(name, name)
