"""What the region knows, in the shapes of the API."""

from collections import Counter
from collections.abc import Collection, Iterable

from bellrock.model import (
    Conflict,
    Evidence,
    EvidenceKey,
    Interface,
    Member,
    Port,
    Topology,
    Vlan,
    Wall,
)
from bellrock.region.service.places import Place, Registrar, places_at, places_of
from bellrock.region.service.shapes import (
    ConflictView,
    EvidenceView,
    ExplanationView,
    FabricView,
    HostView,
    InterfaceView,
    MemberView,
    NeighbourView,
    PlaceView,
    PortView,
    RefusalView,
    StepView,
    TopologyView,
    UnknownView,
    VlanView,
)
from bellrock.region.service.state import Account, State
from bellrock.topology import Explanation, key_sentence, sentence

UNSETTLED = "Beaconing is under way: the first solicitations are out and their answers may still come. It settles by itself within a second."
NO_EVIDENCE = "Nothing was heard here yet."


class Views:
    """Renders one moment. Made anew for each answer, so that its names and ages are of one time."""

    def __init__(
        self, state: State, topology: Topology, connected: Iterable[str], now: Wall, lapsed: Collection[str] = ()
    ) -> None:
        """`lapsed`: the agents whose word does not count, because they are silent."""
        self._state = state
        self._topology = topology
        self._connected = frozenset(connected)
        self._now = now
        self._lapsed = lapsed
        self.names = unique_names(_host_names(state, topology))

    def topology(self, revision: int) -> TopologyView:
        """All claims."""
        found = self._topology
        fabrics = tuple(
            FabricView(fabric.id, fabric.name, tuple(self._vlan(vlan) for vlan in fabric.vlans))
            for fabric in found.fabrics
        )
        conflicts = tuple(self._conflict(conflict) for conflict in found.conflicts)
        unknown = tuple(
            UnknownView(self.name(one.host), one.interface, self._why(one.host, one.interface, one.why))
            for one in found.unknown
        )
        return TopologyView(revision, fabrics, conflicts, unknown, self.names)

    def hosts(self) -> list[HostView]:
        """All agents, by name."""
        views = [self._host(account) for account in self._state.accounts.values()]
        return sorted(views, key=lambda view: view.name)

    def interfaces(self, registrar: Registrar) -> list[InterfaceView]:
        """All interfaces, by host name and the kernel's index."""
        places = places_of(self._topology)
        why = {(one.host, one.interface): one.why for one in self._topology.unknown}
        views = []
        for account in sorted(self._state.accounts.values(), key=lambda account: self.name(account.host.id)):
            neighbours = {key.port.interface: held[0] for key, held in account.evidence.items() if held[0].neighbour}
            for interface, _ in sorted(account.interfaces.values(), key=lambda held: held[0].index):
                host = account.host.id
                found = places_at(places, host, interface) if interface.settled else []
                registration = registrar.find(host, interface) if interface.settled else None
                views.append(
                    self._interface(
                        host, interface, found, why.get((host, interface.name)),
                        neighbours.get(interface.name), registration.id if registration else None,
                    )
                )  # fmt: skip
        return views

    def evidence(self, host: str | None, interface: str | None) -> list[EvidenceView]:
        """Observations, of one host (by name or id) and one interface where asked for."""
        views = []
        for account in self._state.accounts.values():
            if host is not None and host not in (account.host.id, self.name(account.host.id)):
                continue
            lapsed = account.host.id in self._lapsed
            for key, (evidence, _) in account.evidence.items():
                if interface is None or key.port.interface == interface:
                    views.append(self._evidence(evidence, account, lapsed=lapsed))
        return sorted(views, key=lambda view: (view.port.host, view.port.interface, view.port.vid or 0, view.kind))

    def refusals(self) -> list[RefusalView]:
        """Refused frames, the most recent first."""
        views = [
            RefusalView(
                self.name(one.port.host), one.port.interface, one.port.vid, one.source_mac, one.reason, one.count,
                one.detail, one.skew, self._age(one.seen),
            )
            for account in self._state.accounts.values()
            for one, _ in account.refusals.values()
        ]  # fmt: skip
        return sorted(views, key=lambda view: view.age)

    def explanation(self, found: Explanation) -> ExplanationView:
        """A chain of proof."""
        chain = tuple(
            StepView(
                self.port(step.a), self.port(step.b), str(step.kind), step.sentence, None if step.seen is None else self._age(step.seen),
            )
            for step in found.chain
        )  # fmt: skip
        return ExplanationView(str(found.verdict), chain, found.missing)

    def name(self, host: str) -> str:
        """A host's unique name."""
        return self.names.get(host, host)

    def port(self, port: Port) -> PortView:
        """A port by its host's name."""
        return PortView(self.name(port.host), port.interface, port.vid)

    def _age(self, seen: Wall) -> float:
        return round(max(0.0, self._now - seen), 3)

    def _vlan(self, vlan: Vlan) -> VlanView:
        return VlanView(vlan.id, vlan.name, vlan.vid, tuple(self._member(one) for one in vlan.members), vlan.subnets)

    def _member(self, member: Member) -> MemberView:
        sentences = tuple(self._sentence(key) for key in member.evidence)
        where = self.port(member.port)
        return MemberView(
            where.host, where.interface, where.vid, str(member.strength), self._age(member.seen), sentences
        )

    def _sentence(self, key: EvidenceKey) -> str:
        account = self._state.accounts.get(key.port.host)
        held = account.evidence.get(key) if account else None
        return sentence(held[0], self.names) if held else key_sentence(key, self.names)

    def _conflict(self, conflict: Conflict) -> ConflictView:
        return ConflictView(str(conflict.kind), tuple(self.port(port) for port in conflict.where), conflict.proof)

    def _why(self, host: str, interface: str, why: str) -> str:
        account = self._state.accounts.get(host)
        held = account.interfaces.get(interface) if account else None
        return UNSETTLED if held and _under_way(held[0]) else why

    def _host(self, account: Account) -> HostView:
        host = account.host
        seen_age = self._age(account.seen) if account.seen else None
        offset = round(account.offset, 6)
        connected = host.id in self._connected
        return HostView(
            host.id, self.name(host.id), host.role, connected, seen_age, offset, account.boot, len(account.interfaces)
        )

    def _interface(
        self, host: str, interface: Interface, found: list[Place], why: str | None,
        neighbour: Evidence | None, registered: str | None,
    ) -> InterfaceView:  # fmt: skip
        vlans = tuple(PlaceView(one.fabric, one.vlan, one.vid, str(one.member.strength)) for one in found)
        unknown = None if vlans else UNSETTLED if _under_way(interface) else why or NO_EVIDENCE
        return InterfaceView(
            self.name(host), interface.name, interface.mac, str(interface.kind), interface.carrier, interface.up,
            interface.mtu, interface.addresses, interface.parents, interface.master, interface.vid, interface.speaks,
            interface.settled, self._neighbour(neighbour), vlans, unknown, registered,
        )  # fmt: skip

    def _neighbour(self, evidence: Evidence | None) -> NeighbourView | None:
        if evidence is None or (one := evidence.neighbour) is None:
            return None
        return NeighbourView(
            one.protocol, one.system_name, one.port_id, one.chassis_id, one.port_description, one.pvid,
            one.max_frame_size, self._age(evidence.seen),
        )  # fmt: skip

    def _evidence(self, evidence: Evidence, account: Account, *, lapsed: bool) -> EvidenceView:
        # Agents report changes only: what was not taken back held as long as the agent was there.
        seen = max(evidence.seen, account.seen)
        return EvidenceView(
            str(evidence.kind), self.port(evidence.port), self.port(evidence.peer) if evidence.peer else None,
            evidence.peer_name, sentence(evidence, self.names), evidence.round_trip,
            self._age(evidence.since), self._age(seen), evidence.source_mac, evidence.proof, lapsed,
        )  # fmt: skip


def _under_way(interface: Interface) -> bool:
    return not interface.settled and interface.speaks and interface.up and interface.carrier is not False


def _host_names(state: State, topology: Topology) -> dict[str, str]:
    names = dict(topology.names)
    names |= {peer.id: peer.name for peer in state.peers.values()}
    return names | {account.host.id: account.host.name for account in state.accounts.values()}


def unique_names(names: dict[str, str]) -> dict[str, str]:
    """Host names by id, with the id's last four characters (more, if need be) where hosts share one."""
    shared = Counter(names.values())
    taken = {name for name, count in shared.items() if count == 1}
    unique = {}
    for identity, name in sorted(names.items()):
        length = 4
        chosen = name
        while shared[name] > 1 and (chosen == name or chosen in taken):
            chosen = f"{name}-{identity[-length:]}"
            if length > len(identity):
                break
            length += 4
        taken.add(chosen)
        unique[identity] = chosen
    return unique
