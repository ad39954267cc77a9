"""How large a site a region is made for: every bound on what agents may take follows from the number of agents."""

from typing import Final

from msgspec import Struct

AGENTS: Final = 10_000
"""Agents that a region is made for where nobody says otherwise."""
BACK_WITHIN: Final = 30.0
"""Seconds within which all agents are let in again after a region was gone."""
BACKLOG: Final = 10_000
"""Changes of about two seconds' work: two batches of the writer's, so that one is there when the other is done."""
LEAST_RATE: Final = 50.0
"""Agents let in a second, however small the site."""


class Size(Struct, frozen=True):
    """A site of so many agents. All bounds are on what is kept or done for all of them together."""

    agents: int = AGENTS
    """Accounts that are kept, of agents connected or not."""
    backlog: int = BACKLOG
    """Changes that agents told and that are not taken in, while which nobody new is let in."""

    @property
    def rate(self) -> float:
        """Agents that are let in a second: all are back within BACK_WITHIN, and no more at once than that takes."""
        return max(LEAST_RATE, self.agents / BACK_WITHIN)

    @property
    def unproven(self) -> int:
        """Connections of agents that may be in the handshake at one time."""
        return max(64, self.agents // 40)

    @property
    def connections(self) -> int:
        """Connections from other machines, whatever they say: the agents' streams, and as many more."""
        return max(8192, 2 * self.agents)

    @property
    def local(self) -> int:
        """Connections without TLS, which come from this machine; agents may be among them."""
        return 1024 + self.agents

    @property
    def kept(self) -> dict[str, int]:
        """Of all agents together: interfaces, pieces of evidence, counters of refusals, measured directions, hosts that are no agents."""
        many = max(self.agents, AGENTS)
        return {
            "interfaces": 100 * many,
            "evidence": 400 * many,
            "refusals": 100 * many,
            "mtu": 200 * many,
            "peers": many,
        }

    def spread(self, agents: int) -> float:
        """Seconds over which so many agents are to spread their coming back."""
        return agents / self.rate


USUAL: Final = Size()
"""Where nobody says how large the site is."""
