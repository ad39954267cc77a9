"""Statements → steps."""

from collections.abc import Callable
from typing import Any, Final

from bellrock.firewall.verify.boxes import Boxes, Intervals
from bellrock.firewall.verify.read import render, sets
from bellrock.firewall.verify.read.context import Context
from bellrock.firewall.verify.read.matches import match
from bellrock.firewall.verify.read.operands import operands
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
    found += operands(name, body, at)
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
    # A packet whose key is not there is done with the rule, whatever stands behind the map in it.
    return [*found, Choose(tuple(cases)), *([] if rest else [Match(taken | unsure)])]


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
    # An object may be for one version of IP alone; packets of the other go on without a helper.
    return [Helper(known[0], _PROTOCOLS[known[1]], nfproto={"ip": IPV4, "ip6": IPV6}.get(known[2], 0))]


def _flow(_: str, body: Any, at: Context) -> list[Step]:  # noqa: ANN401, ARG001 -- JSON, one signature for all
    """Ends the rule unless the connection is confirmed, and of TCP or UDP; its later packets skip this chain (nft_flow_offload_eval)."""
    table = body.get("flowtable", "") if isinstance(body, dict) else ""
    return [May(f"flow add {table}"), Choose(((_OFFLOADED, Verdict(VerdictKind.ACCEPT)),))]


_OFFLOADED: Final = Boxes.of(ct_state=Intervals.of(1, 2), l4proto=Intervals.of(6, 17, 47))


def _update(name: str, body: Any, at: Context) -> list[Step]:  # noqa: ANN401, ARG001 -- JSON, one signature for all
    # The kernel gives the rule up where the set is full; a delete always goes on.
    if isinstance(body, dict) and body.get("op") == "delete" and not body.get("stmt"):
        return []
    return [May(render.statement({name: body}))]


def _mangle(_: str, body: Any, at: Context) -> list[Step]:  # noqa: ANN401 -- JSON
    match body:
        case {"key": {"ct": {"key": "mark"}}, "value": value}:
            return _marked("ct_mark", value)
        case {"key": {"meta": {"key": "mark"}}, "value": value}:
            return _marked("mark", value)
        case {"key": {"payload": _} as left, "value": value}:
            return _written(left, value, at)
        case {"key": {"meta": {"key": "nftrace" | "priority" | "secmark"}}}:
            return []
        case {"key": {"ct": {"key": "label" | "event" | "secmark"}}}:
            return []
        case {"key": {"tcp option": _}}:
            return []
        case _:
            raise UndecidedError("mangle")


def _marked(field: str, value: Any) -> list[Step]:  # noqa: ANN401 -- JSON
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
    payload = left["payload"]
    if isinstance(payload, dict) and (payload.get("protocol"), payload.get("field")) in _UNASKED:
        return []
    one = subject(left, at)
    if one.field not in _WRITTEN:
        raise UndecidedError(f"{left}")
    try:
        return [Assign(one.field, scalar(one.kind, value))]
    except UndecidedError:
        return [Assign(one.field, None)]


_UNASKED: Final = frozenset({("tcp", "window"), ("tcp", "urgptr"), ("ip", "id"), ("ip6", "flowlabel")})
"""Fields on which nothing hangs that a rule or connection tracking asks for; a checksum or a number of a sequence is none."""
_WRITTEN: Final = frozenset({"dscp", "ecn", "ttl", "hoplimit"})
"""Fields that can be followed. An address or a port that is written here is another connection's, or the way to another machine."""


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
        fixed, number, certain = None, None if port is None and not _with_ports(address, at) else 0, False
    if number is None and "random" in f"{body.get('flags', '')}":
        number, certain = 0, False
    # Without a family (masquerade in an inet table) it is for both, and each step lets the other family's packets go on.
    families = (family,) if family else (4, 6)
    return [
        *asked,
        *(Translate(kind=name, family=one, address=fixed, port=number, certain=certain) for one in families),
    ]


def _with_ports(address: Any, at: Context) -> bool:  # noqa: ANN401 -- JSON
    """Whether a map gives ports along with addresses: `dnat ip addr . port to tcp dport map { 80 : 10.0.0.1 . 8080 }`."""
    match address:
        case {"map": {"data": data}}:
            return any("concat" in f"{pair[1:]}" for pair in sets.entries(data, at))
        case {"range": _} | {"prefix": _}:
            return False
        case _:
            return True


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
        case {"type": "match", "name": str(name)} if "hashlimit" in name:
            # Where its table is full, it drops the packet, whatever the rule's target is (hashlimit_mt_common).
            full = Choose(((Boxes.everything(), Verdict(VerdictKind.DROP)),))
            return [May(f"iptables {name}"), full]
        case {"type": "match", "name": str(name)}:
            return [May(f"iptables {name}")]
        case _:
            raise UndecidedError("xt")


_Reader = Callable[[str, Any, Context], list[Step]]
_READERS: Final[dict[str, _Reader]] = {
    **dict.fromkeys(("accept", "drop", "return", "continue", "jump", "goto"), _decide),
    **dict.fromkeys(("limit", "quota", "ct count", "meter"), _may),
    **dict.fromkeys(("counter", "last", "log", "ct timeout", "dup", "secmark"), _nothing),
    **dict.fromkeys(("dnat", "snat", "masquerade", "redirect"), _translate),
    **dict.fromkeys(("set", "map"), _update),
    "flow": _flow,
    "reject": _reject,
    "vmap": _choose,
    "notrack": _notrack,
    "ct helper": _helper,
    "mangle": _mangle,
    "xt": _foreign,
}
