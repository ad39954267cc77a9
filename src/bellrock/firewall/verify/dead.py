"""Rules that do nothing: no packet can match them, or earlier rules take every packet that could."""

from collections.abc import Callable, Iterator
from typing import Final

from msgspec import structs

from bellrock.firewall.verify.boxes import Boxes
from bellrock.firewall.verify.cuts import covered
from bellrock.firewall.verify.program import Decision, Kind, Program, Touch
from bellrock.firewall.verify.report import Dead, Shadow, decider, reference
from bellrock.firewall.verify.route import ROUTES, Route
from bellrock.firewall.verify.ruleset import Chain, Choose, Decide, Match, May, Rule, Ruleset

_NAMED: Final = 20
"""Earlier rules that a shadow names."""
_SAME: Final = {Kind.ACCEPT: "accept", Kind.DROP: "drop", Kind.REJECT: "reject", Kind.SKIP: "return"}


def lifeless(ruleset: Ruleset, program: Callable[[Route], Program]) -> tuple[tuple[Dead, ...], tuple[Shadow, ...]]:
    """Rules that no packet can match, and of these the ones that earlier rules shadow. Chains of families that no route meets are left out."""
    programs = [program(route) for route in ROUTES]
    judged = reachable(ruleset, {base for one in programs for base in one.bases})
    orphans = set(ruleset.chains) - reachable(ruleset, {key for key, chain in ruleset.chains.items() if chain.hook})
    doubtful = reachable(ruleset, _perhaps(ruleset))
    alive, touched = _alive(programs)
    dead: list[Dead] = []
    shadowed: list[Shadow] = []
    for key, chain in ruleset.chains.items():
        for rule in chain.rules:
            if key in orphans:
                dead.append(Dead(rule=reference(rule), why="nothing leads to its chain"))
            elif key in judged and key not in doubtful and id(rule) not in alive:
                shadow = _shadow(rule, touched.get(id(rule), []))
                dead.append(Dead(rule=reference(rule), why=_why(rule, shadow)))
                shadowed += [shadow] if shadow else []
    return tuple(dead), tuple(shadowed)


def reachable(ruleset: Ruleset, bases: set[str]) -> set[str]:
    """Keys of the chains that jumps lead to from these, themselves included."""
    found: set[str] = set()
    stack = [key for key in bases if key in ruleset.chains]
    while stack:
        key = stack.pop()
        if key in found:
            continue
        found.add(key)
        stack += [to for to in _targets(ruleset.chains[key]) if to in ruleset.chains]
    return found


def _perhaps(ruleset: Ruleset) -> set[str]:
    """Keys of the chains that a jump behind `limit` or the like leads to: who comes there cannot be told."""
    return {
        to
        for chain in ruleset.chains.values()
        for rule in chain.rules
        if any(isinstance(step, May) for step in rule.steps)
        for to in _targets(structs.replace(chain, rules=(rule,)))
    }


def _targets(chain: Chain) -> Iterator[str]:
    for rule in chain.rules:
        for step in rule.steps:
            verdicts = [step.verdict] if isinstance(step, Decide) else []
            if isinstance(step, Choose):
                verdicts = [verdict for _, verdict in step.cases]
            yield from (f"{chain.family} {chain.table} {verdict.chain}" for verdict in verdicts if verdict.chain)


def _alive(programs: list[Program]) -> tuple[set[int], dict[int, list[tuple[Program, Touch]]]]:
    """Identities of the rules that a packet matches, and for the others every place at which packets might have."""
    alive: set[int] = set()
    touched: dict[int, list[tuple[Program, Touch]]] = {}
    for program in programs:
        for touch in program.touches:
            if id(touch.rule) in alive:
                continue
            if _taken(program, touch):
                touched.setdefault(id(touch.rule), []).append((program, touch))
            else:
                alive.add(id(touch.rule))
    return alive, touched


def _holding(program: Program, touch: Touch) -> list[Decision]:
    """What certainly takes packets of `touch` before it. After what cannot be told, a packet may still come."""
    return [one for one in program.holding(touch.boxes, touch.at) if one.kind is not Kind.UNKNOWN]


def _taken(program: Program, touch: Touch) -> bool:
    if program.witness(touch.boxes.any(), touch.at):
        return False
    holding = Boxes.put(box for one in _holding(program, touch) for box in one.boxes)
    return all(covered(box, holding.near(box)) for box in touch.boxes)


def _shadow(rule: Rule, touched: list[tuple[Program, Touch]]) -> Shadow | None:
    by = list({id(one): one for program, touch in touched for one in _takers(program, touch)}.values())
    if not by:
        return None
    refs = tuple(dict.fromkeys(decider(one) for one in by))
    verdicts = {_SAME.get(one.kind, "") for one in by}
    own = {step.verdict.kind.value for step in rule.steps if isinstance(step, Decide)}
    own |= {verdict.kind.value for step in rule.steps if isinstance(step, Choose) for _, verdict in step.cases}
    return Shadow(rule=reference(rule), by=refs[:_NAMED], changes=bool(own) and verdicts != own)


def _takers(program: Program, touch: Touch) -> list[Decision]:
    """The earlier decisions that take all of it: one alone where one is enough."""
    holding = _holding(program, touch)
    for one in holding:
        if touch.boxes.issubset(one.boxes):
            return [one]
    return holding


def _why(rule: Rule, shadow: Shadow | None) -> str:
    if shadow is not None:
        return "earlier rules take all its packets"
    boxes = Boxes.everything()
    for step in rule.steps:
        if isinstance(step, Match):
            boxes &= step.boxes
    return "what leads to its chain excludes its matches" if boxes else "its matches exclude each other"
