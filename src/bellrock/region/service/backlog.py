"""What agents have told and the store has not taken: how much it is, how fast it is taken in, and what an agent that comes brings of it."""

import asyncio
import math
from typing import Final

FULL: Final = 4
"""Times the backlog at which nobody new is let in: at so much, those who are in have to wait as well."""
SPEED: Final = 5000.0
"""Changes that are taken in within a second, as long as nothing has been measured."""
WEIGHT: Final = (50.0, 5.0)
"""Changes that so many agents bring who come, as long as few have."""
FADE: Final = (15.0, 50.0)
"""Seconds after which how fast changes were taken in counts for 1/e; and after how many agents, what those brought who came before them."""
MOST_OF_ONE: Final = 10.0
"""Seconds for which one batch counts at most: a database that was away for an hour is none that takes an hour."""


class Ratio:
    """One sum to another, in both of which the past fades. What is assumed beforehand does not, and soon weighs little."""

    def __init__(self, assumed: tuple[float, float], fade: float) -> None:
        """`fade`: how far `now` goes on until what was added counts for 1/e."""
        self._assumed = assumed
        self._fade = fade
        self._over = self._under = 0.0
        self._at = -math.inf

    def add(self, over: float, under: float, now: float) -> None:
        """Add to both sums."""
        kept = math.exp(min(0.0, self._at - now) / self._fade)
        self._over, self._under, self._at = self._over * kept + over, self._under * kept + under, max(self._at, now)

    @property
    def value(self) -> float:
        """The one to the other."""
        over, under = self._assumed
        return (self._over + over) / (self._under + under)


class Backlog:
    """The changes that this process holds and has not acknowledged. Times are monotonic, in seconds.

    Nobody new is let in while they are `most` or more; from FULL times as many on, those who are in wait before what they
    send is so much as decoded.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.waiting = 0
        """Changes that were received and are not acknowledged."""
        self._speed = Ratio((SPEED, 1.0), FADE[0])
        self._weight = Ratio(WEIGHT, FADE[1])
        self._agents = 0
        self._taken = -math.inf
        self._door = asyncio.Lock()
        self._roomy = asyncio.Event()
        self._roomy.set()

    @property
    def full(self) -> int:
        """Changes from which on everybody waits."""
        return FULL * self.most

    @property
    def speed(self) -> float:
        """Changes a second that are taken in while there are many to take."""
        return self._speed.value

    @property
    def weight(self) -> float:
        """Changes that an agent brings who comes."""
        return self._weight.value

    @property
    def rate(self) -> float:
        """Agents a second that are kept up with."""
        return self.speed / max(self.weight, 1e-9)

    def came(self, changes: int) -> None:
        """So many were received."""
        self.waiting += changes
        if self.waiting >= self.full:
            self._roomy.clear()

    def went(self, changes: int) -> None:
        """So many are acknowledged, or given up."""
        self.waiting -= changes
        if self.waiting < self.full:
            self._roomy.set()

    def took(self, changes: int, began: float, now: float) -> None:
        """A batch was taken in that had waited since `began`. A small one says nothing of how fast it goes when there is much."""
        if changes * 10 >= self.most:
            self._speed.add(changes, min(now - max(began, self._taken), MOST_OF_ONE), now)
        self._taken = now

    def brought(self, changes: int, agents: int) -> None:
        """Somebody who has just come told of so many changes; `agents`: 1 for who said a first word, 0 for who had before."""
        self._agents += agents
        self._weight.add(changes, agents, self._agents)

    async def room(self) -> None:
        """Wait, in turn, until there is room for what comes next."""
        if self._roomy.is_set() and not self._door.locked():
            return
        async with self._door:
            await self._roomy.wait()
