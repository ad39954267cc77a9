"""From what came in to what the engine and the neighbour table take: a beacon, a refusal, or a neighbour."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

import msgspec

from bellrock.agent.outgoing import HEADERS
from bellrock.agent.ports import port_of
from bellrock.beacon import Arrival, Now, Refusal, TooBig
from bellrock.link.clock import Clocks
from bellrock.link.device import Frame
from bellrock.link.udp import Datagram
from bellrock.model import Interface, InterfaceKind, Neighbour, Port, Wall
from bellrock.wire import ethernet
from bellrock.wire.beacon import Decoded, examine
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.ethernet import Tag
from bellrock.wire.fragment import open_first_fragment
from bellrock.wire.frame import CDP_MAC, HeardDatagram, open_beacon_frame
from bellrock.wire.keys import Keyring
from bellrock.wire.neighbour import open_neighbour_frame
from bellrock.wire.sieve import Sieve
from bellrock.wire.token import WINDOW
from bellrock.wire.toobig import open_too_big

NeighbourHeard = tuple[Port, str, Neighbour]
_LLDP: Final = b"\x88\xcc"
FORGED: Final = WireError(Reason.WRONG_SECRET, "no key of ours made its signature")
LATE: Final = WireError(
    Reason.LATE, "in time when it came and read too late: this agent stood still, or its clock was set"
)
_CDP_GROUP: Final = ethernet.mac_bytes(CDP_MAC)


class Incoming:
    """Opens frames and datagrams: authenticates first, then parses."""

    def __init__(self, agent: str, keyring: Keyring) -> None:
        self._agent = agent
        self._keyring = keyring
        self._sieve = Sieve(keyring)
        self._by_index: Mapping[int, Interface] = {}
        self._ports: dict[int, Port] = {}
        self._copies: frozenset[int] = frozenset()

    def rekey(self, keyring: Keyring) -> None:
        """Open by these secrets from now on."""
        self._keyring, self._sieve = keyring, Sieve(keyring)

    def follow(self, by_index: Mapping[int, Interface]) -> None:
        """The interfaces that are there now."""
        by_name = {interface.name: interface for interface in by_index.values()}
        self._by_index = by_index
        self._ports = {index: port_of(self._agent, interface, by_name) for index, interface in by_index.items()}
        # A raw socket hears a frame on the lower device, with its tag, and again on the VLAN interface, without it.
        self._copies = frozenset(
            index
            for index, interface in by_index.items()
            if interface.kind is InterfaceKind.VLAN and self._ports[index].vid is not None
        )

    def take(self, item: Frame | Datagram, clocks: Clocks) -> Arrival | Refusal | NeighbourHeard | None:
        """Take apart what came in; None for a copy, and for interfaces that are to be left alone."""
        heard = self.frame(item, clocks) if isinstance(item, Frame) else self.datagram(item, clocks)
        if isinstance(heard, Refusal) and _waited_here(heard, item.received_ns, clocks):
            return msgspec.structs.replace(heard, error=LATE)
        return heard

    def sift(self, frames: list[Frame], clocks: Clocks) -> tuple[list[Frame], list[Refusal]]:
        """Of a batch under flood: the frames worth taking apart, and all forged ones as one refusal per port and source."""
        kept: list[Frame] = []
        forged: Counter[tuple[int, tuple[Tag, ...], bytes]] = Counter()
        is_forged = self._sieve.forged
        for frame in frames:
            if is_forged(frame.data):
                forged[frame.ifindex, frame.tags, frame.data[6:12]] += 1
            else:
                kept.append(frame)
        now = Now(clocks.mono, clocks.wall)
        refusals = [
            Refusal(port=port, source_mac=mac.hex(":"), error=FORGED, received=now, times=times)
            for (index, tags, mac), times in forged.items()
            if index not in self._copies and (port := self._port_of(index, tags)) is not None
        ]
        return kept, refusals

    def frame(self, frame: Frame, clocks: Clocks) -> Arrival | Refusal | NeighbourHeard | None:
        """Take a raw frame apart; None for a copy, and for interfaces that are to be left alone."""
        port = self._ports.get(frame.ifindex)
        if port is None or frame.ifindex in self._copies:
            return None
        now = _moment(clocks, frame.received_ns)
        source_mac = frame.data[6:12].hex(":")
        try:
            if frame.data[12:14] == _LLDP or frame.data[:6] == _CDP_GROUP:
                return Port(port.host, port.interface), source_mac, open_neighbour_frame(frame.data, frame.tags)
            heard = open_beacon_frame(frame.data, frame.tags, frame.checksum_ready)
        except WireError as error:
            if error.reason is Reason.FRAGMENT and (piece := self._fragment(port, frame, source_mac, now)) is not None:
                return piece
            stacked = self._stacked(port, frame, source_mac, now) if error.reason is Reason.STACKED_TAGS else None
            return stacked or Refusal(port=port, source_mac=source_mac, error=error, received=now)
        return self._open(_tagged(port, heard.vid), heard, source_mac, now)

    def _fragment(self, port: Port, frame: Frame, source_mac: str, now: Now) -> Arrival | None:
        """The first fragment of a beacon that was padded to be too large: None unless it is authentic."""
        heard = open_first_fragment(frame.data, frame.tags)
        if heard is None:
            return None
        arrival = self._open(_tagged(port, heard.vid), heard, source_mac, now, whole=False)
        return msgspec.structs.replace(arrival, fragment=True) if isinstance(arrival, Arrival) else None

    def _stacked(self, port: Port, frame: Frame, source_mac: str, now: Now) -> Arrival | None:
        """A beacon behind two tags, which belongs to no VLAN of ours: None unless it is authentic, and of a scan."""
        try:
            heard = open_beacon_frame(frame.data, frame.tags, frame.checksum_ready, stacked=True)
        except WireError:
            return None
        arrival = self._open(_tagged(port, heard.vid), heard, source_mac, now)
        if isinstance(arrival, Refusal) or (extension := arrival.beacon.extension) is None:
            return None
        return arrival if extension.scan or extension.scanned else None

    def too_big(self, item: Frame | Datagram, clocks: Clocks) -> tuple[TooBig, Now] | None:
        """An ICMP message that a beacon of ours was too big, if a frame is one; what was refused may be."""
        port = self._ports.get(item.ifindex)
        if port is None or not isinstance(item, Frame) or (quoted := open_too_big(item.data, item.tags)) is None:
            return None
        return TooBig(port=_tagged(port, quoted.vid), size=quoted.size), _moment(clocks, item.received_ns)

    def datagram(self, datagram: Datagram, clocks: Clocks) -> Arrival | Refusal | None:
        """Open what a UDP socket received; its MAC addresses are not known."""
        port = self._ports.get(datagram.ifindex)
        if port is None:
            return None
        now = _moment(clocks, datagram.received_ns)
        multicast = datagram.destination.startswith(("224.", "ff"))
        heard = HeardDatagram(
            "", "", None, datagram.source, datagram.destination, datagram.hop_limit, multicast, datagram.source_port,
            datagram.payload,
        )  # fmt: skip
        return self._open(port, heard, datagram.source, now)

    def _port_of(self, ifindex: int, tags: tuple[Tag, ...]) -> Port | None:
        port = self._ports.get(ifindex)
        vid = next((tag.vid for tag in tags if tag.vid), None)
        return port if port is None or vid is None else Port(port.host, port.interface, vid)

    def _open(
        self, port: Port, heard: HeardDatagram, source: str, now: Now, *, whole: bool = True
    ) -> Arrival | Refusal:
        decoded = examine(heard.payload, self._keyring, now.wall)
        if not isinstance(decoded, WireError) and whole:
            decoded = _unshortened(decoded, heard)
        if isinstance(decoded, WireError):
            return Refusal(port=port, source_mac=source, error=decoded, received=now)
        return Arrival(
            port=port,
            beacon=decoded.beacon,
            source_mac=heard.source_mac or decoded.beacon.remote.mac_address,
            source_ip=heard.source_ip,
            source_port=heard.source_port,
            hop_limit=heard.hop_limit,
            multicast=heard.multicast,
            received=now,
            outer=heard.outer,
        )


def _unshortened(decoded: Decoded, heard: HeardDatagram) -> Decoded | WireError:
    """A padded beacon must come as large as its sender says: the padding is not signed, and without it the beacon would pass where it did not."""
    extension = decoded.beacon.extension
    arrived = HEADERS[6 if ":" in heard.source_ip else 4] + len(heard.payload)
    if extension is None or extension.padded <= arrived:
        return decoded
    return WireError(Reason.TRUNCATED, ("padded to %d octets by its sender, here are %d", extension.padded, arrived))


def _waited_here(refusal: Refusal, received_ns: int, clocks: Clocks) -> bool:
    """Whether a beacon was refused for its time, and was in time when the kernel took it.

    This agent stood still since, or its clock was set: the beacon shows nothing about now, and nothing of its sender's clock.
    """
    skew = refusal.error.skew
    if skew is None:
        return False
    came = clocks.wall - (clocks.wall_ns - received_ns) / 1e9
    return abs(skew + refusal.received.wall - came) <= WINDOW


def _tagged(port: Port, vid: int | None) -> Port:
    return port if vid is None else Port(port.host, port.interface, vid)


def _moment(clocks: Clocks, received_ns: int) -> Now:
    mono = clocks.when(received_ns)
    return Now(mono, Wall(clocks.wall - (clocks.mono - mono)))
