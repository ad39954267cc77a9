"""What becomes of a set of packets on a route: exactly which of them come through, which not, by which rule."""

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct, structs

from bellrock.firewall.verify.boxes import Box, Boxes, Intervals
from bellrock.firewall.verify.fields import CHANCES, FIELDS
from bellrock.firewall.verify.program import Decision, Kind, Program
from bellrock.firewall.verify.route import Route
from bellrock.firewall.verify.ruleset import Rule, Ruleset, Translate
from bellrock.firewall.verify.state import State
from bellrock.firewall.verify.unroll import unroll


class Outcome(Struct, frozen=True, kw_only=True):
    """Packets of one fate."""

    packets: Boxes
    """As they came in."""
    verdict: str
    """accept, drop, reject or unknown."""
    rules: tuple[Rule, ...] = ()
    """Those that decided, in order, the last one last; empty where policies did."""
    policy: str = ""
    """Key of the base chain whose policy dropped them."""
    how: str = ""
    """Of a reject."""
    why: str = ""
    """For unknown: the constructs."""
    state: State | None = None
    """What accepted packets have become: changed fields, helpers, translations."""

    @property
    def helpers(self) -> frozenset[str]:
        """Types of the helpers assigned to their connection."""
        return self.state.helpers if self.state else frozenset()

    @property
    def translations(self) -> tuple[Translate, ...]:
        """What was done to their addresses and ports."""
        return self.state.translations if self.state else ()


class _Trail(Struct, frozen=True):
    """What packets have met so far, as numbers of decisions."""

    accepted: tuple[int, ...] = ()
    perhaps: tuple[int, ...] = ()
    """Those that may have taken them."""


def walk(ruleset: Ruleset, route: Route, packets: Boxes) -> tuple[Outcome, ...]:
    """The fates of `packets`: outcomes are disjoint, and together are all of them that can be. Raises RulesetError."""
    return run(unroll(ruleset, route), packets)


def judge(ruleset: Ruleset, route: Route, packet: Mapping[str, int]) -> Outcome:
    """The fate of one packet; fields that it does not name are 0. Raises RulesetError, ValueError for an impossible packet."""
    return judge_by(unroll(ruleset, route), packet)


def judge_by(program: Program, packet: Mapping[str, int]) -> Outcome:
    """The same with a program that stands already."""
    point = Boxes.of(**{name: Intervals.of(packet.get(name, 0)) for name in FIELDS if name not in CHANCES})
    outcomes = run(program, point)
    if not outcomes:
        raise ValueError("no such packet: ct_state is 0 (invalid) to 4 (untracked)")
    return outcomes[0]


def run(program: Program, packets: Boxes, start: int = 0) -> tuple[Outcome, ...]:
    """The fates of `packets`, which stand before the decision numbered `start`."""
    return _settled(program, _Run(program, packets).outcomes(start))


def _settled(program: Program, outcomes: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
    """However chance falls: where all of it leads to the same, that is the fate, and else it cannot be told."""
    split = [one for one in outcomes if any(not _CHANCES.isdisjoint(box.fields) for box in one.packets)]
    if not split:
        return outcomes
    settled = [one for one in outcomes if not any(one is other for other in split)]
    ways = [(one, one.packets.without(*CHANCES)) for one in split]
    rest = Boxes.nothing()
    for at, (one, packets) in enumerate(ways):
        sure = packets
        for number, (other, others) in enumerate(ways):
            if number < at or not _alike(one, other):
                sure -= others
        if sure:
            settled.append(structs.replace(one, packets=sure))
        rest |= packets
    for one in settled:
        rest -= one.packets
    return (*settled, *_unsettled(program, ways, rest))


_CHANCES: Final = frozenset(CHANCES)


def _unsettled(program: Program, ways: list[tuple[Outcome, Boxes]], rest: Boxes) -> Iterator[Outcome]:
    for _, packets in ways:
        part = packets & rest
        if part:
            met = [one for one, others in ways if others.meets(part)]
            named = dict.fromkeys(name for one in met for box in one.packets for name in box.fields if name in _CHANCES)
            texts = [program.chances[name] for name in named] + [one.why for one in met if one.why]
            rules = tuple({id(rule): rule for one in met for rule in one.rules}.values())
            yield Outcome(packets=part, verdict="unknown", rules=rules, why="; ".join(dict.fromkeys(texts)))
            rest -= part


def _alike(one: Outcome, other: Outcome) -> bool:
    """Whether it is the same fate, and what the packets' connection has become is the same too. A refusal stops a packet as silence does."""
    stopped = {"drop", "reject"}
    same = one.verdict == other.verdict or {one.verdict, other.verdict} == stopped
    return same and _connection(one.state) == _connection(other.state)


def _connection(state: State | None) -> object:
    if state is None:
        return None
    ends = [(name, value) for name, value in state.bound if name in _KEPT]
    return ends, state.helpers, state.translations


_KEPT: Final = frozenset({"saddr", "daddr", "saddr6", "daddr6", "sport", "dport", "ct_mark", "ct_state"})


class _Group:
    """Packets that met the same: those of `base` that none of the items `taken` of the program holds."""

    __slots__ = ("base", "taken", "trail")

    def __init__(self, trail: _Trail, base: Boxes) -> None:
        self.trail = trail
        self.base = base
        self.taken = 0


class _Run:
    """Packets in groups, taken through the decisions in order."""

    def __init__(self, program: Program, packets: Boxes) -> None:
        self._program = program
        self._packets = packets
        self._moving = [_Group(_Trail(), packets)]
        self._waiting: list[tuple[int, _Trail, Boxes]] = []
        self._done: list[Outcome] = []

    def outcomes(self, start: int) -> tuple[Outcome, ...]:
        for at in self._program.near(self._packets, start):
            self._rejoin(at)
            if not self._moving and not self._waiting:
                break
            self._take(at)
        return tuple(self._done)

    def _rejoin(self, at: int) -> None:
        if not any(end <= at for end, _, _ in self._waiting):
            return
        back: dict[_Trail, list[Box]] = {}
        for end, trail, boxes in self._waiting:
            if end <= at:
                back.setdefault(trail, []).extend(boxes)
        self._waiting = [one for one in self._waiting if one[0] > at]
        self._moving += [_Group(trail, Boxes.put(boxes)) for trail, boxes in back.items()]

    def _take(self, at: int) -> None:
        decision = self._program.decisions[at]
        for group in list(self._moving):
            taken = self._program.taken(at, group.base, group.taken)
            if not taken:
                continue
            group.taken |= self._program.items(at)
            if all(any(box.inside(one) for one in decision.boxes.near(box)) for box in group.base):
                self._moving.remove(group)
            if decision.may:
                self._moving.append(_Group(_Trail(group.trail.accepted, (*group.trail.perhaps, at)), taken))
            else:
                self._decide(at, group.trail, taken)

    def _decide(self, at: int, trail: _Trail, taken: Boxes) -> None:
        decision = self._program.decisions[at]
        end = self._program.end(decision)
        if decision.kind is Kind.SKIP:
            self._waiting.append((end, trail, taken))
        elif decision.kind is Kind.ACCEPT:
            self._waiting.append((end, _Trail((*trail.accepted, at), trail.perhaps), taken))
        else:
            self._done.append(self._outcome(decision, trail, taken))

    def _outcome(self, decision: Decision, trail: _Trail, packets: Boxes) -> Outcome:
        decisions = self._program.decisions
        verdict = "accept" if decision.kind is Kind.END else decision.kind.value
        rules = _rules([decisions[at] for at in trail.accepted] + [decision])
        perhaps = [decisions[at] for at in trail.perhaps]
        others = [one for one in perhaps if (one.kind is Kind.ACCEPT) != (verdict == "accept")]
        if others and verdict != "unknown":
            why = "; ".join(dict.fromkeys(one.may for one in others))
            return Outcome(packets=packets, verdict="unknown", rules=(*rules, *_rules(others)), why=why)
        return Outcome(
            packets=packets,
            verdict=verdict,
            rules=rules,
            policy=decision.chain if decision.kind is Kind.DROP and decision.rule is None else "",
            how=decision.how,
            why=decision.why,
            state=decision.state,
        )


def _rules(decisions: list[Decision]) -> tuple[Rule, ...]:
    return tuple(one.rule for one in decisions if one.rule is not None)
