"""History gives way: to the budget of disk that it has, and first of all where the disk is full."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Final

from bellrock.model import Wall
from bellrock.region.logs import Limited, line
from bellrock.region.store import Dropped, NotStored, Retention

PAUSE: Final = 300.0
"""Seconds between two looks at how much disk history takes."""
PATIENCE: Final = 10.0
"""Seconds for which a disk is full before a day of history is given up, and until the next: it may be full for a moment only."""
REST: Final = 300.0
"""Seconds after which history is written again that was not for want of room."""
DAY: Final = 86400.0

log = logging.getLogger(__name__)


class Budget:
    """The leader's rounds: what history takes stays within its budget, and what is a week old is counted by the hour."""

    def __init__(self, retention: Retention, clock: Callable[[], Wall]) -> None:
        self._retention = retention
        self._clock = clock
        self._complaints = Limited(PAUSE)

    async def run(self) -> None:
        """Make the rounds, until cancelled."""
        while True:
            try:
                await self.look()
            except Exception:  # what goes wrong here is no reason to serve nobody
                if self._complaints.may():
                    log.exception(line("history-look-failed", effect="history stays as it is until the next look"))
            await asyncio.sleep(PAUSE)

    async def look(self) -> None:
        """Drop what is too old or too much."""
        try:
            now = await self._retention.sure(self._clock())
            dropped = await self._retention.keep_within(now)
        except NotStored as error:
            if self._complaints.may():
                hint = "history is measured again later"
                log.warning(line("history-not-measured", error=str(error), hint=hint))
            return
        for one in dropped:
            _say(one, self._retention)
        await self._roll_up(now)

    async def _roll_up(self, now: Wall) -> None:
        """After what is dropped has made room."""
        before, known = self._retention.rolled_up, {*self._retention.unreadable}
        try:
            days = await self._retention.roll_up(now)
        except NotStored as error:
            if self._complaints.may():
                hint = "changes of verdicts are kept one by one, and counted by the hour later"
                log.warning(line("history-not-rolled-up", error=str(error), hint=hint))
            return
        finally:
            self._say_unreadable(known)
        if days:
            log.info(line("history-rolled-up", days=days, changes=self._retention.rolled_up - before))

    def _say_unreadable(self, known: Collection[int]) -> None:
        found = {day: many for day, many in self._retention.unreadable.items() if day not in known}
        if found:
            first = datetime.fromtimestamp(min(found) * DAY, UTC).date()
            hint = "they stay as they are until their days are dropped; a newer version wrote them, or see bellrock db check"
            log.warning(
                line("history-not-readable", changes=sum(found.values()), days=len(found), first=first, hint=hint)
            )


class Pressure:
    """A disk is full: history is given up before anybody has to wait for long, a day at a time, then what is new of it. Evidence never is."""

    def __init__(self, retention: Retention, mono: Callable[[], float] = time.monotonic) -> None:
        self._retention = retention
        self._mono = mono
        self._asked: float | None = None
        self._gave_up = 0.0

    async def full(self) -> None:
        """The disk has just not taken a transaction, which will be tried again."""
        now = self._mono()
        if self._asked is None:
            self._asked = now
        if now - self._asked < PATIENCE or not self._retention.writing:
            return
        self._asked = now
        try:
            dropped = await self._retention.give_way()
        except NotStored as error:
            log.error(line("history-not-dropped", error=str(error), hint="free space on the disk"))  # noqa: TRY400 -- the line says it all
            dropped = None
        if dropped is not None:
            _say(dropped, self._retention)
            return
        self._gave_up = now
        hint = "what agents tell is kept, but not when it changed; free space on the disk"
        log.warning(line("history-not-written", hint=hint))

    def taken(self) -> None:
        """The disk has just taken a transaction."""
        self._asked = None
        if not self._retention.writing and self._mono() - self._gave_up >= REST:
            self._retention.resume()
            log.warning(line("history-written-again", rows_missing=self._retention.unwritten))


def _say(dropped: Dropped, retention: Retention) -> None:
    day = datetime.fromtimestamp(dropped.day * DAY, UTC).date()
    log.warning(
        line("history-dropped", day=day, octets=dropped.octets, why=dropped.why, budget=retention.budget, kept=retention.octets)
    )  # fmt: skip
