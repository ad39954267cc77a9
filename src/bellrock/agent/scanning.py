"""The shell around a scan of VIDs: receive → hand in → send what is due, on raw frames, until it is over."""

import os
import select
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Final, Protocol

from bellrock.agent.incoming import Incoming
from bellrock.agent.loop import FLOOD, now
from bellrock.agent.network import RawNetwork
from bellrock.agent.outgoing import frame_of
from bellrock.agent.ports import ports_of
from bellrock.agent.run import new_id
from bellrock.beacon import BY_HAND, Arrival, Identity, Now, PortFacts, Refusal, Transmission
from bellrock.link.clock import Clocks, monotonic
from bellrock.link.clock import read as read_clocks
from bellrock.link.device import Frame, LinkError
from bellrock.link.netlink import LinkMonitor
from bellrock.model import Interface, InterfaceKind, Monotonic, Port
from bellrock.wire import ethernet
from bellrock.wire.beacon import encode
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.ethernet import two_tags
from bellrock.wire.keys import Keyring
from bellrock.wire.token import SIGNATURE

BUDGET: Final = 1024
LONGEST: Final = 0.2
"""Seconds that this process sleeps at most, so that it looks at its wish to stop."""
MAX_SEALED: Final = 1 << 16
"""Calls of ours that are known again when they come in."""
MAX_STRANGERS: Final = 64
"""Sources with another secret that are told."""


class ScanError(Exception):
    """An interface that cannot be scanned: which, why, and what to do.

    Attributes:
        usage: another interface was meant; otherwise this one is not ready.
    """

    def __init__(self, text: str, *, usage: bool = False) -> None:
        super().__init__(text)
        self.usage = usage


class Machine(Protocol):
    """What is run: a scanner, or who stops one."""

    @property
    def over(self) -> bool:
        """Whether there is nothing left to be done."""
        ...

    def receive(self, arrival: Arrival, now: Now) -> None:
        """Take in a beacon."""
        ...

    def handle_timeout(self, now: Now) -> None:
        """Do what is due."""
        ...

    def next_deadline(self) -> Monotonic | None:
        """When that is wanted next."""
        ...

    def poll_transmit(self) -> Transmission | None:
        """Next beacon to send."""
        ...


class Echoing(Machine, Protocol):
    """One that wants to know of its own beacons, too."""

    def echo(self, beacon_id: str, port: Port, outer: int, now: Now) -> None:
        """One came in on an interface of this host."""
        ...

    def unsent(self, beacon_id: str) -> None:
        """One did not go out."""
        ...


@contextmanager
def open_street(keyring: Keyring, names: Iterable[str], host: str) -> Iterator["Street"]:
    """Raw frames on these interfaces, all VIDs; closed, and as it was, afterwards.

    Raises:
        ScanError: an interface is not there, down, without carrier, or a part of another.
        LinkError: raw frames are not allowed, or the kernel is out of something.
    """
    with ExitStack() as stack:
        monitor = stack.enter_context(closing(LinkMonitor()))
        found = {interface.name: interface for interface in monitor.snapshot().values()}
        chosen = [ready(name, found) for name in dict.fromkeys(names)]
        network = stack.enter_context(closing(RawNetwork()))
        yield Street(keyring, network, chosen, host)


def ready(name: str, found: dict[str, Interface]) -> Interface:
    """The interface, which frames with any tag can be sent on.

    Raises:
        ScanError: they cannot.
    """
    interface = found.get(name)
    if interface is None:
        there = ", ".join(sorted(found)) or "none"
        raise ScanError(f"no Ethernet interface '{name}' here; there are {there}", usage=True)
    if interface.kind is InterfaceKind.VLAN:
        lower = interface.parents[0] if interface.parents else "its lower device"
        raise ScanError(f"{name} is VLAN {interface.vid} of {lower}: tags are sent on {lower}; scan that", usage=True)
    if interface.master is not None:
        raise ScanError(f"{name} is a member of {interface.master}, which its frames belong to; scan that", usage=True)
    if not interface.up:
        raise ScanError(f"{name} is down, so nothing can be sent; `ip link set {name} up`")
    if interface.carrier is False:
        raise ScanError(f"{name} has no carrier: no cable, or its other end is down")
    return interface


class Street:
    """The interfaces of one scan."""

    def __init__(self, keyring: Keyring, network: RawNetwork, chosen: list[Interface], host: str) -> None:
        self._keyring = keyring
        self._network = network
        self._index = {interface.name: interface.index for interface in chosen}
        self._names = {interface.index: interface.name for interface in chosen}
        agent = new_id(2, now().wall)
        self.identity = Identity(agent, host, BY_HAND, agent)
        self._incoming = Incoming(agent, keyring)
        self._incoming.follow({interface.index: interface for interface in chosen})
        facts = ports_of(agent, chosen, {}, raw=True)
        self.ports: tuple[PortFacts, ...] = tuple(facts[Port(agent, interface.name)] for interface in chosen)
        self._sealed: OrderedDict[bytes, str] = OrderedDict()
        """Signatures of our own calls, by which they are known again without being opened."""
        self.unsent: dict[str, int] = {}
        """Error → how many calls did not go out for it."""
        self.strangers: set[tuple[str, str]] = set()
        """Interface and source MAC of beacons that no key of ours made."""
        network.follow(chosen)
        for interface in chosen:
            if trouble := network.device.promiscuous(interface.index):
                raise trouble

    def run(self, machine: Machine, echoing: Echoing | None = None, tell: Callable[[], None] = lambda: None) -> None:
        """Run to the end; `tell` is called now and then."""
        while not machine.over:
            deadline = machine.next_deadline()
            wait = LONGEST if deadline is None else min(LONGEST, max(0.0, deadline - monotonic()))
            if select.select(self._network.filenos(), [], [], wait)[0]:
                self._take(machine, echoing)
            machine.handle_timeout(now())
            self.send(machine, echoing)
            tell()

    def send(self, machine: Machine, echoing: Echoing | None = None) -> None:
        """Send what is waiting."""
        while (transmission := machine.poll_transmit()) is not None:
            payload = encode(transmission.beacon, self._keyring.signing, now().wall, os.urandom(16))
            index = self._index[transmission.port.interface]
            trouble = self._network.device.send(index, frame_of(transmission, payload))
            if trouble is not None:
                self._failed(transmission, trouble, echoing)
            self._sealed[payload[-SIGNATURE:]] = transmission.beacon.id
            if len(self._sealed) > MAX_SEALED:
                self._sealed.popitem(last=False)

    def _failed(self, transmission: Transmission, trouble: LinkError, echoing: Echoing | None) -> None:
        self.unsent[trouble.code] = self.unsent.get(trouble.code, 0) + 1
        if echoing is not None:
            echoing.unsent(transmission.beacon.id)

    def _take(self, machine: Machine, echoing: Echoing | None) -> None:
        clocks = read_clocks()
        frames = self._network.receive(BUDGET)
        if len(frames) >= FLOOD:
            frames, forged = self._incoming.sift(frames, clocks)
            for refusal in forged:
                self._mistrust(refusal)
        for frame in frames:
            ours = self._sealed.get(frame.data[-SIGNATURE:])
            if ours is not None:
                self._echo(frame, ours, echoing, clocks)
                continue
            heard = self._incoming.frame(frame, clocks)
            if isinstance(heard, Arrival):
                machine.receive(heard, heard.received)
            elif isinstance(heard, Refusal):
                self._mistrust(heard)

    def _mistrust(self, refusal: Refusal) -> None:
        if refusal.error.reason is Reason.WRONG_SECRET and len(self.strangers) < MAX_STRANGERS:
            self.strangers.add((refusal.port.interface, refusal.source_mac))

    def _echo(self, frame: Frame, beacon_id: str, echoing: Echoing | None, clocks: Clocks) -> None:
        """A call of ours came in on one of our interfaces; nobody else can have made it."""
        name = self._names.get(frame.ifindex)
        if echoing is None or name is None:
            return
        try:
            outer, vid = two_tags(ethernet.parse(frame.data, frame.tags).tags)
        except WireError:
            return
        port = Port(self.identity.agent, name, vid)
        echoing.echo(beacon_id, port, outer.vid if outer else 0, Now(clocks.mono, clocks.wall))
