"""Rulesets as nft's JSON, for tests of the reader: what one rule becomes."""

import json
from typing import Any

from bellrock.firewall.verify.boxes import Boxes, Intervals
from bellrock.firewall.verify.read import read_nft
from bellrock.firewall.verify.ruleset import Match, Rule, Ruleset, Step

ACCEPT: dict[str, Any] = {"accept": None}


def raw(*objects: dict[str, Any]) -> bytes:
    return json.dumps({"nftables": [{"metainfo": {"json_schema_version": 1}}, *objects]}).encode()


def chain(family: str = "inet", name: str = "f", **more: Any) -> dict[str, Any]:
    return {"chain": {"family": family, "table": "t", "name": name, "handle": 1, **more}}


BASE = {"type": "filter", "hook": "forward", "prio": 0, "policy": "drop"}


def rule(*statements: Any, family: str = "inet", **more: Any) -> dict[str, Any]:
    return {"rule": {"family": family, "table": "t", "chain": "f", "handle": 7, "expr": list(statements), **more}}


def ruleset(*statements: Any, family: str = "inet", objects: tuple[dict[str, Any], ...] = ()) -> Ruleset:
    return read_nft(raw(*objects, chain(family, **BASE), chain(family, "r"), rule(*statements, family=family)))


def read(*statements: Any, family: str = "inet", objects: tuple[dict[str, Any], ...] = ()) -> Rule:
    """The rule that these statements are."""
    return ruleset(*statements, family=family, objects=objects).chains[f"{family} t f"].rules[0]


def steps(*statements: Any, family: str = "inet", objects: tuple[dict[str, Any], ...] = ()) -> tuple[Step, ...]:
    return read(*statements, family=family, objects=objects).steps


def match(left: Any, right: Any, op: str = "==") -> dict[str, Any]:
    return {"match": {"op": op, "left": left, "right": right}}


def payload(protocol: str, field: str) -> dict[str, Any]:
    return {"payload": {"protocol": protocol, "field": field}}


def meta(key: str) -> dict[str, Any]:
    return {"meta": {"key": key}}


def ct(key: str) -> dict[str, Any]:
    return {"ct": {"key": key}}


def matched(
    left: Any, right: Any, op: str = "==", family: str = "inet", objects: tuple[dict[str, Any], ...] = ()
) -> Boxes:
    """The packets that a match lets go on for sure; it must leave nothing open."""
    found = steps(match(left, right, op), family=family, objects=objects)
    assert len(found) == 1, found
    assert isinstance(found[0], Match)
    return found[0].boxes


def of(**fields: Any) -> Boxes:
    """Boxes.of with values as numbers, pairs or lists of them."""
    return Boxes.of(**{name: spans(values) for name, values in fields.items()})


def spans(values: Any) -> Intervals:
    some = values if isinstance(values, list) else [values]
    return Intervals(one if isinstance(one, tuple) else (one, one) for one in some)


def named_set(name: str, kind: Any, elements: list[Any], family: str = "inet", **more: Any) -> dict[str, Any]:
    return {"set": {"family": family, "table": "t", "name": name, "type": kind, "elem": elements, **more}}


def named_map(name: str, kind: Any, elements: list[Any], to: str = "verdict") -> dict[str, Any]:
    body = {"family": "inet", "table": "t", "name": name, "type": kind, "map": to, "elem": elements}
    return {"map": body}
