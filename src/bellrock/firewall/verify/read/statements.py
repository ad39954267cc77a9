"""Statements → steps."""

from collections.abc import Callable
from typing import Any, Final

from bellrock.firewall.verify.boxes import Boxes, Intervals
from bellrock.firewall.verify.fields import FIELDS
from bellrock.firewall.verify.read import render, sets
from bellrock.firewall.verify.read.context import Context
from bellrock.firewall.verify.read.matches import match
from bellrock.firewall.verify.read.subjects import implied, subject
from bellrock.firewall.verify.read.symbols import IPV4, IPV6
from bellrock.firewall.verify.read.values import UndecidedError, scalar
from bellrock.firewall.verify.ruleset import (
    Assign,
    Choose,
    Copy,
    Decide,
    Helper,
    Match,
    May,
    NoTrack,
    Step,
    Translate,
    Unsupported,
    Verdict,
    VerdictKind,
)

_ALL: Final = (1 << 32) - 1
_PROTOCOLS: Final = {"tcp": 6, "udp": 17}
_FAMILIES: Final = {"ip": 4, "ip6": 6}


def steps(statement: Any, at: Context) -> list[Step]:  # noqa: ANN401 -- JSON
    """What a statement does; empty where it changes nothing. What is not known is `Unsupported`."""
    if not isinstance(statement, dict) or len(statement) != 1:
        return [Unsupported(render.statement(statement))]
    ((name, body),) = statement.items()
    if name == "match":
        return match(body, at) if isinstance(body, dict) else [Unsupported(render.statement(statement))]
    found: list[Step] = []
    asked = implied(_looked_at(body), at)
    if asked != Boxes.everything():
        found.append(Match(asked))
    reader = _READERS.get(name)
    try:
        return found + (reader(name, body, at) if reader else [Unsupported(render.statement(statement))])
    except UndecidedError:
        return [*found, Unsupported(render.statement(statement))]


def _looked_at(body: Any) -> Any:  # noqa: ANN401 -- JSON
    """The expressions that a statement evaluates: a conntrack field that it writes is not one of them."""
    match body:
        case {"key": {"ct": _}, "value": value}:
            return value
        case _:
            return body


def verdict(body: Any, at: Context) -> Verdict:  # noqa: ANN401 -- JSON
    """A verdict as a statement or the data of a map. Raises UndecidedError where it is none, or jumps nowhere."""
    match body:
        case {"jump": {"target": str(target)}} | {"goto": {"target": str(target)}}:
            if at.chain(target) not in at.known.chains:
                raise UndecidedError(target)
            return Verdict(VerdictKind.JUMP if "jump" in body else VerdictKind.GOTO, target)
        case {"reject": how}:
            return Verdict(VerdictKind.REJECT, how=render.statement({"reject": how}).removeprefix("reject with "))
        case dict() if len(body) == 1 and next(iter(body)) in _PLAIN_VERDICTS:
            return Verdict(VerdictKind(next(iter(body))))
        case _:
            raise UndecidedError(f"{body}")


_PLAIN_VERDICTS: Final = {"accept", "drop", "return", "continue"}


def _decide(name: str, body: Any, at: Context) -> list[Step]:  # noqa: ANN401 -- JSON
    return [] if name == "continue" else [Decide(verdict({name: body}, at))]


def _reject(name: str, body: Any, at: Context) -> list[Step]:  # noqa: ANN401 -- JSON
    # Each kind of answer belongs to a family or to TCP, and nft asks for that first.
    kind = body.get("type") if isinstance(body, dict) else None
    asked = {
        "icmp": Boxes.of(nfproto=Intervals.of(IPV4)),
        "icmpv6": Boxes.of(nfproto=Intervals.of(IPV6)),
        "tcp reset": Boxes.of(l4proto=Intervals.of(6)),
    }.get(str(kind))
    return ([Match(asked)] if asked else []) + _decide(name, body, at)


def _choose(_: str, body: Any, at: Context) -> list[Step]:  # noqa: ANN401 -- JSON
    match body:
        case {"key": left, "data": data}:
            looked_up = sets.key(left, at)
            elements = sets.entries(data, at)
        case _:
            raise UndecidedError("vmap")
    chosen = _grouped(elements, at)
    rest = chosen.pop("*", None)
    cases = [(looked_up.boxes([looked_up.row(key) for key in keys]), what) for keys, what in chosen.values()]
    taken = Boxes(box for boxes, _verdict in cases for box in boxes)
    if rest:
        cases.append((Boxes.everything() - taken, rest[1]))
    unsure = looked_up.unsure(Boxes.everything() if rest else taken)
    found: list[Step] = [Match(looked_up.needs)]
    if unsure:
        found.append(May(render.statement({"vmap": body}), unsure))
    return [*found, Choose(tuple(cases))]


def _grouped(elements: list[Any], at: Context) -> dict[Any, tuple[list[Any], Verdict]]:
    """The keys of each verdict; the catch-all element on its own."""
    found: dict[Any, tuple[list[Any], Verdict]] = {}
    for element in elements:
        match element:
            case [left, data]:
                bare, what = sets.plain(left), verdict(data, at)
            case _:
                raise UndecidedError(f"{element}")
        found.setdefault("*" if bare == "*" else what, ([], what))[0].append(bare)
    return found


def _may(name: str, body: Any, at: Context) -> list[Step]:  # noqa: ANN401, ARG001 -- JSON, one signature for all
    return [May(render.statement({name: body}))]


def _nothing(name: str, body: Any, at: Context) -> list[Step]:  # noqa: ANN401, ARG001 -- the same
    return []


def _notrack(name: str, body: Any, at: Context) -> list[Step]:  # noqa: ANN401, ARG001 -- the same
    return [NoTrack()]


def _helper(_: str, body: Any, at: Context) -> list[Step]:  # noqa: ANN401 -- JSON
    known = at.known.helpers.get(at.key(str(body)))
    if known is None or known[1] not in _PROTOCOLS:
        raise UndecidedError(f"{body}")
    return [Helper(known[0], _PROTOCOLS[known[1]])]


def _update(name: str, body: Any, at: Context) -> list[Step]:  # noqa: ANN401, ARG001 -- JSON, one signature for all
    # The kernel gives the rule up where the set is full; a delete always goes on.
    if isinstance(body, dict) and body.get("op") == "delete" and not body.get("stmt"):
        return []
    return [May(render.statement({name: body}))]


def _mangle(_: str, body: Any, at: Context) -> list[Step]:  # noqa: ANN401 -- JSON
    match body:
        case {"key": {"ct": {"key": "mark"}}, "value": value}:
            return _marked("ct_mark", value, at)
        case {"key": {"meta": {"key": "mark"}}, "value": value}:
            return _marked("mark", value, at)
        case {"key": {"payload": _} as left, "value": value}:
            return _written(left, value, at)
        case {"key": {"meta": {"key": "nftrace" | "priority" | "secmark"}} | {"ct": _}}:
            return []
        case {"key": {"tcp option": _}}:
            return []
        case _:
            raise UndecidedError("mangle")


def _marked(field: str, value: Any, at: Context) -> list[Step]:  # noqa: ANN401 -- JSON
    match value:
        case int(number) if not isinstance(number, bool):
            return [Assign(field, scalar("mark", number))]
        case {"&": [left, int(mask)]} if left in _MARKS:
            return _cut(field, left, mask & _ALL, 0)
        case {"|": [{"&": [left, int(mask)]}, int(bits)]} if left in _MARKS:
            return _cut(field, left, mask & ~bits & _ALL, bits & _ALL)
        case {"|": [left, int(bits)]} if left in _MARKS:
            return _cut(field, left, ~bits & _ALL, bits & _ALL)
        case left if left in _MARKS:
            return _cut(field, left, _ALL, 0)
        case {"map": {"key": left, "data": data}}:
            looked_up = sets.key(left, at)
            keys = [looked_up.row(sets.plain(pair[0])) for pair in sets.entries(data, at)]
            return [Match(looked_up.needs & looked_up.boxes(keys)), Assign(field, None)]
        case _:
            return [Assign(field, None)]


_MARKS: Final = ({"meta": {"key": "mark"}}, {"ct": {"key": "mark"}})


def _cut(field: str, left: dict[str, Any], keep: int, bits: int) -> list[Step]:
    """`field` set to the bits `keep` of a mark, and to `bits`."""
    source = "mark" if "meta" in left else "ct_mark"
    if source == field:
        return [Assign(field, bits, ~keep & _ALL)] if keep != _ALL else []
    return [Copy(field, source, keep, bits)]


def _written(left: Any, value: Any, at: Context) -> list[Step]:  # noqa: ANN401 -- JSON
    try:
        one = subject(left, at)
    except UndecidedError:
        # A field that no rule can ask this reader for: a checksum, a TCP window.
        return []
    if one.field not in FIELDS:
        raise UndecidedError(f"{left}")
    try:
        return [Assign(one.field, scalar(one.kind, value))]
    except UndecidedError:
        return [Assign(one.field, None)]


def _translate(name: str, body: Any, at: Context) -> list[Step]:  # noqa: ANN401 -- JSON
    body = body if isinstance(body, dict) else {}
    family = _FAMILIES.get(str(body.get("family", at.family)), 0)
    asked: list[Step] = []
    if "family" in body and family:
        asked.append(Match(Boxes.of(nfproto=Intervals.of(IPV4 if family == 4 else IPV6))))
    address, port = body.get("addr"), body.get("port")
    try:
        fixed = None if address is None else scalar("ipv4" if family == 4 else "ipv6", address)
        number = None if port is None else scalar("port", port)
        certain = name in {"dnat", "snat"} and fixed is not None
    except UndecidedError:
        fixed, number, certain = None, None, False
        asked += _keys_of(address, at) + _keys_of(port, at)
    # Without a family (masquerade in an inet table) it is for both, and each step lets the other family's packets go on.
    families = (family,) if family else (4, 6)
    return [
        *asked,
        *(Translate(kind=name, family=one, address=fixed, port=number, certain=certain) for one in families),
    ]


def _keys_of(value: Any, at: Context) -> list[Step]:  # noqa: ANN401 -- JSON
    """A packet whose key is not in the map goes on with the next rule."""
    match value:
        case {"map": {"key": left, "data": data}}:
            looked_up = sets.key(left, at)
            rows = [looked_up.row(sets.plain(pair[0])) for pair in sets.entries(data, at)]
            return [Match(looked_up.needs & looked_up.boxes(rows))]
        case _:
            return []


def _foreign(_: str, body: Any, at: Context) -> list[Step]:  # noqa: ANN401, ARG001 -- JSON, one signature for all
    """An extension of iptables, of which nft's JSON tells the name alone."""
    match body:
        case {"type": "match", "name": "comment"} | {
            "type": "target",
            "name": "LOG" | "NFLOG" | "TCPMSS" | "TRACE" | "CHECKSUM",
        }:
            return []
        case {"type": "target", "name": "CT", "helper": str(helper), "protocol": "tcp" | "udp" as protocol}:
            return [Helper(helper, _PROTOCOLS[protocol], early=True)]
        case {"type": "match", "name": str(name)}:
            return [May(f"iptables {name}")]
        case _:
            raise UndecidedError("xt")


_Reader = Callable[[str, Any, Context], list[Step]]
_READERS: Final[dict[str, _Reader]] = {
    **dict.fromkeys(("accept", "drop", "return", "continue", "jump", "goto"), _decide),
    **dict.fromkeys(("limit", "quota", "ct count", "meter"), _may),
    **dict.fromkeys(("counter", "last", "log", "ct timeout", "ct expectation", "dup", "flow", "secmark"), _nothing),
    **dict.fromkeys(("dnat", "snat", "masquerade", "redirect"), _translate),
    **dict.fromkeys(("set", "map"), _update),
    "reject": _reject,
    "vmap": _choose,
    "notrack": _notrack,
    "ct helper": _helper,
    "mangle": _mangle,
    "xt": _foreign,
}
