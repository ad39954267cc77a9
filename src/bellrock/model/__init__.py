"""The words of the field as frozen values, without behaviour; `key_of` alone is derived, because all must agree on it.

Every room of the house may use these names, and none gives them another meaning.
Those that come by the million are kept from the cycle collector (`gc=False`): they hold nothing that could lead back to them.
"""

from bellrock.model.evidence import (
    Evidence,
    EvidenceGone,
    EvidenceKey,
    EvidenceKind,
    EvidenceSeen,
    HostGone,
    HostSeen,
    InterfaceGone,
    InterfaceSeen,
    MtuGone,
    MtuLimit,
    MtuSeen,
    Neighbour,
    Observation,
    RefusalCount,
    Role,
    Strength,
    key_of,
)
from bellrock.model.finding import Confidence, Finding, Severity
from bellrock.model.network import Host, Interface, InterfaceKind, Port
from bellrock.model.probe import DiedAt, Hop, Probed, Traced, Verdict, Walked
from bellrock.model.time import Monotonic, Wall
from bellrock.model.topology import (
    Conflict,
    ConflictKind,
    Fabric,
    Member,
    Topology,
    Unknown,
    Vlan,
)

__all__ = [
    "Confidence",
    "Conflict",
    "ConflictKind",
    "DiedAt",
    "Evidence",
    "EvidenceGone",
    "EvidenceKey",
    "EvidenceKind",
    "EvidenceSeen",
    "Fabric",
    "Finding",
    "Hop",
    "Host",
    "HostGone",
    "HostSeen",
    "Interface",
    "InterfaceGone",
    "InterfaceKind",
    "InterfaceSeen",
    "Member",
    "Monotonic",
    "MtuGone",
    "MtuLimit",
    "MtuSeen",
    "Neighbour",
    "Observation",
    "Port",
    "Probed",
    "RefusalCount",
    "Role",
    "Severity",
    "Strength",
    "Topology",
    "Traced",
    "Unknown",
    "Verdict",
    "Vlan",
    "Walked",
    "Wall",
    "key_of",
]
