"""Reports into the store, exactly once: one writer, many reports in a transaction, acknowledged after the commit."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from msgspec import Struct

from bellrock.contract import Done, KeepAlive, Report
from bellrock.model import Host, Observation, Wall
from bellrock.region.logs import Limited, line
from bellrock.region.service.check import flaw, message_flaw
from bellrock.region.service.clock import Offset
from bellrock.region.service.quota import Quota
from bellrock.region.service.shift import shifted
from bellrock.region.service.state import State
from bellrock.region.store import Accepted, Store, StoreFull

QUEUE: Final = 256
"""Messages that wait for the writer; an agent that sends more waits in turn, on its own disk."""
BATCH: Final = 256
"""Messages in one transaction."""
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


class Ingest:
    """The only writer of reports. It retries a failing disk for ever: nothing is acknowledged, so nothing is lost.

    A report that the database itself refuses ends its agent's session, unacknowledged, and holds up nobody else.
    """

    def __init__(self, store: Store, state: State, committed: Callable[[Sequence[Accepted]], None],
                 alive: Callable[[Host, Wall, float], None],
                 done: Callable[[Host, Done], None] = lambda _host, _done: None) -> None:  # fmt: skip
        """`committed` is told what has just become durable; `alive` of agents whose word still holds.

        `done` is told of orders that are over, once what the agent had reported before is durable.
        """
        self._store = store
        self._state = state
        self._quota = Quota(state)
        self._committed = committed
        self._alive = alive
        self._done = done
        self._queue: asyncio.Queue[Told] = asyncio.Queue(QUEUE)
        self._complaints = Limited(30.0)
        self._flaws = Limited(10.0)
        self.dropped = 0
        """Observations that were not taken since the start."""
        self.stalled = False
        """True while the disk does not take reports."""

    async def tell(self, told: Told) -> None:
        """Hand in a message; waits while too many do. The session of one who tells what cannot be ends."""
        if not isinstance(told.message, Done) and (why := message_flaw(told.message)):
            told.teller.refuse(f"a {type(told.message).__name__} with {why}")
            return
        await self._queue.put(told)

    async def run(self) -> None:
        """Write, until cancelled."""
        while True:
            batch = [await self._queue.get()]
            while len(batch) < BATCH and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            await self._write(batch)

    async def _write(self, batch: list[Told]) -> None:
        fresh, last = self._fresh(batch)
        if fresh and not await self._take(batch, fresh):
            last = {told.teller.host.id: self._last(told.teller.host.id) for told in batch}
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

    def _last(self, agent: str) -> int:
        account = self._state.accounts.get(agent)
        return account.last if account else 0

    async def _take(self, batch: list[Told], fresh: list[Accepted]) -> bool:
        """Commit all, or, if the store refuses that, one by one without what it refuses; False if anything was left out."""
        error = await self._commit(fresh)
        if error is None:
            return True
        refused: dict[str, str] = {}
        for accepted in fresh:
            agent = accepted.agent.id
            # What follows a report that is missing would leave a gap.
            if agent not in refused and (error := await self._commit([accepted])) is not None:
                refused[agent] = f"report {accepted.report.seq} cannot be stored: {_said(error)}"
                log.error(line("report-refused", agent=agent, seq=accepted.report.seq, error=_said(error)))
        for told in batch:
            if (why := refused.get(told.teller.host.id)) is not None:
                told.teller.refuse(why)
        return not refused

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
        teller.offset.bound(report.sent, told.received)
        kept = tuple(one for one in report.observations if self._takes(teller.host.id, one))
        own = Report(report.seq, report.boot, report.sent, kept, report.begin, report.complete)
        return Accepted(
            agent=teller.host,
            report=shifted(own, teller.offset, told.received),
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
        error = await self._stored(fresh)
        if error is None:
            self._committed(fresh)
        return error

    async def _stored(self, fresh: list[Accepted]) -> Exception | None:
        accounts = self._state.running({accepted.agent.id for accepted in fresh})
        pause = RETRY[0]
        refused: Exception | None = None
        while True:
            try:
                await self._store.commit(fresh, accounts)
            except StoreFull as error:
                self.stalled = True
                if self._complaints.may():
                    hint = "reports are not acknowledged and wait with their agents; free space on the disk"
                    log.error(line("store-full", error=str(error), hint=hint))  # noqa: TRY400 -- the line says it all
            except Exception as error:  # noqa: BLE001 -- one agent's report must not end the service of all others
                refused = error
                break
            else:
                break
            await asyncio.sleep(pause)
            pause = min(pause * 2, RETRY[1])
        if self.stalled:
            log.warning(line("store-recovered"))
            self._complaints.reset()
        self.stalled = False
        return refused

    def _keep_alive(self, told: Told, message: KeepAlive) -> None:
        teller = told.teller
        teller.offset.sample(message.sent, told.received)
        self._alive(teller.host, teller.offset.shift(message.sent, told.received), teller.offset.value)


def _said(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
