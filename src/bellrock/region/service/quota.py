"""How much the region keeps, of one agent and of all together: what is authentic may still be without end."""

from collections import Counter
from collections.abc import Hashable, Iterable, Set
from typing import Final

from bellrock.model import EvidenceSeen, HostSeen, InterfaceSeen, MtuSeen, Observation, RefusalCount, key_of
from bellrock.region.service.state import State, refusal_key
from bellrock.region.size import USUAL, Size
from bellrock.region.store import Accepted

MOST_OF_ONE: Final = {"interfaces": 10_000, "evidence": 100_000, "refusals": 10_000, "mtu": 100_000, "peers": 1000}
"""Of one agent."""
OF_ONE: Final = "more than the region keeps of one host"
OF_ALL: Final = "more than the region keeps of all hosts"
_KINDS: Final[dict[type[Observation], str]] = {
    InterfaceSeen: "interfaces", EvidenceSeen: "evidence", RefusalCount: "refusals", MtuSeen: "mtu", HostSeen: "peers"
}  # fmt: skip


class Quota:
    """Counts what is held, and what the batch in the making adds: that is not in the state before it is durable."""

    def __init__(self, state: State, size: Size = USUAL) -> None:
        """`size`: of the site, from which follows how much is kept of all agents together."""
        self._state = state
        self._most = size.kept
        self._peers: dict[str, set[str]] = {}
        """By the agent that told of them first. A restart forgets who did; the bound on all holds over it."""
        self._new: dict[tuple[str, str], set[Hashable]] = {}
        self._books: dict[tuple[str, str], tuple[Set[Hashable], set[Hashable]]] = {}
        """What an agent has of a kind, and what this batch adds to it: asked for once in a batch."""
        self._total: dict[str, int] = {}
        """Of all agents, never less than is held: what is taken back is noticed only when the bound is near."""
        self._counted = False

    def begin(self) -> None:
        """A batch begins: what the one before added is in the state by now, or never will be."""
        for (agent, kind), new in self._new.items():
            if kind == "peers":
                self._peers.setdefault(agent, set()).update(map(str, new))
        self._new.clear()
        self._books.clear()
        if self._peers:
            self._peers = {agent: told & self._state.peers.keys() for agent, told in self._peers.items()}
        self._counted = False

    def also(self, reports: Iterable[Accepted]) -> None:
        """Other processes took these in. What they repeat counts again, until the bound is near and all is counted."""
        if not self._total:
            return
        for accepted in reports:
            for told, count in Counter(map(type, accepted.report.observations)).items():
                if (kind := _KINDS.get(told)) is not None:
                    self._total[kind] += count

    def excess(self, agent: str, observation: Observation) -> str:
        """Why there is no room for an observation; empty if there is, and from then on it is counted."""
        kind, key = _what(agent, observation)
        if not kind:
            return ""
        if (found := self._books.get((agent, kind))) is None:
            found = self._books[agent, kind] = self._held(agent, kind), self._new.setdefault((agent, kind), set())
        held, new = found
        if key in held or key in new:
            return ""
        of_agent = len(self._peers.get(agent, ())) if kind == "peers" else len(held)
        if of_agent + len(new) >= MOST_OF_ONE[kind]:
            return OF_ONE
        if self._total.get(kind, self._most[kind]) >= self._most[kind]:
            self._count()
            if self._total[kind] >= self._most[kind]:
                return OF_ALL
        new.add(key)
        self._total[kind] += 1
        return ""

    def _count(self) -> None:
        """Count what is held and what this batch has added so far: once in a batch, for it takes long."""
        if self._counted:
            return
        self._counted = True
        accounts = self._state.accounts.values()
        self._total = {
            "interfaces": sum(len(one.interfaces) for one in accounts),
            "evidence": sum(one.count[0] for one in accounts),
            "refusals": sum(len(one.refusals) for one in accounts),
            "mtu": sum(one.count[1] for one in accounts),
            "peers": len(self._state.peers),
        }
        for (_, kind), new in self._new.items():
            self._total[kind] += len(new)

    def _held(self, agent: str, kind: str) -> Set[Hashable]:
        if kind == "peers":
            return self._state.peers.keys()
        account = self._state.accounts.get(agent)
        if account is None:
            return frozenset()
        match kind:  # one at a time: asking for evidence wakes the account
            case "interfaces":
                return account.interfaces.keys()
            case "evidence":
                return account.evidence.keys()
            case "mtu":
                return account.mtu.keys()
            case _:
                return account.refusals.keys()


def _what(agent: str, observation: Observation) -> tuple[str, Hashable]:
    match observation:
        case EvidenceSeen(evidence):
            return "evidence", key_of(evidence)
        case MtuSeen(port, peer):
            return "mtu", (port, peer)
        case HostSeen(host) if host.id != agent:
            return "peers", host.id
        case InterfaceSeen(_, interface):
            return "interfaces", interface.name
        case RefusalCount():
            return "refusals", refusal_key(observation)
        case _:
            return "", None
