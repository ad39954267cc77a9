"""Elements of sets and maps, anonymous or named → the packets that are in them."""

from typing import Any, Final

from msgspec import Struct

from bellrock.firewall.verify.boxes import Boxes, Intervals
from bellrock.firewall.verify.read.context import Context
from bellrock.firewall.verify.read.subjects import Subject, subject
from bellrock.firewall.verify.read.values import UndecidedError, values

_HARMLESS: Final = {"val", "comment", "timeout", "expires", "counter"}
"""What an element may carry without changing whether it matches."""
_EVERY: Final = "*"
_PORTS: Final = {"sport", "dport"}


class Key(Struct):
    """What a lookup compares: one subject, or several side by side."""

    parts: tuple[Subject, ...]
    name: str
    """Equal for equal keys, for what is remembered of named sets."""

    @property
    def needs(self) -> Boxes:
        """What the kernel asks of a packet before it looks anything up."""
        found = Boxes.everything()
        for part in self.parts:
            found &= part.needs
        return found

    def unsure(self, found: Boxes) -> Boxes:
        """Packets for which it is not certain whether they are in `found`, the packets whose values are in the set."""
        missing = Boxes.nothing()
        vague = [part for part in self.parts if part.unsure and part.field in _PORTS]
        for part in self.parts:
            if part.unsure and part not in vague:
                missing |= part.unsure
        # `meta l4proto . th dport { tcp . 80 }`: what is neither TCP nor UDP is not in the set, whatever its octets say.
        for part in vague:
            missing |= part.unsure & found.without(*(one.field for one in vague))
        return missing & self.needs if missing else missing

    def boxes(self, rows: list[tuple[Intervals, ...]]) -> Boxes:
        """The packets whose values are in one of the rows."""
        if len(self.parts) == 1:
            return self.parts[0].spread(Intervals(pair for (found,) in rows for pair in found.ranges))
        names = [part.field for part in self.parts]
        if all(names) and len(set(names)) == len(names):
            return Boxes.points(names, rows)
        found = Boxes.nothing()
        for row in rows:
            found |= self._row(row)
        return found

    def row(self, element: Any) -> tuple[Intervals, ...]:  # noqa: ANN401 -- JSON
        """The values of one element, a set for each part. Raises UndecidedError where it is not understood."""
        if len(self.parts) == 1:
            return (values(self.parts[0].kind, element),)
        match element:
            case {"concat": [*parts]} if len(parts) == len(self.parts):
                return tuple(values(mine.kind, part) for mine, part in zip(self.parts, parts, strict=True))
            case _:
                raise UndecidedError(f"{element}")

    def _row(self, row: tuple[Intervals, ...]) -> Boxes:
        found = Boxes.everything()
        for part, wanted in zip(self.parts, row, strict=True):
            found &= part.spread(wanted)
        return found


def key(left: Any, at: Context) -> Key:  # noqa: ANN401 -- JSON
    """What a lookup on `left` compares. Raises UndecidedError where that is not decided by a ruleset."""
    match left:
        case {"concat": [*parts]} if parts:
            return Key(tuple(subject(part, at) for part in parts), f"{left}")
        case _:
            return Key((subject(left, at),), f"{left}")


def members(looked_up: Key, right: Any, at: Context) -> Boxes:  # noqa: ANN401 -- JSON
    """The packets in a set: `{"set": […]}` or `@name`.

    Raises:
        UndecidedError: rules fill it, or an element is not understood.
    """
    match right:
        case str(name):
            return _named(looked_up, name, at)
        case {"set": elements}:
            return _members(looked_up, listed(elements))
        case _:
            raise UndecidedError(f"{right}")


def entries(right: Any, at: Context) -> list[Any]:  # noqa: ANN401 -- JSON
    """The elements of a set or map, named or not. Raises UndecidedError where they may change."""
    match right:
        case str(name):
            return _elements(name, at)
        case {"set": elements}:
            return listed(elements)
        case _:
            raise UndecidedError(f"{right}")


def plain(element: Any) -> Any:  # noqa: ANN401 -- JSON
    """An element without comment, timeout and counter. Raises UndecidedError where it carries a limit of its own."""
    match element:
        case {"elem": {"val": value, **rest}}:
            if any(name not in _HARMLESS for name in rest):
                raise UndecidedError("an element with a statement")
            return value
        case _:
            return element


def listed(elements: Any) -> list[Any]:  # noqa: ANN401 -- JSON
    """One element is printed without its list."""
    return elements if isinstance(elements, list) else [elements]


def _named(looked_up: Key, name: str, at: Context) -> Boxes:
    remembered = (at.key(name), looked_up.name, at.link_layer)
    if remembered not in at.known.memory:
        at.known.memory[remembered] = _members(looked_up, _elements(name, at))
    return at.known.memory[remembered]


def _elements(name: str, at: Context) -> list[Any]:
    found = at.known.sets.get(at.key(name))
    if found is None:
        raise UndecidedError(f"{name} is not there")
    if at.key(name) in at.known.filled:
        raise UndecidedError(f"rules change {name}")
    if any("counter" not in statement for statement in listed(found.get("stmt", []))):
        raise UndecidedError(f"{name} has statements")
    return listed(found.get("elem", []))


def _members(looked_up: Key, elements: list[Any]) -> Boxes:
    bare = [plain(element) for element in elements]
    if _EVERY in bare:
        return Boxes.everything()
    return looked_up.boxes([looked_up.row(element) for element in bare])
