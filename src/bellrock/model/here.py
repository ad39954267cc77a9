"""A host as it sees itself: sockets, neighbours, routes, its own ruleset, its clock, what it refused and what it costs."""

from msgspec import Struct

from bellrock.model.listening import Listener
from bellrock.model.time import Wall


class Neighbour(Struct, frozen=True, gc=False):
    """A line of a host's ARP or neighbour table."""

    address: str
    mac: str
    """Empty: nobody answered."""
    interface: str
    state: str = ""
    """`reachable`, `stale`, `delay`, `probe`, `incomplete`, `failed`, `permanent`, `noarp`."""


class Route(Struct, frozen=True, gc=False):
    """A line of a host's main routing table."""

    destination: str
    """A prefix; `0.0.0.0/0` or `::/0` for the default."""
    interface: str
    gateway: str = ""
    metric: int = 0


class Blocked(Struct, frozen=True):
    """A rule of a host's own ruleset that drops or rejects a flow which its role needs, as `firewall.verify` proved it."""

    flow: str
    direction: str
    """`in`, `out`, `through`."""
    packet: str
    """An example that it drops: `udp 0.0.0.0:68 > 255.255.255.255:67`."""
    rule: str
    """Its text, and where it stands: `inet filter input rule 7: udp dport 67 drop`."""
    rejects: bool = False
    helper: bool = False
    """The flow's later packets need connection tracking help (TFTP) that the ruleset does not give."""
    fix: tuple[str, ...] = ()
    """Commands that let it pass."""


class Answers(Struct, frozen=True, gc=False):
    """How an interface answers ARP (Documentation/networking/ip-sysctl.rst); of `all` and the interface, the stricter one holds."""

    interface: str
    ignore: int = 0
    """arp_ignore. 0: for any address of the host, whatever interface has it; 1: for those of this interface."""
    announce: int = 0
    """arp_announce. 0: asks with any address of the host; 2: with the best one for the target."""


class Load(Struct, frozen=True, kw_only=True):
    """What Bellrock itself costs a host. None: it cannot be told."""

    cpu: float | None = None
    """Share of one core, over `over` seconds."""
    over: float = 0.0
    memory: int | None = None
    """Octets that are resident, of all its processes."""
    processes: int | None = None
    """The agent's own: it and its children."""
    agents: int | None = None
    """Agents of Bellrock that run in this network namespace, this one among them; two do the same work twice."""
    waiting: int = 0
    """Reports that wait on disk for the region."""


class Here(Struct, frozen=True, kw_only=True):
    """A host as it sees itself. None: it was not asked, or could not tell."""

    host: str
    roles: tuple[str, ...] = ()
    addresses: tuple[tuple[str, str], ...] = ()
    """(interface, `10.0.0.2/24`)."""
    links: tuple[tuple[str, int], ...] = ()
    """(interface, MTU)."""
    listeners: tuple[Listener, ...] | None = None
    neighbours: tuple[Neighbour, ...] | None = None
    routes: tuple[Route, ...] | None = None
    blocked: tuple[Blocked, ...] | None = None
    resolvers: tuple[str, ...] | None = None
    clock_offset: float | None = None
    """Seconds that its clock is ahead of the region's (of whoever judges)."""
    clock_error: float = 0.0
    """Seconds that the offset may be wrong by."""
    clock_synchronised: bool | None = None
    """As the kernel has it (adjtimex)."""
    refused: tuple[tuple[str, str, int], ...] = ()
    """(peer, why, how many) of beacons that were not taken: `wrong secret`, `version 1`, `clock skew +312 s`, `replay`."""
    answers: tuple[Answers, ...] | None = None
    advertised: tuple[str, ...] = ()
    """URLs that it gives machines to come to."""
    inside: tuple[str, ...] = ()
    """Bridges that no physical interface is a member of: what is behind them is in this machine (containers, virtual machines)."""
    load: Load | None = None
    seen: Wall = Wall(0.0)
