"""Takes the packets of crossings through a ruleset, both ways, with what connection tracking, helpers and NAT make of them."""

from typing import Final

from msgspec import Struct, structs

from bellrock.firewall.verify import wanted
from bellrock.firewall.verify.boxes import Box, Boxes
from bellrock.firewall.verify.program import Program
from bellrock.firewall.verify.route import FORWARDED, RECEIVED, SENT, Route
from bellrock.firewall.verify.ruleset import Ruleset
from bellrock.firewall.verify.state import CT_UNTRACKED, Bound, State
from bellrock.firewall.verify.unroll import unroll
from bellrock.firewall.verify.walk import Outcome, run
from bellrock.flows.passages import Crossing, Hook

THERE: Final = {Hook.INPUT: RECEIVED, Hook.OUTPUT: SENT, Hook.FORWARD: FORWARDED}
BACK: Final = {Hook.INPUT: SENT, Hook.OUTPUT: RECEIVED, Hook.FORWARD: FORWARDED}
_TRANSLATED: Final = frozenset({"saddr", "daddr", "saddr6", "daddr6", "sport", "dport"})


class Hearing(Struct, frozen=True, kw_only=True):
    """Packets of a crossing and their fates."""

    packets: Boxes
    outcomes: tuple[Outcome, ...]
    of: str = "first packets"


class Case(Struct, frozen=True, kw_only=True):
    """A crossing with all that was heard of it."""

    crossing: Crossing
    request: tuple[Hearing, ...]
    """The first packets, then those that follow."""
    reply: tuple[Hearing, ...]


class Court:
    """One ruleset; its programs are made once."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._ruleset = ruleset
        self._programs: dict[tuple[Route, Bound], Program] = {}
        self._expected: dict[tuple[str, int], Boxes] = {}

    def program(self, route: Route, restored: Bound = ()) -> Program:
        """The program of a route. Raises RulesetError."""
        key = (route, restored)
        if key not in self._programs:
            self._programs[key] = unroll(self._ruleset, route, restored)
        return self._programs[key]

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
        later = self._later(program, packets, outcomes)
        return Case(
            crossing=crossing, request=(*request, *later), reply=tuple(self._replies(crossing, packets, outcomes))
        )

    def _later(self, program: Program, packets: Boxes, outcomes: tuple[Outcome, ...]) -> list[Hearing]:
        """Packets after the first that do not pass although the first did; a translated packet's way is that of its first."""
        rest = Boxes.put(box for one in outcomes if one.verdict != "accept" or _odd(one) for box in one.packets)
        if rest and all(one.verdict != "accept" or _odd(one) for one in outcomes):
            return []
        later = wanted.following(packets)
        stopped: list[Outcome] = []
        for one in run(program, later):
            if one.verdict != "accept":
                left = one.packets - wanted.regardless(rest)
                stopped += [structs.replace(one, packets=left)] if left else []
        return [Hearing(packets=later, outcomes=tuple(stopped), of="later packets")] if stopped else []

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
        groups: dict[tuple[Bound, int, bool], list[Box]] = {}
        for outcome in outcomes:
            if outcome.verdict == "accept" and outcome.state is not None and _odd(outcome):
                state = outcome.state
                key = (_restored(state), max(state.value("ct_mark") or 0, 0), not _is_untracked(outcome))
                groups.setdefault(key, []).extend(outcome.packets)
        plain = packets - Boxes.put(box for some in groups.values() for box in some)
        if plain:
            groups.setdefault(((), 0, True), []).extend(plain)
        heard: list[Hearing] = []
        for (restored, ct_mark, tracked), some in groups.items():
            answers = wanted.answers(Boxes.put(some), ct_mark, tracked=tracked)
            if answers:
                fates = run(self.program(BACK[crossing.hook], restored), answers)
                heard.append(Hearing(packets=answers, outcomes=fates, of="answers"))
        return heard


def _restored(state: State) -> Bound:
    """What the fields of an answer are until the kernel restores them: the translated ones, the other way round."""
    return tuple(sorted((wanted.opposite(name), value) for name, value in state.bound if name in _TRANSLATED))


def _is_untracked(outcome: Outcome) -> bool:
    return outcome.state is not None and outcome.state.value("ct_state") == CT_UNTRACKED


def _odd(outcome: Outcome) -> bool:
    """Whether the answers to these packets are not plain established replies without a mark, from where they were sent to."""
    state = outcome.state
    return state is not None and bool(_restored(state) or state.value("ct_mark") or _is_untracked(outcome))
