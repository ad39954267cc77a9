"""What goes into the engine and what comes out."""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from bellrock.model import Evidence, EvidenceKey, Host, InterfaceKind, Monotonic, MtuSeen, Port, Wall
from bellrock.wire.beacon import Beacon
from bellrock.wire.errors import WireError
from bellrock.wire.ethernet import Tag

BY_HAND: Final = "hand"
"""The role in beacons that a person sends: they are answered, and are evidence of nothing."""


class Now(Struct, frozen=True):
    """Both clocks at one moment; deadlines and ages use `mono`, ids and evidence use `wall`."""

    mono: Monotonic
    wall: Wall


class Identity(Struct, frozen=True):
    """Who this agent is. `host` is the host name, `agent` a ULID kept on disk, `boot` one made at each start."""

    agent: str
    host: str
    role: str
    boot: str
    regions: tuple[str, ...] = ()
    """Where a region listens, as URLs, if this agent knows: sent with every beacon."""
    authority: str = ""
    """SHA-256 of that region's authority certificate (DER), in hex; empty: the region has none, or the agent has not joined."""


class Config(Struct, frozen=True, kw_only=True):
    """Every number of the protocol, in seconds unless said otherwise."""

    burst: tuple[float, ...] = (0.0, 0.05, 0.15, 0.4)
    """When the first solicitations go out after a port comes up; each but the first jittered by ±20 %."""
    settle: float = 0.7
    """From port up to the `Settled` event: the burst and the time its answers need."""
    trickle_min: float = 30.0 / 64
    trickle_max: float = 30.0
    trickle_k: int = 1
    """RFC 6206 redundancy constant: a solicitation heard this often in an interval suppresses ours."""
    answer_window: tuple[float, float] = (0.005, 0.04)
    """Random delay before one multicast advertisement acknowledges all solicitations heard since."""
    answer_spacing: tuple[float, float] = (0.04, 0.2)
    """Least time between two advertisements on a port: doubles from the first to the second while answers are in demand."""
    answer_rest: float = 24.0
    """A steady (not urgent) solicitation is not answered within this time of our last multicast beacon on the same port."""
    max_acks: int = 32
    """Acknowledgements in one beacon on a port of MTU 1500; fewer where the MTU is smaller."""
    confirm_within: float = 2.0
    """An acknowledgement of an id older than this confirms nothing."""
    peer_ttl: float = 75.0
    """A peer not heard for this long on a port is lost there."""
    ask_again: tuple[float, ...] = (0.2, 0.6, 2.0, 8.0)
    """When a peer that we hear and that has acknowledged nothing yet is asked again, counted from when it was first heard."""
    verify_every: float = 0.2
    """When a port may have been moved, its confirmed peers are asked this often ..."""
    verify_asks: int = 4
    """... at least so many times ..."""
    verify_for: float = 1.6
    """... and are lost if nothing was heard of them for so long."""
    fade_after: float = 50.0
    """A peer not heard for this long is asked for a sign of life ..."""
    fade_every: float = 2.5
    """... this often, until it answers or is lost."""
    survey_within: float = 0.1
    """A changed segment is solicited within this time, unless another agent does."""
    maas_round: tuple[float, float] = (5.0, 10.0)
    """Least time between two multicast advertisements that plain MAAS peers cause, drawn from this range."""
    maas_replies: tuple[float, float] = (64.0, 16.0)
    """Unicast replies to plain MAAS peers, per port: at most so many at once, and so many per second on average."""
    letter_pace: tuple[float, float] = (4.0, 20.0)
    """Frames of letters, per port: at most so many at once, and so many per second on average."""
    letter_again: tuple[float, float] = (0.25, 1.0)
    """Parts of a letter that nobody acknowledges are sent again after the first time, doubling up to the second."""
    letter_within: float = 10.0
    """A letter that has not arrived whole within this time is given up, by its sender and by its receiver."""
    stranger_delay: tuple[float, float] = (0.05, 0.3)
    """When somebody with another secret begins to speak, this port says one solicitation after this random delay, unless
    another agent is heard there meanwhile: who joins with a wrong secret so hears at once that it is not alone ..."""
    stranger_rest: float = 1.0
    """... at most this often on a port."""
    speak_v1: bool = False
    """Send v1 copies even while no v1 peer is heard."""
    max_peers: int = 4096
    """Per port; more are refused and counted."""
    max_peers_together: int = 16384
    """On all ports together, so that memory stays bounded on hosts with many."""
    max_ids: int = 16384
    """Remembered beacon ids per engine (replay, own beacons)."""
    max_dynamic_vids: int = 256
    """VIDs learnt per interface from tagged beacons heard there."""
    mtu_every: float = 600.0
    """What passes to the neighbours of a port is measured this often, ±20 %; 0: only when asked for."""
    mtu_share: float = 120.0
    """With many neighbours less often: not before so many seconds for each of them."""
    mtu_after: float = 5.0
    """From a newcomer or a change on a port to a measurement, ±20 % ..."""
    mtu_rest: float = 30.0
    """... which follows no sooner than this upon the last one."""
    mtu_spacing: float = 0.01
    """Between two padded solicitations of a port."""
    mtu_timer: float = 0.4
    """From the last padded solicitation of a round to the verdict that those not acknowledged are lost (RFC 8899 PROBE_TIMER)."""


class PortFacts(Struct, frozen=True, kw_only=True):
    """A port on which beacons are heard and, if `speaks`, sent. Comes and goes with carrier and configuration."""

    port: Port
    """As reported: a VLAN interface is already (lower device, its VID)."""
    interface: str
    """The interface that carries it, for `remote.name`: the VLAN interface where there is one."""
    mac: str
    kind: InterfaceKind
    parents: tuple[str, ...] = ()
    ipv4: tuple[str, ...] = ()
    """IPv4 addresses with prefix length."""
    ipv6: tuple[str, ...] = ()
    """Link-local and global IPv6 addresses with prefix length."""
    mtu: int = 1500
    speaks: bool = True
    hears_itself: bool = False
    """Whether the kernel returns what we send here to us (a UDP socket with IP_MULTICAST_LOOP): then that is no loop."""
    learn_vids: bool = True
    """Whether ports for VIDs heard tagged on this interface (untagged port only) may be made."""


class Arrival(Struct, frozen=True, kw_only=True):
    """A beacon that `wire` has authenticated and decoded."""

    port: Port
    """Interface and VID on which it came in."""
    beacon: Beacon
    source_mac: str
    source_ip: str
    source_port: int
    hop_limit: int
    multicast: bool
    received: Now
    """When the kernel received it."""
    outer: Tag | None = None
    """The service tag that it came behind: only beacons of a scan are taken with one."""
    fragment: bool = False
    """It came as the first fragment of a packet, of which no more is known than that."""


class Refusal(Struct, frozen=True, kw_only=True):
    """A frame that `wire` refused."""

    port: Port
    source_mac: str
    error: WireError
    received: Now
    times: int = 1
    """How many like it came at once: a flood is counted by the batch."""


class Transmission(Struct, frozen=True, kw_only=True):
    """A beacon to encode and send on `port`: multicast, or by unicast to (mac, address, UDP port)."""

    port: Port
    beacon: Beacon
    family: int
    """4 or 6."""
    source_ip: str | None = None
    """None: the interface has no address of the family (the shell uses :: / a link-local made from the MAC)."""
    unicast: tuple[str, str, int] | None = None
    outer: Tag | None = None
    """The service tag to send it behind."""
    padded: int = 0
    """Octets of the IP packet that the shell is to pad it to, after the beacon's own end; 0: not padded."""


class TooBig(Struct, frozen=True, kw_only=True):
    """An ICMP message says that a beacon sent on `port` was too big. Anybody on the link can forge it."""

    port: Port
    size: int
    """Octets of the IP packet that it quotes."""


class EvidenceFound(Struct, frozen=True):
    """New evidence, or evidence that became stronger or whose particulars changed. Mere repetition is no event."""

    evidence: Evidence


class EvidenceLost(Struct, frozen=True):
    """Evidence that no longer holds. `since`: from when on the peer did not answer."""

    key: EvidenceKey
    why: str
    since: Wall


class Refused(Struct, frozen=True):
    """A frame was refused; `count` so far from this source on this port for this reason."""

    port: Port
    source_mac: str
    reason: str
    detail: str
    count: int
    skew: float | None
    seen: Wall


class Settled(Struct, frozen=True):
    """The first burst on a port is over: what could be heard at once has been heard."""

    port: Port


class LetterCame(Struct, frozen=True):
    """A letter to us, or to any agent that a region listens to, has come whole. `port`: ours, on which it came."""

    port: Port
    sender: Host
    id: str
    octets: bytes


class LetterDelivered(Struct, frozen=True):
    """A letter of ours has come whole to the agent `by`."""

    port: Port
    id: str
    by: str


class LetterLost(Struct, frozen=True):
    """A letter of ours has not been taken: why, in one clause."""

    port: Port
    id: str
    why: str


class MtuMeasured(Struct, frozen=True):
    """What passes to one neighbour was measured, whether it is news or not."""

    seen: MtuSeen


class MtuUnanswered(Struct, frozen=True):
    """A neighbour answered nothing while it was measured, not even what has no padding: what was measured before may no longer hold."""

    port: Port
    peer: Port


class MtuSearched(Struct, frozen=True):
    """The measurement on a port is over, or the port is no more."""

    port: Port


Event = (
    EvidenceFound
    | EvidenceLost
    | Refused
    | Settled
    | LetterCame
    | LetterDelivered
    | LetterLost
    | MtuMeasured
    | MtuUnanswered
    | MtuSearched
)


class Deadline(Struct, frozen=True):
    """When the engine wants `handle_timeout` to be called, and why (for the log and the curious)."""

    at: Monotonic
    why: str


NewId = Callable[[int, Wall], str]
"""Makes a beacon id: version (1: UUID, 2: ULID) and wall time → text."""

Jitter = Callable[[], float]
"""Uniform in [0, 1)."""
