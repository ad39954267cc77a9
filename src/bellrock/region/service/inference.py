"""Evidence → topology, as it changes."""

import msgspec

from bellrock.model import EvidenceGone, Host, HostSeen, Observation, Port, Topology, Wall
from bellrock.region.service.state import State
from bellrock.topology import Explanation, Incremental, Registry, explain

SILENT = "silent"


class Inference:
    """The incremental inference and the names that people gave; fed with what is committed."""

    def __init__(self, state: State, registry: bytes | None) -> None:
        self._state = state
        self._incremental = Incremental(msgspec.json.decode(registry, type=Registry) if registry else None)
        self.lapsed: set[str] = set()
        """Agents whose word does not count, because they are silent."""
        self._shape: object = None
        self.revision = 0
        self._incremental.load(state.replay())

    def apply(self, observations: list[Observation]) -> None:
        """Take in observations that are committed."""
        for observation in observations:
            self._incremental.apply(observation)

    def alive(self, host: Host, seen: Wall) -> bool:
        """All that an agent said still holds; True if it had lapsed and is taken in anew."""
        if host.id not in self.lapsed:
            self._incremental.apply(HostSeen(host, seen))
            return False
        self.lapsed.discard(host.id)
        self.apply(list(self._state.accounts[host.id].observations()))
        return True

    def lapse(self, agent: str) -> bool:
        """Forget what a silent agent observed; True if that was anything. Its account stays, for when it comes back."""
        account = self._state.accounts.get(agent)
        if account is None or not account.evidence or agent in self.lapsed:
            return False
        self.lapsed.add(agent)
        self.apply([EvidenceGone(key, SILENT) for key in account.evidence])
        return True

    def topology(self) -> Topology:
        """All claims now."""
        return self._incremental.topology()

    def advanced(self) -> bool:
        """Whether the topology says something else than when this was last asked; if so, `revision` has grown."""
        shape = _shape(self.topology())
        if shape == self._shape:
            return False
        self._shape = shape
        self.revision += 1
        return True

    def explain(self, a: Port, b: Port) -> Explanation:
        """Why two ports are one VLAN, or what is missing to say so."""
        return explain(self._incremental, a, b)

    def rename(self, identity: str, name: str) -> None:
        """Give a fabric or VLAN a name that stays.

        Raises:
            ValueError: no fabric or VLAN has this id, or the name will not do.
        """
        self._incremental.rename(identity, name)

    def registry(self) -> bytes:
        """The registry as it is to be kept."""
        self.topology()
        return msgspec.json.encode(self._incremental.registry)


def _shape(topology: Topology) -> object:
    """What a topology says, without how long ago it was seen."""
    fabrics = [
        (fabric.id, fabric.name, [
            (vlan.id, vlan.name, vlan.vid, vlan.subnets, [(one.port, one.strength, one.evidence) for one in vlan.members])
            for vlan in fabric.vlans
        ])
        for fabric in topology.fabrics
    ]  # fmt: skip
    return fabrics, topology.conflicts, topology.unknown, topology.names
