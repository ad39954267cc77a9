"""Reports into the store, exactly once: one writer, many reports in a transaction, acknowledged after the commit."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence, Set
from typing import Final, Protocol

from msgspec import Struct, field

from bellrock.contract import Done, KeepAlive, Report
from bellrock.model import Host, Observation, Wall
from bellrock.region import tracing
from bellrock.region.instruments import DATABASE_RETRIES, REPORT_SECONDS, REPORTS_REFUSED
from bellrock.region.logs import Limited, line
from bellrock.region.service.backlog import Backlog
from bellrock.region.service.check import flaw, message_flaw
from bellrock.region.service.clock import Offset
from bellrock.region.service.history import Pressure
from bellrock.region.service.quota import Quota
from bellrock.region.service.shift import shifted
from bellrock.region.service.state import State
from bellrock.region.service.together import Together
from bellrock.region.size import USUAL, Size
from bellrock.region.store import Accepted, Batch, FeedLost, Store, StoreAway, StoreFull

QUEUE: Final = 1024
"""Messages that wait for the writer; an agent that sends more waits in turn, on its own disk."""
BATCH: Final = (1024, 5000)
"""Messages in one transaction, and changes from which on it takes no more: all others wait for it."""
HINTS: Final = {
    StoreFull.event: "free space on the disk",
    StoreAway.event: "is the database running, and reached from here?",
}
RETRY: Final = (0.25, 5.0)
"""Seconds until a transaction that failed is tried again, at first and, doubling, at most."""

log = logging.getLogger(__name__)


class Teller(Protocol):
    """The agent's session, as the ingest sees it."""

    host: Host
    offset: Offset
    software: str

    def ack(self, seq: int) -> None:
        """Reports up to and with `seq` are committed."""

    def refuse(self, why: str) -> None:
        """The session cannot go on."""


class Told(Struct, frozen=True):
    """A message of an agent, and when it was received."""

    teller: Teller
    message: Report | KeepAlive | Done
    received: Wall
    held: float = 0.0
    """Seconds that the region itself let it wait, at most."""
    began: float = field(default_factory=time.perf_counter)
    """From when on its way through the region is measured."""

    @property
    def changes(self) -> int:
        """How many it tells of."""
        return len(self.message.observations) if isinstance(self.message, Report) else 0


class Ingest:
    """The only writer of reports. It retries a failing disk for ever: nothing is acknowledged, so nothing is lost.

    A report that the database itself refuses ends its agent's session, unacknowledged, and holds up nobody else.
    """

    def __init__(self, store: Store, state: State, committed: Callable[[Sequence[Accepted]], None],
                 alive: Callable[[Host, Wall, float], None],
                 done: Callable[[Host, Done], None] = lambda _host, _done: None,
                 *, member: str = "", fed: int = 0, size: Size = USUAL, backlog: Backlog | None = None) -> None:  # fmt: skip
        """`committed` is told what has just become durable, here or at another member, in order; `alive` of agents whose word still holds.

        `done` is told of orders that are over, once what the agent had reported before is durable. `member`: which of the
        processes that share the database this is; `fed`: the number of the last batch of the feed that is in the state;
        `backlog`: what waits for it.
        """
        self._store = store
        self._state = state
        self._quota = Quota(state, size)
        self._committed = committed
        self._alive = alive
        self._done = done
        self._member = member
        self.fed = fed
        self._feeding = asyncio.Lock()
        """Whoever takes batches into the state: they go in in the order in which they were committed."""
        self._looks = Together(self._look)
        self.backlog = backlog or Backlog(size.backlog)
        self.retention = store.retention
        self._pressure = Pressure(store.retention)
        self._queue: asyncio.Queue[Told] = asyncio.Queue(QUEUE)
        self._complaints = Limited(30.0)
        self._flaws = Limited(10.0)
        self.lost: Callable[[], None] = lambda: None
        """Called when the state is another than the one that agents were told of: they have to shake hands anew."""
        self.committed = 0
        """Reports that were committed since the start."""
        self.dropped = 0
        """Observations that were not taken since the start."""
        self.stalled = False
        """True while the disk does not take reports."""

    @property
    def waiting(self) -> int:
        """How many messages wait for the writer, at most QUEUE."""
        return self._queue.qsize()

    async def tell(self, told: Told) -> None:
        """Hand in a message; waits while too many do. The session of one who tells what cannot be ends."""
        if not isinstance(told.message, Done) and (why := message_flaw(told.message)):
            told.teller.refuse(f"a {type(told.message).__name__} with {why}")
            return
        changes = told.changes
        self.backlog.came(changes)
        try:
            await self._queue.put(told)
        except BaseException:
            self.backlog.went(changes)
            raise

    async def caught_up(self) -> None:
        """Have in the state what other members had committed when this was called: many who ask at once share one look.

        Raises:
            StoreAway: the database is not there.
        """
        await self._looks.find("feed")

    async def _look(self, _: Set[str]) -> dict[str, None]:
        await self.catch_up()
        return {}

    async def catch_up(self) -> int:
        """Take into the state what other members have committed; how many batches that was.

        Raises:
            StoreAway: the database is not there.
        """
        if not self._store.shared:
            return 0
        taken = 0
        while True:
            # Whoever has the right to write waits for this one round at most: all others wait for it.
            async with self._feeding:
                batches = await self._read()
                for batch in batches:
                    self._follow(batch)
            if not batches:
                return taken
            taken += len(batches)

    async def _read(self) -> list[Batch]:
        try:
            return await self._store.feed(self.fed)
        except FeedLost as lost:
            await self._begin_anew(lost)
            return []

    async def _begin_anew(self, lost: FeedLost) -> None:
        """This process was cut off for longer than the feed reaches back, or the database was put back to an earlier day."""
        loaded = await self._store.load()
        log.warning(line("state-loaded-anew", why=str(lost), agents=len(loaded.agents), feed=loaded.feed))
        self._state.load(loaded)
        self.fed = loaded.feed
        self.lost()

    def _follow(self, batch: Batch) -> None:
        if batch.number > self.fed:
            self.fed = batch.number
            self._quota.also(batch.reports)
            self._committed(batch.reports)

    async def run(self) -> None:
        """Write, until cancelled."""
        while True:
            batch = [await self._queue.get()]
            changes = batch[0].changes
            while len(batch) < BATCH[0] and changes < BATCH[1] and not self._queue.empty():
                batch.append(self._queue.get_nowait())
                changes += batch[-1].changes
            await self._write(batch)
            self.backlog.went(changes)
            self.backlog.took(changes, batch[0].began, time.perf_counter())

    async def _write(self, batch: list[Told]) -> None:
        with tracing.span("ingest", messages=len(batch)):
            await self._answer(batch)

    async def _answer(self, batch: list[Told]) -> None:
        fresh, last = self._fresh(batch)
        if fresh:
            await self._take(batch, fresh)
            last = {told.teller.host.id: self._last(told.teller.host.id) for told in batch}
        _measure(batch, "committed")
        acks: dict[Teller, int] = {}
        for told in batch:
            if isinstance(told.message, Report):
                acks[told.teller] = last.get(told.teller.host.id, 0)
            elif isinstance(told.message, Done):
                self._done(told.teller.host, told.message)
            elif told.message.seq <= last.get(told.teller.host.id, 0):
                self._keep_alive(told, told.message)
        for teller, seq in acks.items():
            if seq:
                teller.ack(seq)
        _measure(batch, "answered")

    def _last(self, agent: str) -> int:
        account = self._state.accounts.get(agent)
        return account.last if account else 0

    async def _take(self, batch: list[Told], fresh: list[Accepted]) -> None:
        """Commit all, or, if the store refuses that, one by one without what it refuses."""
        error = await self._commit(fresh)
        if error is None:
            return
        refused: dict[str, str] = {}
        for accepted in fresh:
            agent = accepted.agent.id
            # What follows a report that is missing would leave a gap.
            if agent not in refused and (error := await self._commit([accepted])) is not None:
                refused[agent] = f"report {accepted.report.seq} cannot be stored: {_said(error)}"
                REPORTS_REFUSED.add()
                log.error(line("report-refused", agent=agent, seq=accepted.report.seq, error=_said(error)))
        for told in batch:
            if (why := refused.get(told.teller.host.id)) is not None:
                told.teller.refuse(why)

    def _fresh(self, batch: list[Told]) -> tuple[list[Accepted], dict[str, int]]:
        """The reports that continue their agents' accounts, and each agent's last report after them."""
        self._quota.begin()
        accounts = self._state.accounts
        last = {told.teller.host.id: accounts[told.teller.host.id].last for told in batch
                if told.teller.host.id in accounts}  # fmt: skip
        fresh = []
        for told in batch:
            if isinstance(told.message, Report) and self._continues(told, told.message, last):
                fresh.append(self._accepted(told, told.message))
                last[told.teller.host.id] = told.message.seq
        return fresh, last

    def _continues(self, told: Told, report: Report, last: dict[str, int]) -> bool:
        agent = told.teller.host.id
        # A region that was rebuilt, or restored from a backup, has forgotten how far it was: an agent that it does not
        # know, and one that gives a whole account anew, begins where it likes.
        known = last.get(agent)
        if known is None or report.seq == known + 1:
            return True
        if report.seq > known + 1 and report.begin:
            return True
        if report.seq > known + 1:
            told.teller.refuse(f"report {report.seq} came where {known + 1} was due; send from there again")
        return False

    def _accepted(self, told: Told, report: Report) -> Accepted:
        teller = told.teller
        offset = teller.offset.bound(report.sent, told.received)
        kept = tuple(one for one in report.observations if self._takes(teller.host.id, one))
        own = Report(report.seq, report.boot, report.sent, kept, report.begin, report.complete)
        return Accepted(
            agent=teller.host,
            report=shifted(own, offset, told.received),
            received=told.received,
            offset=teller.offset.value,
            software=teller.software,
        )

    def _takes(self, agent: str, observation: Observation) -> bool:
        why = flaw(agent, observation) or self._quota.excess(agent, observation)
        if why:
            self.dropped += 1
            if self._flaws.may():
                kind = observation.__struct_config__.tag
                log.warning(line("observation-dropped", agent=agent, kind=kind, why=why, total=self.dropped))
        return not why

    async def _commit(self, fresh: list[Accepted]) -> Exception | None:
        """Make reports durable and tell of it; why the store will never take them, if so."""
        pause = RETRY[0]
        refused: Exception | None = None
        while True:
            try:
                await self._take_turn(fresh)
            except (StoreFull, StoreAway) as error:
                self.stalled = True
                DATABASE_RETRIES.add()
                if self._complaints.may():
                    hint = "reports are not acknowledged and wait with their agents; " + HINTS.get(
                        error.event, HINTS[StoreAway.event]
                    )
                    log.error(line(error.event, error=str(error), hint=hint))  # noqa: TRY400 -- the line says it all
                if isinstance(error, StoreFull):
                    await self._pressure.full()
            except Exception as error:  # noqa: BLE001 -- one agent's report must not end the service of all others
                refused = error
                break
            else:
                self._pressure.taken()
                break
            await asyncio.sleep(pause)
            pause = min(pause * 2, RETRY[1])
        if self.stalled:
            log.warning(line("store-recovered"))
            self._complaints.reset()
        self.stalled = False
        return refused

    async def _take_turn(self, fresh: list[Accepted]) -> None:
        """Commit what is still new once all that others committed before is in the state."""
        after = self.fed
        try:
            await self._write_in_turn(fresh)
        except FeedLost as lost:
            async with self._feeding:
                if self.fed == after:
                    await self._begin_anew(lost)
            await self._write_in_turn(fresh)

    async def _write_in_turn(self, fresh: list[Accepted]) -> None:
        async with contextlib.AsyncExitStack() as feeding:
            async with self._store.turn(self.fed, self._member) as turn:
                # Not before it is this member's turn: whoever shakes hands, or takes the lead, must not wait for another that hangs
                # in its own. And until what was committed is in the state: it must not be taken from the feed as well.
                await feeding.enter_async_context(self._feeding)
                for batch in turn.missed:
                    self._follow(batch)
                due = self._due(fresh)
                accounts = self._state.running({accepted.agent.id for accepted in due})
                number = await turn.commit(due, accounts)
            self.fed = max(self.fed, number)
            self.committed += len(due)
            self._committed(due)

    def _due(self, fresh: list[Accepted]) -> list[Accepted]:
        """Those that continue what is in the state by now.

        An agent that came from another member sends again what that one may just have taken; and where the state had to be begun
        anew, what would leave a gap comes again as well, once the agent has been told where it stands.
        """
        last = {one.agent.id: account.last for one in fresh if (account := self._state.accounts.get(one.agent.id))}
        due = []
        for one in fresh:
            known, seq = last.get(one.agent.id), one.report.seq
            if known is None or seq == known + 1 or (seq > known and one.report.begin):
                due.append(one)
                last[one.agent.id] = seq
        return due

    def _keep_alive(self, told: Told, message: KeepAlive) -> None:
        teller = told.teller
        teller.offset.sample(message.sent, told.received, told.held)
        self._alive(teller.host, teller.offset.shift(message.sent, told.received), teller.offset.value)


def _measure(batch: Sequence[Told], stage: str) -> None:
    now = time.perf_counter()
    for told in batch:
        if isinstance(told.message, Report):
            REPORT_SECONDS.observe(now - told.began, stage)


def _said(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
