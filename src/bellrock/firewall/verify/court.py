"""Takes the packets of crossings through a ruleset, both ways, with what connection tracking, helpers and NAT make of them."""

from typing import Final

from msgspec import Struct

from bellrock.firewall.verify import wanted
from bellrock.firewall.verify.boxes import Boxes
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
        later = wanted.following(_tracked(outcomes))
        if later:
            request.append(Hearing(packets=later, outcomes=run(program, later), of="later packets"))
        return Case(crossing=crossing, request=tuple(request), reply=tuple(self._replies(crossing, packets, outcomes)))

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
        accepted = [one for one in outcomes if one.verdict == "accept" and one.state is not None]
        heard: list[Hearing] = []
        rest = packets
        groups: dict[tuple[Bound, int, bool], Boxes] = {}
        for outcome in accepted:
            state = outcome.state or State(outcome.packets)
            key = (_restored(state), max(state.value("ct_mark") or 0, 0), not _is_untracked(outcome))
            groups[key] = groups.get(key, Boxes.nothing()) | outcome.packets
            rest -= outcome.packets
        if rest:
            groups[((), 0, True)] = groups.get(((), 0, True), Boxes.nothing()) | rest
        for (restored, ct_mark, tracked), some in groups.items():
            answers = wanted.answers(some, ct_mark, tracked=tracked)
            if answers:
                outcomes = run(self.program(BACK[crossing.hook], restored), answers)
                heard.append(Hearing(packets=answers, outcomes=outcomes, of="answers"))
        return heard


def _restored(state: State) -> Bound:
    """What the fields of an answer are until the kernel restores them: the translated ones, the other way round."""
    return tuple(sorted((wanted.opposite(name), value) for name, value in state.bound if name in _TRANSLATED))


def _is_untracked(outcome: Outcome) -> bool:
    return outcome.state is not None and outcome.state.value("ct_state") == CT_UNTRACKED


def _tracked(outcomes: tuple[Outcome, ...]) -> Boxes:
    """Accepted packets with a connection, and without translation (a translated packet's way is that of its first)."""
    found = Boxes.nothing()
    for outcome in outcomes:
        if outcome.verdict == "accept" and not outcome.translations and not _is_untracked(outcome):
            found |= outcome.packets
    return found
