"""Checks given to agents, a bounded number at a time, and what comes back: every wish is answered, by somebody or by us."""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Protocol

from ulid_transform import ulid_now

from bellrock.contract import Done, Order, Results, RunProbes
from bellrock.diagnosis.verdicts import judge
from bellrock.model import Monotonic, Probed, Verdict
from bellrock.region.service.told import flaw
from bellrock.region.service.wishes import GENTLE, Check, Wish

CHUNK: Final = 128
"""Tries in one order."""
GENTLE_CHUNK: Final = 8
"""Tries of management controllers in one order: as long as it runs, no other agent asks them."""
MAX_RUNS: Final = 16
"""Under way."""
MAX_WISHES: Final = 50_000
"""In one run."""
REMEMBERED: Final = 64
"""Runs whose results can still be asked for, once they are over."""
QUIET: Final = 60.0
"""Seconds without a result that was owed, beside what its slowest try may take, after which an order is given up."""
PATIENCE: Final = 120.0
"""Seconds that an order may take beside what all of its tries would take one after the other; then it is over, whatever is said of it."""


class TooMany(ValueError):  # noqa: N818 -- says what it is
    """No more is begun now: how much goes on already, or how much was asked for at once."""


class Session(Protocol):
    """An agent's, as orders see it."""

    def say(self, message: Order) -> None:
        """Something that the agent must be told."""


Result = tuple[Wish, Probed]
"""Judged."""


class Run:
    """Some wishes, from when they are given to agents to when the last is answered."""

    def __init__(self, wishes: Sequence[Wish], *, origin: str, keep: bool) -> None:
        """`keep`: results stand in the matrix, and need not be remembered here."""
        self.id = ulid_now()
        self.origin = origin
        self.keep = keep
        self.total = self.left = len(wishes)
        self.results: list[Result] = []
        self.counts: frozenset[Check] | None = None
        """Where what was wanted has changed since: of what still comes, this counts alone."""
        self.told: dict[Check, set[str]] = {}
        """What stands by this run: check → keys of the matrix, one for each variant."""
        self.missed: set[Check] = set()
        """Checks of which something was not answered."""
        self.asked = frozenset(wish.check for wish in wishes)
        self.of = wishes[0].origin if wishes else ""
        """Who asks for it, as `Wish.origin` has it."""
        self.agents: dict[str, list[int]] = {}
        """Agent → how many checks it has, and how many are left."""
        self.together: dict[tuple[str, ...], int] = {}
        """What is judged together → how many of it are not told yet."""
        self.held: dict[tuple[str, ...], list[Result]] = {}
        for wish in wishes:
            mine = self.agents.setdefault(wish.agent, [0, 0])
            mine[0] += 1
            mine[1] += 1
            group = (wish.agent, *wish.together)
            self.together[group] = self.together.get(group, 0) + 1

    def forget(self) -> None:
        """It is over: what it was to be compared by is needed no longer."""
        self.told, self.missed, self.asked = {}, set(), frozenset()


class _Given:
    """An order under way."""

    def __init__(self, agent: str, wishes: tuple[tuple[Run, Wish], ...], until: Monotonic, last: Monotonic) -> None:
        """`until`: when it is given up unless a result comes, `last`: when it is in any case."""
        self.agent = agent
        self.waiting = dict(enumerate(wishes))
        self.until = until
        self.last = last
        self.gentle = {wish.what.address for _, wish in wishes if wish.what.flow in GENTLE}


class Runs:
    """Who tries what now."""

    def __init__(
        self, sessions: Mapping[str, Session], mono: Callable[[], Monotonic],
        took: Callable[[Run, list[Result]], None], over: Callable[[Run], None],
    ) -> None:  # fmt: skip
        """`took` is told of judged results as they come, `over` of a run of which none is missing any more."""
        self._sessions = sessions
        self._mono = mono
        self._took = took
        self._over = over
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._waiting: dict[str, deque[tuple[Run, Wish]]] = {}
        """Agent → what it is still to be given."""
        self._given: dict[str, _Given] = {}
        """Order → what it asks for."""
        self._at_work: dict[str, str] = {}
        """Agent → the order that it carries out; it has one at a time."""

    @property
    def going_on(self) -> tuple[Run, ...]:
        """Runs that are not over."""
        return tuple(run for run in self._runs.values() if run.left)

    def find(self, identity: str) -> Run | None:
        """A run, also one that was over a while ago."""
        return self._runs.get(identity)

    def begin(self, wishes: Sequence[Wish], *, origin: str = "", keep: bool = True) -> Run:
        """Give wishes to their agents.

        Raises:
            TooMany: no more can be taken now.
        """
        if len(self.going_on) >= MAX_RUNS:
            raise TooMany(f"{MAX_RUNS} runs are under way; wait until one is over")
        if len(wishes) > MAX_WISHES:
            raise TooMany(f"{len(wishes)} checks at once; at most {MAX_WISHES} are taken: name agents or flows")
        run = Run(wishes, origin=origin, keep=keep)
        self._remember(run)
        for wish in wishes:
            self._waiting.setdefault(wish.agent, deque()).append((run, wish))
        if not wishes:
            self._over(run)
        self._feed_all()
        return run

    def results(self, agent: str, message: Results) -> str:
        """An agent tells what became of some tries; what is wrong with its word, or nothing."""
        given = self._given.get(message.order)
        if given is None or given.agent != agent:
            return "results for no order that was given to this agent"
        wrong, owed = "", len(given.waiting)
        for tried in message.tried:
            if (asked := given.waiting.pop(tried.index, None)) is None:
                wrong = "results of a try that was not asked for, or was told before"
            elif why := flaw(tried.probed, asked[1].what.flow):
                wrong = why
                self._answer(*asked, (_unknown(asked[1], f"what the agent told cannot be used: {why}"),))
            else:
                self._answer(*asked, tried.probed)
        if len(given.waiting) < owed:
            given.until = min(given.last, self._until(run_wish[1] for run_wish in given.waiting.values()))
        return wrong

    def done(self, agent: str, message: Done) -> bool:
        """An agent has ended an order; False: it was none of these."""
        given = self._given.get(message.order)
        if given is None or given.agent != agent:
            return False
        self._end(message.order, message.why or "the agent did not tell what became of it")
        if given.gentle:
            self._feed_all()
        else:
            self._feed(agent)
        return True

    def left(self, agent: str, name: str) -> None:
        """An agent is gone, and with it the answers that it owes."""
        if order := self._at_work.get(agent):
            self._end(order, f"the agent {name} was disconnected meanwhile")
        self._feed_all()

    def expire(self) -> None:
        """Give up orders of which nothing is heard."""
        now = self._mono()
        if late := [order for order, given in self._given.items() if given.until < now]:
            for order in late:
                self._end(order, f"the agent told no result of it for {QUIET:g} s, or took too long over all")
            self._feed_all()

    def _feed_all(self) -> None:
        for agent in [*self._waiting]:
            self._feed(agent)

    def _feed(self, agent: str) -> None:
        """The agent's next order, if it has none."""
        queue = self._waiting.get(agent)
        if not queue:
            return
        session = self._sessions.get(agent)
        if session is None:
            while queue:
                run, wish = queue.popleft()
                self._miss(run, wish, "the agent is not connected")
            del self._waiting[agent]
            return
        if agent in self._at_work:
            return
        if chunk := self._chunk(queue):
            order = Order(ulid_now(), RunProbes(tuple(wish.what for _, wish in chunk)))
            last = Monotonic(self._mono() + PATIENCE + sum(wish.what.within for _, wish in chunk))
            self._given[order.id] = _Given(agent, tuple(chunk), self._until(wish for _, wish in chunk), last)
            self._at_work[agent] = order.id
            session.say(order)
        if not queue:
            del self._waiting[agent]

    def _chunk(self, queue: deque[tuple[Run, Wish]]) -> list[tuple[Run, Wish]]:
        """The next wishes that may be tried now: gentle ones apart, and none at a controller that another agent asks."""
        busy = set().union(*(given.gentle for given in self._given.values()))
        chunk: list[tuple[Run, Wish]] = []
        kept: list[tuple[Run, Wish]] = []
        gentle: bool | None = None
        while queue and len(chunk) < (GENTLE_CHUNK if gentle else CHUNK):
            run_wish = queue.popleft()
            is_gentle = run_wish[1].what.flow in GENTLE
            if (gentle is not None and is_gentle is not gentle) or (is_gentle and run_wish[1].what.address in busy):
                kept.append(run_wish)
            else:
                gentle = is_gentle
                chunk.append(run_wish)
        queue.extendleft(reversed(kept))
        return chunk

    def _end(self, order: str, why: str) -> None:
        given = self._given.pop(order)
        del self._at_work[given.agent]
        for run, wish in given.waiting.values():
            self._miss(run, wish, why)

    def _miss(self, run: Run, wish: Wish, why: str) -> None:
        """A wish that nobody answers. That says nothing about the flow: how it stood last, with its age, is the better word."""
        run.missed.add(wish.check)
        self._answer(run, wish, () if run.keep else (_unknown(wish, why),))

    def _answer(self, run: Run, wish: Wish, probed: tuple[Probed, ...]) -> None:
        group = (wish.agent, *wish.together)
        held = run.held.setdefault(group, [])
        held += [(wish, one) for one in probed]
        run.together[group] -= 1
        run.agents[wish.agent][1] -= 1
        if not run.together[group]:
            del run.together[group], run.held[group]
            judged = judge([(one.want, found) for one, found in held])
            results = [(one, found) for (one, _), found in zip(held, judged, strict=True)]
            if not run.keep:
                run.results += results
            self._took(run, results)
        run.left -= 1
        if not run.left:
            self._over(run)

    def _until(self, wishes: Iterable[Wish]) -> Monotonic:
        return Monotonic(self._mono() + QUIET + max((wish.what.within for wish in wishes), default=0.0))

    def _remember(self, run: Run) -> None:
        self._runs[run.id] = run
        for identity in [identity for identity, one in self._runs.items() if not one.left and one is not run]:
            if len(self._runs) <= REMEMBERED:
                break
            del self._runs[identity]


def _unknown(wish: Wish, why: str) -> Probed:
    return Probed(flow=wish.what.flow, target=wish.target, verdict=Verdict.NOT_CHECKED, detail=why)
