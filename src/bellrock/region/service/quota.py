"""How much the region keeps, of one agent and of all together: what is authentic may still be without end."""

from collections.abc import Hashable, Set
from typing import Final

from bellrock.model import EvidenceSeen, HostSeen, InterfaceSeen, MtuSeen, Observation, RefusalCount, key_of
from bellrock.region.service.state import State, refusal_key

MOST_OF_ONE: Final = {"interfaces": 10_000, "evidence": 100_000, "refusals": 10_000, "mtu": 100_000, "peers": 1000}
"""Of one agent."""
MOST_OF_ALL: Final = {
    "interfaces": 1_000_000,
    "evidence": 4_000_000,
    "refusals": 1_000_000,
    "mtu": 2_000_000,
    "peers": 10_000,
}
"""Of all agents together."""
OF_ONE: Final = "more than the region keeps of one host"
OF_ALL: Final = "more than the region keeps of all hosts"


class Quota:
    """Counts what is held, and what the batch in the making adds: that is not in the state before it is durable."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._peers: dict[str, set[str]] = {}
        """By the agent that told of them first. A restart forgets who did; the bound on all holds over it."""
        self._new: dict[tuple[str, str], set[Hashable]] = {}
        self._total: dict[str, int] = {}

    def begin(self) -> None:
        """A batch begins: what the one before added is in the state by now, or never will be."""
        for (agent, kind), new in self._new.items():
            if kind == "peers":
                self._peers.setdefault(agent, set()).update(map(str, new))
        self._new.clear()
        self._peers = {agent: told & self._state.peers.keys() for agent, told in self._peers.items()}
        accounts = self._state.accounts.values()
        self._total = {
            "interfaces": sum(len(one.interfaces) for one in accounts),
            "evidence": sum(len(one.evidence) for one in accounts),
            "refusals": sum(len(one.refusals) for one in accounts),
            "mtu": sum(len(one.mtu) for one in accounts),
            "peers": len(self._state.peers),
        }

    def excess(self, agent: str, observation: Observation) -> str:
        """Why there is no room for an observation; empty if there is, and from then on it is counted."""
        kind, key = _what(agent, observation)
        if not kind:
            return ""
        held, new = self._held(agent, kind), self._new.setdefault((agent, kind), set())
        if key in held or key in new:
            return ""
        of_agent = len(self._peers.get(agent, ())) if kind == "peers" else len(held)
        if of_agent + len(new) >= MOST_OF_ONE[kind]:
            return OF_ONE
        if self._total[kind] >= MOST_OF_ALL[kind]:
            return OF_ALL
        new.add(key)
        self._total[kind] += 1
        return ""

    def _held(self, agent: str, kind: str) -> Set[Hashable]:
        if kind == "peers":
            return self._state.peers.keys()
        account = self._state.accounts.get(agent)
        if account is None:
            return frozenset()
        tables: dict[str, Set[Hashable]] = {
            "interfaces": account.interfaces.keys(),
            "evidence": account.evidence.keys(),
            "refusals": account.refusals.keys(),
            "mtu": account.mtu.keys(),
        }
        return tables[kind]


def _what(agent: str, observation: Observation) -> tuple[str, Hashable]:
    match observation:
        case HostSeen(host) if host.id != agent:
            return "peers", host.id
        case InterfaceSeen(_, interface):
            return "interfaces", interface.name
        case EvidenceSeen(evidence):
            return "evidence", key_of(evidence)
        case RefusalCount():
            return "refusals", refusal_key(observation)
        case MtuSeen(port, peer):
            return "mtu", (port, peer)
        case _:
            return "", None
