"""The switch ports that LLDP and CDP frames tell of, each for as long as it asked to be remembered."""

from typing import Final

from bellrock.beacon import Event, EvidenceFound, EvidenceLost, Now
from bellrock.model import Evidence, EvidenceKey, EvidenceKind, Monotonic, Neighbour, Port

MAX_NEIGHBOURS: Final = 1024
"""Over all ports; more are left out."""


class Neighbours:
    """What is known of the other ends of cables."""

    def __init__(self) -> None:
        self._known: dict[EvidenceKey, tuple[Evidence, Monotonic]] = {}

    def hear(self, port: Port, source_mac: str, neighbour: Neighbour, now: Now) -> list[Event]:
        """Take in one LLDP or CDP frame; a time to live of 0 takes the neighbour back (IEEE 802.1AB §9.2.7.3)."""
        key = EvidenceKey(EvidenceKind.LLDP, port, None, f"{neighbour.chassis_id} {neighbour.port_id}")
        known = self._known.get(key)
        if neighbour.ttl == 0:
            if known is None:
                return []
            del self._known[key]
            return [EvidenceLost(key, "the neighbour said that it shuts down", now.wall)]
        if known is None and len(self._known) >= MAX_NEIGHBOURS:
            return []
        since = known[0].since if known else now.wall
        evidence = Evidence(
            kind=EvidenceKind.LLDP,
            port=port,
            peer_name=neighbour.system_name,
            source_mac=source_mac,
            neighbour=neighbour,
            since=since,
            seen=now.wall,
        )
        self._known[key] = (evidence, Monotonic(now.mono + neighbour.ttl))
        if known and known[0].neighbour == neighbour and known[0].source_mac == source_mac:
            return []
        return [EvidenceFound(evidence)]

    def expire(self, now: Now) -> list[Event]:
        """Forget those whose time to live has passed."""
        over = [key for key, (_, until) in self._known.items() if until <= now.mono]
        for key in over:
            del self._known[key]
        return [EvidenceLost(key, "its time to live passed without another frame", now.wall) for key in over]

    def drop_interface(self, interface: str, now: Now) -> list[Event]:
        """Forget those of an interface that went down."""
        over = [key for key in self._known if key.port.interface == interface]
        for key in over:
            del self._known[key]
        return [EvidenceLost(key, "port down", now.wall) for key in over]

    def next_deadline(self) -> Monotonic | None:
        """When the next one's time to live passes."""
        return min((until for _, until in self._known.values()), default=None)
