"""Evidence → topology, as it changes."""

import asyncio
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

import msgspec

from bellrock.model import (
    Evidence,
    EvidenceGone,
    EvidenceKey,
    EvidenceSeen,
    Fabric,
    Host,
    HostSeen,
    Observation,
    Port,
    Strength,
    Topology,
    Vlan,
    Wall,
    key_of,
)
from bellrock.region.instruments import INFERENCE_SECONDS, measured
from bellrock.region.service.account import Account, Interfaces
from bellrock.region.service.state import State
from bellrock.region.service.written import Written
from bellrock.topology import Explanation, Incremental, Registry, explain
from bellrock.topology.explain import Where
from bellrock.topology.links import ALL

SILENT = "silent"
AT_ONCE: Final = 20
"""Domains about which conclusions are drawn in one step, where there is time."""
BIT: Final = 0.005
"""CPU seconds after which all others have a turn, where theirs are no longer."""

Shape = tuple[str, str, int | None, tuple[str, ...], list[tuple[Port, Strength, tuple[EvidenceKey, ...]]]]


class Inference:
    """The incremental inference and the names that people gave; fed with what is committed."""

    def __init__(
        self, state: State, registry: bytes | None, silent: Collection[str] = (), *, loaded: bool = True
    ) -> None:
        """`silent`: agents whose word does not count; `loaded`: False where somebody goes through `loading` bit by bit."""
        self._state = state
        self._incremental = Incremental(_registry(registry))
        self.lapsed = {one for one in silent if (account := state.accounts.get(one)) and not account.empty}
        """Agents whose word does not count, because they are silent."""
        self._told = Topology()
        """The answer of which it was last said that it has advanced."""
        self._written = Written()
        self.revision = 0
        self.touched: set[str] = set()
        """Hosts whose place may be another since somebody emptied this."""
        for _ in self.loading() if loaded else ():
            pass

    def loading(self) -> Iterator[int]:
        """Take in all that the state holds, and conclude from it, in small steps: of each, how many agents that has done with.

        What is committed from now on is to be applied after the last one, in order.
        """
        # What is committed meanwhile needs the interfaces as they are now: whether one falls, and which names a port has, hang on that.
        return self._load([(account, {**account.interfaces}) for account in self._state.accounts.values()])

    def _load(self, tables: Sequence[tuple[Account, Interfaces]]) -> Iterator[int]:
        load = self._incremental.take_in
        load([HostSeen(peer, Wall(0.0)) for peer in self._state.peers.values()])
        # Evidence comes last, when all is known of the interfaces that it names.
        for account, interfaces in tables:
            load(account.outline(interfaces))
            yield 0
        for account, _ in tables:
            if account.host.id not in self.lapsed:
                load(EvidenceSeen(one) for one in account.all_evidence())
            yield 1
        self._incremental.settle()
        yield 0
        while self._incremental.ahead(AT_ONCE):
            yield 0

    def ahead(self) -> bool:
        """Conclude something of what there is to conclude, before anybody asks; True if there is more."""
        return self._incremental.ahead(AT_ONCE)

    async def ready(self) -> float:
        """Conclude what is due, bit by bit, beside other work; who asks for conclusions meanwhile has the rest of it drawn at once.

        Returns:
            CPU seconds that it took.
        """
        # Which domains there are comes first: one that is touched again and again meanwhile is to be drawn once.
        spent = await self._conclude(self._incremental.doubted)
        spent += await self._conclude(self._incremental.due)
        if spent:
            INFERENCE_SECONDS.observe(spent, "ahead")
        return spent

    async def _conclude(self, left: int) -> float:
        spent, bit = 0.0, BIT
        while left > 0:
            began = now = time.thread_time()
            while left > 0 and now - began <= bit:
                left = left - 1 if self._incremental.ahead(1) else 0
                now = time.thread_time()
            spent += now - began
            await asyncio.sleep(0)
            # As long as all others took: this has half of the time, however busy they are.
            bit = max(BIT, time.thread_time() - now)
        return spent

    def heard(self, silent: Collection[str]) -> Iterator[int]:
        """Let the word of these agents count no longer, and that of all others as of when it was given, in small steps."""
        for account in [*self._state.accounts.values()]:
            if account.host.id in silent:
                self.lapse(account.host.id)
            else:
                self.alive(account.host, account.seen)
            yield 0

    def take_over(self, registry: bytes | None) -> None:
        """Go on where another process led, with the ids and names that it gave."""
        self._incremental.take_over(_registry(registry) or Registry())
        self._told, self.revision = Topology(), 0
        self.touched.clear()

    @measured(INFERENCE_SECONDS, "apply")
    def apply(self, observations: Iterable[Observation], at: Wall = ALL) -> None:
        """Take in observations that are committed. `at`: when they held, as of the report."""
        for observation in observations:
            self._incremental.apply(observation, at)

    def alive(self, host: Host, seen: Wall) -> bool:
        """All that an agent said still holds; True if it had lapsed and is taken in anew."""
        if host.id not in self.lapsed:
            self._incremental.apply(HostSeen(host, seen))
            return False
        self.lapsed.discard(host.id)
        # Its interfaces were taken in while it had lapsed: as they are in the state, they may be ahead of what is applied yet.
        account = self._state.accounts[host.id]
        self.apply([HostSeen(account.host, seen), *(EvidenceSeen(one) for one in account.all_evidence())])
        return True

    def lapse(self, agent: str) -> bool:
        """Forget what a silent agent observed; False: it had told nothing, or is known to be silent. Its account stays, for when it comes back."""
        account = self._state.accounts.get(agent)
        if account is None or account.empty or agent in self.lapsed:
            return False
        self.lapsed.add(agent)
        self.apply([EvidenceGone(key_of(one), SILENT) for one in account.all_evidence()])
        return True

    def held(self, key: EvidenceKey) -> Evidence | None:
        """A piece of evidence that counts, but for its proof and the frame's address; see `topology.held.Held`."""
        held = self._incremental.facts.evidence.find(key)
        return held.evidence() if held else None

    def topology(self) -> Topology:
        """All claims now. Members may have been seen later than it says: as long as an agent is heard, what it said holds."""
        return self._incremental.claims()

    @measured(INFERENCE_SECONDS, "conclude")
    def advanced(self) -> bool:
        """Whether the topology says something else than when this was last asked; if so, `revision` has grown."""
        before, found = self._told, self.topology()
        if found is before:
            return False
        self._told = found
        # All that a fabric says beside its members, which tell for themselves.
        advanced = self._compare(before.fabrics, found.fabrics) or any(
            old is not new and old != new
            for old, new in (
                (before.conflicts, found.conflicts), (before.unknown, found.unknown), (before.names, found.names),
            )
        )  # fmt: skip
        self.revision += advanced
        return advanced

    def _compare(self, before: Sequence[Fabric], after: Sequence[Fabric]) -> bool:
        """Whether fabrics say something else, and of which hosts. One that is as it was is the same object."""
        same = {id(one) for one in after}
        gone = {one.id: one for one in before if id(one) not in same}
        same = {id(one) for one in before}
        vlans = {vlan.id: (fabric.id, vlan) for fabric in gone.values() for vlan in fabric.vlans}
        advanced = False
        for fabric in after:
            if id(fabric) in same:
                continue
            old = gone.pop(fabric.id, None)
            advanced |= old is None or _outline(old) != _outline(fabric)
            for vlan in fabric.vlans:
                home, known = vlans.pop(vlan.id, ("", None))
                if known is None or home != fabric.id or (known is not vlan and shape_of(known) != shape_of(vlan)):
                    advanced = True
                    self._touch(vlan, known)
        for _, vlan in vlans.values():
            self._touch(vlan)
        return advanced or bool(gone or vlans)

    def _touch(self, *vlans: Vlan | None) -> None:
        self.touched.update([member.port.host for vlan in vlans if vlan is not None for member in vlan.members])

    def explain(self, a: Port, b: Port, where: Where | None = None) -> Explanation:
        """Why two ports are one VLAN, or what is missing to say so. `where` a port is in the topology as it is now, where that is known."""
        return explain(self._incremental, a, b, where)

    def rename(self, identity: str, name: str) -> None:
        """Give a fabric or VLAN a name that stays.

        Raises:
            ValueError: no fabric or VLAN has this id, or the name will not do.
        """
        self._incremental.rename(identity, name)

    def registry(self) -> bytes:
        """The registry as it is to be kept."""
        self.topology()
        return self._written.of(self._incremental.registry)

    def identities(self) -> object:
        """What must not be lost of the registry: the ids that were given out, and the names that people gave."""
        self.topology()
        shelves = self._incremental.registry.fabrics, self._incremental.registry.vlans
        return [
            (shelf.last, {one.id: one.name for one in (*shelf.live, *shelf.retired) if one.name}) for shelf in shelves
        ]


def _registry(body: bytes | None) -> Registry | None:
    return msgspec.json.decode(body, type=Registry) if body else None


def shape_of(vlan: Vlan) -> Shape:
    """What a VLAN says, without how long ago it was seen."""
    return vlan.id, vlan.name, vlan.vid, vlan.subnets, [(one.port, one.strength, one.evidence) for one in vlan.members]


def _outline(fabric: Fabric) -> object:
    return fabric.name, [vlan.id for vlan in fabric.vlans]
