"""A plain MAAS rack's half of the protocol, as it is seen on the wire: rounds every 30 s, unicast replies, no extension."""

from bellrock.beacon import Transmission
from bellrock.model import Port
from bellrock.wire.beacon import Beacon, BeaconType, Remote
from tests.sim.fabric import Plug, Socket, Tag
from tests.sim.ids import link_local_of
from tests.sim.network import Frame, Listener, Network


class SimMaas(Listener):
    """One rack with one interface."""

    def __init__(self, net: Network, name: str, version: int) -> None:
        self.net = net
        self.version = version
        self.plug_ = Plug(name, "eno1")
        self.mac = net.new_mac()
        self.port = Port(f"peer-{self.mac}", "eno1")
        self.answered: list[str] = []
        """Ids of its solicitations that were answered by unicast."""
        self._next_multicast = 0.0
        net.hosts[self.plug_] = self

    def plug(self, into: Socket, start: float = 0.0) -> Plug:
        self.net.plug(self.plug_, into)
        self.net.at(start, self._round)
        return self.plug_

    def port_of(self, plug: Plug, tag: Tag) -> Port | None:
        return self.port if tag is None else None

    def identity_of(self, plug: Plug) -> tuple[str, str]:
        return self.port.host, self.port.interface

    def has_mac(self, plug: Plug, mac: str) -> bool:
        return mac == self.mac

    def hear(self, plug: Plug, tag: Tag, frame: Frame) -> None:
        beacon = frame.transmission.beacon
        if beacon.version != self.version:
            return
        if beacon.acks is not None:
            self.answered.append(beacon.acks)
        if beacon.type is BeaconType.SOLICITATION:
            source = frame.transmission.source_ip or link_local_of(frame.mac)
            self._send(BeaconType.ADVERTISEMENT, acks=beacon.id, vid=tag, to=(frame.mac, source, 5240))
            self._advertise()

    def _round(self) -> None:
        self._send(BeaconType.SOLICITATION)
        self.net.at(self.net.time + 30, self._round)

    def _advertise(self) -> None:
        if self.net.time >= self._next_multicast:
            self._next_multicast = self.net.time + self.net.random.uniform(5, 10)
            self._send(BeaconType.ADVERTISEMENT)

    def _send(self, type: BeaconType, acks: str | None = None, vid: int | None = None, to=None) -> None:
        remote = Remote("eno1", self.mac, "physical", (), vid, None)
        beacon_id = self.net.ids(self.version, self.net.now.wall)
        beacon = Beacon(version=self.version, type=type, id=beacon_id, remote=remote, acks=acks)
        sent = Transmission(port=self.port, beacon=beacon, family=6, source_ip=link_local_of(self.mac), unicast=to)
        self.net.send(self.plug_, None, Frame(sent, self.mac))
