"""How long agents' streams stand, and how often they began: what proves that a way bears connections that stay open for hours."""

from collections import OrderedDict
from typing import Final

from bellrock.model import Monotonic

REMEMBERED: Final = 8192
"""Agents whose streams are counted, connected or not; who began one longest ago is forgotten first."""


class Streams:
    """By agent's id, since the region's start."""

    def __init__(self) -> None:
        self._since: dict[str, Monotonic] = {}
        self._begun: OrderedDict[str, int] = OrderedDict()

    @property
    def begun(self) -> dict[str, int]:
        """How often each began one; more than once: it was cut, or the agent was started again."""
        return dict(self._begun)

    def begin(self, agent: str, now: Monotonic) -> None:
        """A stream stands; one that it takes the place of does no longer."""
        self._since[agent] = now
        self._begun[agent] = self._begun.pop(agent, 0) + 1
        if len(self._begun) > REMEMBERED:
            self._begun.popitem(last=False)

    def end(self, agent: str, now: Monotonic) -> float:
        """It stands no longer; seconds for which it stood."""
        return max(0.0, now - self._since.pop(agent, now))

    def ages(self, now: Monotonic) -> dict[str, float]:
        """Seconds for which each that stands has stood."""
        return {agent: max(0.0, now - since) for agent, since in self._since.items()}
