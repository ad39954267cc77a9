"""From what the engine wants sent to frames and datagrams."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from bellrock.agent.network import RawNetwork, UdpNetwork
from bellrock.beacon import Transmission
from bellrock.model import Interface, Wall
from bellrock.wire.beacon import encode
from bellrock.wire.ethernet import TPID_CUSTOMER, Tag
from bellrock.wire.frame import build_beacon_frame
from bellrock.wire.ip import link_local_from_mac
from bellrock.wire.keys import Keyring

HEADERS: Final = {4: 28, 6: 48}
"""Octets of the IP and UDP headers of each family."""

log = logging.getLogger(__name__)


class Outgoing:
    """Seals beacons and sends them: raw with the port's tag, or by UDP on the port's interface."""

    def __init__(self, keyring: Keyring, network: RawNetwork | UdpNetwork, entropy: Callable[[int], bytes]) -> None:
        self._keyring = keyring
        self._network = network
        self._entropy = entropy
        self._by_name: dict[str, Interface] = {}
        self.sent: Counter[str] = Counter()
        """Beacons since the start: `multicast` and `unicast`."""

    def rekey(self, keyring: Keyring) -> None:
        """Seal by the first of these secrets from now on."""
        self._keyring = keyring

    def follow(self, by_index: Mapping[int, Interface]) -> None:
        """The interfaces that are there now."""
        self._by_name = {interface.name: interface for interface in by_index.values()}

    def send(self, transmission: Transmission, wall: Wall) -> None:
        """Seal and send one beacon; an interface that vanished meanwhile is none to send on."""
        payload = encode(transmission.beacon, self._keyring.signing, wall, self._entropy(16))
        if transmission.padded:
            payload = payload.ljust(transmission.padded - HEADERS[transmission.family], b"\0")
        if isinstance(self._network, RawNetwork):
            self._send_raw(self._network, transmission, payload)
        else:
            self._send_udp(self._network, transmission, payload)

    def _send_raw(self, network: RawNetwork, transmission: Transmission, payload: bytes) -> None:
        # A VLAN interface's frames are made with their tag, and sent on its lower device.
        lower = self._by_name.get(transmission.port.interface)
        if lower is not None:
            self._count(transmission)
            network.send(lower.index, frame_of(transmission, payload))

    def _count(self, transmission: Transmission) -> None:
        self.sent["multicast" if transmission.unicast is None else "unicast"] += 1

    def _send_udp(self, network: UdpNetwork, transmission: Transmission, payload: bytes) -> None:
        # Without raw sockets a tag can only be sent by the VLAN interface that stands for it.
        carrier = self._by_name.get(transmission.beacon.remote.name)
        if carrier is None:
            return
        self._count(transmission)
        if transmission.unicast is None:
            network.send_multicast(carrier.index, transmission.family, payload)
        else:
            _, address, port = transmission.unicast
            # With an interface given, the kernel would take a peer behind a router for one on the link.
            index = carrier.index if address.startswith("fe80:") else 0
            network.send_unicast(index, address, port, payload)


def frame_of(transmission: Transmission, payload: bytes) -> bytes:
    """The whole frame in which a sealed beacon goes out, with the tags of its port."""
    mac = transmission.beacon.remote.mac_address
    if transmission.source_ip is not None:
        source_ip = transmission.source_ip.partition("/")[0]
    else:
        source_ip = "0.0.0.0" if transmission.family == 4 else link_local_from_mac(mac)  # noqa: S104 -- RFC 1122 §3.2.1.3: "this host"
    vid = transmission.port.vid
    tags = () if vid is None else (Tag(TPID_CUSTOMER, vid),)
    service = () if transmission.outer is None else (transmission.outer,)
    return build_beacon_frame(payload, mac, source_ip, service + tags, transmission.unicast)
