"""Tests as a playbook: this came in, that must go out, nothing is left over.

A `Playbook` holds one engine, named `us`, and virtual time that starts at 0. What goes in are lines of the play; what
comes out is taken line by line, and `nothing_left` says that there was no more. The chance that spreads answers over time
is fixed: `jitter` is what every draw yields.
"""

from msgspec.structs import replace

from bellrock.beacon import (
    Arrival,
    Config,
    Engine,
    EvidenceFound,
    EvidenceLost,
    Identity,
    Now,
    PortFacts,
    Refusal,
    Refused,
    Settled,
    Transmission,
)
from bellrock.model import InterfaceKind, Monotonic, Port, Wall
from bellrock.wire.beacon import Beacon, BeaconType, Extension, Received, Remote
from bellrock.wire.errors import Reason, WireError

EPOCH = 1_800_000_000.0
SOLICITATION, ADVERTISEMENT = BeaconType.SOLICITATION, BeaconType.ADVERTISEMENT
QUIET = Config(burst=(), trickle_min=1e6, trickle_max=1e6)
"""An engine that says nothing of its own accord: for plays about what it answers."""


def at(time: float) -> Now:
    return Now(Monotonic(time), Wall(EPOCH + time))


def facts(interface="eth0", vid=None, **more) -> PortFacts:
    name = interface if vid is None else f"{interface}.{vid}"
    told = {
        "port": Port("us", interface, vid),
        "interface": name,
        "mac": "02:00:00:00:00:01",
        "kind": InterfaceKind.PHYSICAL if vid is None else InterfaceKind.VLAN,
        "parents": () if vid is None else (interface,),
        "ipv6": ("fe80::1/64",),
    }
    return PortFacts(**(told | more))


class Actor:
    """Another Bellrock agent's port: makes the beacons that it would send."""

    def __init__(self, agent="them", interface="eth0", vid=None, boot="boot-1", mac="02:00:00:00:00:02", version=2):
        self.agent, self.interface, self.vid, self.boot, self.mac = agent, interface, vid, boot, mac
        self.version = version
        self.port = Port(agent, interface, vid)
        self.seq = 0

    def beacon(self, type=SOLICITATION, acks=(), urgent=False, seq=None, id=None, sent_us=0, hops=1) -> Beacon:
        self.seq = self.seq + 1 if seq is None else seq
        received = Received(self.interface, self.vid, hops) if acks else None
        extension = Extension(
            agent=self.agent, host=f"host-{self.agent}", role="rack", boot=self.boot, seq=self.seq, interface=self.interface,
            vid=self.vid, sent_us=sent_us, acks=tuple(acks), received=received, urgent=urgent,
        )  # fmt: skip
        remote = Remote(self.interface, self.mac, "physical", (), self.vid, None)
        beacon_id = id or f"{self.agent}/{self.interface}/{self.boot}/{self.seq}"
        return Beacon(version=self.version, type=type, id=beacon_id, remote=remote, extension=extension)

    def solicits(self, **more) -> Beacon:
        return self.beacon(SOLICITATION, **more)

    def probes(self, size, **more) -> Beacon:
        """A padded solicitation."""
        return self._with(self.solicits(**more), padded=size)

    def confirms(self, *acks, mtu=0, fragmented=(), **more) -> Beacon:
        """What acknowledges padded solicitations."""
        return self._with(self.advertises(*acks, **more), mtu=mtu, fragmented=tuple(fragmented))

    def _with(self, beacon: Beacon, **more) -> Beacon:
        return replace(beacon, extension=replace(beacon.extension, **more))

    def advertises(self, *acks, **more) -> Beacon:
        return self.beacon(ADVERTISEMENT, acks=acks, **more)


class Rack:
    """A plain MAAS rack's interface."""

    def __init__(self, mac="02:00:00:00:00:aa", name="eno1", version=2, type="physical", parents=(), vid=None):
        self.mac, self.version = mac, version
        self.remote = Remote(name, mac, type, tuple(parents), vid, None)
        self.count = 0

    def beacon(self, type=SOLICITATION, acks=None) -> Beacon:
        self.count += 1
        return Beacon(
            version=self.version, type=type, id=f"rack-{self.mac}-{self.count}", remote=self.remote, acks=acks
        )


class Playbook:
    """One engine on the stage."""

    def __init__(self, config=QUIET, jitter=0.5, identity=None, measures=False):
        """`measures`: what passes to the neighbours is measured unasked, as an agent does."""
        config = config if measures else replace(config, mtu_every=0.0)
        self.count = 0
        self.identity = identity or Identity("us", "host-us", "rack", "our-boot", ("http://region.example:5240",))
        self.engine = Engine(self.identity, self._new_id, lambda: jitter, config)
        self.time = 0.0
        self.events = []
        self.settlings = []
        self.sent = []

    def _new_id(self, version: int, wall: Wall) -> str:
        self.count += 1
        return f"ours-v{version}-{self.count}"

    @property
    def now(self) -> Now:
        return at(self.time)

    def port(self, *args, **more) -> "Playbook":
        """A port comes up or changes."""
        self.engine.receive(facts(*args, **more), self.now)
        return self._collect()

    def drop(self, interface="eth0", vid=None) -> "Playbook":
        self.engine.drop_port(Port("us", interface, vid), self.now)
        return self._collect()

    def hear(self, beacon: Beacon, on="eth0", vid=None, **more) -> "Playbook":
        """A beacon arrives, on-link by multicast unless said otherwise."""
        told = {
            "port": Port("us", on, vid),
            "beacon": beacon,
            "source_mac": beacon.remote.mac_address,
            "source_ip": "fe80::2",
            "source_port": 5240,
            "hop_limit": 1,
            "multicast": True,
            "received": self.now,
        }
        self.engine.receive(Arrival(**(told | more)), self.now)
        return self._collect()

    def hear_unicast(self, beacon: Beacon, **more) -> "Playbook":
        return self.hear(beacon, **({"multicast": False, "hop_limit": 64, "source_ip": "192.0.2.9"} | more))

    def refuse(self, reason=Reason.WRONG_SECRET, detail="not ours", mac="02:00:00:00:00:66", skew=None) -> "Playbook":
        error = WireError(reason, detail, skew)
        self.engine.receive(Refusal(port=Port("us", "eth0"), source_mac=mac, error=error, received=self.now), self.now)
        return self._collect()

    def wait(self, seconds: float) -> "Playbook":
        """Let time pass, ringing every alarm at its moment."""
        end = self.time + seconds
        while (due := self.engine.next_deadline()) is not None and due.at <= end:
            self.time = max(self.time, due.at)
            self.engine.handle_timeout(self.now)
            self._collect()
        self.time = end
        return self

    def _collect(self) -> "Playbook":
        while (event := self.engine.poll_event()) is not None:
            # Every port settles: only the plays about that look at it.
            (self.settlings if isinstance(event, Settled) else self.events).append(event)
        while (sent := self.engine.poll_transmit()) is not None:
            self.sent.append((self.time, sent))
        return self

    def says(self, type: BeaconType, *acks: str, urgent: bool | None = None) -> Transmission:
        """The next beacon out, which must be of this type and acknowledge just these."""
        assert self.sent, "nothing was sent"
        _, sent = self.sent.pop(0)
        extension = sent.beacon.extension
        assert (sent.beacon.type, extension.acks) == (type, acks)
        assert urgent is None or extension.urgent is urgent
        return sent

    def found(self, kind: str, peer: Port | None = None) -> EvidenceFound:
        """The next event, which must be this evidence."""
        event = self._next(EvidenceFound)
        assert (event.evidence.kind, event.evidence.peer) == (kind, peer or event.evidence.peer)
        return event.evidence

    def lost(self, kind: str, why: str, peer: Port | None = None) -> EvidenceLost:
        event = self._next(EvidenceLost)
        assert (event.key.kind, event.why, event.key.peer) == (kind, why, peer or event.key.peer)
        return event

    def refused(self, reason: str, count: int = 1) -> Refused:
        event = self._next(Refused)
        assert (event.reason, event.count) == (reason, count)
        return event

    def settled(self, interface="eth0", vid=None) -> None:
        assert self.settlings.pop(0).port == Port("us", interface, vid)

    def _next(self, type):
        assert self.events, f"no event, expected {type.__name__}"
        event = self.events.pop(0)
        assert isinstance(event, type), f"expected {type.__name__}, got {event}"
        return event

    def nothing_left(self) -> "Playbook":
        assert self.events == []
        assert self.sent == []
        return self

    def forget(self) -> "Playbook":
        """What was said and found so far is not what this play is about."""
        self.events.clear()
        self.sent.clear()
        return self
