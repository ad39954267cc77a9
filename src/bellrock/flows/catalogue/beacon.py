"""What Bellrock itself sends."""

from typing import Final

from bellrock.flows.catalogue.making import on_udp, single, udp
from bellrock.flows.values import Flow, Group, Reach, Role
from bellrock.wire.frame import BEACON_PORT, GROUP4, GROUP6

_SPEAKERS: Final = (Role.NODE, Role.RACK, Role.REGION)
_UNADDRESSED: Final = ("0.0.0.0", "::", "fe80::/10")  # noqa: S104 -- nothing is bound

BEACON: Final = Flow(
    id="beacon",
    title="Beacons",
    group=Group.BELLROCK,
    source=_SPEAKERS,
    destination=_SPEAKERS,
    protocols=on_udp(BEACON_PORT),
    note="Tell which interfaces share a VLAN; need IGMP and MLD where switches snoop",
    exchanges=(
        udp(
            "group", (_SPEAKERS, _SPEAKERS), (BEACON_PORT,), source_ports=single(BEACON_PORT), reach=Reach.LINK,
            source_addresses=_UNADDRESSED, destination_addresses=(GROUP4, GROUP6), answered=False,
            why="Bellrock's reference Beacons: from and to port 5240, to 224.0.0.118 and ff02::15a, TTL and hop limit 1",
        ),
        udp(
            "reply", (_SPEAKERS, _SPEAKERS), (BEACON_PORT,), source_ports=single(BEACON_PORT), reach=Reach.LINK,
            source_addresses=("fe80::/10",), destination_addresses=("fe80::/10",), or_own=True, answered=False,
            why="Bellrock's reference Beacons: a beacon that came by multicast may be answered by unicast on the same link",
        ),
    ),
)  # fmt: skip
