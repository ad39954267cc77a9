"""The ports of a host: what each is, and its own part of the protocol's state."""

from collections import OrderedDict
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from bellrock.beacon.compose import Copy, copies
from bellrock.beacon.peers import Peers
from bellrock.beacon.trickle import Trickle
from bellrock.beacon.values import PortFacts
from bellrock.model import Port

FRAME_OVERHEAD = 48
"""Octets of an IPv6 and a UDP header."""
BEACON_BASE = 600
"""Octets of a UDP payload without acknowledgements: more than names and regions of a usual length need."""
ACK_OCTETS = 24
"""Octets that one more acknowledged ULID costs after compression."""


class Ask(Struct, frozen=True):
    """A beacon id to acknowledge, and whether its sender is asked to acknowledge in turn."""

    id: str
    urgent: bool


class Bucket:
    """Token bucket: at most `size` at once and `rate` per second on average."""

    __slots__ = ("_at", "_rate", "_size", "_tokens")

    def __init__(self, size: float, rate: float, now: float) -> None:
        self._size = size
        self._rate = rate
        self._tokens = size
        self._at = now

    def take(self, now: float) -> bool:
        """True if there is a token left, which is then taken."""
        self._tokens = min(self._size, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class PortState:
    """All that the engine keeps for one port."""

    __slots__ = (
        "answered",
        "bucket",
        "burst",
        "copies",
        "dynamic",
        "facts",
        "last_round",
        "maas_round",
        "padded",
        "peers",
        "pending",
        "spacing",
        "trickle",
        "urgent_heard",
        "v1_heard",
    )  # fmt: skip

    def __init__(self, facts: PortFacts, dynamic: bool, trickle: Trickle, bucket: Bucket, peers: Peers) -> None:
        self.facts = facts
        self.copies: tuple[Copy, ...] = copies(facts)
        self.dynamic = dynamic
        """Made because tagged beacons were heard, and kept only as long as they are."""
        self.trickle = trickle
        self.bucket = bucket
        self.peers = peers
        self.burst: list[float] = []
        """When the rest of the first solicitations go out, the last first."""
        self.pending: OrderedDict[Port, Ask] = OrderedDict()
        """What the next advertisement acknowledges: of each peer the newest beacon, which speaks for those before it."""
        self.padded: OrderedDict[str, bool] = OrderedDict()
        """Padded solicitations that the next advertisement acknowledges, each of them, and whether they came in fragments."""
        self.last_round = float("-inf")
        """When this port last sent a multicast beacon."""
        self.answered = float("-inf")
        """When it last sent a multicast advertisement, and ..."""
        self.spacing = 0.0
        """... how long it waits until the next."""
        self.maas_round = float("-inf")
        """When plain MAAS peers may cause a multicast advertisement again."""
        self.v1_heard = float("-inf")
        self.urgent_heard = float("-inf")
        """When an urgent solicitation, which all answer, last was on this segment."""

    @property
    def port(self) -> Port:
        """Which port this is."""
        return self.facts.port

    def update(self, facts: PortFacts) -> None:
        """Take over what changed about the interface."""
        self.facts = facts
        self.copies = copies(facts)
        self.dynamic = False

    def max_acks(self, limit: int) -> int:
        """How many acknowledgements fit into one beacon; at least one."""
        room = (self.facts.mtu - FRAME_OVERHEAD - BEACON_BASE) // ACK_OCTETS
        return max(1, min(limit, room))


class Ports:
    """The ports that are up, by identity, and by interface."""

    def __init__(self) -> None:
        self._ports: dict[Port, PortState] = {}
        self._learnt: dict[str, set[Port]] = {}

    def __len__(self) -> int:
        return len(self._ports)

    def __iter__(self) -> Iterator[PortState]:
        return iter(self._ports.values())

    def get(self, port: Port) -> PortState | None:
        """The port, if it is up."""
        return self._ports.get(port)

    def add(self, state: PortState) -> None:
        """A port came up."""
        self._ports[state.port] = state
        if state.dynamic:
            self._learnt.setdefault(state.port.interface, set()).add(state.port)

    def remove(self, port: Port) -> PortState | None:
        """A port is no more."""
        self._learnt.get(port.interface, set()).discard(port)
        return self._ports.pop(port, None)

    def keep(self, port: Port) -> None:
        """A learnt port was configured: it is learnt no longer."""
        self._learnt.get(port.interface, set()).discard(port)

    def learnt(self, interface: str) -> tuple[Port, ...]:
        """The ports that were made for VIDs heard on an interface."""
        return tuple(sorted(self._learnt.get(interface, ()), key=lambda port: port.vid or 0))

    def learnable(self, port: Port) -> PortFacts | None:
        """The facts of the port to make for a VID heard tagged on an interface; None if none should be made."""
        base = self._ports.get(Port(port.host, port.interface))
        if port.vid is None or base is None or not base.facts.learn_vids:
            return None
        return msgspec.structs.replace(base.facts, port=port, ipv4=(), ipv6=(), learn_vids=False)
