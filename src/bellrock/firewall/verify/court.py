"""Takes the packets of crossings through a ruleset, both ways, with what connection tracking, helpers and NAT make of them."""

from typing import Final

from msgspec import Struct, structs

from bellrock.firewall.verify import wanted
from bellrock.firewall.verify.beneath import below, beneath
from bellrock.firewall.verify.boxes import Box, Boxes, Intervals
from bellrock.firewall.verify.others import Others
from bellrock.firewall.verify.program import Program
from bellrock.firewall.verify.route import FORWARDED, RECEIVED, SENT, Route
from bellrock.firewall.verify.ruleset import Ruleset, Translate, Unsupported
from bellrock.firewall.verify.seen import Seen
from bellrock.firewall.verify.state import ABSENT, CT_UNTRACKED, UNKNOWN, Bound
from bellrock.firewall.verify.unroll import Around, unroll
from bellrock.firewall.verify.walk import Outcome, run
from bellrock.flows.passages import Crossing, Hook

_NOBODY: Final[Others] = (Intervals(), Intervals())
THERE: Final = {Hook.INPUT: RECEIVED, Hook.OUTPUT: SENT, Hook.FORWARD: FORWARDED}
BACK: Final = {Hook.INPUT: SENT, Hook.OUTPUT: RECEIVED, Hook.FORWARD: FORWARDED}
_TRANSLATED: Final = frozenset({"saddr", "daddr", "saddr6", "daddr6", "sport", "dport"})
_ENDS: Final = {
    **dict.fromkeys(("dnat", "redirect"), ("daddr", "daddr6", "dport")),
    **dict.fromkeys(("snat", "masquerade"), ("saddr", "saddr6", "sport")),
}
"""The fields that each kind of translation changes."""


class Hearing(Struct, frozen=True, kw_only=True):
    """Packets of a crossing and their fates."""

    packets: Boxes
    outcomes: tuple[Outcome, ...]
    of: str = "first packets"


class Kind(Struct, frozen=True, kw_only=True):
    """What connections have in common of which the later packets and the answers are judged together."""

    restored: Bound = ()
    """Fields of an answer until the kernel restores them: the translated ones, the other way round."""
    becomes: Bound = ()
    """Fields of a later packet once the kernel has translated it as it did the first."""
    ct_mark: int = 0
    dnat: bool = False
    tracked: bool = True
    rewritten: bool = False
    """Addresses or ports were changed without connection tracking, so that nothing changes them back."""


_PLAIN: Final = Kind()


class Case(Struct, frozen=True, kw_only=True):
    """A crossing with all that was heard of it."""

    crossing: Crossing
    request: tuple[Hearing, ...]
    """The first packets, then those that follow."""
    reply: tuple[Hearing, ...]


class Court:
    """One ruleset; its programs are made once."""

    def __init__(self, ruleset: Ruleset, others: Others = _NOBODY) -> None:
        """`others`: addresses that are surely not those of the machine that the ruleset is of."""
        self._ruleset = ruleset
        self._others = others
        steps = (step for chain in ruleset.chains.values() for rule in chain.rules for step in rule.steps)
        self._changing = any(isinstance(step, Translate | Unsupported) for step in steps)
        """Whether a request of which nothing is known may have become another."""
        self._arounds: dict[Route, Around] = {}
        self._programs: dict[tuple[Route, Bound, Bound, bool], Program] = {}
        self._expected: dict[tuple[str, int], Boxes] = {}

    def program(self, route: Route, restored: Bound = (), becomes: Bound = (), *, marked: bool = True) -> Program:
        """The program of a route; where not `marked`, the connection's mark is not known. Raises RulesetError."""
        key = (route, restored, becomes, marked)
        if key not in self._programs:
            brings: Bound = () if marked else (("ct_mark", UNKNOWN),)
            self._programs[key] = unroll(self._ruleset, route, restored, becomes, brings, self.around(route))
        return self._programs[key]

    def around(self, route: Route) -> Around:
        """What is known of the machine, on one route."""
        if route not in self._arounds:
            coming, leaving = beneath(self._ruleset, route), below(self._ruleset, route)
            self._arounds[route] = Around(others=self._others, coming=coming, leaving=leaving)
        return self._arounds[route]

    def hear(self, asked: tuple[Crossing, ...]) -> list[Case]:
        """All crossings, in order; those whose helper others depend on are heard first."""
        cases: dict[int, Case] = {}
        for at, crossing in sorted(enumerate(asked), key=lambda one: not one[1].passage.exchange.helper):
            cases[at] = self._case(crossing)
        return [cases[at] for at in range(len(asked))]

    def _case(self, crossing: Crossing) -> Case:
        packets = self._first(crossing)
        program = self.program(THERE[crossing.hook])
        outcomes = run(program, packets)
        request = [Hearing(packets=packets, outcomes=outcomes)]
        self._expect(crossing, outcomes)
        exchange = crossing.passage.exchange
        if not exchange.answered:
            return Case(crossing=crossing, request=tuple(request), reply=())
        kinds = _kinds(outcomes)
        later = self._later(crossing, packets, outcomes, kinds)
        return Case(
            crossing=crossing, request=(*request, *later), reply=tuple(self._replies(crossing, packets, outcomes))
        )

    def _later(
        self, crossing: Crossing, packets: Boxes, outcomes: tuple[Outcome, ...], kinds: dict[Kind, Boxes]
    ) -> list[Hearing]:
        """Packets after the first that do not pass although the first did."""
        stopped = [self._following(crossing, some, kind) for kind, some in kinds.items()]
        rest = Boxes.put(box for one in outcomes if one.verdict != "accept" for box in one.packets)
        odd = Boxes.put(box for some in kinds.values() for box in some)
        if not rest and not odd:
            stopped.append(self._following(crossing, packets, _PLAIN))
        elif any(one.verdict == "accept" and _kind(one) == _PLAIN for one in outcomes):
            stopped.append(self._following(crossing, packets, _PLAIN, wanted.regardless(rest | odd)))
        return [one for one in stopped if one.outcomes]

    def _following(self, crossing: Crossing, packets: Boxes, kind: Kind, rest: Boxes | None = None) -> Hearing:
        """What of the packets that follow `packets`, less `rest`, does not pass."""
        later = wanted.following(packets, max(kind.ct_mark, 0), dnat=kind.dnat, tracked=kind.tracked)
        program = self.program(THERE[crossing.hook], becomes=kind.becomes, marked=kind.ct_mark != UNKNOWN)
        stopped: list[Outcome] = []
        for one in run(program, later):
            if one.verdict != "accept":
                left = one.packets if rest is None else one.packets - rest
                stopped += [structs.replace(one, packets=left)] if left else []
        return Hearing(packets=later, outcomes=tuple(stopped), of="later packets")

    def _first(self, crossing: Crossing) -> Boxes:
        """New packets; related ones as far as a helper that the ruleset assigned expects them."""
        packets = wanted.first(crossing)
        passage = crossing.passage
        expected = self._expected.get((passage.flow.id, passage.family))
        if not passage.exchange.expected or expected is None:
            return packets
        return (packets - expected) | wanted.related(packets & expected)

    def _expect(self, crossing: Crossing, outcomes: tuple[Outcome, ...]) -> None:
        """A helper expects packets between the ends of the requests that came through with it, in the other direction."""
        passage = crossing.passage
        if not passage.exchange.helper:
            return
        key = (passage.flow.id, passage.family)
        held = self._expected.get(key, Boxes.nothing())
        for outcome in outcomes:
            if outcome.verdict == "accept" and passage.exchange.helper in outcome.helpers:
                held |= wanted.swapped(wanted.ends(outcome.packets))
        self._expected[key] = held

    def _replies(self, crossing: Crossing, packets: Boxes, outcomes: tuple[Outcome, ...]) -> list[Hearing]:
        """Answers group by group: what was translated comes from its translated address, what was untracked is on its own."""
        kinds = _kinds(outcomes)
        unclear = (one for one in outcomes if one.verdict == "unknown" and self._changing)
        vague = Boxes.put(box for one in unclear for box in one.packets)
        plain = packets - Boxes.put((*vague, *(box for some in kinds.values() for box in some)))
        heard = [self._answering(crossing, some, kind) for kind, some in kinds.items()]
        heard += [self._answering(crossing, plain, _PLAIN)] if plain else []
        heard += [_vaguely(self._answering(crossing, vague, _PLAIN))] if vague else []
        return [one for one in heard if one.packets]

    def _answering(self, crossing: Crossing, packets: Boxes, kind: Kind) -> Hearing:
        answers = wanted.answers(packets, max(kind.ct_mark, 0), dnat=kind.dnat, tracked=kind.tracked)
        if kind.rewritten and answers:
            fates: tuple[Outcome, ...] = (Outcome(packets=answers, verdict="unknown", why=_REWRITTEN),)
        else:
            program = self.program(BACK[crossing.hook], kind.restored, marked=kind.ct_mark != UNKNOWN)
            fates = run(program, answers)
        return Hearing(packets=answers, outcomes=fates, of="answers")


def _vaguely(heard: Hearing) -> Hearing:
    """What the request has become is not known, so that its answers may be others than these."""
    fates = tuple(structs.replace(one, verdict="unknown", why=one.why or _VAGUE) for one in heard.outcomes)
    return structs.replace(heard, outcomes=fates)


_VAGUE: Final = "what becomes of the request is not known"
_REWRITTEN: Final = "addresses or ports are rewritten without connection tracking, so that who answers cannot be told"


def _kinds(outcomes: tuple[Outcome, ...]) -> dict[Kind, Boxes]:
    """Accepted packets by the kind of their connection, but for the plain ones: established replies without a mark, from where they were sent to."""
    groups: dict[Kind, list[Box]] = {}
    for one in outcomes:
        if one.verdict == "accept" and (kind := _kind(one)) != _PLAIN:
            groups.setdefault(kind, []).extend(one.packets)
    return {kind: Boxes.put(boxes) for kind, boxes in groups.items()}


def _kind(outcome: Outcome) -> Kind:
    state = outcome.state
    if state is None:
        return _PLAIN
    translated = {name for step in state.translations for name in _ENDS[step.kind]}
    becomes = tuple((name, value) for name, value in state.bound if name in _TRANSLATED & translated)
    mark = state.value("ct_mark")
    return Kind(
        restored=tuple(sorted((wanted.opposite(name), value) for name, value in becomes)),
        becomes=becomes,
        # The packets that are asked for come without any mark.
        ct_mark=mark.of_value(0) if isinstance(mark, Seen) else 0 if mark in {None, ABSENT} else mark or 0,
        dnat=state.value("ct_status_dnat") == 1,
        tracked=state.value("ct_state") != CT_UNTRACKED,
        rewritten=any(name in _TRANSLATED - translated for name, _ in state.bound),
    )
