"""One rule and the packets of one state: which of them it takes, what it makes of them, where they go."""

from collections.abc import Callable
from enum import Enum
from typing import Final

from msgspec import Struct, structs

from bellrock.firewall.verify.boxes import Boxes, Intervals
from bellrock.firewall.verify.fields import FIELDS
from bellrock.firewall.verify.ruleset import (
    Assign,
    Choose,
    Copy,
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
from bellrock.firewall.verify.seen import LOW, Seen
from bellrock.firewall.verify.state import ABSENT, CT_INVALID, CT_NEW, CT_UNTRACKED, UNKNOWN, State, Value, incoming


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


Chance = Callable[[int, str], str | None]
"""The field that stands for a thing that is not decided, by the number of its step and its text; None where there are no more."""


def hangs(rule: Rule) -> bool:
    """Whether more than a plain verdict hangs on something that the ruleset does not decide."""
    return any(isinstance(step, May) for step in rule.steps) and any(map(_winding, rule.steps))


def _winding(step: Step) -> bool:
    match step:
        case Assign() | Copy() | Helper() | NoTrack() | Translate():
            return True
        case Decide():
            return _TAKEN[step.verdict.kind] not in _CLEAR
        case Choose():
            return any(_TAKEN[verdict.kind] not in _CLEAR for _, verdict in step.cases)
        case _:
            return False


def branches(rule: Rule, state: State, chance: Chance = lambda _number, _text: None) -> Branches:
    """What `rule` does to the packets of `state`. A packet may be in several branches only where one of them says `may`."""
    walkers = [_Walker(state)]
    done: list[Branch] = []
    touched: Boxes | None = None
    for number, step in enumerate(rule.steps):
        field = chance(number, step.text) if isinstance(step, May) else None
        if isinstance(step, May) and field:
            walkers = [after for walker in walkers for after in _both(step, walker, field, done) if after.state.boxes]
            continue
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
        case Assign() | Copy() | Helper() | NoTrack():
            return _affected(step, walker)


def _affected(step: Assign | Copy | Helper | NoTrack, walker: _Walker) -> list[_Walker]:
    match step:
        case Assign():
            return _assigned(step, walker)
        case Copy():
            return _copied(step, walker)
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


def _both(step: May, walker: _Walker, field: str, done: list[Branch]) -> list[_Walker]:
    """The packets that go on if it turns out so, and those that do so anyway. Both outcomes are followed."""
    unsure = walker if step.boxes is None else _matched(step.boxes, walker)
    on = Boxes.of(**{field: Intervals.of(1)})
    lucky = _Walker(unsure.state.only(unsure.state.boxes & on), unsure.may, walker.changes)
    if walker.changes:
        done.append(walker.only(unsure.state.boxes - on).branch(Taken.GO_ON))
    rest = [] if step.boxes is None else [walker.only(walker.state.boxes - unsure.state.boxes)]
    return [lucky, *rest]


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
    full = (1 << FIELDS[step.field]) - 1
    mask = full if step.mask is None else step.mask
    if walker.state.value(step.field) == ABSENT:
        return [walker]
    if step.value is None:
        return [walker.changed(walker.state.binding(**{step.field: UNKNOWN}))]
    if mask == full:
        return [walker.changed(walker.state.binding(**{step.field: step.value}))]
    return _cut(step.field, step.field, full & ~mask, step.value & mask, walker)


def _copied(step: Copy, walker: _Walker) -> list[_Walker]:
    """A connection's mark is copied only where there is one: the reader asks for that, and only a packet that has one can get it."""
    if walker.state.value(step.field) == ABSENT:
        return [walker]
    return _cut(step.field, step.source, step.keep, step.bits, walker)


def _cut(field: str, source: str, keep: int, bits: int, walker: _Walker) -> list[_Walker]:
    """`field` set to `source & keep | bits`."""
    now = walker.state.value(source)
    match now:
        case Seen():
            return [walker.changed(walker.state.binding(**{field: now.cut(keep, bits)}))]
        case int():
            value = now if now < 0 else now & keep | bits
            return [walker.changed(walker.state.binding(**{field: value}))]
        case None:
            return _split(field, source, keep, bits, walker)


def _split(field: str, source: str, keep: int, bits: int, walker: _Walker) -> list[_Walker]:
    """Nearly all packets come without a mark: for those the outcome is one value."""
    came = Seen.of(source).cut(keep, bits)
    low = (1 << LOW) - 1
    parts: list[tuple[Intervals, Value]] = [(Intervals.of(0), bits)]
    if came.few:
        parts.append((Intervals.of(0).complement(FIELDS[source]), came))
    else:
        parts.append((Intervals.span(1, low), Seen.of(source, LOW).cut(keep, bits)))
        parts.append((Intervals.span(0, low).complement(FIELDS[source]), UNKNOWN))
    return [
        walker.changed(walker.state.only(walker.state.boxes & Boxes.of(**{source: some})).binding(**{field: value}))
        for some, value in parts
    ]


def _helped(step: Helper, walker: _Walker) -> list[_Walker]:
    """A helper is assigned to a connection before its first packet is through, and only of its own protocol."""
    l4proto = Boxes.of(l4proto=Intervals.of(step.l4proto))
    if step.nfproto:
        l4proto &= Boxes.of(nfproto=Intervals.of(step.nfproto))
    new = Boxes.of(ct_state=Intervals.of(CT_NEW))
    if step.early and walker.state.value("ct_state") != CT_INVALID:
        return [walker]
    # What the packet comes as is what connection tracking will say of it.
    wanted = new & l4proto if step.early else incoming(walker.state, new & l4proto)[0]
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
