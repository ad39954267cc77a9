"""What a region does without being asked: it sees who has fallen silent, notes when agents were heard, and drops certificates that have ended."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from bellrock.model import Host, Monotonic, Role, Wall
from bellrock.region.logs import Limited, line
from bellrock.region.service.access import Access
from bellrock.region.service.audit import Audit
from bellrock.region.service.inference import Inference
from bellrock.region.service.keeper import Keeper
from bellrock.region.service.publish import AGEING, Publisher, Topic
from bellrock.region.service.silence import SILENCE, Silence
from bellrock.region.service.state import State
from bellrock.region.store import NotStored, Store

TICK: Final = 2.0
"""Seconds between two looks for silent agents."""
SWEEP: Final = 5.0
"""Seconds between two looks for certificates that have ended."""
AT_ONCE: Final = 10
"""Agents whose word lapses before anybody else gets a turn: where a site is cut off, thousands fall silent together."""
NAMED: Final = 20
"""Agents of one look that the log names; of the others it says how many they are."""
TOUCH: Final = 30.0
"""Seconds between two notes on disk of when agents were last heard; well below the silence that makes their word lapse."""

log = logging.getLogger(__name__)


class Upkeep:
    """The region's rounds."""

    def __init__(
        self, store: Store, state: State, inference: Inference, silence: Silence, publisher: Publisher, keeper: Keeper,
        access: Access, audit: Audit, mono: Callable[[], Monotonic], sweep: Callable[[], Awaitable[None]], stalled: Callable[[], bool],
    ) -> None:  # fmt: skip
        """`sweep` drops certificates that have ended, and may raise NotStored; `stalled`: the disk keeps what agents say waiting."""
        self._store = store
        self._state = state
        self._inference = inference
        self._silence = silence
        self._publisher = publisher
        self._keeper = keeper
        self._access = access
        self._audit = audit
        self._mono = mono
        self._sweep = sweep
        self._stalled = stalled
        self._touched: dict[str, tuple[Wall, float]] = {}
        self._silent = 0
        """Agents that this look has found silent."""
        self._complaints = Limited(30.0)

    async def run(self) -> None:
        """Make the rounds, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._every(TICK, self._look), name="silence")
            tasks.create_task(self._every(TOUCH, self._touch), name="seen")
            tasks.create_task(self._every(SWEEP, self._drop), name="certificates")

    async def flush(self) -> None:
        """Note what waits, before the region stops."""
        await self._touch()
        await self._drop()

    def alive(self, host: Host, seen: Wall, offset: float) -> None:
        """An agent says that its word still holds; `offset`: seconds by which its clock is ahead."""
        account = self._state.accounts.get(host.id)
        if account is None:
            return
        account.seen, account.offset = seen, offset
        self._silence.heard(host.id, self._mono())
        self._touched[host.id] = (seen, offset)
        if self._inference.alive(host, seen):
            log.info(line("agent-back", agent=host.id, name=host.name))
            self._publisher.changed(*Topic)
        self._publisher.aged(*AGEING)

    def lapse(self, now: Monotonic) -> bool:
        """What agents said that have fallen silent counts no longer; of many a few at a time: True, until it is done of all."""
        silent = self._silence.over(now, AT_ONCE)
        lapsed = [agent for agent in silent if self._inference.lapse(agent)]
        for agent in lapsed:
            self._silent += 1
            if self._silent <= NAMED:
                # A node's run is over in seconds: its silence is no news.
                ephemeral = self._state.accounts[agent].host.role == Role.NODE
                level = logging.INFO if ephemeral else logging.WARNING
                log.log(
                    level, line("agent-silent", agent=agent, seconds=SILENCE, effect="what it said no longer counts")
                )
        if lapsed:
            self._publisher.changed(*Topic)
        return len(silent) == AT_ONCE

    async def _lapse(self, now: Monotonic) -> None:
        self._silent = 0
        while self.lapse(now):  # noqa: ASYNC110 -- others get their turn, nothing is waited for
            await asyncio.sleep(0)
        if self._silent > NAMED:
            log.warning(line("agents-silent", more=self._silent - NAMED, effect="what they said no longer counts"))

    async def _every(self, pause: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(pause)
            await work()

    async def _look(self) -> None:
        await self._audit.flush()
        now = self._mono()
        if self._stalled():
            # Keep-alives wait behind what the disk does not take: agents are not silent, we are deaf.
            self._silence.deaf(now)
        await self._lapse(now)
        await self._keeper.settle()
        if self._keeper.owes:
            self._publisher.changed(Topic.INTERFACES)

    async def _drop(self) -> None:
        try:
            await self._sweep()
        except NotStored as error:
            self._complain(error, "who uses which secret is kept in memory")

    async def _touch(self) -> None:
        touched, self._touched = self._touched, {}
        await self._audit.flush()
        try:
            await self._store.touch(touched)
            await self._access.tokens.flush()
        except NotStored as error:
            self._touched = touched | self._touched
            self._complain(error, "times of keep-alives are kept in memory")

    def _complain(self, error: NotStored, hint: str) -> None:
        if self._complaints.may():
            log.error(line(error.event, error=str(error), hint=hint))
