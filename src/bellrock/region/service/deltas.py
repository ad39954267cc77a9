"""What changed since somebody was last told: of a large site, what a page must be sent is the few lines that are others now."""

from collections import OrderedDict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec

from bellrock.model import (
    Conflict,
    ConflictKind,
    Evidence,
    EvidenceGone,
    EvidenceKey,
    EvidenceSeen,
    Fabric,
    HostGone,
    InterfaceGone,
    InterfaceSeen,
    Neighbour,
    Observation,
    Port,
    Topology,
    Unknown,
    Vlan,
    Wall,
)
from bellrock.region.service.findings import Findings
from bellrock.region.service.index import Index
from bellrock.region.service.mtu import Measurements
from bellrock.region.service.places import Registrar
from bellrock.region.service.publish import Topic
from bellrock.region.service.shapes import CulpritView, EndView
from bellrock.region.service.views import Views
from bellrock.topology.measured import Pair

MOST: Final = 20_000
"""Changes that are remembered of each topic; whoever was told before them is told everything anew."""
FEW: Final = 64
"""Changes that are told one by one however small the site is; of more, as many as there are hosts."""

CONFLICT, UNKNOWN, NAME = "conflict", "unknown", "name"
CULPRITS: Final = "culprits"
MEASURING: Final = "measuring"
_T = TypeVar("_T", bound=Hashable)


class Log:
    """What changed when, each thing once. Moments are numbers that grow."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._last: OrderedDict[Hashable, int] = OrderedDict()
        self._from = 0
        """What changed up to this moment is not remembered."""
        self.now = 1

    def note(self, things: Iterable[Hashable]) -> None:
        """These changed."""
        self.now += 1
        for thing in things:
            self._last.pop(thing, None)
            self._last[thing] = self.now
        while len(self._last) > self._most:
            _, self._from = self._last.popitem(last=False)

    def forget(self) -> None:
        """Everything may have changed."""
        self.now += 1
        self._from = self.now
        self._last.clear()

    def since(self, moment: int) -> list[Hashable] | None:
        """What changed after a moment, the earliest first; None where that is not known any more."""
        if moment < self._from:
            return None
        found = []
        for thing, at in reversed(self._last.items()):
            if at <= moment:
                break
            found.append(thing)
        return found[::-1]


class Deltas:
    """Keeps account of what changed in what is long, and tells it."""

    def __init__(self, index: Index) -> None:
        self._index = index
        topics = (Topic.HOSTS, Topic.INTERFACES, Topic.TOPOLOGY, Topic.MTU, Topic.FINDINGS)
        self.logs = {topic: Log() for topic in topics}
        self._claims = Topology()
        self._names: Mapping[str, str] = {}
        self._culprits: tuple[CulpritView, ...] = ()

    # what changed

    def told(self, host: str, observations: Iterable[Observation] = ()) -> None:
        """A host, by id, has told something; or it came, or went."""
        self.logs[Topic.HOSTS].note((host,))
        ports = interfaces_of(observations)
        if ports is None:
            self.logs[Topic.INTERFACES].forget()
        elif ports:
            self.shown(ports)
            why = self._index.why
            # Whether beaconing is under way is said of an interface that nothing is known of.
            unknown = [(UNKNOWN, one.host, one.interface) for one in ports if (one.host, one.interface) in why]
            self.logs[Topic.TOPOLOGY].note(unknown)

    def shown(self, ports: Iterable[Port]) -> None:
        """The interfaces of these ports may be shown otherwise."""
        self.logs[Topic.INTERFACES].note(ports)

    def noted(self, topic: Topic, things: Iterable[Hashable]) -> None:
        """These changed."""
        self.logs[topic].note(things)

    def advanced(self, claims: Topology) -> None:
        """The claims are these now, as the index has seen them."""
        before, names = self._claims, self._names
        changed, moved = self._index.changed, self._index.moved
        self.rest(claims)
        if any(self._names.get(host) != name for host, name in names.items()) and names is not self._names:
            for one in self.logs.values():  # names are in everything
                one.forget()
            return
        self.shown(moved)
        log = self.logs[Topic.TOPOLOGY]
        log.note(changed)
        log.note((NAME, one) for one in _apart(names, self._names))
        if before.conflicts is not claims.conflicts:
            were, are = (map(_shown, one.conflicts) for one in (before, claims))
            log.note((CONFLICT, *one) for one in _apart([*were], [*are]))
        if before.unknown is not claims.unknown:
            log.note((UNKNOWN, one.host, one.interface) for one in set(before.unknown) ^ set(claims.unknown))

    def rest(self, claims: Topology) -> None:
        """Nobody follows: what changed until now is of no interest."""
        self._claims, self._names = claims, self._index.names
        self._index.changed, self._index.moved = set(), set()

    def narrowed(self, turned: Iterable[Pair], culprits: tuple[CulpritView, ...]) -> None:
        """These directions fall short now, or do no longer; these are to blame."""
        log = self.logs[Topic.MTU]
        log.note(turned)
        if culprits != self._culprits:
            self._culprits = culprits
            log.note([CULPRITS])

    # what is said of it

    def since(self, topic: Topic, moment: int, view: Views) -> list[Hashable] | None:
        """What changed after a moment; None: so much that all of it is shorter, or it is not known."""
        changed = self.logs[topic].since(moment)
        return None if changed is None or len(changed) > max(FEW, len(view.names)) else changed

    def hosts(self, changed: Iterable[Hashable], view: Views) -> bytes:
        """The message that tells of these hosts."""
        found = (view.host(str(host)) for host in changed)
        return _message(Topic.HOSTS, {"changed": [one for one in found if one is not None]})

    def interfaces(self, changed: Iterable[Hashable], view: Views, registrar: Registrar) -> bytes:
        """The message that tells of the interfaces of these ports."""
        rows, gone = view.interfaces_at(registrar, [one for one in changed if isinstance(one, Port)])
        return _message(Topic.INTERFACES, {"changed": rows, "gone": gone})

    def topology(self, changed: Iterable[Any], view: Views, revision: int) -> bytes:
        """The message that tells of these parts of the topology, of members without what speaks for them."""
        parts: dict[str, list[Any]] = {}
        for one in changed:
            parts.setdefault(one[0], []).append(one[1:])
        names, conflicts, unknown = (parts.pop(kind, []) for kind in (NAME, CONFLICT, UNKNOWN))
        held = {_shown(one): one for one in view.claims.conflicts} if conflicts else {}
        why, fabrics = self._index.why, self._index.fabrics
        body = {
            "revision": revision,
            "changed": [_fabric(fabrics[one], some, view) for one, some in parts.items() if one in fabrics],
            "gone": sorted(parts.keys() - fabrics.keys()),
            "names": {one: view.names[one] for (one,) in names if one in view.names},
            "conflicts": {
                "changed": [view.conflict(held[one]) for one in conflicts if one in held],
                "gone": [view.conflict(Conflict(kind=one[0], where=one[1], proof=one[2])) for one in conflicts if one not in held],
            },
            "unknown": {
                "changed": [view.unknown(Unknown(host=one[0], interface=one[1], why=why[one])) for one in unknown if one in why],
                "gone": [EndView(view.name(one[0]), one[1]) for one in unknown if one not in why],
            },
        }  # fmt: skip
        return _message(Topic.TOPOLOGY, body)

    def mtu(self, changed: Collection[Hashable], view: Views, measurements: Measurements, now: Wall) -> bytes:
        """The message that tells of these directions, of who measures, and of who is to blame where that changed."""
        pairs = [one for one in changed if isinstance(one, tuple)]
        short, gone = measurements.pairs(view.names, now, pairs)
        measuring = measurements.measuring(view.names)
        body = {"changed": short, "gone": gone, "measuring": measuring, "fine": measurements.fine}
        blamed = {"culprits": self._culprits} if CULPRITS in changed else {}
        return _message(Topic.MTU, body | blamed)

    def findings(self, changed: Collection[Any], findings: Findings) -> bytes:
        """The message that tells of these findings, by key."""
        found = findings.some(changed)
        shown = {one.key for one in found}
        gone = sorted(one for one in changed if one and one not in shown)
        body = {"changed": found, "gone": gone, "looked": findings.looked, "missed": findings.missed}
        return _message(Topic.FINDINGS, body)


def _fabric(fabric: Fabric, parts: Sequence[Any], view: Views) -> dict[str, object]:
    """Of a fabric, the VLANs that came, went or changed. `parts`: (), (VLAN's id,) or (VLAN's id, port)."""
    there = {vlan.id: vlan for vlan in fabric.vlans}
    ports: dict[str, list[Port]] = {one[0]: [] for one in parts if one}
    for one in parts:
        if len(one) > 1:
            ports[one[0]].append(one[1])
    changed = [_vlan(there[one], some, view) for one, some in ports.items() if one in there]
    return {"id": fabric.id, "name": fabric.name, "changed": changed, "gone": sorted(ports.keys() - there.keys())}


def _vlan(vlan: Vlan, ports: Iterable[Port], view: Views) -> dict[str, object]:
    members = {one.port: one for one in vlan.members}
    changed = [view.member(members[one], proved=False) for one in ports if one in members]
    gone = [view.port(one) for one in ports if one not in members]
    return {
        "id": vlan.id,
        "name": vlan.name,
        "vid": vlan.vid,
        "subnets": vlan.subnets,
        "changed": changed,
        "gone": gone,
    }


def interfaces_of(observations: Iterable[Observation]) -> set[Port] | None:
    """The interfaces that are shown otherwise for these observations, where they are not for their place; None: all of the host."""
    found: set[Port] = set()
    for one in observations:
        match one:
            case InterfaceSeen(host, interface):
                found.add(Port(host, interface.name))
            case InterfaceGone(host, name):
                found.add(Port(host, name))
            case EvidenceSeen(Evidence(port=port, neighbour=Neighbour())):
                found.add(Port(port.host, port.interface))
            case EvidenceGone(EvidenceKey(port=port, neighbour=neighbour)) if neighbour:
                found.add(Port(port.host, port.interface))
            case HostGone():
                return None
            case _:
                pass
    return found


def _shown(one: Conflict) -> tuple[ConflictKind, tuple[Port, ...], str]:
    return one.kind, one.where, one.proof


def _apart(before: Iterable[_T], after: Iterable[_T]) -> set[_T]:
    """What is in one of both."""
    return set() if before is after else set(before) ^ set(after)


def _message(topic: Topic, body: Mapping[str, object]) -> bytes:
    return msgspec.json.encode({"type": topic.value, **body})
