"""What the region knows, in the shapes of the API."""

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, TypeVar

from bellrock.model import (
    Conflict,
    Evidence,
    EvidenceKey,
    EvidenceKind,
    Fabric,
    Interface,
    Member,
    Port,
    RefusalCount,
    Topology,
    Unknown,
    Vlan,
    Wall,
    key_of,
)
from bellrock.region.service.filters import (
    ALL_HOSTS,
    ALL_INTERFACES,
    ALL_REFUSALS,
    EvidenceWanted,
    HostsWanted,
    InterfacesWanted,
    RefusalsWanted,
)
from bellrock.region.service.index import Index, unique_names
from bellrock.region.service.places import Place, Registrar, port_of
from bellrock.region.service.shapes import (
    AdjacentView,
    ConflictView,
    EndView,
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
from bellrock.region.service.slices import BREAK, MAX_NUMBER, WHOLE, Break, Key, Slice, Span, cut, of_length, taken
from bellrock.region.service.state import Account, State
from bellrock.topology import Explanation, key_sentence, sentence

UNSETTLED = "Beaconing is under way: the first solicitations are out and their answers may still come. It settles by itself within a second."
NO_EVIDENCE = "Nothing was heard here yet."
_KINDS = [*EvidenceKind]
"""The strongest first."""
MOST_LOOKED_AT: Final = 300
"""Agents among which a page looks for what is asked for, and counts it: one that finds little ends there, and says where to go on."""
LAST, LAST_TEXT = MAX_NUMBER, chr(sys.maxunicode)
"""Behind all numbers and texts that a key has."""
R = TypeVar("R")
V = TypeVar("V")

__all__ = ["NO_EVIDENCE", "UNSETTLED", "Views", "unique_names"]


class Views:
    """Renders one moment. Made anew for each answer, so that its names and ages are of one time."""

    def __init__(
        self, state: State, topology: Topology, connected: Collection[str], now: Wall, lapsed: Collection[str] = (),
        index: Index | None = None, held: Callable[[EvidenceKey], Evidence | None] = lambda _: None,
    ) -> None:  # fmt: skip
        """`lapsed`: the agents whose word does not count, because they are silent; `index`: what is kept from one moment to the next.

        `held`: where evidence is looked for first, as what claims rest on is found there without waking whoever told it.
        """
        self._held = held
        self._state = state
        self._topology = topology
        self._connected = connected
        self._now = now
        self._lapsed = lapsed
        self._last: tuple[Account, Mapping[str, Evidence]] | None = None
        self.index = index or Index()
        """What is kept of this moment."""
        self.index.see(state, topology)
        self.names = self.index.names

    @property
    def claims(self) -> Topology:
        """What is claimed now."""
        return self._topology

    def topology(self, revision: int, *, proved: bool = True) -> TopologyView:
        """All claims. `proved`: with what speaks for each member."""
        found = self._topology
        fabrics = tuple(self._fabric(fabric, proved=proved) for fabric in found.fabrics)
        conflicts = tuple(self.conflict(conflict) for conflict in found.conflicts)
        unknown = tuple(self.unknown(one) for one in found.unknown)
        return TopologyView(revision, fabrics, conflicts, unknown, dict(self.names))

    def hosts(self) -> list[HostView]:
        """All agents, by name."""
        return [*self.some_hosts(ALL_HOSTS, WHOLE).rows]

    def some_hosts(self, wanted: HostsWanted, span: Span) -> Slice[HostView]:
        """Agents, by name."""
        found = self.index.order
        if wanted != ALL_HOSTS:
            found = [one for one in found if wanted.takes(one[0], self._account(one), self._connected)]
        start = 0 if span.after is None else bisect_right(found, of_length(span.after, 2))
        rest = ((one, one) for one in islice(found, start, None))
        return taken(rest, len(found), Span(None, span.limit), lambda one: self._host(self._account(one)))

    def host(self, text: str) -> HostView | None:
        """The agent that goes by a name or id."""
        found = self.find(text)
        return None if found is None else self._host(found)

    def find(self, text: str) -> Account | None:
        """The account of the agent that goes by a name or id."""
        return self._state.accounts.get(self.index.called(text) or text)

    def interfaces(self, registrar: Registrar) -> list[InterfaceView]:
        """All interfaces, by host name and the kernel's index."""
        return [*self.some_interfaces(registrar, ALL_INTERFACES, WHOLE).rows]

    def some_interfaces(self, registrar: Registrar, wanted: InterfacesWanted, span: Span) -> Slice[InterfaceView]:
        """Interfaces, by host name and the kernel's index."""

        anywhere = wanted.vlan is None and wanted.fabric is None and wanted.vid is None
        vlans = None if anywhere else self.index.vlans(wanted.vlan, wanted.fabric, wanted.vid)

        placed, asked = self.index.placed, wanted.placed

        def takes(account: Account, one: Interface) -> bool:
            if asked is not None and placed(account.host.id, one) is not asked:
                return False
            return wanted.takes(one, lambda: self.index.places(account.host.id, one), vlans)

        def rows(account: Account) -> list[tuple[Key, Interface]]:
            found = [one for one, _ in wanted.among(account) if takes(account, one)]
            return sorted((((one.index, one.name), one) for one in found), key=lambda row: row[0])

        def render(account: Account, interface: Interface) -> InterfaceView:
            return self._shown(account, interface, registrar)

        hosts = self._among(wanted.host, vlans)
        total: int | None = None
        if wanted == ALL_INTERFACES:
            total = sum(len(one.interfaces) for one in self._state.accounts.values())
        elif len(hosts) <= MOST_LOOKED_AT:
            total = sum(takes(one, held[0]) for one in map(self._account, hosts) for held in wanted.among(one))
        return self._across(hosts, rows, render, total, span, (LAST, ""))

    def interfaces_at(self, registrar: Registrar, ports: Iterable[Port]) -> tuple[list[InterfaceView], list[EndView]]:
        """The interfaces whose own frames use these ports, or that are their device; and the ports of which agents have none any more."""
        by_host: dict[str, set[Port]] = {}
        for port in ports:
            by_host.setdefault(port.host, set()).add(port)
        rows, gone = [], []
        for host, own in by_host.items():
            if (account := self._state.accounts.get(host)) is None:
                continue
            held = [one for one, _ in account.interfaces.values()]
            names = {port.interface for port in own}
            rows += [
                self._shown(account, one, registrar) for one in held if one.name in names or port_of(host, one) in own
            ]
            gone += [EndView(self.name(host), name) for name in sorted(names - account.interfaces.keys())]
        return rows, gone

    def evidence(self, host: str | None, interface: str | None) -> list[EvidenceView]:
        """Observations, of one host (by name or id) and one interface where asked for."""
        return [*self.some_evidence(EvidenceWanted(host=host, interface=interface), WHOLE).rows]

    def some_evidence(self, wanted: EvidenceWanted, span: Span) -> Slice[EvidenceView]:
        """Observations, by host name, interface, VID and kind."""

        def rows(account: Account) -> list[tuple[Key, Evidence]]:
            if not wanted.may_be(account):
                return []
            found = ((_evidence_key(key_of(one)), one) for one in account.all_evidence() if wanted.takes(one))
            return sorted(found, key=lambda row: row[0])

        def render(account: Account, one: Evidence) -> EvidenceView:
            return self._evidence(one, account, lapsed=account.host.id in self._lapsed)

        hosts = self._among(wanted.host)
        total: int | None = None
        if wanted == EvidenceWanted():
            total = self._state.pieces[0]
        elif len(hosts) <= MOST_LOOKED_AT:
            total = wanted.count(map(self._account, hosts))
        return self._across(hosts, rows, render, total, span, (LAST_TEXT, 0, "", "", "", 0, ""))

    def refusals(self) -> list[RefusalView]:
        """Refused frames, the most recent first."""
        return [*self.some_refusals(ALL_REFUSALS, WHOLE).rows]

    def some_refusals(self, wanted: RefusalsWanted, span: Span) -> Slice[RefusalView]:
        """Refused frames, the most recent first."""
        accounts = map(self._account, self._among(wanted.host))
        found = [one for account in accounts for one, _ in account.refusals.values() if wanted.takes(one)]
        return cut(sorted(found, key=_refusal_key), _refusal_key, span, self._refusal)

    def neighbours(self, account: Account) -> list[AdjacentView]:
        """What one agent itself sees behind its ports, by port: other agents, and what switches say of themselves; strongest evidence first."""
        lapsed = account.host.id in self._lapsed
        best: dict[Key, Evidence] = {}
        for one in account.all_evidence():
            at = _evidence_key(key_of(one))
            # Whatever its kind: that two ports acknowledge each other says also that they hear each other.
            best[at[:2] + at[3:]] = min(one, best.get(at[:2] + at[3:], one), key=lambda held: _KINDS.index(held.kind))
        shown = (self._adjacent(best[at], account, lapsed=lapsed) for at in sorted(best))
        return [one for one in shown if one is not None]

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

    def _account(self, host: str | tuple[str, str]) -> Account:
        return self._state.accounts[host if isinstance(host, str) else host[1]]

    def _among(self, host: str | None, vlans: Mapping[str, Vlan] | None = None) -> Sequence[tuple[str, str]]:
        """(name, id) of the agents among which to look, by name."""
        if host is not None:
            found = self.find(host)
            return [] if found is None else [(self.name(found.host.id), found.host.id)]
        if vlans is None:
            return self.index.order
        there = {member.port.host for vlan in vlans.values() for member in vlan.members}
        return sorted((self.name(one), one) for one in there if one in self._state.accounts)

    def _across(
        self, hosts: Sequence[tuple[str, str]], rows: Callable[[Account], Iterable[tuple[Key, R]]],
        render: Callable[[Account, R], V], total: int | None, span: Span, end: Key,
    ) -> Slice[V]:  # fmt: skip
        """A part of what hosts have, host by host: those before the span are not looked at. `end`: behind all keys of a host."""
        after = span.after
        start = 0 if after is None else bisect_left(hosts, of_length(after, 3, at_least=True)[:2])

        def each() -> Iterator[tuple[Key, tuple[Account, R] | Break]]:
            for looked, (name, host) in enumerate(islice(hosts, start, None), 1):
                account = self._account(host)
                yield from (((name, host, *key), (account, row)) for key, row in rows(account))
                if looked % MOST_LOOKED_AT == 0:
                    yield (name, host, *end), BREAK

        return taken(each(), total, span, lambda found: render(*found))

    def _age(self, seen: Wall) -> float:
        return round(max(0.0, self._now - seen), 3)

    def _fabric(self, fabric: Fabric, *, proved: bool) -> FabricView:
        return FabricView(fabric.id, fabric.name, tuple(self._vlan(vlan, proved=proved) for vlan in fabric.vlans))

    def _vlan(self, vlan: Vlan, *, proved: bool) -> VlanView:
        members = tuple(self.member(one, proved=proved) for one in vlan.members)
        return VlanView(vlan.id, vlan.name, vlan.vid, members, vlan.subnets)

    def member(self, member: Member, *, proved: bool = True) -> MemberView:
        """A port in a VLAN; `proved`: and what speaks for it."""
        sentences = tuple(self._sentence(key) for key in member.evidence) if proved else ()
        where = self.port(member.port)
        return MemberView(
            where.host, where.interface, where.vid, str(member.strength), self._age(self._last_seen(member)), sentences
        )

    def _last_seen(self, member: Member) -> Wall:
        """Agents report changes only: what was not taken back held as long as whoever observed it was heard."""
        hosts = [key.port.host for key in member.evidence] or [member.port.host]
        accounts = self._state.accounts
        return max([member.seen, *(accounts[host].seen for host in hosts if host in accounts)])

    def _sentence(self, key: EvidenceKey) -> str:
        found = self._held(key)
        if found is None and (account := self._state.accounts.get(key.port.host)) is not None:
            found = account.evidence.get(key, (None, 0))[0]
        return sentence(found, self.names) if found else key_sentence(key, self.names)

    def conflict(self, conflict: Conflict) -> ConflictView:
        """A contradiction."""
        return ConflictView(str(conflict.kind), tuple(self.port(port) for port in conflict.where), conflict.proof)

    def unknown(self, one: Unknown) -> UnknownView:
        """An interface that nothing is known about."""
        account = self._state.accounts.get(one.host)
        held = account.interfaces.get(one.interface) if account else None
        return UnknownView(self.name(one.host), one.interface, UNSETTLED if held and _under_way(held[0]) else one.why)

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

    def _shown(self, account: Account, one: Interface, registrar: Registrar) -> InterfaceView:
        host = account.host.id
        # Before beaconing has had its say, a place would be a guess.
        places = self.index.places(host, one) if one.settled else []
        registration = registrar.find(host, one) if one.settled else None
        return self._interface(
            host, one, places, self.index.why.get((host, one.name)), self._heard(account).get(one.name),
            registration.id if registration else None,
        )  # fmt: skip

    def _heard(self, account: Account) -> Mapping[str, Evidence]:
        """What devices at the other ends of an agent's cables say of themselves, by interface."""
        if self._last is None or self._last[0] is not account:
            self._last = (account, account.devices())
        return self._last[1]

    def _refusal(self, one: RefusalCount) -> RefusalView:
        return RefusalView(
            self.name(one.port.host), one.port.interface, one.port.vid, one.source_mac, one.reason, one.count,
            one.detail, one.skew, self._age(one.seen),
        )  # fmt: skip

    def _adjacent(self, one: Evidence, account: Account, *, lapsed: bool) -> AdjacentView | None:
        seen = self._age(max(one.seen, account.seen))
        place, what = one.port, sentence(one, self.names)
        if (device := one.neighbour) is not None:
            return AdjacentView(
                place.interface,
                place.vid,
                str(one.kind),
                "",
                device.system_name,
                device.port_id,
                None,
                what,
                seen,
                lapsed,
            )
        if one.peer is None or one.peer.host == account.host.id:
            return None  # a loop, or its own beacon: no neighbour
        peer = self.port(one.peer)
        return AdjacentView(
            place.interface,
            place.vid,
            str(one.kind),
            one.peer.host,
            peer.host,
            peer.interface,
            peer.vid,
            what,
            seen,
            lapsed,
        )

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


def _evidence_key(key: EvidenceKey) -> Key:
    port, peer = key.port, key.peer or key.port
    return port.interface, port.vid or 0, str(key.kind), peer.host, peer.interface, peer.vid or 0, key.neighbour


def _refusal_key(one: RefusalCount) -> Key:
    port = one.port
    return -one.seen, port.host, port.interface, port.vid or 0, one.source_mac, one.reason


def _under_way(interface: Interface) -> bool:
    return not interface.settled and interface.speaks and interface.up and interface.carrier is not False
