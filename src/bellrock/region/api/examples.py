"""One example of each answer, for the OpenAPI description."""

from typing import Any, Final

from bellrock.region.api.problems import Problem
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

_A, _B = PortView("rack1", "eth0", None), PortView("rack2", "eth1", 10)
_SAYS: Final = "rack2/eth1.10 acknowledged a fresh beacon of rack1/eth0 on the link that it was sent on within 0.8 ms."
_MEMBERS = (
    MemberView("rack1", "eth0", None, "confirmed", 2.1, (_SAYS,)),
    MemberView("rack2", "eth1", 10, "confirmed", 2.1, (_SAYS,)),
)
_FABRIC = FabricView("fabric-1", "fabric-1", (VlanView("vlan-1", "pxe", 10, _MEMBERS, ("10.0.0.0/24",)),))
_CONFLICT = ConflictView("loop", (PortView("rack3", "eth2", None),), "rack3/eth2 received its own beacon.")
_UNKNOWN = UnknownView("rack1", "eth3", "no carrier")
_NEIGHBOUR = NeighbourView("lldp", "switch1", "Eth1/1", "02:00:00:00:00:01", "uplink", 10, 9216, 12.5)

EXAMPLES: Final[tuple[Any, ...]] = (
    Problem("about:blank", "Not Found", 404, "rack1 has no interface 'eht0'; nearest: eth0."),
    TopologyView(7, (_FABRIC,), (_CONFLICT,), (_UNKNOWN,), {"01JD0000000000000000000001": "rack1"}),
    ExplanationView("same-vlan", (StepView(_A, _B, "confirmed", _SAYS, 2.1),), ""),
    HostView("01JD0000000000000000000001", "rack1", "rack", True, 2.1, -0.003, "01JD0000000000000000000002", 4),
    InterfaceView(
        host="rack1", name="eth0", mac="02:00:00:00:00:02", kind="physical", carrier=True, up=True, mtu=1500,
        addresses=("10.0.0.1/24",), parents=(), master=None, vid=None, speaks=True, settled=True, neighbour=_NEIGHBOUR,
        vlans=(PlaceView("fabric-1", "vlan-1", 10, "confirmed"),), unknown=None, registered="if-01JD0000000000000000000003",
    ),
    EvidenceView("confirmed", _A, _B, "rack2", _SAYS, 0.0008, 3600.0, 2.1, "02:00:00:00:00:03", ("01JD", "01JE"), False),
    RefusalView("rack1", "eth0", None, "02:00:00:00:00:04", "skew", 12, "the peer's clock is 3600 s ahead", 3600.0, 1.5),
)  # fmt: skip
"""Each is an instance of the Struct that it exemplifies."""
