"""The answers of the API, as they travel. Ages are seconds before the moment of sending; hosts are named by name."""

from msgspec import Struct

from bellrock.diagnosis.findings_document import FindingDocument
from bellrock.model import Wall


class PortView(Struct, frozen=True):
    """A port: host name, interface, and VID or null for untagged frames."""

    host: str
    interface: str
    vid: int | None


class MemberView(Struct, frozen=True):
    """A port in a VLAN; `evidence` says in sentences what speaks for it, strongest first."""

    host: str
    interface: str
    vid: int | None
    strength: str
    age: float
    evidence: tuple[str, ...]


class VlanView(Struct, frozen=True):
    """A broadcast domain; `vid` is null while nothing has told it."""

    id: str
    name: str
    vid: int | None
    members: tuple[MemberView, ...]
    subnets: tuple[str, ...]


class FabricView(Struct, frozen=True):
    """VLANs that share a trunk."""

    id: str
    name: str
    vlans: tuple[VlanView, ...]


class FabricSummary(Struct, frozen=True):
    """A fabric, and how many VLANs are in it."""

    id: str
    name: str
    vlans: int


class VlanSummary(Struct, frozen=True):
    """A VLAN, the id of its fabric, and how many ports are in it."""

    id: str
    name: str
    vid: int | None
    fabric: str
    members: int
    subnets: tuple[str, ...]


class ConflictView(Struct, frozen=True):
    """A contradiction in the evidence, with one sentence that proves it."""

    kind: str
    where: tuple[PortView, ...]
    proof: str


class UnknownView(Struct, frozen=True):
    """An interface that nothing is known about, and what would settle it."""

    host: str
    interface: str
    why: str


class EnrolmentView(Struct, frozen=True, kw_only=True):
    """An agent that joined, or asked to. Times are seconds since 1970; `code` is what its own side shows as well."""

    agent: str
    name: str
    role: str
    state: str
    """`waiting` for a person, `approved` or `revoked`."""
    code: str
    address: str
    requested: float
    expires: float | None
    """When its certificate ends, null while it has none."""
    connected: bool
    secret: str
    """Public id of the shared secret that it was last known to use."""
    old_secret: bool
    """Whether that is another than the one that agents should use."""


class AgentSecretView(Struct, frozen=True):
    """An agent uses a secret: it `joined` with it, `streams` with it, or `signs` its beacons with it, whichever was seen last."""

    agent: str
    name: str
    how: str


class SecretView(Struct, frozen=True):
    """A shared secret by its public id: whether it is the one to use (`signs`), whether the region takes it, and who uses it."""

    id: str
    signs: bool
    accepted: bool
    agents: tuple[AgentSecretView, ...]


class AuthorityView(Struct, frozen=True):
    """The certificate authority of the region, by SHA-256 and as PEM, and where the region listens with TLS."""

    fingerprint: str
    certificate: str
    regions: tuple[str, ...]


class TopologyView(Struct, frozen=True):
    """All claims. `revision` grows whenever they change; `names` maps host ids to host names."""

    revision: int
    fabrics: tuple[FabricView, ...]
    conflicts: tuple[ConflictView, ...]
    unknown: tuple[UnknownView, ...]
    names: dict[str, str]


class StepView(Struct, frozen=True):
    """One link in a chain of proof."""

    a: PortView
    b: PortView
    kind: str
    sentence: str
    age: float | None
    """Null for what needs no observation, such as a host's own configuration."""


class ExplanationView(Struct, frozen=True):
    """Whether two ports are one VLAN (`same-vlan`, `same-fabric`, `apart`, `unknown`), why, and what is missing."""

    verdict: str
    chain: tuple[StepView, ...]
    missing: str


class HostView(Struct, frozen=True):
    """An agent. `clock_offset`: seconds to add to its clock to get the region's."""

    id: str
    name: str
    role: str
    connected: bool
    seen_age: float | None
    clock_offset: float | None
    boot: str
    interfaces: int


class NeighbourView(Struct, frozen=True):
    """The device at the other end of the cable, by LLDP or CDP."""

    protocol: str
    system: str
    port: str
    chassis: str
    description: str
    pvid: int | None
    max_frame_size: int | None
    age: float


class PlaceView(Struct, frozen=True):
    """Fabric id, VLAN id and VID in which an interface is, and how strongly that is held."""

    fabric: str
    vlan: str
    vid: int | None
    strength: str


class InterfaceView(Struct, frozen=True):
    """An interface. `registered` is its id, null until beaconing has had its say; `unknown` says why it has no place."""

    host: str
    name: str
    mac: str
    kind: str
    carrier: bool | None
    up: bool
    mtu: int
    addresses: tuple[str, ...]
    parents: tuple[str, ...]
    master: str | None
    vid: int | None
    speaks: bool
    settled: bool
    neighbour: NeighbourView | None
    vlans: tuple[PlaceView, ...]
    unknown: str | None
    registered: str | None


class AdjacentView(Struct, frozen=True):
    """What an agent sees behind one of its ports: another agent (`host` is its id), or a device that says so itself by LLDP or CDP (`host` empty). `kind`: the strongest
    evidence of it. `lapsed`: the agent that saw it is silent."""

    interface: str
    vid: int | None
    kind: str
    host: str
    name: str
    port: str
    peer_vid: int | None
    sentence: str
    age: float
    lapsed: bool


class EvidenceView(Struct, frozen=True):
    """One observation. `lapsed`: its agent is silent, so nothing is concluded from it."""

    kind: str
    port: PortView
    peer: PortView | None
    peer_name: str
    sentence: str
    round_trip: float | None
    since_age: float
    age: float
    source_mac: str
    proof: tuple[str, ...]
    lapsed: bool


class RefusalView(Struct, frozen=True):
    """Frames that were refused on a port, from one source, for one reason; `skew` is the peer's clock minus ours."""

    host: str
    interface: str
    vid: int | None
    source_mac: str
    reason: str
    count: int
    detail: str
    skew: float | None
    age: float


class EndView(Struct, frozen=True):
    """One end of a measured direction."""

    host: str
    interface: str


class MtuPairView(Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """The largest IP packet, in octets, that passed from one port to another of the same link. 0: not even 1,280.

    `limited_by`: interface (the sender's MTU), peer (the receiver's), link (larger ones vanish), icmp, fragments. `expected`: what the two
    interfaces let one expect; `tried`: the largest that was sent; `lost`: the smallest that was sent three times and never seen.
    """

    from_: EndView
    to: EndView
    vid: int | None
    mtu: int
    limited_by: str
    expected: int
    tried: int
    lost: int
    age: float


class WayView(Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """A direction from one port to another of the same link."""

    from_: EndView
    to: EndView
    vid: int | None


class CulpritView(Struct, frozen=True, kw_only=True):
    """Who is to blame. `where`: the port, or those on one side, `towards` those on the other; `direction`: out, in or both, as seen from there."""

    what: str
    where: tuple[PortView, ...]
    kind: str
    direction: str
    towards: tuple[PortView, ...] = ()
    vids: tuple[int, ...] = ()
    mtu: int
    others: int
    proof: tuple[str, ...]


class MtuView(Struct, frozen=True):
    """What passes between neighbours. `measuring`: agents that were told to measure and have not finished.

    Where more than 2,000 directions were measured, `pairs` has those that fall short, and `fine` says how many others there are.
    """

    pairs: tuple[MtuPairView, ...]
    culprits: tuple[CulpritView, ...]
    measuring: tuple[str, ...] = ()
    fine: int = 0


class NodeInterfaceView(Struct, frozen=True):
    """An interface of a machine that reported once. `vlans`: names; `switch`: system and port by LLDP or CDP, or empty."""

    name: str
    mac: str
    carrier: bool | None
    speed: int | None
    duplex: str
    mtu: int
    vlans: tuple[str, ...]
    fabric: str
    switch: str


class NodeView(Struct, frozen=True):
    """A machine that reported from an ephemeral system. `via`: the rack that passed the report on; empty: it came by itself."""

    agent: str
    name: str
    seen: Wall
    age: float
    via: str
    interfaces: tuple[NodeInterfaceView, ...]
    findings: tuple[FindingDocument, ...]
