"""Who has been silent for too long. By the monotonic clock: NTP may step the wall clock by hours in either direction."""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from bellrock.model import Monotonic

SILENCE: Final = 90.0
"""Seconds without a word after which what an agent said no longer counts."""


class Silence:
    """When each agent's word was last received."""

    def __init__(self, agents: Iterable[str], now: Monotonic) -> None:
        """`agents`: those that were not silent when this was last noted. Nobody listened since, so that each has all its time now."""
        self._heard = dict.fromkeys(agents, now)
        self._deaf = Monotonic(float("-inf"))

    def heard(self, agent: str, now: Monotonic) -> None:
        """An agent gave its word."""
        self._heard[agent] = now

    def deaf(self, now: Monotonic) -> None:
        """Words are waiting and cannot be taken in: whoever is not heard meanwhile is not silent."""
        self._deaf = now

    def over(self, now: Monotonic, most: int) -> list[str]:
        """Of the agents that have fallen silent at most so many; each is told once, until it is heard again."""
        if now - self._deaf <= SILENCE:
            return []
        silent = list(islice((agent for agent, at in self._heard.items() if now - at > SILENCE), most))
        for agent in silent:
            del self._heard[agent]
        return silent
