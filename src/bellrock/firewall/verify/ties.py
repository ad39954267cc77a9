"""Base chains of one priority: where it matters which comes first, and the ruleset does not say.

Netfilter calls hooks of equal priority in the order in which they were registered, the last first (nf_hook_entries_grow).
A listing tells that order within a table at most. Chains that only accept and drop commute: a packet passes where all of
them let it. So order matters for those packets alone that one chain changes and another looks at.
"""

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Final

from msgspec import Struct

from bellrock.firewall.verify.boxes import Boxes, Intervals
from bellrock.firewall.verify.route import Event, Stop
from bellrock.firewall.verify.ruleset import (
    Assign,
    Chain,
    Choose,
    Copy,
    Decide,
    Helper,
    Match,
    May,
    NoTrack,
    Rule,
    Ruleset,
    Step,
    Translate,
    Unsupported,
    Verdict,
    VerdictKind,
)
from bellrock.firewall.verify.state import CT_NEW, CT_RELATED

_VISITS: Final = 16
"""Ways to a chain that are told apart; beyond, any packet is taken to come to it."""
_CONNECTION: Final = ("ct_state", "ct_mark", "ct_direction", "ct_status_dnat")
_ENDS: Final = ("saddr", "daddr", "saddr6", "daddr6", "sport", "dport")
_NAT: Final = "translation"
"""Stands for the one translation that a hook gives a connection: the first wins, and chains of type nat behind it see nothing."""
_HELPER: Final = "helper"
_ANY: Final = "anything"
_PROTOCOLS: Final = {"ip": (2,), "ip6": (10,), "inet": (2, 10)}
_PASSING: Final = frozenset({VerdictKind.ACCEPT, VerdictKind.RETURN, VerdictKind.CONTINUE})
_EVENTS: Final = {
    Event.TRACK: "connection tracking",
    Event.RESTORE_DESTINATION: "the kernel's translation",
    Event.RESTORE_SOURCE: "the kernel's translation",
}


class Doubt(Struct, frozen=True):
    """Packets whose fate hangs on an order that is not known; `why` names the chains and what is between them."""

    boxes: Boxes
    why: str


class _Act(Struct, frozen=True):
    """What a rule looks at and what it changes."""

    boxes: Boxes
    """At most these packets come to it."""
    reads: frozenset[str]
    writes: tuple[tuple[str, object], ...]
    """Field, and what it becomes: equal ones commute."""


class _Player(Struct, frozen=True):
    """A base chain or what the kernel does by itself, with all its acts."""

    stop: Stop
    name: str
    reads: frozenset[str]
    writes: frozenset[str]
    alters: frozenset[str]
    """Of `writes` the fields that other chains of type nat may find changed: what is translated they do not see."""


def doubts(
    ruleset: Ruleset, together: tuple[Stop, ...], bound: frozenset[str], restored: frozenset[str]
) -> list[Doubt]:
    """What cannot be told of the stops of one hook and one priority.

    `bound`: fields that packets may have changed before; `restored`: those that the kernel translates by itself on this way.
    """
    if len(together) < 2:
        return []
    players = [_player(ruleset, stop, restored) for stop in together]
    pairs = [(one, other) for one, other in combinations(players, 2) if _unordered(one.stop, other.stop)]
    pairs = [pair for pair in pairs if _touching(*pair) or _touching(*reversed(pair))]
    if not pairs:
        return []
    seen = bound.union(*(player.writes for player in players))
    beside = bound.union(*(player.alters for player in players))
    acts = {
        id(player): list(_acts(ruleset, player, beside if player.stop.nat else seen, restored))
        for one in pairs
        for player in one
    }
    found = (_doubt(one, other, acts[id(one)], acts[id(other)]) for pair in pairs for one, other in (pair, pair[::-1]))
    return [one for one in found if one.boxes]


def _unordered(one: Stop, other: Stop) -> bool:
    first, second = one.what, other.what
    if not isinstance(first, Chain) or not isinstance(second, Chain):
        # Of the kernel's own, chains of type nat are a part; filter chains stand beside it.
        chains = [what for what in (first, second) if isinstance(what, Chain)]
        return len(chains) == 1 and chains[0].type != "nat"
    if one.nat != other.nat:
        # Translation is registered once for all tables, with the first chain of type nat.
        return True
    return first.priority == second.priority and (first.family, first.table) != (second.family, second.table)


def _touching(one: _Player, other: _Player) -> bool:
    """Whether a change of the one may meet what the other looks at or changes."""
    return bool((one.writes & (other.reads | other.writes)) or (_ANY in one.writes and (other.reads or other.writes)))


def _player(ruleset: Ruleset, stop: Stop, restored: frozenset[str]) -> _Player:
    if not isinstance(stop.what, Chain):
        act = _kernels(stop.what, restored)
        names = frozenset(name for name, _ in act.writes)
        return _Player(stop, _EVENTS[stop.what], act.reads, names, names)
    reads, writes, alters = set[str](), set[str](), set[str]()
    for chain in _reached(ruleset, stop.what):
        for rule in chain.rules:
            for name, value in _writes(rule):
                writes.add(name)
                if not isinstance(value, Translate):
                    alters.add(name)
            reads |= _reads(rule, nat=stop.nat)
    if stop.nat and stop.what.policy is not VerdictKind.ACCEPT:
        reads.add(_NAT)
    return _Player(stop, stop.what.key, frozenset(reads), frozenset(writes), frozenset(alters))


def _kernels(event: Event, restored: frozenset[str]) -> _Act:
    if event is Event.TRACK:
        writes = tuple((name, event) for name in _CONNECTION)
        return _Act(Boxes.everything(), frozenset(_ENDS), writes)
    mine = ("daddr", "daddr6", "dport") if event is Event.RESTORE_DESTINATION else ("saddr", "saddr6", "sport")
    return _Act(Boxes.everything(), frozenset(), tuple((name, event) for name in mine if name in restored))


def _reached(ruleset: Ruleset, base: Chain) -> Iterator[Chain]:
    seen, stack = {base.key}, [base]
    while stack:
        chain = stack.pop()
        yield chain
        for rule in chain.rules:
            for verdict, _ in _verdicts(rule):
                key = f"{chain.family} {chain.table} {verdict.chain}"
                if verdict.chain and key not in seen and key in ruleset.chains:
                    seen.add(key)
                    stack.append(ruleset.chains[key])


def _verdicts(rule: Rule) -> Iterator[tuple[Verdict, Boxes | None]]:
    for step in rule.steps:
        if isinstance(step, Decide):
            yield step.verdict, None
        elif isinstance(step, Choose):
            for boxes, verdict in step.cases:
                yield verdict, boxes


def _reads(rule: Rule, *, nat: bool) -> frozenset[str]:
    """Fields that the rule looks at; none where it does nothing but look."""
    if all(isinstance(step, Match | May) for step in rule.steps):
        return frozenset()
    found = {name for step in rule.steps for name in _seen(step)}
    if nat and _acting(rule):
        found.add(_NAT)
    return frozenset(found)


def _acting(rule: Rule) -> bool:
    """Whether a chain of type nat does more with it than let packets go on or translate them."""
    changes = any(isinstance(step, Assign | Copy | Helper | NoTrack | Unsupported) for step in rule.steps)
    return changes or any(not verdict.chain and verdict.kind not in _PASSING for verdict, _ in _verdicts(rule))


def _seen(step: Step) -> Iterable[str]:
    match step:
        case Match() | May():
            return _fields(step.boxes)
        case Choose():
            return (name for boxes, _ in step.cases for name in _fields(boxes))
        case Copy():
            return (step.source,)
        case NoTrack():
            return ("ct_state",)
        case Helper():
            return ("ct_state", "l4proto")
        case _:
            return ()


def _fields(boxes: Boxes | None) -> Iterator[str]:
    return (name for box in boxes or () for name in box.fields)


def _writes(rule: Rule) -> tuple[tuple[str, object], ...]:
    return tuple(one for step in rule.steps for one in _changes(step))


def _changes(step: Step) -> Iterable[tuple[str, object]]:
    match step:
        case Assign() | Copy():
            return ((step.field, step),)
        case NoTrack():
            return ((name, "notrack") for name in _CONNECTION)
        case Helper():
            return ((_HELPER, step),)
        case Translate():
            return ((name, step) for name in (_NAT, *_translated(step)))
        case Unsupported() if " set " in step.text or step.text.startswith("xt target"):
            return ((_ANY, step.text),)
        case _:
            return ()


def _translated(step: Translate) -> Iterator[str]:
    end = "d" if step.kind in {"dnat", "redirect"} else "s"
    if step.address is not None or not step.certain or step.kind in {"masquerade", "redirect"}:
        yield f"{end}addr" if step.family in {2, 4} else f"{end}addr6"
        if end == "d":
            yield "ct_status_dnat"
    if step.port is not None or not step.certain:
        yield f"{end}port"


def _acts(ruleset: Ruleset, player: _Player, free: frozenset[str], restored: frozenset[str]) -> Iterator[_Act]:
    """What a chain does, rule by rule, with the packets that may come there, whatever the fields in `free` are."""
    if not isinstance(player.stop.what, Chain):
        yield _kernels(player.stop.what, restored)
        return
    base, gate = player.stop.what, _gate(player.stop).without(*free)
    if player.stop.nat and base.policy is not VerdictKind.ACCEPT:
        yield _Act(gate, frozenset({_NAT}), ())
    visits: dict[str, int] = {}
    stack = [(base, gate)]
    while stack:
        chain, above = stack.pop()
        visits[chain.key] = visits.get(chain.key, 0) + 1
        if visits[chain.key] > _VISITS:
            continue
        above = gate if visits[chain.key] == _VISITS else above
        for rule in chain.rules:
            boxes = _coming(rule, above, free)
            if not boxes:
                continue
            reads, writes = _reads(rule, nat=player.stop.nat), _writes(rule)
            if reads or writes:
                yield _Act(boxes, reads, writes)
            for verdict, case in _verdicts(rule):
                to = ruleset.chains.get(f"{chain.family} {chain.table} {verdict.chain}") if verdict.chain else None
                if to is not None:
                    stack.append((to, boxes if case is None else boxes & case.without(*free)))


def _coming(rule: Rule, above: Boxes, free: frozenset[str]) -> Boxes:
    """The packets of `above` that may come to the rule's first step that does something."""
    for step in rule.steps:
        if isinstance(step, Match):
            above &= step.boxes.without(*free)
        elif not isinstance(step, May):
            break
    return above


def _gate(stop: Stop) -> Boxes:
    gate = Boxes.everything()
    if isinstance(stop.what, Chain) and stop.what.family in _PROTOCOLS:
        gate = Boxes.of(nfproto=Intervals.of(*_PROTOCOLS[stop.what.family]))
    return gate & Boxes.of(ct_state=Intervals.of(CT_NEW, CT_RELATED)) if stop.nat else gate


def _doubt(one: _Player, other: _Player, changing: list[_Act], looking: list[_Act]) -> Doubt:
    """The packets that `one` changes in what `other` looks at, or changes otherwise."""
    found, names = Boxes.nothing(), dict[str, None]()
    both = one.stop.nat and other.stop.nat
    for act in changing:
        for name, value in act.writes:
            if both and isinstance(value, Translate) and name != _NAT:
                # Behind a translation no other chain of type nat sees the packet at all.
                continue
            for seen in looking:
                if _clashes(name, value, seen):
                    more = act.boxes & seen.boxes
                    if more:
                        found |= more
                        names[name] = None
    what = ", ".join(name.replace("_", " ") for name in names)
    why = f"{one.name} changes {what} and {other.name} depends on it, both at one priority: which comes first is not known"
    return Doubt(found, why)


def _clashes(name: str, value: object, other: _Act) -> bool:
    if name in other.reads or name == _ANY:
        return True
    return any(name == field and not _commute(value, written) for field, written in other.writes)


def _commute(one: object, other: object) -> bool:
    if isinstance(one, Assign) and isinstance(other, Assign) and one.mask is not None and other.mask is not None:
        return not one.mask & other.mask or one == other
    return one == other and not (isinstance(one, Assign) and one.value is None)
