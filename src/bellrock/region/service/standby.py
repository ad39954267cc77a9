"""An inference that is made ready beside a process's other work: before it leads, or when it comes to lead.

It concludes from what this process commits and follows. What it knows is the state, and the names that it gives are nobody's: who
takes the lead goes on with those of the database.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Final

from bellrock.model import Host, Monotonic, Observation, Wall
from bellrock.region.service.inference import Inference
from bellrock.region.service.silence import SILENCE
from bellrock.region.service.state import State
from bellrock.region.store import Accepted, AgentRow

SLICE: Final = 0.02
"""Seconds of work after which everything else gets its turn."""
SHARE: Final = 0.2
"""Of its time that a process gives to an inference that nobody asks yet."""
ROUND: Final = 1.0
"""Seconds between two looks at what was committed."""
MOST: Final = 50_000
"""Observations that may wait to be taken in; with more, to begin anew costs less."""
CALM: Final = 1_000
"""Observations in a round from which on it is not begun: while a site joins, all there is to know changes at once."""


def monotonic() -> Monotonic:
    """The process's clock."""
    return Monotonic(time.monotonic())


LARGE: Final = 20_000
"""Agents beyond which memory counts for more than seconds, where nobody has said otherwise."""


class Readied(StrEnum):
    """When a process makes its inference."""

    AUTO = "auto"
    """As WARM while the site has LARGE agents at most, else as COLD."""
    WARM = "warm"
    """While another leads: it can lead at once, and has as much in memory as the one that does."""
    COLD = "cold"
    """When it comes to lead."""


class Standby:
    """The inference of a process that does not lead."""

    def __init__(
        self, state: State, readied: Readied = Readied.COLD, mono: Callable[[], Monotonic] = monotonic
    ) -> None:
        self._state = state
        self._readied = readied
        self._mono = mono
        self._inference: Inference | None = None
        self._steps: Iterator[int] = iter(())
        """What is to be done before anything that was committed since."""
        self._pending: deque[tuple[Host, Wall, Wall, Sequence[Observation]]] = deque()
        self._waiting = 0
        """Observations in it."""
        self._came = 0
        """Observations that were committed since the round before."""
        self._loaded = 0
        """Agents that are."""
        self._heard: set[str] | None = None
        """While the lead is taken, the agents that were heard since."""
        self.wanted = False
        """Whether another process leads."""
        self.ready = False
        """Whether little is left to do."""

    @property
    def progress(self) -> str:
        """What keeps a process that takes the lead from answering, in a sentence; "" where it takes none."""
        if self._heard is None:
            return ""
        return f"This process takes the lead: {self._loaded:,} of {len(self._state.accounts):,} agents are loaded."

    def committed(self, batch: Sequence[Accepted], told: Sequence[Sequence[Observation]]) -> None:
        """Reports are in the state."""
        count = sum(map(len, told))
        self._came += count
        if self._inference is None:
            return
        for accepted, observations in zip(batch, told, strict=True):
            host = accepted.agent
            self._pending.append((host, accepted.at, self._state.accounts[host.id].seen, observations))
            if self._heard is not None:
                self._heard.add(host.id)
        self._waiting += count
        if self._waiting > MOST and self._heard is None:
            self.drop()

    def drop(self) -> None:
        """Forget it: the state is another one, or so much is new that to begin anew costs less."""
        self._inference, self._steps, self.ready = None, iter(()), False
        self._pending.clear()
        self._waiting = self._loaded = 0

    async def run(self) -> None:
        """Keep it ready while another process leads, until cancelled; nothing to do where it is made when it is needed."""
        while self._readied is not Readied.COLD:
            await asyncio.sleep(ROUND)
            came, self._came = self._came, 0
            if not self.wanted or self._heard is not None:
                continue
            if self._readied is Readied.AUTO and len(self._state.accounts) > LARGE:
                self.drop()
                continue
            if self._inference is None and came < CALM:
                self._begin(())
            await self._work(lambda spent: spent / SHARE)
            if self._inference is not None and self._heard is None:
                self._inference.topology()
                self.ready = True

    async def take(self, registry: bytes | None, silent: Collection[str]) -> Inference:
        """The inference with all that is in the state, concluded from, and the names that a leader has noted. It is the caller's then.

        Args:
            silent: the agents whose word does not count.
        """
        self._heard = set()
        try:
            if self._inference is None:
                self._begin(silent)
            await self._work(_no_rest)
            if self._inference is not None:
                self._steps = self._inference.heard({*silent} - self._heard)
            await self._work(_no_rest)
            # None: the state was begun anew meanwhile.
            inference = self._inference or Inference(self._state, None, silent)
            inference.take_over(registry)
            inference.topology()
        finally:
            self._heard, self.wanted = None, False
            self.drop()
        return inference

    def _begin(self, silent: Collection[str]) -> None:
        self.drop()
        self._inference = Inference(self._state, None, silent, loaded=False)
        self._steps = self._inference.loading()

    async def _work(self, rest: Callable[[float], float]) -> None:
        """Do all there is to do, in slices; `rest`: seconds of rest after so many of work."""
        while self._inference is not None:
            began = self._mono()
            while (more := self._step(self._inference)) and self._mono() - began < SLICE:
                pass
            if not more:
                return
            await asyncio.sleep(rest(self._mono() - began))

    def _step(self, inference: Inference) -> bool:
        """Do a little; False if there was nothing left to do."""
        if (done := next(self._steps, None)) is not None:
            self._loaded += done
        elif self._pending:
            host, at, seen, observations = self._pending.popleft()
            self._waiting -= len(observations)
            inference.apply(observations, at)
            inference.alive(host, seen)
        else:
            return inference.ahead()
        return True


def _no_rest(_: float) -> float:
    return 0.0


def silent_of(agents: Iterable[AgentRow]) -> set[str]:
    """The agents that had fallen silent when it was last noted who was heard: a database that was away for long makes nobody silent."""
    seen = {row.host.id: row.seen for row in agents}
    newest = max(seen.values(), default=Wall(0.0))
    return {agent for agent, at in seen.items() if newest - at > SILENCE}
