"""Whether this process of a region can answer: asked by load balancers and whoever starts programs, who are not known to it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from bellrock.model import Monotonic
from bellrock.region.logs import Limited, line
from bellrock.region.store import NotStored

KEPT: Final = 1.0
"""Seconds for which the database's answer counts, so that nobody makes it work by asking."""
PATIENCE: Final = 2.0
"""Seconds that the database has for its answer."""

log = logging.getLogger(__name__)


class Readiness:
    """What keeps a process from answering."""

    def __init__(
        self, answers: Callable[[], Awaitable[None]], leads: Callable[[], bool], stopping: Callable[[], bool],
        mono: Callable[[], Monotonic],
    ) -> None:  # fmt: skip
        """`answers`: raises NotStored where the store does not answer; `leads`: whether somebody leads, as far as is known here."""
        self._answers = answers
        self._leads = leads
        self._stopping = stopping
        self._mono = mono
        self._asking = asyncio.Lock()
        self._at = Monotonic(float("-inf"))
        self._there = True
        self._complaints = Limited(30.0)
        self.doing: Callable[[], str] = str
        """What this process does so that somebody leads, in a sentence; "": nothing."""
        self.away: Callable[[], str] = str
        """What keeps this process from the database, in a sentence that anybody may read; "": nothing that is known."""
        self.warnings: Callable[[], tuple[str, ...]] = tuple
        """What does not keep it from answering, and should not be so; each in a sentence that anybody may read."""

    async def lacks(self) -> tuple[str, ...]:
        """Why it is not ready, each in a sentence that anybody may read; nothing: it is."""
        if self._stopping():
            return ("The region is stopping.",)
        if away := self.away():
            # That nobody leads, as far as is known here, follows from it.
            return (away,)
        said = {
            "The store does not answer.": await self._is_there(),
            self.doing() or "No process of this region leads, as far as this one knows.": self._leads(),
        }
        return tuple(why for why, well in said.items() if not well)

    async def _is_there(self) -> bool:
        async with self._asking:
            if self._mono() - self._at >= KEPT:
                self._there = await self._ask()
                self._at = self._mono()
            return self._there

    async def _ask(self) -> bool:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._answers()
        except (NotStored, TimeoutError) as error:
            if self._complaints.may():
                log.warning(line("not-ready", error=str(error) or f"the store says nothing within {PATIENCE:g} s"))
            return False
        self._complaints.reset()
        return True
