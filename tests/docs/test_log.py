"""The page of log events names every one at warning or above, with its level, in the part of whoever writes it; and no other."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from bellrock.cli import telling
from bellrock.region.store import members  # noqa: F401 -- defines one of the errors below
from bellrock.region.store.errors import NotStored

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "bellrock"
LOUD = {"warning": "warning", "error": "error", "exception": "error", "critical": "critical"}
PARTS = {"region": "Region", "agent": "Agents", "cli": "Commands"}
ROW = re.compile(r"^\| `([\w-]+)` \| ([\w, ]+) \| [^|]+ \| [^|]+ \|$", re.MULTILINE)


def stored(cls: type[NotStored] = NotStored) -> Iterator[str]:
    """The events of what a store raises."""
    yield cls.event
    for one in cls.__subclasses__():
        yield from stored(one)


def given(tree: ast.Module, name: str) -> Iterator[ast.expr]:
    """What a name is bound to, anywhere in a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(
            isinstance(one, ast.Name) and one.id == name for target in node.targets for one in ast.walk(target)
        ):
            yield node.value


def events(tree: ast.Module, said: ast.expr) -> set[str]:
    """The events of what is logged; none: it has no name."""
    if isinstance(said, ast.Name):
        return {event for value in given(tree, said.id) for event in events(tree, value)}
    if not isinstance(said, ast.Call) or ast.unparse(said.func) not in ("line", "sentence"):
        return set()
    name = said.args[0]
    if isinstance(name, ast.Constant):
        return {str(name.value)}
    return {*stored()} if ast.unparse(name) == "error.event" else set()


def levels(tree: ast.Module, call: ast.Call, method: str) -> set[str]:
    """The levels at which it may be."""
    if method in LOUD:
        return {LOUD[method]}
    values = [call.args[0]]
    if isinstance(call.args[0], ast.Name):
        values = [*given(tree, call.args[0].id)]
    return {found.lower() for value in values for found in re.findall(r"logging\.([A-Z]+)", ast.unparse(value))}


def written() -> Iterator[tuple[str, str, set[str], set[str]]]:
    """Of each call that logs at warning or above: where it is, in which part, the events, the levels."""
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if not (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
            ):
                continue
            method = node.func.attr
            if node.func.value.id != "log" or method not in (*LOUD, "log"):
                continue
            found = levels(tree, node, method)
            if found & {*LOUD.values()}:
                where = path.relative_to(SOURCE)
                said = node.args[1] if method == "log" else node.args[0]
                yield f"{where}:{node.lineno}", PARTS[where.parts[0]], events(tree, said), found


WRITTEN = [*written()]


def documented() -> dict[tuple[str, str], set[str]]:
    """By part and event, the levels that the page tells."""
    parts = (ROOT / "docs" / "reference" / "log.md").read_text().split("\n## ")[1:]
    return {
        (part.partition("\n")[0], event): {*told.split(", ")} for part in parts for event, told in ROW.findall(part)
    }


def test_all_loggers_have_the_name_by_which_they_are_found_here():
    own = re.compile(r"\b(\w+) = logging\.getLogger\(__name__\)|logging\.getLogger\(__name__\)")
    names = {one[1] for path in SOURCE.rglob("*.py") for one in own.finditer(path.read_text())}
    assert names == {"log"}


@pytest.mark.parametrize(
    ("where", "said"), [(where, said) for where, _, said, _ in WRITTEN], ids=[one[0] for one in WRITTEN]
)
def test_every_line_that_matters_has_the_name_of_an_event(where, said):
    assert said, f"{where}: use line() or sentence()"


def test_the_page_names_what_the_source_does_and_nothing_else():
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for _, part, said, at in WRITTEN:
        for event in said:
            found[part, event] |= at
    assert 'sentence("failed"' in Path(telling.__file__).read_text(), "which is written by no logger"
    found["Commands", "failed"] = {"error"}
    assert documented() == found


def test_every_row_is_read():
    page = (ROOT / "docs" / "reference" / "log.md").read_text()
    assert len(documented()) == len(re.findall(r"^\| `", page, re.MULTILINE))
    for part in page.split("\n## ")[1:]:
        names = [event for event, _ in ROW.findall(part)]
        assert len(names) == len(set(names))
