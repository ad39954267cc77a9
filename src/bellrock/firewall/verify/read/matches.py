"""Matches and verdict maps → steps."""

from typing import Any, Final

from bellrock.firewall.verify.boxes import Boxes, Intervals
from bellrock.firewall.verify.read import masks, sets
from bellrock.firewall.verify.read.context import Context
from bellrock.firewall.verify.read.render import statement
from bellrock.firewall.verify.read.subjects import Subject, implied, subject
from bellrock.firewall.verify.read.values import UndecidedError, scalar, values
from bellrock.firewall.verify.ruleset import Match, May, Step

_FLAGS: Final = {"in": "!=", "!": "=="}
"""`flags syn,ack` asks for one bit of them, `flags ! syn,ack` for none."""
_DNAT: Final = 32
"""IPS_DST_NAT (linux/netfilter/nf_conntrack_common.h)."""


def match(body: dict[str, Any], at: Context) -> list[Step]:
    """The packets that a match lets go on: for sure, or perhaps."""
    op, left, right = f"{body.get('op', '==')}", body.get("left"), body.get("right")
    try:
        sure, unsure = _match(op, left, right, at)
    except UndecidedError:
        sure, unsure = Boxes.nothing(), implied(left, at)
    _follow_tags(left, right, at)
    steps: list[Step] = [Match(sure | unsure)]
    if unsure:
        steps.append(May(statement({"match": body}), None if unsure == Boxes.everything() else unsure))
    return steps


def _match(op: str, left: Any, right: Any, at: Context) -> tuple[Boxes, Boxes]:  # noqa: ANN401 -- JSON
    match left:
        case {"&": [inner, mask]}:
            return _masked(op, inner, mask, right, at)
        case {"concat": _}:
            return _looked_up(op, left, right, at)
        case {"ct": {"key": "status"}}:
            return _status(op, right)
        case _:
            pass
    if (isinstance(right, str) and right.startswith("@")) or (isinstance(right, dict) and "set" in right):
        return _looked_up(op, left, right, at)
    one = subject(left, at)
    if op in _FLAGS:
        return _settled(one, masks.masked(scalar(one.kind, right), _FLAGS[op], Intervals.of(0), one.width))
    if one.kind == "ifindex" and op not in {"==", "!="}:
        raise UndecidedError(op)
    return _settled(one, masks.satisfying(op, values(one.kind, right), one.width))


def _settled(one: Subject, wanted: Intervals) -> tuple[Boxes, Boxes]:
    unsure = one.needs & one.unsure
    return (one.needs & one.spread(wanted)) - unsure, unsure


def _looked_up(op: str, left: Any, right: Any, at: Context) -> tuple[Boxes, Boxes]:  # noqa: ANN401 -- JSON
    if op not in {"==", "!=", "in"}:
        raise UndecidedError(op)
    looked_up = sets.key(left, at)
    found = sets.members(looked_up, right, at)
    needs = looked_up.needs
    unsure = looked_up.unsure(found)
    return (needs - found if op == "!=" else needs & found) - unsure, unsure


def _masked(op: str, inner: Any, mask: Any, right: Any, at: Context) -> tuple[Boxes, Boxes]:  # noqa: ANN401 -- JSON
    if inner == {"ct": {"key": "status"}}:
        raise UndecidedError("status")
    one = subject(inner, at)
    bits, wanted = scalar(one.kind, mask), _operand(one, right, at)
    op = _FLAGS.get(op, op)
    try:
        return _settled(one, masks.masked(bits, op, wanted, one.width))
    except UndecidedError:
        if one.field not in {"mark", "ct_mark"}:
            raise
    # Too many ranges; but marks come from this ruleset, and the few that it sets can be told one by one.
    reached = Boxes.of(**{one.field: Intervals.of(*at.known.marks)})
    sure = one.needs & Boxes.of(**{one.field: masks.among(at.known.marks, bits, op, wanted)})
    return sure, one.needs - reached


def _operand(one: Subject, right: Any, at: Context) -> Intervals:  # noqa: ANN401 -- JSON
    match right:
        case str(name) if name.startswith("@"):
            elements = sets.entries(name, at)
        case {"set": found}:
            elements = sets.listed(found)
        case _:
            return values(one.kind, right)
    found = [values(one.kind, sets.plain(element)) for element in elements]
    return Intervals(pair for part in found for pair in part.ranges)


def _status(op: str, right: Any) -> tuple[Boxes, Boxes]:  # noqa: ANN401 -- JSON
    """Of all the status bits, a ruleset decides only whether a connection's destination was changed."""
    if op not in _FLAGS or scalar("ct_status", right) != _DNAT:
        raise UndecidedError("status")
    wanted = Intervals.of(1 if op == "in" else 0)
    return Boxes.of(ct_state=Intervals.of(1, 2, 3), ct_status_dnat=wanted), Boxes.nothing()


def _follow_tags(left: Any, right: Any, at: Context) -> None:  # noqa: ANN401 -- JSON
    """Once a rule has asked for a tag, what it asks next is inside of it."""
    words = f"{left}"
    if "'vlan'" in words:
        at.tagged = True
    elif left == {"payload": {"protocol": "ether", "field": "type"}}:
        at.tag_named = True
        at.tagged = at.tagged or right in ("8021q", "8021ad", 0x8100, 0x88A8)
