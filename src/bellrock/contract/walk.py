"""What a region and two agents say to each other when a flow is walked from both ends.

    region → target   WatchPath        the wire is watched, a listener stands in where the port is free
    target → region   Watching
    region → source   WalkPath         the first packets are sent, with marks
    source → region   Seen             what its wire and its sockets saw
    region → target   TellPath         which TCP sequence numbers were the source's
    target → region   Seen
    region → either   WhichRule        of its own firewall, where that must have been it
    either → region   Ruled

Each answer names its order, and `Done` follows it.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from bellrock.model import Wall

Octets8 = Annotated[str, Meta(pattern="^[0-9a-f]{16}\\Z")]
Octets32 = Annotated[str, Meta(pattern="^[0-9a-f]{64}\\Z")]
PortNumber = Annotated[int, Meta(ge=1, le=65535)]
AnyPort = Annotated[int, Meta(ge=0, le=65535)]
Text = Annotated[str, Meta(max_length=256)]
Seconds = Annotated[float, Meta(ge=0.1, le=30)]
Transport = Literal["tcp", "udp"]
MAX_SIGHTINGS = 256
"""In one answer."""
MAX_HOPS = 24
BLOCK = 32
"""Source ports from the first on that belong to one walk: one for each hop limit that is tried."""


class Path(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One exchange of a flow, from one address to another."""

    walk: Octets8
    key: Octets32
    """Of the walk's marks; only its two ends get it."""
    protocol: Transport
    target: Text
    """An IP address."""
    port: PortNumber
    source_port: PortNumber
    """The first of BLOCK ports, or the only one where the protocol has it so."""
    fixed: bool = False
    """The protocol has its clients send from this port and no other (DHCP)."""
    source: Text = ""
    """An address of the source; empty: its kernel chooses."""
    interface: Text = ""
    """The source's; empty: its kernel chooses."""
    separate: bool = False
    """The answer comes from another port than was asked (RFC 1350 §4: TFTP)."""
    within: Seconds = 1.5
    """Seconds that the source waits for an answer."""


class WatchPath(Struct, frozen=True, tag="watch-path"):
    """To the target: watch for a walk, and listen where nobody does."""

    path: Path
    listen: bool = True
    """False: look on only; whoever holds the port answers, or the kernel says that nobody does."""


class WalkPath(Struct, frozen=True, tag="walk-path"):
    """To the source: send the first packets, and see what comes of it."""

    path: Path
    speak: bool = False
    """The listener is the other agent's own: say the mark on the TCP connection, and wait for its answer."""
    hops: Annotated[int, Meta(ge=0, le=MAX_HOPS)] = 16
    """Routers on the way that are looked for; 0: none."""


class TellPath(Struct, frozen=True, tag="tell-path"):
    """To the target: the walk is over, tell what was seen of it."""

    walk: Octets8
    sequences: Annotated[tuple[int, ...], Meta(max_length=MAX_SIGHTINGS)] = ()
    """TCP sequence numbers of the SYNs that left the source: what knows them again behind a translation of addresses."""


class WhichRule(Struct, frozen=True, tag="which-rule"):
    """To an end of a path: what do your firewall's rules do with this packet?"""

    protocol: Transport
    source: Text
    source_port: AnyPort
    destination: Text
    destination_port: AnyPort
    hook: Literal["input", "output"]
    interface: Text = ""
    """By which it came in, or is to leave."""
    reply: bool = False
    """It belongs to a connection that stands."""


class Sighting(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A packet of a walk on an end's wire: in front of its firewall when it comes in, behind it when it leaves."""

    at: Wall
    what: Literal["request", "probe", "reply", "refusal", "error"]
    """`refusal`: a TCP RST, or ICMP port unreachable by whom it was for; `error`: another ICMP error."""
    out: bool
    """It left this host; else it came in."""
    interface: Text
    source: Text
    source_port: AnyPort
    destination: Text
    destination_port: AnyPort
    """Of an error: the ends of the packet that it is about."""
    hop_limit: int = 0
    number: int = 0
    """Of a probe, and an error about one: the hop limit that it was sent with; of a request over UDP and its answer: which try."""
    sequence: int = 0
    """Of a TCP SYN, or the one that is answered."""
    by: Text = ""
    """Who sent the error."""
    card: Text = ""
    """The hardware address that it was sent to, where that is not the interface's own: it passed by, and the kernel does not take it."""
    sender: Text = ""
    """The hardware address that it came from, on this link."""
    kind: int = 0
    code: int = 0
    """Of the ICMP message."""


class Watching(Struct, frozen=True, tag="watching", kw_only=True, omit_defaults=True):
    """The target watches."""

    order: Text
    listener: Literal["own", "held", "none"]
    """Who listens: this agent, a service that holds the port, or nobody."""
    why: Text = ""
    """Why it is not this agent: who holds the port, or what kept it from listening."""


class Sent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the source's own sockets found out."""

    source: Text = ""
    """The address that the kernel chose; empty: none."""
    source_port: AnyPort = 0
    interface: Text = ""
    """Out of which the kernel sends."""
    gateway: Text = ""
    """The next hop; empty: the target is on the link, or there is no route."""
    neighbour: Literal["", "known", "silent"] = ""
    """Whether the next hop answers ARP or neighbour discovery; empty: not known."""
    tries: int = 0
    obstacle: Text = ""
    """What the kernel said was in the way (`link.obstacle.Obstacle`)."""
    by: Text = ""
    """Who told the kernel so."""
    why: Text = ""
    taken: bool = False
    """Somebody else on this host has the source port."""
    waited: float = 0.0
    """Seconds from the first request until the socket was closed, or had its answer; 0: not told."""
    answered: bool = False
    """An answer came to the socket, or the connection stands."""
    marked: bool = False
    """The answer is the other agent's, by its mark."""
    answered_by: Text = ""
    """Address of who answered."""


class Served(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the target's listener found out."""

    accepted: int = 0
    """Requests that came to it with a right mark; over TCP, connections."""
    half_open: int = 0
    """TCP connections of this walk of which the kernel has taken the SYN, answered it, and still waits for the rest."""
    peer: Text = ""
    """Address that the first of them came from, as the listener saw it."""
    peer_port: AnyPort = 0
    strangers: int = 0
    """What came without one, and was not answered."""
    replies: int = 0
    interface: Text = ""
    """Out of which the kernel sends to the peer."""
    gateway: Text = ""
    neighbour: Literal["", "known", "silent"] = ""
    obstacle: Text = ""
    why: Text = ""


class Seen(Struct, frozen=True, tag="seen", kw_only=True, omit_defaults=True):
    """What an end of a walk saw. `sent` by its source, `served` by its target."""

    order: Text
    sightings: Annotated[tuple[Sighting, ...], Meta(max_length=MAX_SIGHTINGS)] = ()
    lost: int = 0
    """Packets that came faster than they were looked at: what is not among the sightings may have been among these."""
    watched: float = 0.0
    """Seconds from the first request on; 0: not told."""
    sent: Sent | None = None
    served: Served | None = None


class Ruled(Struct, frozen=True, tag="ruled", kw_only=True, omit_defaults=True):
    """What an end's firewall does with a packet."""

    order: Text
    verdict: Literal["accept", "drop", "reject", "unknown"]
    rule: Annotated[str, Meta(max_length=512)] = ""
    """The rule that decides, as its own tool prints it; or the policy."""
    why: Annotated[str, Meta(max_length=512)] = ""
    """Of `unknown`."""
    unless: Annotated[str, Meta(max_length=512)] = ""
    """Of `accept`: a rule that drops it where the packet is not what was assumed of it, which the wire does not show."""
    when: Text = ""
    """What it would have to be for `unless` to drop it, as half a sentence."""
    reverse_path: Text = ""
    """Why reverse-path filtering drops what comes in like this, in front of the rules for input; empty: it does not."""
    sent_on: Text = ""
    """Where a rule translates its destination to, in words or as ADDRESS:PORT; empty: nowhere."""


WalkOrder = WatchPath | WalkPath | TellPath | WhichRule
WalkAnswer = Watching | Seen | Ruled
