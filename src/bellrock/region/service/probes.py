"""Flows tried by agents: now or by schedules, for the site or for somebody who asks; what became of them is kept and told."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final

from bellrock.contract import Done, Results, Try
from bellrock.diagnosis.probes import findings
from bellrock.flows import BOOT, Protocol, Site, SiteError, Standpoint, Untried, Wanted, flow, parse, untried
from bellrock.flows.values import Role
from bellrock.model import Finding, Monotonic, Probed, Wall
from bellrock.region.logs import Limited, line
from bellrock.region.service.agents import Session
from bellrock.region.service.matrix import STALE, Matrix
from bellrock.region.service.names import UnknownHost, chosen
from bellrock.region.service.probeshapes import (
    AgentRunView,
    CellResultsView,
    ChangeView,
    MatrixAgentView,
    MatrixFlowView,
    MatrixView,
    ResultView,
    RunView,
    ScheduleView,
    SiteView,
    UntriedView,
)
from bellrock.region.service.runs import MAX_WISHES, Result, Run, Runs
from bellrock.region.service.schedules import DEFAULT, DEFAULT_EVERY, Schedules
from bellrock.region.service.state import State
from bellrock.region.service.wishes import GENTLE, Unaskable, Wish, asked, check_flows, of_site, standpoint, tries_of
from bellrock.region.store import Change, LoadedProbes, NotStored, ProbeStore, ScheduleRow, SiteRow, Standing

TICK: Final = 1.0
"""Seconds between two looks at what is due."""
GATHER: Final = 0.2
"""Seconds in which results gather for one transaction."""
GENTLE_EVERY: Final = 600.0
"""Seconds between two tries of one management controller by one agent, however often a schedule runs."""
MAX_ASKED: Final = 1000
"""Checks that may be asked for at once beside the site's."""
MAX_CHANGES: Final = 10_000
"""Changes that wait for a disk that is full; older ones are lost to the history."""
SHOWN: Final = 0.5
"""Seconds between two tellings of results that change nothing."""
MAX_REMEMBERED: Final = 4096
"""Standpoints whose blind spots are remembered."""
PER_SECOND: Final = 10_000
"""Checks that are told to those who watch in a second: of a large matrix, less often."""
ALL_OF: Final = 200
"""Checks of one cell whose evidence is told at once."""

log = logging.getLogger(__name__)

Alert = tuple[Standing, str]
"""A check as it stands, and the verdict that was told before, empty for none."""


class NoSite(ValueError):  # noqa: N818 -- says what it is
    """The region was given no site, so that nobody knows what matters."""


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
        self._names = names
        self._clock = clock
        self._mono = mono
        self._changed = changed
        self._site_row = loaded.site
        self._site = _parsed(loaded.site)
        self.matrix = Matrix(loaded.standings)
        self.runs = Runs(sessions, mono, self._took, self._over)
        self.schedules = Schedules(loaded.schedules, mono, chance)
        self.listeners: list[Callable[[list[Alert]], None]] = []
        """Told of verdicts that changed and stayed so."""
        self.results_by: Counter[tuple[str, str]] = Counter()
        """Results since the start, by flow and verdict."""
        self.rtt_listeners: list[Callable[[str, float], None]] = []
        """Told of round trips: flow, seconds."""
        self._untried: dict[Standpoint, tuple[Untried, ...]] = {}
        self._pending: dict[str, tuple[Standing, Probed]] = {}
        self._changes: deque[Change] = deque(maxlen=MAX_CHANGES)
        self._gone: dict[str, None] = {}
        self._more = asyncio.Event()
        self._shown = Monotonic(0.0)
        self._complaints = Limited(30.0)

    async def run(self) -> None:
        """Begin what is due and write what came in, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._write(), name="probe results")
            tasks.create_task(self._watch(), name="schedules")

    # the site

    @property
    def site(self) -> Site | None:
        """What the region was given."""
        return self._site

    @property
    def site_text(self) -> str | None:
        """The site file as it was given."""
        return self._site_row.text if self._site_row else None

    def site_view(self) -> SiteView:
        """The site file as it was given.

        Raises:
            NoSite: there is none.
        """
        if self._site_row is None or self._site is None:
            raise NoSite("this region knows no site; `bellrock site push FILE` gives it one")
        row = self._site_row
        return SiteView(title=self._site.name, text=row.text, by=row.by, at=row.at, notices=self._site.notices)

    async def put_site(self, text: str, by: str) -> SiteView:
        """Take a site file in, in place of the one before; with the first, checks begin.

        Raises:
            SiteError: something in it is wrong; one line for each mistake.
            NotStored: the disk does not take it.
        """
        site = parse(text.encode(), "site")
        row = SiteRow(text=text, at=self._clock(), by=by)
        first = self._site_row is None
        await self._store.save_site(row)
        self._site, self._site_row = site, row
        self._untried.clear()
        log.info(line("site-changed", title=site.name, by=by))
        if first and self.schedules.find(DEFAULT) is None:
            await self.put_schedule(ScheduleRow(id=DEFAULT, every=DEFAULT_EVERY, created=row.at, by=by))
        agents = [*self._state.accounts]
        self._drop_unwanted(agents, await self._of_site(agents, ()))
        self._changed()
        return self.site_view()

    # runs

    async def begin(self, agents: Sequence[str], flows: Sequence[str], to: Sequence[str], tries: Sequence[Try]) -> Run:
        """Have agents (all that are connected, where none is named) try what the site says, or flows at targets, or just these tries.

        Raises:
            UnknownHost: no connected agent is meant.
            NoSite: nothing tells what to try.
            Unaskable, TooMany: that cannot be tried, or not so much.
        """
        whom = self._connected(agents)
        check_flows(flows)
        check_flows(one.flow for one in tries)
        if to or tries:
            if to and not flows:
                raise Unaskable("targets without flows: name the flows that are to be tried there")
            wanted = [*tries, *tries_of(flows, to)]
            if len(wanted) * len(whom) > MAX_ASKED:
                raise Unaskable(f"{len(wanted) * len(whom)} checks at once; at most {MAX_ASKED} are taken")
            wishes = [wish for agent in whom for wish in asked(agent, self._role(agent), wanted)]
            return self.runs.begin(wishes, keep=False)
        wishes = await self._of_site(whom, flows)
        return self.runs.begin(wishes)

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
        self._forget(self.matrix.forget_origin(row.id))
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
        self._forget(self.matrix.forget_origin(identity))
        self._changed()
        return True

    def schedule_views(self) -> list[ScheduleView]:
        """All of them."""
        return self.schedules.views()

    # answers

    def view(self) -> MatrixView:
        """Agents × flows."""
        names, now = self._names(), self._clock()
        cells = self.matrix.cells(now, self._stale())
        known = {cell.agent for cell in cells} | set(self._sessions)
        stands = {agent: self._stand(agent) for agent in known}
        agents = [
            MatrixAgentView(agent, self._name(agent, names), self._role(agent), tuple(stands[agent].roles), agent in self._sessions)
            for agent in known
        ]  # fmt: skip
        seen = {cell.flow for cell in cells}
        return MatrixView(
            site=self._site.name if self._site else None,
            agents=tuple(sorted(agents, key=lambda one: (one.role, one.name))),
            flows=tuple(MatrixFlowView(one, flow(one).title) for one in BOOT if one in seen),
            cells=cells,
            running=tuple(self.run_view(run) for run in self.runs.going_on),
            untried=tuple(
                UntriedView(agent, one.flow, one.target, one.why)
                for agent in sorted(self._sessions)
                for one in self._untried_from(stands[agent])
            ),
        )  # fmt: skip

    def run_view(self, run: Run) -> RunView:
        """A run as it is now."""
        names = self._names()
        return RunView(
            run=run.id, schedule=run.origin, kept=run.keep, checks=run.total, left=run.left,
            agents=tuple(AgentRunView(self._name(agent, names), *counts) for agent, counts in run.agents.items()),
            results=tuple(self._result(wish, probed, names) for wish, probed in run.results),
        )  # fmt: skip

    async def cell(self, agent: str, flow_id: str) -> CellResultsView:
        """The checks of an agent, by name or id, and a flow, with their evidence.

        Raises:
            UnknownHost: there is no such agent.
        """
        names = self._names()
        identity = next((one for one, name in names.items() if agent in (one, name)), agent)
        mine = self.matrix.of(identity, flow_id)[:ALL_OF]
        if not mine and identity not in names and identity not in self._sessions:
            raise UnknownHost(f"no agent {agent!r} is known")
        shown = await self._with_evidence(mine)
        name, now = self._name(identity, names), self._clock()
        return CellResultsView(
            name, flow_id, tuple(_shown(one, probed, name, now) for one, probed in shown), self._findings(shown, name)
        )

    async def history(self, agent: str | None, flow_id: str | None, before: int | None, limit: int) -> list[ChangeView]:
        """What changed, the newest first; of an agent, by name or id, and of a flow."""
        names = self._names()
        identity = next((one for one, name in names.items() if agent in (one, name)), agent)
        rows = await self._store.history(identity, flow_id, before, limit)
        return [
            ChangeView(
                id=number, at=one.at, agent=self._name(one.agent, names), flow=one.flow, target=one.target,
                protocol=one.protocol, variant=one.variant, before=one.before, verdict=one.verdict, detail=one.detail,
            )
            for number, one in rows
        ]  # fmt: skip

    # work

    def _connected(self, agents: Sequence[str]) -> list[str]:
        return chosen(agents, {agent: one.host.name for agent, one in self._sessions.items()}, self._names())

    def _stand(self, agent: str) -> Standpoint:
        account = self._state.accounts.get(agent)
        interfaces = [held for held, _ in account.interfaces.values()] if account else []
        return standpoint(self._site or Site(), self._role(agent), interfaces)

    def _untried_from(self, here: Standpoint) -> tuple[Untried, ...]:
        """Asked for each agent whenever somebody looks, so that it is remembered as long as the site stays the same."""
        if self._site is None:
            return ()
        if (known := self._untried.get(here)) is None:
            if len(self._untried) >= MAX_REMEMBERED:
                self._untried.clear()
            known = self._untried[here] = untried(self._site, here)
        return known

    def _role(self, agent: str) -> str:
        session, account = self._sessions.get(agent), self._state.accounts.get(agent)
        host = session.host if session else account.host if account else None
        return host.role if host else Role.NODE

    async def _of_site(self, agents: Sequence[str], flows: Sequence[str]) -> list[Wish]:
        """What the site has these agents try. Of many agents that takes a while, during which others are served."""
        site = self._site
        if site is None:
            raise NoSite(
                "this region knows no site, so that nothing tells what to try; `bellrock site push FILE`, or name targets"
            )
        wishes: list[Wish] = []
        for agent in agents:
            wishes += of_site(site, agent, self._stand(agent), flows)
            await asyncio.sleep(0)
            if len(wishes) > MAX_WISHES:
                if self._complaints.may():
                    log.warning(
                        line("checks-left-out", most=MAX_WISHES, hint="name agents or flows in several schedules")
                    )
                return wishes[:MAX_WISHES]
        return wishes

    def _took(self, run: Run, results: list[Result]) -> None:
        for _, probed in results:
            self.results_by[probed.flow, probed.verdict.value] += 1
            if probed.rtt_ms is not None:
                for listener in self.rtt_listeners:
                    listener(probed.flow, probed.rtt_ms / 1000)
        if run.keep:
            self._stand_now(results)
        self._show()

    def _stand_now(self, results: list[Result]) -> None:
        told, changes = self.matrix.take(results, self._clock())
        keys = [one.key for one, _ in told]
        alerts = self.matrix.steady(keys)
        marked = {one.key: one for one in self.matrix.mark_told(keys)}
        for one, probed in told:
            self._pending[one.key] = marked.get(one.key, one), probed
            self._gone.pop(one.key, None)
        self._changes += changes
        self._forget(self.matrix.overflow())
        self._more.set()
        if alerts:
            for listener in self.listeners:
                listener(alerts)

    def _over(self, run: Run) -> None:
        self.schedules.over(run.origin, run.id)
        log.info(line("probes-done", run=run.id, schedule=run.origin or "-", checks=run.total))
        self._changed()

    def _show(self) -> None:
        now = self._mono()
        if now - self._shown >= max(SHOWN, len(self.matrix) / PER_SECOND):
            self._shown = now
            self._changed()

    def _forget(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._pending.pop(key, None)
            self._gone[key] = None
            self._more.set()

    def _drop_unwanted(self, agents: Collection[str], wishes: Iterable[Wish]) -> None:
        """What a site that is no more had agents try stands no longer. `wishes`: all that these agents are to try now."""
        wanted = {(one.agent, one.what.flow, one.target, one.want.protocol.value) for one in wishes}
        self._forget(self.matrix.prune(wanted, agents))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            self.runs.expire()
            for row in self.schedules.due():
                await self._begin_scheduled(row)

    async def _begin_scheduled(self, row: ScheduleRow) -> None:
        try:
            whom = self._connected(row.agents)
            wishes = await self._wishes_of(row, whom)
            if wishes:
                run = self.runs.begin(wishes, origin=row.id)
                if run.left:
                    self.schedules.begun(row.id, run.id)
        except (UnknownHost, ValueError) as error:
            log.info(line("schedule-skipped", schedule=row.id, why=str(error)))

    async def _wishes_of(self, row: ScheduleRow, whom: Sequence[str]) -> list[Wish]:
        if row.to:
            tries = tries_of(row.flows, row.to)
            wishes = [wish for agent in whom for wish in asked(agent, self._role(agent), tries, row.id)]
        else:
            wishes = await self._of_site(whom, row.flows)
            if not row.flows:
                self._drop_unwanted(whom, wishes)
        rested = self._clock() - GENTLE_EVERY
        recent = {
            (one.agent, one.flow, one.target) for one in self.matrix.standings if one.flow in GENTLE and one.at > rested
        }
        return [one for one in wishes if (one.agent, one.what.flow, one.target) not in recent]

    async def _write(self) -> None:
        while True:
            await self._more.wait()
            await asyncio.sleep(GATHER)
            self._more.clear()
            await self._flush()

    async def _flush(self) -> None:
        pending, self._pending = self._pending, {}
        gone, self._gone = self._gone, {}
        changes = [*self._changes]
        self._changes.clear()
        try:
            await self._store.keep([*pending.values()], changes, gone, self._clock())
        except NotStored as error:
            self._pending = pending | self._pending
            self._gone = {key: None for key in (*gone, *self._gone) if key not in self._pending}
            self._changes.extendleft(reversed(changes))
            if self._complaints.may():
                log.error(line(error.event, error=str(error), hint="results of probes are kept in memory"))  # noqa: TRY400
            await asyncio.sleep(TICK)
            self._more.set()

    async def flush(self) -> None:
        """Write what waits, before the region stops."""
        if self._pending or self._gone or self._changes:
            await self._flush()

    def _stale(self) -> dict[str, float]:
        """By origin, the seconds after which a check is too old: thrice its schedule's interval, at least STALE."""
        rows = self.schedules.rows
        found = {row.id: max(STALE, 3 * row.every) for row in rows if row.to}
        site = [row.every for row in rows if not row.to]
        return found | {"": max(STALE, 3 * min(site))} if site else found

    async def _with_evidence(self, mine: Sequence[Standing]) -> list[tuple[Standing, Probed]]:
        stored = await self._store.probed([one.key for one in mine])
        found = []
        for one in mine:
            probed = self._pending[one.key][1] if one.key in self._pending else stored.get(one.key)
            found.append((one, probed or _bare(one)))
        return found

    def _findings(self, shown: Iterable[tuple[Standing, Probed]], host: str) -> tuple[Finding, ...]:
        return findings([(_want(one), probed) for one, probed in shown], host)

    def _result(self, wish: Wish, probed: Probed, names: Mapping[str, str]) -> ResultView:
        return ResultView(
            flow=probed.flow, target=probed.target or wish.target, verdict=probed.verdict, detail=probed.detail,
            rtt_ms=probed.rtt_ms, evidence=probed.evidence, variant=probed.variant, protocol=wish.want.protocol.value,
            agent=self._name(wish.agent, names), role=wish.want.target.value, expected=wish.want.expectation, facts=probed.facts,
            place=wish.place,
        )  # fmt: skip

    def _name(self, agent: str, names: Mapping[str, str]) -> str:
        session = self._sessions.get(agent)
        return names.get(agent) or (session.host.name if session else agent)


def _parsed(row: SiteRow | None) -> Site | None:
    try:
        return parse(row.text.encode(), "site") if row else None
    except SiteError as error:
        # It was taken by another version, whose rules were others.
        log.warning(
            line("site-unreadable", why=str(error).splitlines()[0], hint="give it again: bellrock site push FILE")
        )
        return None


def _shown(one: Standing, probed: Probed, agent: str, now: Wall) -> ResultView:
    return ResultView(
        flow=one.flow, target=one.target, verdict=one.verdict, detail=one.detail, rtt_ms=one.rtt_ms, evidence=probed.evidence,
        variant=one.variant, protocol=one.protocol, agent=agent, role=one.role, expected=one.expected,
        age=round(max(0.0, now - one.at), 1), since_age=round(max(0.0, now - one.since), 1), facts=probed.facts,
    )  # fmt: skip


def _bare(one: Standing) -> Probed:
    return Probed(flow=one.flow, target=one.target, verdict=one.verdict, detail=one.detail, variant=one.variant)


def _want(one: Standing) -> Wanted:
    """Enough of what was wanted to word a finding."""
    address = "" if one.target and not one.target[0].isdigit() and ":" not in one.target else one.target
    return Wanted(
        flow=one.flow, exchange="", source=Role.ANYONE, target=Role(one.role) if one.role else Role.ANYONE, address=address,
        port=0, protocol=Protocol(one.protocol), expectation=one.expected, why=f"{one.flow} at {one.target} is to {'pass' if one.expected == 'pass' else 'be blocked'}",
    )  # fmt: skip
