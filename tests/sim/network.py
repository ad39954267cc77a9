"""Virtual time that jumps to the next wake-up, and wires that lose, repeat, delay and so reorder frames."""

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass

from bellrock.beacon import Now, Transmission
from bellrock.model import Monotonic, Port, Wall
from bellrock.wire.beacon import decode, encode
from bellrock.wire.keys import Keyring, derive
from tests.sim.fabric import Device, Plug, Socket, Tag, connect, disconnect, flood
from tests.sim.ids import Ids, mac_of

EPOCH = 1_800_000_000.0


@dataclass(frozen=True)
class Weather:
    """What the wires do to frames: probabilities, and seconds."""

    loss: float = 0.0
    duplication: float = 0.0
    delay: tuple[float, float] = (0.0001, 0.0001)
    real_bytes: bool = False
    """Whether every beacon is encoded, and decoded by each receiver."""


FAIR = Weather()


@dataclass(frozen=True)
class Frame:
    """A beacon under way."""

    transmission: Transmission
    mac: str


class Network:
    """All devices and hosts, and the queue of what happens next."""

    def __init__(self, seed: int, weather: Weather = FAIR) -> None:
        self.random = random.Random(seed)
        self.weather = weather
        self.time = 0.0
        self._now = Now(Monotonic(0.0), Wall(EPOCH))
        self.devices: list[Device] = []
        self.hosts: dict[Plug, Listener] = {}
        self.vids: set[int] = set()
        self.ids = Ids()
        self._macs = 0
        self.frames = 0
        """Frames sent."""
        self.deliveries = 0
        self.delivered: Callable[[Plug, Tag, Plug, Tag], None] | None = None
        """Is told of every multicast frame that arrives."""
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._paths: dict[tuple[Plug, Tag], list[tuple[Plug, Tag]]] = {}
        self._key = derive(b"simulated") if weather.real_bytes else None

    def new_mac(self) -> str:
        self._macs += 1
        return mac_of(self._macs)

    def device(self, name: str, transparent: bool = False) -> Device:
        made = Device(name, transparent)
        self.devices.append(made)
        return made

    def segment(self, vid: int = 1) -> Callable[[], Socket]:
        """A switch of access ports: call it for one more."""
        switch = self.device(f"segment-{len(self.devices)}")
        self.vids.add(vid)
        return lambda: switch.socket({None: vid})

    def plug(self, plug: Plug, into: Socket) -> None:
        """Connect a host's interface, or move it."""
        disconnect(plug)
        disconnect(into)
        connect(plug, into)
        self.changed()

    def changed(self) -> None:
        """The wiring is not what it was."""
        self._paths.clear()

    @property
    def now(self) -> Now:
        if self._now.mono != self.time:
            self._now = Now(Monotonic(self.time), Wall(EPOCH + self.time))
        return self._now

    def at(self, time: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (time, next(self._count), action))

    def run_until(self, end: float) -> None:
        """Let happen what happens until then."""
        while self._queue and self._queue[0][0] <= end:
            time, _, action = heapq.heappop(self._queue)
            self.time = max(self.time, time)
            action()
        self.time = end

    def paths(self, origin: Plug, tag: Tag) -> list[tuple[Plug, Tag]]:
        """Where a multicast frame arrives, as long as the wiring stays."""
        found = self._paths.get((origin, tag))
        if found is None:
            found = self._paths[origin, tag] = list(flood(origin, tag))
        return found

    def send(self, origin: Plug, tag: Tag, frame: Frame) -> None:
        """Put a frame on the wire."""
        self.frames += 1
        frame = self._through_bytes(frame)
        low, high = self.weather.delay
        receivers = self.paths(origin, tag)
        if frame.transmission.unicast is not None:
            receivers = [
                (plug, seen)
                for plug, seen in receivers
                if self.hosts[plug].has_mac(plug, frame.transmission.unicast[0])
            ]
        if low == high and not self.weather.loss and not self.weather.duplication:
            self.at(self.time + low, lambda: self._deliver_all(origin, tag, receivers, frame))
            return
        for plug, seen in receivers:
            for _ in range(self._copies()):
                delay = self.random.uniform(low, high)
                self.at(self.time + delay, lambda plug=plug, seen=seen: self._deliver(origin, tag, plug, seen, frame))

    def _copies(self) -> int:
        if self.random.random() < self.weather.loss:
            return 0
        return 2 if self.random.random() < self.weather.duplication else 1

    def _deliver_all(self, origin: Plug, tag: Tag, receivers: list[tuple[Plug, Tag]], frame: Frame) -> None:
        for plug, seen in receivers:
            self._deliver(origin, tag, plug, seen, frame)

    def _deliver(self, origin: Plug, tag: Tag, plug: Plug, seen: Tag, frame: Frame) -> None:
        self.deliveries += 1
        self.hosts[plug].hear(plug, seen, frame)
        if self.delivered is not None and frame.transmission.unicast is None:
            self.delivered(origin, tag, plug, seen)

    def _through_bytes(self, frame: Frame) -> Frame:
        if self._key is None:
            return frame
        beacon = frame.transmission.beacon
        data = encode(beacon, self._key, self.now.wall, self.random.randbytes(16))
        read = decode(data, Keyring((self._key,)), self.now.wall).beacon
        assert read == beacon
        return frame


class Listener:
    """What may sit behind a plug."""

    keeps_evidence = False

    def port_of(self, plug: Plug, tag: Tag) -> Port | None:
        """The port as evidence names it; None where nobody sends or listens."""
        raise NotImplementedError

    def identity_of(self, plug: Plug) -> tuple[str, str]:
        """Host and interface as evidence names them."""
        raise NotImplementedError

    def hear(self, plug: Plug, tag: Tag, frame: Frame) -> None:
        raise NotImplementedError

    def has_mac(self, plug: Plug, mac: str) -> bool:
        raise NotImplementedError
