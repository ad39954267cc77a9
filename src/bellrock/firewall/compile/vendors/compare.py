"""Whether two lists of rules let the same packets through: exactly, as sets, not by samples.

A list's meaning is a union of boxes (sources x destinations x source ports x destination ports or ICMP types) for each
direction, family, protocol and *established*. Every box of one list less all boxes of the other must leave nothing.
"""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address

from bellrock.firewall.compile.vendors.rules import EVERY_PORT, PORTED, Rule, joined
from bellrock.flows.values import Family, Protocol

Ranges = tuple[tuple[int, int], ...]
Box = tuple[Ranges, Ranges, Ranges, Ranges]
"""Ports or types first: they tell two boxes apart soonest. Then sources, destinations."""
Key = tuple[str, Family, Protocol | None, bool]


def differences(meant: Iterable[Rule], said: Iterable[Rule]) -> list[str]:
    """One line for each packet set that only one of the two accepts; empty where they agree."""
    wanted, found = _meaning(list(meant)), _meaning(list(said))
    lines: list[str] = []
    for key in sorted({*wanted, *found}, key=str):
        lines += (f"needed, not accepted: {_text(key, box)}" for box in _less(wanted.get(key, []), found.get(key, [])))
        lines += (f"accepted, not needed: {_text(key, box)}" for box in _less(found.get(key, []), wanted.get(key, [])))
    return lines


def open_ended(meant: Iterable[Rule], said: list[Rule]) -> list[str]:
    """The directions and families that do not end with a line that denies all."""
    sections = sorted({(rule.direction, rule.family) for rule in meant})
    lines: list[str] = []
    for direction, family in sections:
        rules = [rule for rule in said if (rule.direction, rule.family) == (direction, family)]
        if not rules or rules[-1].accept or not rules[-1].takes_all:
            lines.append(f"what no line takes is not denied: IPv{family} {direction}".rstrip())
    return lines


def _meaning(rules: list[Rule]) -> dict[Key, list[Box]]:
    """First match wins: an accept counts less what was denied before it."""
    denied: list[Rule] = []
    accepted: dict[Key, list[Box]] = {}
    for rule in rules:
        if not rule.accept:
            denied.append(rule)
            continue
        boxes = [_box(rule)]
        for earlier in denied:
            if _touches(earlier, rule):
                boxes = [piece for box in boxes for piece in _without(box, _box(earlier))]
        accepted.setdefault(_key(rule), []).extend(boxes)
    return {key: _merged(boxes) for key, boxes in accepted.items()}


def _key(rule: Rule) -> Key:
    return (rule.direction, rule.family, rule.protocol, rule.established)


def _touches(denial: Rule, rule: Rule) -> bool:
    same_place = (denial.direction, denial.family) == (rule.direction, rule.family)
    return same_place and denial.protocol in (None, rule.protocol) and (rule.established or not denial.established)


def _box(rule: Rule) -> Box:
    # RFC 792, RFC 4443 §2.1: type and code are an octet each; together they stand where ports do.
    last = rule.destination_ports
    if rule.protocol not in PORTED:
        spans = [(kind * 256 + (code or 0), kind * 256 + (255 if code is None else code)) for kind, code in rule.types]
        last = joined(spans) or EVERY_PORT
    return (
        joined(list(last)),
        joined(list(rule.source_ports)),
        joined(list(rule.sources)),
        joined(list(rule.destinations)),
    )


def _merged(boxes: list[Box]) -> list[Box]:
    """Boxes that differ on one side only become one: a cross product that was written out folds up again."""
    for side in range(4):
        groups: dict[tuple[Ranges, ...], list[tuple[int, int]]] = {}
        for box in boxes:
            groups.setdefault((*box[:side], *box[side + 1 :]), []).extend(box[side])
        boxes = [_put(rest, side, joined(ranges)) for rest, ranges in groups.items()]
    return boxes


def _put(rest: tuple[Ranges, ...], side: int, ranges: Ranges) -> Box:
    sides = [*rest[:side], ranges, *rest[side:]]
    return (sides[0], sides[1], sides[2], sides[3])


def _less(boxes: list[Box], others: list[Box]) -> Iterator[Box]:
    for box in boxes:
        pieces = [box]
        for other in others:
            pieces = [piece for one in pieces for piece in _without(one, other)]
            if not pieces:
                break
        yield from pieces


def _without(box: Box, other: Box) -> list[Box]:
    common: list[Ranges] = []
    for mine, theirs in zip(box, other, strict=True):
        both = _both(mine, theirs)
        if not both:
            return [box]
        common.append(both)
    pieces: list[Box] = []
    for side in range(4):
        rest = _only(box[side], common[side])
        if rest:
            pieces.append(_put((*common[:side], *box[side + 1 :]), side, rest))
    return pieces


def _both(mine: Ranges, theirs: Ranges) -> Ranges:
    if mine == theirs:
        return mine
    found: list[tuple[int, int]] = []
    left = right = 0
    while left < len(mine) and right < len(theirs):
        first, last = max(mine[left][0], theirs[right][0]), min(mine[left][1], theirs[right][1])
        if first <= last:
            found.append((first, last))
        if mine[left][1] < theirs[right][1]:
            left += 1
        else:
            right += 1
    return tuple(found)


def _only(mine: Ranges, common: Ranges) -> Ranges:
    """What of `mine` is not in `common`, which is a part of it."""
    found: list[tuple[int, int]] = []
    parts = iter(common)
    part = next(parts, None)
    for first, last in mine:
        start = first
        while part is not None and part[1] <= last:
            if start < part[0]:
                found.append((start, part[0] - 1))
            start = part[1] + 1
            part = next(parts, None)
        if start <= last:
            found.append((start, last))
    return tuple(found)


def _text(key: Key, box: Box) -> str:
    direction, family, protocol, established = key
    ports, source_ports, sources, destinations = box
    words = [f"IPv{family}", protocol or "any protocol", "established" if established else "", direction]
    what = "ports" if protocol in PORTED else "types"
    detail = [] if ports == EVERY_PORT else [f"{what} {_spans(ports, plain=protocol in PORTED)}"]
    if source_ports != EVERY_PORT:
        detail.insert(0, f"source ports {_spans(source_ports, plain=True)}")
    ends = f"{_addresses(sources, family)} to {_addresses(destinations, family)}"
    return " ".join(word for word in [*words, ends, *detail] if word)


def _spans(ranges: Ranges, *, plain: bool) -> str:
    def number(value: int) -> str:
        return str(value) if plain else f"{value // 256}/{value % 256}"

    return _few([number(a) if a == b else f"{number(a)}-{number(b)}" for a, b in ranges])


def _addresses(ranges: Ranges, family: Family) -> str:
    address = IPv4Address if family == 4 else IPv6Address
    return _few([str(address(a)) if a == b else f"{address(a)}-{address(b)}" for a, b in ranges])


def _few(texts: list[str]) -> str:
    return ",".join(texts[:3]) + (f" and {len(texts) - 3} more" if len(texts) > 3 else "")
