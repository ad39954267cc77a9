"""The client's network interface: raw frames before it has an address, and the address once it has."""

import select
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from bellrock.capture.program import keep
from bellrock.lab.schema import LabError
from bellrock.link.card import card
from bellrock.link.obstacle import Obstructed
from bellrock.link.packet import PacketDevice
from bellrock.wire import arp, ethernet, ip, udp
from bellrock.wire.arp import Arp
from bellrock.wire.errors import WireError
from bellrock.wire.ethernet import ETHERTYPE_IPV4, EthernetFrame, mac_bytes
from bellrock.wire.ip import Datagram

BROADCAST: Final = "ff:ff:ff:ff:ff:ff"
NOBODY: Final = "0.0.0.0"  # noqa: S104 - an address that is none, never bound
_BLOCKS: Final = 16
_CARRIER: Final = 5.0
"""Seconds for a link to come up again."""


class Card:
    """An interface of this host."""

    def __init__(self, name: str, mac: str = "") -> None:
        self.name = name
        self.index = socket.if_nametoindex(name)
        if mac:
            self.ip(f"link set dev {name} address {mac}")
        self.mac = card(name).mac
        self.address = ""

    @property
    def octets(self) -> bytes:
        """Its MAC address."""
        return mac_bytes(self.mac)

    @contextmanager
    def listening(self) -> Iterator["Ear"]:
        """Frames of it, until the block ends."""
        device = PacketDevice(_BLOCKS, keep(2048), ifindex=self.index)
        try:
            yield Ear(self, device)
        finally:
            device.close()

    def bare(self) -> None:
        """No address and no route any more, as firmware begins."""
        self.ip(
            f"addr flush dev {self.name} scope global", f"route flush dev {self.name}", f"neigh flush dev {self.name}"
        )
        self.address = ""

    def take(self, address: str, prefix: int, gateway: str = "") -> None:
        """Have an address, and a way out."""
        self.ip(f"addr replace {address}/{prefix} dev {self.name}{' nodad' if ':' in address else ''}")
        if gateway:
            self.ip(f"route replace default via {gateway} dev {self.name}")
        self.address = address

    def flap(self) -> None:
        """Down and up again; its addresses are gone."""
        self.ip(f"link set {self.name} down", f"link set {self.name} up")
        self.address = ""
        deadline = time.monotonic() + _CARRIER
        while time.monotonic() < deadline and not self._carrier():
            time.sleep(0.01)

    def ip(self, *lines: str) -> None:
        """Lines of ip(8).

        Raises:
            LabError: the kernel refused one.
        """
        told = "\n".join(lines) + "\n"
        done = subprocess.run(
            ["ip", "-batch", "-"], input=told, capture_output=True, text=True, check=False, timeout=10
        )
        if done.returncode:
            raise LabError(f"ip {'; '.join(lines)}: {' '.join(done.stderr.split())}")

    def _carrier(self) -> bool:
        with suppress(Obstructed):
            return card(self.name).carrier is True
        return False


class Ear:
    """Frames in and out, below IP."""

    def __init__(self, card: Card, device: PacketDevice) -> None:
        self._card = card
        self._device = device

    def say(self, ethertype: int, payload: bytes, to: str = BROADCAST) -> None:
        """Send a frame."""
        frame = ethernet.build(EthernetFrame(to, self._card.mac, (), ethertype, payload))
        trouble = self._device.send(self._card.index, frame)
        if trouble is not None:
            raise trouble

    def say_udp(self, segment: udp.Segment, source: str = NOBODY, destination: str = "255.255.255.255") -> None:
        """Send a datagram to everybody on the link."""
        packet = ip.build(source, destination, 64, ip.PROTOCOL_UDP, udp.build(source, destination, segment))
        self.say(ETHERTYPE_IPV4, packet)

    def frames(self, until: float) -> Iterator[EthernetFrame]:
        """Frames as they come in, until a time of the monotonic clock."""
        while (left := until - time.monotonic()) > 0:
            select.select([self._device], [], [], left)
            for frame in self._device.receive(256):
                with suppress(WireError):
                    yield ethernet.parse(frame.data, frame.tags)

    def datagrams(self, until: float, port: int) -> Iterator[tuple[EthernetFrame, Datagram, udp.Segment]]:
        """UDP over IPv4 to a port of ours."""
        for frame in self.frames(until):
            if frame.tags or frame.ethertype != ETHERTYPE_IPV4 or frame.destination not in (BROADCAST, self._card.mac):
                continue
            with suppress(WireError):
                packet = ip.parse(frame.payload)
                segment = udp.parse(packet, checksum_ready=False)
                if segment.destination_port == port:
                    yield frame, packet, segment

    def announce(self, address: str) -> None:
        """RFC 5227 §2.3: an announcement."""
        self.say(arp.ETHERTYPE, arp.build(Arp(arp.REQUEST, self._card.mac, address, "00:00:00:00:00:00", address)))

    def taken_by(self, address: str, seconds: float) -> str:
        """RFC 5227 §2.1.1: probe for an address; the MAC address of whoever has it, else nothing."""
        self.say(arp.ETHERTYPE, arp.build(Arp(arp.REQUEST, self._card.mac, NOBODY, "00:00:00:00:00:00", address)))
        for frame in self.frames(time.monotonic() + seconds):
            if frame.ethertype == arp.ETHERTYPE:
                with suppress(WireError):
                    said = arp.parse(frame.payload)
                    if said.sender == address and said.sender_mac != self._card.mac:
                        return said.sender_mac
        return ""
