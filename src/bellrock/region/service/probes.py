"""Flows tried by agents: now or by schedules, for the site or for somebody who asks; what became of them is kept and told."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from bellrock.contract import Done, Results, Try
from bellrock.diagnosis.findings_document import all_told
from bellrock.flows import Wanted
from bellrock.model import Monotonic, Probed, Wall
from bellrock.region.logs import Limited, line
from bellrock.region.service.agentsession import Session
from bellrock.region.service.askers import Askers
from bellrock.region.service.knownsite import KnownSite
from bellrock.region.service.ledger import Ledger
from bellrock.region.service.matrix import STALE, Matrix, check_of
from bellrock.region.service.names import UnknownHost
from bellrock.region.service.probeshapes import (
    CellResultsView,
    ChangeView,
    MatrixAgentView,
    MatrixView,
    RunView,
    ScheduleView,
    SiteView,
    UntriedView,
)
from bellrock.region.service.probeviews import change_view, columns, findings_of, run_view, standing_view
from bellrock.region.service.runs import MAX_WISHES, Result, Run, Runs, TooMany
from bellrock.region.service.schedules import DEFAULT, DEFAULT_EVERY, Schedules
from bellrock.region.service.state import State
from bellrock.region.service.wishes import (
    GENTLE,
    Check,
    Unaskable,
    Wish,
    asked,
    check_flows,
    tries_of,
)
from bellrock.region.store import LoadedProbes, ProbeStore, ScheduleRow, Standing

TICK: Final = 1.0
"""Seconds between two looks at what is due."""
GENTLE_EVERY: Final = 600.0
"""Seconds between two tries of one management controller by one agent, however often a schedule runs."""
MAX_ASKED: Final = 1000
"""Checks that may be asked for at once beside the site's."""
SHOWN: Final = 0.5
"""Seconds between two tellings of results that change nothing."""
PER_SECOND: Final = 10_000
"""Checks that are told to those who watch in a second: of a large matrix, less often."""
ALL_OF: Final = 200
"""Checks of one cell whose evidence is told at once."""

log = logging.getLogger(__name__)

Alert = tuple[Standing, str]
"""A check as it stands, and the verdict that was told before, empty for none."""


class Probes:
    """All about flows that are tried."""

    def __init__(
        self, store: ProbeStore, loaded: LoadedProbes, state: State, sessions: Mapping[str, Session],
        names: Callable[[], Mapping[str, str]], clock: Callable[[], Wall], mono: Callable[[], Monotonic],
        changed: Callable[[], None], chance: Callable[[], float],
    ) -> None:  # fmt: skip
        """`names`: unique, by agent id; `changed`: the matrix says something new; `chance`: uniform in [0, 1)."""
        self._store = store
        self._state = state
        self._sessions = sessions
        self._clock = clock
        self._mono = mono
        self._changed = changed
        self.known = KnownSite(store, loaded.site, clock)
        self._askers = Askers(self.known, state, sessions, names)
        self._ledger = Ledger(store)
        self.matrix = Matrix(loaded.standings)
        self.runs = Runs(sessions, mono, self._took, self._over)
        self.schedules = Schedules(loaded.schedules, mono, chance)
        self._ledger.forget(self.matrix.forget_unknown([row.id for row in loaded.schedules]))
        self.listeners: list[Callable[[list[Alert]], None]] = []
        """Told of verdicts that changed and stayed so."""
        self.turning: list[Callable[[], None]] = []
        """Told that there are other verdicts than before, or fewer; not of each result that says the same again."""
        self.results_by: Counter[tuple[str, str]] = Counter()
        """Results since the start, by flow and verdict."""
        self.rtt_listeners: list[Callable[[str, float], None]] = []
        """Told of round trips: flow, seconds."""
        self._wants: dict[Check, Wanted] = {}
        """What was wanted of checks that were made since the start."""
        self._shown = Monotonic(0.0)
        self._complaints = Limited(30.0)

    async def run(self) -> None:
        """Begin what is due and write what came in, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._ledger.run(), name="probe results")
            tasks.create_task(self._watch(), name="schedules")

    # the site

    async def put_site(self, text: str, by: str) -> SiteView:
        """Take a site file in, in place of the one before; with the first, checks begin.

        Raises:
            SiteError: something in it is wrong; one line for each mistake.
            NotStored: the disk does not take it.
        """
        first = self.known.text is None
        row = await self.known.put(text, by)
        if first and self.schedules.find(DEFAULT) is None:
            await self.put_schedule(ScheduleRow(id=DEFAULT, every=DEFAULT_EVERY, created=row.at, by=by))
        known = {*self._state.accounts, *self._sessions}
        wishes = await self._askers.of_site(sorted(known), ())
        wanted = frozenset(one.check for one in wishes)
        self._void("", wanted)
        # Rows of agents that the region knows no longer go as well: nobody would ever look again.
        self._drop_unwanted(known | {one.agent for one in self.matrix.standings}, wanted)
        self._turned()
        self._changed()
        return self.known.view()

    # runs

    async def begin(self, agents: Sequence[str], flows: Sequence[str], to: Sequence[str], tries: Sequence[Try]) -> Run:
        """Have agents (all that are connected, where none is named) try what the site says, or flows at targets, or just these tries.

        Raises:
            UnknownHost: no connected agent is meant.
            NoSite: nothing tells what to try.
            Unaskable, TooMany: that cannot be tried, or not so much.
        """
        whom = self._askers.connected(agents)
        check_flows(flows)
        check_flows(one.flow for one in tries)
        if to or tries:
            if to and not flows:
                raise Unaskable("targets without flows: name the flows that are to be tried there")
            wanted = [*tries, *tries_of(flows, to)]
            if len(wanted) * len(whom) > MAX_ASKED:
                raise Unaskable(f"{len(wanted) * len(whom)} checks at once; at most {MAX_ASKED} are taken")
            wishes = [wish for agent in whom for wish in asked(agent, self._askers.role(agent), wanted)]
            return self.runs.begin(wishes, keep=False)
        wishes = await self._askers.of_site(whom, flows)
        return self._same(frozenset(one.check for one in wishes)) or self.runs.begin(wishes)

    def results(self, session: Session, message: Results) -> None:
        """An agent tells what became of tries."""
        if (why := self.runs.results(session.host.id, message)) and self._complaints.may():
            log.warning(line("results-refused", agent=session.host.id, name=session.host.name, why=why))

    def done(self, agent: str, message: Done) -> bool:
        """An agent ended an order; False: it was none of these."""
        return self.runs.done(agent, message)

    def left(self, agent: str, name: str) -> None:
        """An agent is gone."""
        self.runs.left(agent, name)

    async def flush(self) -> None:
        """Write what waits, before the region stops."""
        await self._ledger.flush()

    # schedules

    async def put_schedule(self, row: ScheduleRow) -> None:
        """Keep a schedule in place of the one of its name.

        Raises:
            Unschedulable, Unaskable: it cannot be kept.
            NotStored: the disk does not take it.
        """
        self.schedules.check(row)
        check_flows(row.flows)
        tries_of(row.flows, row.to)
        await self._store.save_schedule(row)
        self._void(row.id)
        self._ledger.forget(self.matrix.forget_origin(row.id))
        self.schedules.put(row)

    async def remove_schedule(self, identity: str) -> bool:
        """Forget a schedule, and what it alone asked for; False: there is none.

        Raises:
            NotStored: the disk does not take it.
        """
        if self.schedules.find(identity) is None:
            return False
        await self._store.remove_schedule(identity)
        self.schedules.remove(identity)
        self._void(identity)
        self._ledger.forget(self.matrix.forget_origin(identity))
        self._turned()
        self._changed()
        return True

    def schedule_views(self) -> list[ScheduleView]:
        """All of them."""
        return self.schedules.views()

    # answers

    def view(self) -> MatrixView:
        """Agents × flows."""
        names, now = self._askers.names(), self._clock()
        cells = self.matrix.cells(now, self._stale(), self._sessions.keys())
        known = {cell.agent for cell in cells} | set(self._sessions)
        stands = {agent: self._askers.standpoint(agent) for agent in known}
        agents = [
            MatrixAgentView(agent, names.get(agent, agent), self._askers.role(agent), tuple(stands[agent].roles), agent in self._sessions)
            for agent in known
        ]  # fmt: skip
        return MatrixView(
            site=self.known.site.name if self.known.site else None,
            agents=tuple(sorted(agents, key=lambda one: (one.role, one.name))),
            flows=columns(cells),
            cells=cells,
            running=tuple(self.run_view(run) for run in self.runs.going_on),
            untried=tuple(
                UntriedView(agent, one.flow, one.target, one.why)
                for agent in sorted(self._sessions)
                for one in self.known.untried_from(stands[agent])
            ),
        )  # fmt: skip

    def run_view(self, run: Run) -> RunView:
        """A run as it is now."""
        return run_view(run, self._askers.names())

    async def cell(self, agent: str, flow_id: str) -> CellResultsView:
        """The checks of an agent, by name or id, and a flow, with their evidence.

        Raises:
            UnknownHost: there is no such agent.
        """
        names = self._askers.names()
        identity = next((one for one, name in names.items() if agent in (one, name)), agent)
        mine = self.matrix.of(identity, flow_id)[:ALL_OF]
        if not mine and identity not in names and identity not in self._sessions:
            raise UnknownHost(f"no agent {agent!r} is known")
        shown = await self._ledger.with_evidence(mine)
        name, now = names.get(identity, identity), self._clock()
        views = tuple(standing_view(one, probed, name, now) for one, probed in shown)
        return CellResultsView(name, flow_id, views, all_told(findings_of(shown, name)))

    def current(self) -> list[Standing]:
        """The checks that tell of now: those of agents that are connected, as long as they are not too old."""
        now, stale = self._clock(), self._stale()
        return [
            one
            for one in self.matrix.standings
            if one.agent in self._sessions and now - one.at <= stale.get(one.origin, STALE)
        ]

    def want(self, one: Standing) -> Wanted | None:
        """What was wanted of a check, with the options that it was tried with; None: it was not tried since the start."""
        return self._wants.get(check_of(one))

    async def with_evidence(self, standings: Sequence[Standing]) -> list[tuple[Standing, Probed]]:
        """Each with what was seen."""
        return await self._ledger.with_evidence(standings)

    async def history(self, agent: str | None, flow_id: str | None, before: int | None, limit: int) -> list[ChangeView]:
        """What changed, the newest first; of an agent, by name or id, and of a flow."""
        names = self._askers.names()
        identity = next((one for one, name in names.items() if agent in (one, name)), agent)
        rows = await self._store.history(identity, flow_id, before, limit)
        return [change_view(number, one, names) for number, one in rows]

    # work

    def _took(self, run: Run, results: list[Result]) -> None:
        for _, probed in results:
            self.results_by[probed.flow, probed.verdict.value] += 1
            if probed.rtt_ms is not None:
                for listener in self.rtt_listeners:
                    listener(probed.flow, probed.rtt_ms / 1000)
        if run.keep:
            self._stand_now(run, [one for one in results if run.counts is None or one[0].check in run.counts])
        self._show()

    def _stand_now(self, run: Run, results: list[Result]) -> None:
        self._wants |= {wish.check: wish.want for wish, _ in results}
        told, changes = self.matrix.take(results, self._clock())
        keys = [one.key for one, _ in told]
        for one, _ in told:
            run.told.setdefault(check_of(one), set()).add(one.key)
        alerts = self.matrix.steady(keys)
        marked = {one.key: one for one in self.matrix.mark_told(keys)}
        self._ledger.keep(((marked.get(one.key, one), probed) for one, probed in told), changes)
        self._ledger.forget(self.matrix.overflow())
        self._alert(alerts)
        if changes:
            self._turned()

    def _turned(self) -> None:
        for listener in self.turning:
            listener()

    def _alert(self, alerts: list[Alert]) -> None:
        if alerts:
            for listener in self.listeners:
                listener(alerts)

    def _over(self, run: Run) -> None:
        self.schedules.over(run.origin, run.id)
        log.info(line("probes-done", run=run.id, schedule=run.origin or "-", checks=run.total))
        if run.keep and run.counts is None:
            gone = self.matrix.replaced({one: keys for one, keys in run.told.items() if one not in run.missed}, run.of)
            self._ledger.forget(one.key for one in gone)
            self._alert(self.matrix.cleared(gone))
            if gone:
                self._turned()
        run.forget()
        if len(self._wants) > 2 * len(self.matrix) + MAX_ASKED:
            stand = {check_of(one) for one in self.matrix.standings}
            self._wants = {check: want for check, want in self._wants.items() if check in stand}
        self._changed()

    def _void(self, origin: str, counts: frozenset[Check] = frozenset()) -> None:
        """Of what runs still bring that this schedule, or the site, asked for before, only these checks count."""
        for run in self.runs.going_on:
            if run.keep and run.of == origin:
                run.counts = counts

    def _same(self, checks: frozenset[Check]) -> Run | None:
        """A run of just these checks that waits for its first answer: whoever asks for them now is served by it as well."""
        return next(
            (
                run
                for run in self.runs.going_on
                if run.keep and not run.of and run.counts is None and run.left == run.total and run.asked == checks
            ),
            None,
        )

    def _show(self) -> None:
        now = self._mono()
        if now - self._shown >= max(SHOWN, len(self.matrix) / PER_SECOND):
            self._shown = now
            self._changed()

    def _drop_unwanted(self, agents: Collection[str], wanted: Collection[Check]) -> None:
        """What a site that is no more had agents try stands no longer. `wanted`: all that these agents are to try now."""
        self._ledger.forget(self.matrix.prune(wanted, agents))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            self.runs.expire()
            for row in self.schedules.due():
                await self._begin_scheduled(row)

    async def _begin_scheduled(self, row: ScheduleRow) -> None:
        try:
            whom = self._askers.connected(row.agents)
            wishes = await self._wishes_of(row, whom)
            if wishes:
                run = self.runs.begin(wishes, origin=row.id)
                if run.left:
                    self.schedules.begun(row.id, run.id)
        except (UnknownHost, ValueError) as error:
            log.warning(line("schedule-skipped", schedule=row.id, why=str(error)))

    async def _wishes_of(self, row: ScheduleRow, whom: Sequence[str]) -> list[Wish]:
        if row.to:
            tries = tries_of(row.flows, row.to)
            if len(tries) * len(whom) > MAX_WISHES:
                raise TooMany(f"{len(tries) * len(whom)} checks at once; at most {MAX_WISHES} are taken: name agents")
            wishes = [wish for agent in whom for wish in asked(agent, self._askers.role(agent), tries, row.id)]
        else:
            wishes = await self._askers.of_site(whom, row.flows)
            if not row.flows:
                self._drop_unwanted(whom, {one.check for one in wishes})
        rested = self._clock() - GENTLE_EVERY
        recent = {
            (one.agent, one.flow, one.target) for one in self.matrix.standings if one.flow in GENTLE and one.at > rested
        }
        return [one for one in wishes if (one.agent, one.what.flow, one.target) not in recent]

    def _stale(self) -> dict[str, float]:
        """By origin, the seconds after which a check is too old: thrice its schedule's interval, at least STALE."""
        rows = self.schedules.rows
        found = {row.id: max(STALE, 3 * row.every) for row in rows if row.to}
        site = [row.every for row in rows if not row.to]
        return found | {"": max(STALE, 3 * min(site))} if site else found
