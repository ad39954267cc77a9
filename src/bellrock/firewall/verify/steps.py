"""One rule and the packets of one state: which of them it takes, what it makes of them, where they go."""

from enum import Enum
from typing import Final

from msgspec import Struct, structs

from bellrock.firewall.verify.boxes import Boxes, Intervals
from bellrock.firewall.verify.fields import FIELDS
from bellrock.firewall.verify.ruleset import (
    Assign,
    Choose,
    Decide,
    Helper,
    Match,
    May,
    NoTrack,
    Rule,
    Step,
    Translate,
    Unsupported,
    Verdict,
    VerdictKind,
)
from bellrock.firewall.verify.state import ABSENT, CT_INVALID, CT_NEW, CT_UNTRACKED, UNKNOWN, State, incoming


class Taken(Enum):
    """Where a branch of a rule leads."""

    GO_ON = "go on"
    ACCEPT = "accept"
    DROP = "drop"
    REJECT = "reject"
    RETURN = "return"
    JUMP = "jump"
    TRANSLATE = "translate"
    UNKNOWN = "unknown"


_GO_ON: Final = Verdict(VerdictKind.CONTINUE)
_TAKEN: Final = {
    VerdictKind.ACCEPT: Taken.ACCEPT,
    VerdictKind.DROP: Taken.DROP,
    VerdictKind.REJECT: Taken.REJECT,
    VerdictKind.RETURN: Taken.RETURN,
    VerdictKind.JUMP: Taken.JUMP,
    VerdictKind.GOTO: Taken.JUMP,
    VerdictKind.CONTINUE: Taken.GO_ON,
}
_CLEAR: Final = frozenset({Taken.ACCEPT, Taken.DROP, Taken.REJECT})
"""What may happen to some packets and not to others, and can still be followed."""


class Branch(Struct, frozen=True, kw_only=True):
    """Packets that a rule takes, and what becomes of them."""

    state: State
    taken: Taken
    verdict: Verdict = _GO_ON
    may: str = ""
    why: str = ""
    changes: bool = False
    """The state is another than before the rule."""


class Branches(Struct, frozen=True):
    """All branches of a rule for one state, and the packets that satisfy its matches."""

    branches: tuple[Branch, ...]
    touched: Boxes


class _Walker(Struct):
    """Packets on their way through the steps of a rule."""

    state: State
    may: str = ""
    changes: bool = False

    def only(self, boxes: Boxes) -> "_Walker":
        return _Walker(self.state.only(boxes), self.may, self.changes)

    def changed(self, state: State) -> "_Walker":
        return _Walker(state, self.may, changes=True)

    def branch(self, taken: Taken, verdict: Verdict = _GO_ON, why: str = "") -> Branch:
        if self.may and (taken not in _CLEAR or self.changes) and taken is not Taken.UNKNOWN:
            taken, why = Taken.UNKNOWN, self.may
        may = "" if taken is Taken.UNKNOWN else self.may
        # What cannot be told is decided with the packets as they were, so that nothing is claimed of their new state.
        changes = self.changes and taken is not Taken.UNKNOWN
        return Branch(state=self.state, taken=taken, verdict=verdict, may=may, why=why, changes=changes)


def branches(rule: Rule, state: State) -> Branches:
    """What `rule` does to the packets of `state`. A packet may be in several branches only where one of them says `may`."""
    walkers = [_Walker(state)]
    done: list[Branch] = []
    touched: Boxes | None = None
    for step in rule.steps:
        if touched is None and not isinstance(step, Match | May | Unsupported):
            touched = _boxes(walkers)
        walkers = [after for walker in walkers for after in _step(step, walker, done) if after.state.boxes]
        if not walkers:
            break
    done += [walker.branch(Taken.GO_ON) for walker in walkers if walker.changes]
    left = _boxes(walkers) if touched is None else touched
    done = [one for one in done if one.state.boxes]
    return Branches(tuple(done), left or _boxes([_Walker(branch.state) for branch in done]))


def _boxes(walkers: list[_Walker]) -> Boxes:
    return walkers[0].state.boxes if len(walkers) == 1 else Boxes(box for one in walkers for box in one.state.boxes)


def _step(step: Step, walker: _Walker, done: list[Branch]) -> list[_Walker]:
    match step:
        case Match():
            return _passed(step, walker, done)
        case Decide():
            return _decided(step.verdict, walker, done)
        case Choose():
            return _chosen(step, walker, done)
        case May():
            return _perhaps(step, walker)
        case Unsupported():
            done.append(walker.branch(Taken.UNKNOWN, why=step.text))
            return []
        case Translate():
            done += _translated(step, walker)
            return _outside(step, walker)
        case Assign() | Helper() | NoTrack():
            return _affected(step, walker)


def _affected(step: Assign | Helper | NoTrack, walker: _Walker) -> list[_Walker]:
    match step:
        case Assign():
            return _assigned(step, walker)
        case Helper():
            return _helped(step, walker)
        case NoTrack():
            return _untracked(walker)


def _passed(step: Match, walker: _Walker, done: list[Branch]) -> list[_Walker]:
    met = _matched(step.boxes, walker)
    if walker.changes:
        # What was changed before a match that fails stays changed.
        done.append(walker.only(walker.state.boxes - met.state.boxes).branch(Taken.GO_ON))
    return [met]


def _matched(wanted: Boxes, walker: _Walker) -> _Walker:
    boxes, unknown = incoming(walker.state, wanted)
    met = walker.only(walker.state.boxes & boxes)
    if unknown and not met.may:
        met.may = f"the {unknown} that translation gives"
    return met


def _perhaps(step: May, walker: _Walker) -> list[_Walker]:
    if step.boxes is None:
        return [_Walker(walker.state, walker.may or step.text, walker.changes)]
    unsure = _matched(step.boxes, walker)
    rest = walker.only(walker.state.boxes - unsure.state.boxes)
    return [_Walker(unsure.state, walker.may or step.text, walker.changes), rest]


def _decided(verdict: Verdict, walker: _Walker, done: list[Branch]) -> list[_Walker]:
    if verdict.kind is VerdictKind.CONTINUE:
        return [walker]
    done.append(walker.branch(_TAKEN[verdict.kind], verdict))
    return []


def _chosen(step: Choose, walker: _Walker, done: list[Branch]) -> list[_Walker]:
    after: list[_Walker] = []
    rest = walker.state.boxes
    for boxes, verdict in step.cases:
        part = _matched(boxes, walker)
        if part.state.boxes:
            after += _decided(verdict, part, done)
            if not part.may:
                rest -= part.state.boxes
    return [*after, walker.only(rest)]


def _assigned(step: Assign, walker: _Walker) -> list[_Walker]:
    now = walker.state.value(step.field)
    full = (1 << FIELDS[step.field]) - 1
    mask = full if step.mask is None else step.mask
    if now == ABSENT:
        return [walker]
    if step.value is None:
        return [walker.changed(walker.state.binding(**{step.field: UNKNOWN}))]
    if mask == full or (now is not None and now >= 0):
        value = ((now or 0) & ~mask) | (step.value & mask)
        return [walker.changed(walker.state.binding(**{step.field: value}))]
    if now == UNKNOWN:
        return [walker]
    # Nearly all packets come without a mark: for those the outcome is one value.
    none = Boxes.of(**{step.field: Intervals.of(0)})
    zero, marked = walker.state.boxes & none, walker.state.boxes - none
    return [
        walker.changed(walker.state.only(zero).binding(**{step.field: step.value & mask})),
        walker.changed(walker.state.only(marked).binding(**{step.field: UNKNOWN})),
    ]


def _helped(step: Helper, walker: _Walker) -> list[_Walker]:
    """A helper is assigned to a connection before its first packet is through, and only of its own protocol."""
    first = Boxes.of(ct_state=Intervals.of(CT_NEW), l4proto=Intervals.of(step.l4proto))
    wanted, _ = incoming(walker.state, first)
    boxes = walker.state.boxes
    helped = walker.state.only(boxes & wanted)
    return [
        walker.changed(structs.replace(helped, helpers=helped.helpers | {step.type})),
        walker.only(boxes - wanted),
    ]


def _untracked(walker: _Walker) -> list[_Walker]:
    """nft_notrack_eval: nothing happens to a packet that has its connection already."""
    wanted, _ = incoming(walker.state, Boxes.of(ct_state=Intervals.of(CT_INVALID)))
    boxes = walker.state.boxes
    free = walker.state.only(boxes & wanted)
    bound = free.binding(ct_state=CT_UNTRACKED, ct_mark=ABSENT, ct_direction=ABSENT, ct_status_dnat=ABSENT)
    return [walker.changed(bound), walker.only(boxes - wanted)]


def _family(step: Translate) -> Boxes:
    return Boxes.of(nfproto=Intervals.of(2 if step.family in {2, 4} else 10))


def _translated(step: Translate, walker: _Walker) -> list[Branch]:
    boxes = walker.state.boxes & _family(step)
    if not boxes:
        return []
    six = "" if step.family in {2, 4} else "6"
    end = "d" if step.kind in {"dnat", "redirect"} else "s"
    values: dict[str, int | None] = {}
    if step.address is not None or step.kind in {"masquerade", "redirect"} or not step.certain:
        values[f"{end}addr{six}"] = step.address if step.certain and step.address is not None else UNKNOWN
    if step.port is not None:
        values[f"{end}port"] = step.port if step.certain else UNKNOWN
    if end == "d" and any(name.startswith("daddr") for name in values):
        values["ct_status_dnat"] = 1
    bound = walker.state.only(boxes).binding(**values)
    state = structs.replace(bound, translations=(*bound.translations, step))
    return [walker.changed(state).branch(Taken.TRANSLATE)]


def _outside(step: Translate, walker: _Walker) -> list[_Walker]:
    return [walker.only(walker.state.boxes - _family(step))]
