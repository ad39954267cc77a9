"""Tells the region of this host: all of it when it begins to listen, then what has changed, at calm intervals."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Final

from bellrock.agent.refused import Refusals
from bellrock.beacon import Event
from bellrock.contract import AgentMessage
from bellrock.contract.here import told
from bellrock.link import clock
from bellrock.model.here import Here
from bellrock.wire.logline import sentence

EVERY: Final = 60.0
"""Seconds between two looks."""
AGAIN: Final = 5.0
"""Seconds from the first refusal of somebody new to a look."""
AFTER: Final = 1.0
"""Seconds, at most, from the region's first word to the first look: not all agents of a region look at once."""

log = logging.getLogger(__name__)

Look = Callable[[tuple[tuple[str, str, int], ...]], Awaitable[Here]]
"""Looks at the host, given what was refused lately."""


class Telling:
    """Between a look at the host and a stream."""

    def __init__(
        self, look: Look, say: Callable[[AgentMessage], bool], taken: Callable[[], bool], every: float = EVERY
    ) -> None:
        """`say`: see `Stream.say`; `taken`: whether the region knows such messages; `every`: seconds between two looks."""
        self._look = look
        self._say = say
        self._taken = taken
        self._every = every
        self._refusals = Refusals()
        self._listens = asyncio.Event()
        self._anew = asyncio.Event()
        """The region knows nothing of this host, or somebody new is refused: it is told soon."""
        self._before: Here | None = None

    def note(self, event: Event) -> None:
        """An event of the engine. Whoever is refused for the first time is told of soon."""
        if self._refusals.note(event, clock.monotonic()):
            self._anew.set()

    def connected(self, connected: bool) -> None:
        """The region begins to listen, and then knows nothing; or does so no longer. An older one is not told, and nothing is looked at."""
        self._before = None
        if connected and self._taken():
            self._listens.set()
            self._anew.set()
        else:
            self._listens.clear()

    async def run(self) -> None:
        """Look and tell, until cancelled."""
        while True:
            await self._listens.wait()
            await asyncio.sleep(random.uniform(0.0, min(AFTER, self._every)))  # noqa: S311 -- spreads agents out, guards nothing
            self._anew.clear()
            await self._tell()
            await self._due()

    async def _due(self) -> None:
        """Wait until it is time for another look: at once where the region has forgotten all, a little later where somebody new is refused."""
        if not await self._woken(self._every) or self._before is None:
            return
        until = clock.monotonic() + min(AGAIN, self._every)
        # More will be refused meanwhile, and all of it is told in one.
        while self._before is not None and (left := until - clock.monotonic()) > 0:
            self._anew.clear()
            await self._woken(left)

    async def _woken(self, within: float) -> bool:
        try:
            async with asyncio.timeout(within):
                await self._anew.wait()
        except TimeoutError:
            return False
        return True

    async def _tell(self) -> None:
        before = self._before
        try:
            now = await self._look(self._refusals.lately(clock.monotonic()))
        except Exception:
            # What a host tells of itself is beside the agent's work, which goes on.
            log.exception(
                sentence("host-not-looked-at", "this host could not be looked at; the region is not told of it")
            )
            return
        message = told(now, before)
        if before is self._before and message is not None and self._say(message):
            self._before = now
