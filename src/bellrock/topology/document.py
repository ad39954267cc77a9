"""The topology as `bellrock topology show --json` and the API give it, and back, for comparing saved ones."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, ValidationError, convert

from bellrock.model import (
    Conflict,
    ConflictKind,
    Evidence,
    EvidenceKey,
    Fabric,
    Member,
    Port,
    Strength,
    Topology,
    Unknown,
    Vlan,
    Wall,
)
from bellrock.topology.sentence import key_sentence, sentence

Document = dict[str, Any]
"""What JSON can hold: dicts, lists, text, numbers, None."""


def as_document(topology: Topology, now: Wall, evidence: Mapping[EvidenceKey, Evidence] | None = None) -> Document:
    """A topology with host names instead of ids, ages in seconds, and evidence as sentences.

    With the evidence itself the sentences carry round-trip times and ages.
    """
    say = _Sayer(topology, now, evidence or {})
    return {
        "fabrics": [say.fabric(fabric) for fabric in topology.fabrics],
        "conflicts": [
            {"kind": str(c.kind), "where": [say.port(port) for port in c.where], "proof": c.proof}
            for c in topology.conflicts
        ],
        "unknown": [{"host": say.names[u.host], "interface": u.interface, "why": u.why} for u in topology.unknown],
        "names": topology.names,
    }


class _Sayer:
    def __init__(self, topology: Topology, now: Wall, evidence: Mapping[EvidenceKey, Evidence]) -> None:
        self.names = unique_names(topology.names)
        self._now, self._evidence = now, evidence

    def fabric(self, fabric: Fabric) -> Document:
        return {"id": fabric.id, "name": fabric.name, "vlans": [self.vlan(vlan) for vlan in fabric.vlans]}

    def vlan(self, vlan: Vlan) -> Document:
        members = sorted((self.member(member) for member in vlan.members), key=_place)
        return {"id": vlan.id, "name": vlan.name, "vid": vlan.vid, "members": members, "subnets": list(vlan.subnets)}

    def member(self, member: Member) -> Document:
        return {
            **self.port(member.port),
            "strength": str(member.strength),
            "age": max(0.0, round(self._now - member.seen, 3)),
            "evidence": [self.sentence(key, member.seen) for key in member.evidence],
        }

    def port(self, port: Port) -> Document:
        return {"host": self.names.get(port.host, port.host), "interface": port.interface, "vid": port.vid}

    def sentence(self, key: EvidenceKey, seen: Wall) -> str:
        evidence = self._evidence.get(key)
        return key_sentence(key, self.names) if evidence is None else sentence(evidence, self.names, self._now, seen)


def unique_names(names: Mapping[str, str]) -> dict[str, str]:
    """Host id → a name that no other host has: where two share one, the end of the id is appended."""
    bearers: dict[str, list[str]] = {}
    for host, name in names.items():
        bearers.setdefault(name, []).append(host)
    return {host: name if len(bearers[name]) == 1 else f"{name}-{host[-4:]}" for host, name in names.items()}


def _place(member: Document) -> tuple[str, str, int]:
    return member["host"], member["interface"], member["vid"] or -1


class _Port(Struct, frozen=True):
    host: str
    interface: str
    vid: int | None = None

    def port(self) -> Port:
        return Port(self.host, self.interface, self.vid)


class _Member(_Port, frozen=True):
    strength: Strength = Strength.CONFIGURED


class _Vlan(Struct, frozen=True, kw_only=True):
    id: str = ""
    name: str = ""
    vid: int | None
    members: list[_Member]
    subnets: list[str] = []


class _Fabric(Struct, frozen=True, kw_only=True):
    id: str = ""
    name: str = ""
    vlans: list[_Vlan]


class _Conflict(Struct, frozen=True):
    kind: ConflictKind
    where: list[_Port]
    proof: str


class _Document(Struct, frozen=True, kw_only=True):
    fabrics: list[_Fabric]
    conflicts: list[_Conflict] = []
    unknown: list[Unknown] = []


class DocumentError(ValueError):
    """A document that is no topology: what was wrong with it, and where, in one clause."""


def from_document(document: object) -> Topology:
    """The topology that a document tells of, with host names for host ids. Evidence and ages do not come back.

    Raises:
        DocumentError: it has not the shape of `bellrock topology show --json`.
    """
    try:
        read = convert(document, _Document)
    except ValidationError as error:
        raise DocumentError(str(error)) from None
    ports = [member.host for fabric in read.fabrics for vlan in fabric.vlans for member in vlan.members]
    hosts = sorted({*ports, *(unknown.host for unknown in read.unknown)})
    return Topology(
        fabrics=tuple(_fabric(fabric) for fabric in read.fabrics),
        conflicts=tuple(
            Conflict(kind=c.kind, where=tuple(place.port() for place in c.where), proof=c.proof) for c in read.conflicts
        ),
        unknown=tuple(read.unknown),
        names={host: host for host in hosts},
    )


def _fabric(fabric: _Fabric) -> Fabric:
    return Fabric(id=fabric.id, name=fabric.name, vlans=tuple(_vlan(vlan) for vlan in fabric.vlans))


def _vlan(vlan: _Vlan) -> Vlan:
    members = tuple(Member(port=member.port(), strength=member.strength) for member in vlan.members)
    return Vlan(id=vlan.id, name=vlan.name, vid=vlan.vid, members=members, subnets=tuple(vlan.subnets))
