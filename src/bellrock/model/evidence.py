"""What was observed, by whom, how strongly; and how observations travel (agent → region → topology)."""

from enum import StrEnum

from msgspec import Struct

from bellrock.model.network import Host, Interface, Port
from bellrock.model.time import Wall


class Role(StrEnum):
    """What a Bellrock process is."""

    REGION = "region"
    RACK = "rack"
    NODE = "node"


class Strength(StrEnum):
    """How strongly a claim is held, strongest first."""

    CONFIRMED = "confirmed"
    """Challenge and response: our fresh id came back on the link it was sent on."""
    HEARD = "heard"
    """One way: a valid beacon was received."""
    LLDP = "lldp"
    """A switch says so."""
    CONFIGURED = "configured"
    """The host's own configuration says so (bridge, bond, VLAN interface)."""
    INFERRED = "inferred"
    """Only an address in a subnet that lives there speaks for it."""


class EvidenceKind(StrEnum):
    """The kinds of observation that tell something about a port."""

    CONFIRMED = "confirmed"
    """`peer` acknowledged a fresh beacon of `port`, on-link, on the same port, in bounded time."""
    HEARD = "heard"
    """`port` received a valid on-link beacon that `peer` sent."""
    OWN_BEACON = "own-beacon"
    """`port` received a beacon that its own host had sent on `peer`, another port of that host."""
    LOOP = "loop"
    """`port` received its own beacon; `peer` is the port itself."""
    ROUTABLE = "routable"
    """`port` received a unicast beacon of `peer` that may have crossed a router: never on-link."""
    LLDP = "lldp"
    """`port` has the neighbour that `neighbour` describes; `peer` is None."""


class Neighbour(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The device at the other end of a cable, as its LLDP (IEEE 802.1AB) or CDP frames describe it."""

    protocol: str
    """`lldp` or `cdp`."""
    chassis_id: str
    port_id: str
    system_name: str = ""
    port_description: str = ""
    pvid: int | None = None
    """Port VLAN ID TLV (IEEE 802.1Q Annex D), or CDP's native VLAN."""
    max_frame_size: int | None = None
    """Maximum Frame Size TLV (IEEE 802.3), octets."""
    ttl: int = 120
    """Seconds for which the neighbour asks to be remembered."""


class EvidenceKey(Struct, frozen=True, gc=False, cache_hash=True):
    """The identity of a piece of evidence: a later one with the same key replaces it."""

    kind: EvidenceKind
    port: Port
    peer: Port | None = None
    neighbour: str = ""
    """`chassis_id port_id` of an LLDP or CDP neighbour."""


class Evidence(Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """One observation about a port, of the host that owns the port."""

    kind: EvidenceKind
    port: Port
    peer: Port | None = None
    peer_name: str = ""
    """The peer's host name as it gives it itself."""
    peer_mac: str = ""
    """The peer's interface MAC as its beacon gives it."""
    source_mac: str = ""
    """The Ethernet source address of the frame."""
    version: int = 0
    """Beacon version, 1 or 2; 0 where no beacon is involved."""
    round_trip: float | None = None
    """Seconds from our beacon to its acknowledgement."""
    transit: float | None = None
    """Of that, what both ways took, at best of several: without the time for which the peer held the acknowledgement."""
    neighbour: Neighbour | None = None
    since: Wall = Wall(0.0)
    """When it was first observed, without a break since."""
    seen: Wall = Wall(0.0)
    """When it was last observed. Agents report changes only, so this may lag behind the host's `HostSeen.seen`."""
    proof: tuple[str, ...] = ()
    """Ids of the beacons that show it, the newest last; at most two."""


def key_of(evidence: Evidence) -> EvidenceKey:
    """The identity of a piece of evidence: the one projection that the model offers, because three rooms must agree on it."""
    neighbour = evidence.neighbour
    if neighbour is None:
        return EvidenceKey(evidence.kind, evidence.port, evidence.peer)
    return EvidenceKey(evidence.kind, evidence.port, evidence.peer, f"{neighbour.chassis_id} {neighbour.port_id}")


class HostSeen(Struct, frozen=True, tag="host", gc=False):
    """A host exists, and as of `seen` all that it reported and did not take back still holds."""

    host: Host
    seen: Wall


class HostGone(Struct, frozen=True, tag="host-gone"):
    """A host is no more: forget its interfaces and its evidence."""

    host: str


class InterfaceSeen(Struct, frozen=True, tag="interface", gc=False):
    """An interface exists, in this state."""

    host: str
    interface: Interface


class InterfaceGone(Struct, frozen=True, tag="interface-gone"):
    """An interface vanished, and with it all evidence of its ports."""

    host: str
    interface: str


class EvidenceSeen(Struct, frozen=True, tag="evidence", gc=False):
    """A piece of evidence holds (new, or stronger or newer than one with the same key)."""

    evidence: Evidence


class EvidenceGone(Struct, frozen=True, tag="evidence-gone", gc=False):
    """A piece of evidence no longer holds, and why (`silent`, `moved`, `port down`, `restarted`)."""

    key: EvidenceKey
    why: str
    since: Wall = Wall(0.0)
    """Silence began here: what the *peer* observed of this port before it no longer holds either."""


class RefusalCount(Struct, frozen=True, tag="refusal", omit_defaults=True):
    """How many frames were refused on a port from one source, for one reason, since the agent started; 0: that does not count any more."""

    port: Port
    source_mac: str
    reason: str
    count: int
    detail: str = ""
    skew: float | None = None
    """Seconds by which the peer's clock is ahead (+) or behind (-), where the reason is skew."""
    seen: Wall = Wall(0.0)


class MtuLimit(StrEnum):
    """What keeps larger packets from passing."""

    INTERFACE = "interface"
    """The sender's own MTU: nothing larger could be tried."""
    PEER = "peer"
    """The peer's own MTU: it may take a little more, which nobody can count on."""
    LINK = "link"
    """Larger ones were sent, no ICMP came, and the peer did not see them: a black hole between the two."""
    ICMP = "icmp"
    """A packet-too-big or fragmentation-needed message came for larger ones."""
    FRAGMENTS = "fragments"
    """Larger ones arrived in fragments, although they must not be fragmented."""


class MtuSeen(Struct, frozen=True, tag="mtu", gc=False):
    """The largest IP packet that passed from `port` to `peer`, both of one link; a later one for the same pair replaces it."""

    port: Port
    peer: Port
    mtu: int
    """Octets of the IP packet: what an MTU counts. 0: none of those tried passed, not even the smallest."""
    limit: MtuLimit
    tried: int
    """Octets of the largest that was tried."""
    lost: int = 0
    """Octets of the smallest that was sent thrice and more and never seen; 0 where none was lost."""
    peer_mtu: int = 0
    """The peer interface's MTU where the peer tells it; 0: unknown."""
    seen: Wall = Wall(0.0)


class MtuGone(Struct, frozen=True, tag="mtu-gone", gc=False):
    """What was measured between two ports no longer holds."""

    port: Port
    peer: Port
    why: str


Observation = (
    HostSeen | HostGone | InterfaceSeen | InterfaceGone | EvidenceSeen | EvidenceGone | RefusalCount | MtuSeen | MtuGone
)
