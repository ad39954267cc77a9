"""A host: the real engine, and what `agent.loop` is around it."""

from bellrock.beacon import (
    Arrival,
    Config,
    Engine,
    Event,
    EvidenceFound,
    EvidenceLost,
    Identity,
    PortFacts,
    Transmission,
)
from bellrock.model import EvidenceKey, Interface, InterfaceKind, Port, Wall
from tests.sim.fabric import Plug, Socket, Tag
from tests.sim.ids import link_local_of
from tests.sim.network import Frame, Listener, Network

CONFIG = Config()


class SimHost(Listener):
    """One agent and its interfaces."""

    keeps_evidence = True

    def __init__(self, net: Network, name: str) -> None:
        self.net = net
        self.name = name
        self.events: list[tuple[float, Event]] = []
        self.held: dict = {}
        """The evidence that holds now, by key."""
        self.ports: dict[Port, Plug] = {}
        self._facts: dict[Port, PortFacts] = {}
        self._macs: dict[str, str] = {}
        self._plugs: dict[str, Plug] = {}
        self._woken = float("inf")
        self._boots = 0
        self.start()

    def start(self) -> None:
        """The process starts, perhaps again."""
        self._boots += 1
        self.started_at = self.net.time
        identity = Identity(self.name, self.name, "rack", f"{self.name}-boot-{self._boots}")
        self.engine = Engine(identity, self.net.ids, self.net.random.random, CONFIG)

    def plug(self, interface: str, into: Socket | None = None, vids: tuple[int, ...] = (), **facts) -> Plug:
        """A new interface, its VLAN interfaces with it; `into` may be a callable that makes the socket."""
        mac = self.net.new_mac()
        plug = Plug(self.name, interface)
        self._plugs[interface], self._macs[interface] = plug, mac
        self.net.hosts[plug] = self
        if into is not None:
            self.net.plug(plug, into() if callable(into) else into)
        self.up(interface, None, mac, **facts)
        for vid in vids:
            self.up(interface, vid, mac)
        return plug

    def up(self, interface: str, vid: int | None, mac: str, ipv4: tuple[str, ...] = (), learn_vids: bool = True,
           kind: InterfaceKind = InterfaceKind.PHYSICAL) -> None:  # fmt: skip
        port = Port(self.name, interface, vid)
        self.ports[port] = self._plugs[interface]
        name, parents = (interface, ()) if vid is None else (f"{interface}.{vid}", (interface,))
        facts = PortFacts(
            port=port, interface=name, mac=mac, kind=InterfaceKind.VLAN if vid else kind, parents=parents, ipv4=ipv4,
            ipv6=(f"{link_local_of(mac)}/64",), learn_vids=learn_vids,
        )  # fmt: skip
        self._facts[port] = facts
        self.engine.receive(facts, self.net.now)
        self._serve()

    def down(self, interface: str) -> None:
        """Carrier is lost."""
        for port in [port for port in self.ports if port.interface == interface]:
            self.engine.drop_port(port, self.net.now)
            del self.ports[port], self._facts[port]
        self._serve()

    def restart(self) -> None:
        """The process ends and starts again: the new one knows nothing, and the region is told so."""
        lost = [EvidenceLost(EvidenceKey(*key), "restarted", Wall(0.0)) for key in self.held]
        for event in lost:
            self.events.append((self.net.time, event))
            self._hold(event)
        self._woken = float("inf")
        self.start()
        for facts in list(self._facts.values()):
            self.engine.receive(facts, self.net.now)
        self._serve()

    def port_of(self, plug: Plug, tag: Tag) -> Port | None:
        port = Port(self.name, plug.interface, tag)
        base = self._facts.get(Port(self.name, plug.interface))
        return port if port in self.ports or (base is not None and base.learn_vids) else None

    def identity_of(self, plug: Plug) -> tuple[str, str]:
        return self.name, plug.interface

    def has_mac(self, plug: Plug, mac: str) -> bool:
        return self._macs[plug.interface] == mac

    def hear(self, plug: Plug, tag: Tag, frame: Frame) -> None:
        sent, now = frame.transmission, self.net.now
        source = sent.source_ip or link_local_of(frame.mac)
        self.engine.receive(
            Arrival(
                port=Port(self.name, plug.interface, tag), beacon=sent.beacon, source_mac=frame.mac, source_ip=source,
                source_port=5240, hop_limit=64 if sent.unicast else 1, multicast=sent.unicast is None, received=now,
            ),
            now,
        )  # fmt: skip
        self._serve()

    def interfaces(self) -> list[Interface]:
        """What its kernel would say of its interfaces."""
        return [
            Interface(
                name=facts.interface, index=number, mac=facts.mac, kind=facts.kind, parents=facts.parents, vid=facts.port.vid,
                addresses=facts.ipv4 + facts.ipv6, settled=True,
            )
            for number, facts in enumerate(self._facts.values(), 1)
        ]  # fmt: skip

    def _wake(self) -> None:
        if self.net.time >= self._woken:
            self._woken = float("inf")
            self.engine.handle_timeout(self.net.now)
            self._serve()

    def _serve(self) -> None:
        while (event := self.engine.poll_event()) is not None:
            self.events.append((self.net.time, event))
            self._hold(event)
        while (sent := self.engine.poll_transmit()) is not None:
            self._send(sent)
        due = self.engine.next_deadline()
        if due is not None and due.at < self._woken:
            self._woken = due.at
            self.net.at(due.at, self._wake)

    def _hold(self, event: Event) -> None:
        if isinstance(event, EvidenceFound):
            found = event.evidence
            self.held[found.kind, found.port, found.peer] = found
        elif isinstance(event, EvidenceLost):
            del self.held[event.key.kind, event.key.port, event.key.peer]

    def _send(self, sent: Transmission) -> None:
        interface = sent.port.interface
        self.net.send(self._plugs[interface], sent.port.vid, Frame(sent, self._macs[interface]))
