"""What the whole ruleset says before any rule is read: its sets, who fills them, its helpers, the marks it knows."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from bellrock.firewall.verify.read.context import Known, SetKey

_ALL: Final = (1 << 32) - 1
_MOST_MARKS: Final = 1024
_MARKS: Final = ({"meta": {"key": "mark"}}, {"ct": {"key": "mark"}})


def gather(objects: list[dict[str, Any]]) -> tuple[Known, tuple[str, ...]]:
    """What rules refer to, and notes on what a reading leaves out."""
    known = Known()
    for entry in objects:
        for kind, body in entry.items():
            if isinstance(body, dict) and kind in _KEEPERS:
                _KEEPERS[kind](known, body)
    known.filled, known.fragments = set(), False
    changes: list[Callable[[int], int]] = []
    for body, inner in _inside_rules(objects):
        _notice(known, body, inner, changes)
    known.marks = _reached(changes)
    return known, tuple(_notes(objects, known))


def _key(body: dict[str, Any], name: Any) -> SetKey:  # noqa: ANN401 -- JSON
    return (f"{body.get('family')}", f"{body.get('table')}", f"{name}".removeprefix("@"))


def _keep_set(known: Known, body: dict[str, Any]) -> None:
    known.sets[_key(body, body.get("name"))] = body


def _keep_elements(known: Known, body: dict[str, Any]) -> None:
    """Elements that come as an object of their own."""
    found = known.sets.get(_key(body, body.get("name")))
    elements = body.get("elem")
    if found is not None and isinstance(elements, list):
        found["elem"] = [*found.get("elem", []), *elements]


def _keep_helper(known: Known, body: dict[str, Any]) -> None:
    known.helpers[_key(body, body.get("name"))] = (
        f"{body.get('type')}",
        f"{body.get('protocol')}",
        f"{body.get('l3proto', '')}",
    )


def _keep_chain(known: Known, body: dict[str, Any]) -> None:
    known.chains.add(f"{body.get('family')} {body.get('table')} {body.get('name')}")


_KEEPERS: Final[dict[str, Callable[[Known, dict[str, Any]], None]]] = {
    "set": _keep_set,
    "map": _keep_set,
    "element": _keep_elements,
    "ct helper": _keep_helper,
    "chain": _keep_chain,
}


def _inside_rules(objects: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each rule with each object inside of it."""
    for entry in objects:
        body = entry.get("rule")
        if isinstance(body, dict):
            stack: list[Any] = [body.get("expr")]
            while stack:
                inner = stack.pop()
                if isinstance(inner, dict):
                    yield body, inner
                    stack += inner.values()
                elif isinstance(inner, list):
                    stack += inner


def _notice(known: Known, body: dict[str, Any], inner: dict[str, Any], changes: list[Callable[[int], int]]) -> None:
    match inner:
        case {"set": {"op": _, **rest}} | {"map": {"op": _, **rest}}:
            known.filled.add(_key(body, rest.get("set", rest.get("map"))))
        case {"mangle": {"key": {"meta": {"key": "mark"}} | {"ct": {"key": "mark"}}, "value": value}}:
            changes += _changes(value)
        case {"payload": {"protocol": "ip", "field": "frag-off"}}:
            known.fragments = True
        case _:
            pass


def _changes(value: Any) -> list[Callable[[int], int]]:  # noqa: ANN401 -- JSON
    """What a statement makes of a mark; a form that is not followed adds none."""
    match value:
        case int(number):
            return [lambda _: number & _ALL]
        case {"&": [left, int(mask)]} if left in _MARKS:
            return [lambda mark: mark & mask & _ALL]
        case {"|": [left, int(bits)]} if left in _MARKS:
            return [lambda mark: (mark | bits) & _ALL]
        case {"|": [{"&": [left, int(mask)]}, int(bits)]} if left in _MARKS:
            return [lambda mark: (mark & mask | bits) & _ALL]
        case _:
            return []


def _reached(changes: list[Callable[[int], int]]) -> frozenset[int]:
    """Every mark that begins at 0 and goes through these in any order."""
    found, fresh = {0}, [0]
    while fresh and len(found) < _MOST_MARKS:
        mark = fresh.pop()
        for change in changes:
            after = change(mark)
            if after not in found:
                found.add(after)
                fresh.append(after)
    return frozenset(found)


def _notes(objects: list[dict[str, Any]], known: Known) -> Iterator[str]:
    for key in sorted(known.filled):
        yield f"set {' '.join(key)}: rules change it while packets pass, so its members are not known"
    for key, body in known.sets.items():
        if "timeout" in f"{body.get('flags', '')}" and key not in known.filled and body.get("elem"):
            yield f"set {' '.join(key)}: its elements expire; they count as members, as they are now"
    for body, inner in _inside_rules(objects):
        where = f"chain {body.get('family')} {body.get('table')} {body.get('chain')}, rule {body.get('handle', 0)}"
        if "flow" in inner:
            yield f"{where}: packets of connections that the flowtable takes over skip all chains from then on"
        if "dup" in inner:
            yield f"{where}: copies of packets go elsewhere; what becomes of these is not judged"
