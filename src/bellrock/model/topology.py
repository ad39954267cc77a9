"""What Bellrock claims about the network: fabrics, VLANs, members, conflicts, and what stays unknown."""

from enum import StrEnum

from msgspec import Struct

from bellrock.model.evidence import EvidenceKey, Strength
from bellrock.model.network import Port
from bellrock.model.time import Wall


class Member(Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """A port in a VLAN, and what speaks for it."""

    port: Port
    strength: Strength
    evidence: tuple[EvidenceKey, ...] = ()
    """The strongest pieces of evidence for the membership, strongest first; at most four."""
    seen: Wall = Wall(0.0)
    """When the newest of them was last observed to hold."""


class Vlan(Struct, frozen=True, kw_only=True):
    """A broadcast domain. `vid` is None while no trunk port and no switch has told it."""

    id: str
    name: str
    vid: int | None
    members: tuple[Member, ...]
    subnets: tuple[str, ...]
    """Prefixes (`10.0.0.0/24`) of the addresses configured in it; link-local ones left out."""


class Fabric(Struct, frozen=True, kw_only=True):
    """VLANs that share a trunk, so that VIDs are unique among them."""

    id: str
    name: str
    vlans: tuple[Vlan, ...]


class ConflictKind(StrEnum):
    """The contradictions that evidence can show."""

    TWO_VIDS = "two-vids"
    """One broadcast domain with two VIDs: native VLAN mismatch, translation or leak."""
    VID_SPLIT = "vid-split"
    """One VID of one fabric in two broadcast domains."""
    SUBNET_SPLIT = "subnet-split"
    """One subnet on two broadcast domains."""
    ADDRESS_MISFIT = "address-misfit"
    """An address that does not fit the domain of its port."""
    ONE_WAY = "one-way"
    """A hears B, and B, which speaks and listens, does not hear A."""
    LOOP = "loop"
    """A port received its own beacon."""
    DUPLICATE_MAC = "duplicate-mac"
    """One MAC address on two hosts in one domain."""
    RELAYED = "relayed"
    """Ports of one domain between which beacons take longer than a wire does."""


class Conflict(Struct, frozen=True, kw_only=True):
    """A contradiction in the evidence."""

    kind: ConflictKind
    where: tuple[Port, ...]
    proof: str
    """One sentence that names the ports and what each says."""
    evidence: tuple[EvidenceKey, ...] = ()


class Unknown(Struct, frozen=True, kw_only=True):
    """An interface that nothing is known about, why, and so what would settle it."""

    host: str
    interface: str
    why: str


class Topology(Struct, frozen=True, kw_only=True):
    """All claims together. `names` maps host ids to host names."""

    fabrics: tuple[Fabric, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    names: dict[str, str] = {}
