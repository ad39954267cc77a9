"""From the files of scenarios and worlds to values, or to one line for each mistake: file, line, key, what was expected."""

from pathlib import Path as FilePath
from typing import Any, Final

import msgspec

from bellrock.lab.client.settings import Settings
from bellrock.lab.parse import MAX_FILE, LabFileError, lab_tables
from bellrock.lab.scenario.check import check_scenario, check_world
from bellrock.lab.scenario.schema import (
    ClientSpec,
    ExpectSpec,
    FaultSpec,
    LookSpec,
    Scenario,
    ScenarioFile,
    ServiceSpec,
    World,
)
from bellrock.lab.schema import LabFile
from bellrock.wire.toml.tables import Tables
from bellrock.wire.toml.text import MAX_PROBLEMS, Problem, TomlError, read, told

HERE: Final = FilePath(__file__).parents[1]
SCENARIOS: Final = HERE / "scenarios"
WORLDS: Final = HERE / "worlds"
_LAB_KEYS: Final = tuple(LabFile.__struct_fields__)
_ROWS: Final = ("fault", "look", "expect", "also")


class _Head(msgspec.Struct, forbid_unknown_fields=True):
    """Of a world, beside its lab."""

    title: str = ""
    forward: tuple[str, ...] = ()
    capture: tuple[str, ...] = ()
    route: dict[str, tuple[str, ...]] = {}
    site: str = ""
    bellrock: bool = False


def names() -> list[str]:
    """Of all scenarios that come with the tool."""
    return sorted(path.stem for path in SCENARIOS.glob("*.toml"))


def scenario(name: str) -> Scenario:
    """A scenario by name, or by the path of its file.

    Raises:
        LabFileError: there is none, or something in it is wrong.
    """
    path = FilePath(name) if name.endswith(".toml") else SCENARIOS / f"{name}.toml"
    if not path.exists():
        raise LabFileError(f"{name}: no such scenario; bellrock lab scenario list shows them")
    return parse_scenario(_octets(path), str(path))


def world(name: str) -> World:
    """A world by name, or by the path of its file.

    Raises:
        LabFileError: there is none, or something in it is wrong.
    """
    path = FilePath(name) if name.endswith(".toml") else WORLDS / f"{name}.toml"
    if not path.exists():
        there = ", ".join(sorted(one.stem for one in WORLDS.glob("*.toml")))
        raise LabFileError(f"{name}: no such world; there are {there}")
    return parse_world(_octets(path), str(path))


def parse_scenario(raw: bytes, file: str) -> Scenario:
    """The scenario that a text describes; `file` is its name for messages, and its stem the scenario's.

    Raises:
        LabFileError: something in it is wrong.
    """
    text, document = _document(raw, file, "scenario file")
    reader = Tables()
    rows = {
        "fault": reader.rows(document, "fault", FaultSpec),
        "look": reader.rows(document, "look", LookSpec) or (LookSpec(),),
        "expect": reader.rows(document, "expect", ExpectSpec),
        "also": reader.rows(document, "also", ExpectSpec),
    }
    head = reader.head(document, ScenarioFile, _ROWS, ())
    if head is None or reader.problems:
        raise _wrong(file, text, reader.problems)
    found = Scenario(name=FilePath(file).stem, file=msgspec.structs.replace(head, **rows))
    if problems := check_scenario(found.file):
        raise _wrong(file, text, problems)
    return found


def parse_world(raw: bytes, file: str) -> World:
    """The world that a text describes.

    Raises:
        LabFileError: something in it is wrong.
    """
    text, document = _document(raw, file, "world file")
    reader = Tables()
    lab, problems = lab_tables({key: value for key, value in document.items() if key in _LAB_KEYS and key != "title"})
    rest = {key: value for key, value in document.items() if key not in _LAB_KEYS or key == "title"}
    head = reader.head(rest, _Head, ("service", "client"), ()) or _Head()
    services = {
        name: _service(reader, raw, ("service", name)) for name, raw, _ in reader.tables(document, "service", ())
    }
    clients = {name: _client(reader, raw, ("client", name)) for name, raw, _ in reader.tables(document, "client", ())}
    problems += reader.problems
    if problems:
        raise _wrong(file, text, problems)
    found = World(
        name=FilePath(file).stem, title=head.title, lab=lab, service=services, client=clients, route=head.route,
        forward=head.forward, capture=head.capture, site=head.site, bellrock=head.bellrock,
    )  # fmt: skip
    if problems := check_world(found):
        raise _wrong(file, text, problems)
    return found


def service(raw: dict[str, Any]) -> ServiceSpec:
    """A service as a table has it: where, what kind, and its settings."""
    settings = {key: value for key, value in raw.items() if key not in ("at", "kind", "wanted")}
    return ServiceSpec(
        at=raw.get("at", ""), kind=raw.get("kind", ""), wanted=raw.get("wanted", True), settings=settings
    )


def _service(reader: Tables, raw: dict[str, Any], path: tuple[str, ...]) -> ServiceSpec:
    for key, kind in (("at", str), ("kind", str), ("wanted", bool)):
        if not isinstance(raw.get(key, True if kind is bool else None), kind):
            reader.problems.append(((*path, key), f"expected {'true or false' if kind is bool else 'a name'}"))
            return ServiceSpec(at="", kind="")
    return service(raw)


def _client(reader: Tables, raw: dict[str, Any], path: tuple[str, ...]) -> ClientSpec:
    settings = reader.convert({key: value for key, value in raw.items() if key != "at"}, Settings, path)
    return ClientSpec(at=str(raw.get("at", path[-1])), settings=settings or Settings())


def _document(raw: bytes, file: str, kind: str) -> tuple[str, dict[str, Any]]:
    try:
        return read(raw, file, kind=kind, most=MAX_FILE, levels="six")
    except TomlError as error:
        raise LabFileError(str(error)) from None


def _octets(path: FilePath) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise LabFileError(f"{path}: cannot be read: {error.strerror}") from None


def _wrong(file: str, text: str, problems: list[Problem]) -> LabFileError:
    return LabFileError(told(file, text, problems, MAX_PROBLEMS))
