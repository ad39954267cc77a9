"""Who has been silent for too long. By the monotonic clock: NTP may step the wall clock by hours in either direction."""

from collections.abc import Mapping
from typing import Final

from bellrock.model import Monotonic, Wall

SILENCE: Final = 90.0
"""Seconds without a word after which what an agent said no longer counts."""


class Silence:
    """When each agent's word was last received."""

    def __init__(self, seen: Mapping[str, Wall], wall: Wall, now: Monotonic) -> None:
        """`seen`: what is on disk. Over a restart only the wall clock can tell how long ago that was; never less than nothing."""
        self._heard = {agent: Monotonic(now - max(0.0, wall - at)) for agent, at in seen.items()}
        self._deaf = Monotonic(float("-inf"))

    def heard(self, agent: str, now: Monotonic) -> None:
        """An agent gave its word."""
        self._heard[agent] = now

    def deaf(self, now: Monotonic) -> None:
        """Words are waiting and cannot be taken in: whoever is not heard meanwhile is not silent."""
        self._deaf = now

    def over(self, now: Monotonic) -> list[str]:
        """The agents that have fallen silent; each is told once, until it is heard again."""
        if now - self._deaf <= SILENCE:
            return []
        silent = [agent for agent, at in self._heard.items() if now - at > SILENCE]
        for agent in silent:
            del self._heard[agent]
        return silent
