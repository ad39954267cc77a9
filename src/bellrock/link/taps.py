"""One raw device that several listen to at once, each to one interface and VLAN, within an asyncio loop."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from msgspec import Struct

from bellrock.link.device import Device
from bellrock.link.filter import dhcp_filter
from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.link.packet import PacketDevice
from bellrock.wire import ethernet
from bellrock.wire.errors import WireError
from bellrock.wire.ethernet import EthernetFrame

BUDGET: Final = 256
"""Frames taken at once."""
BLOCKS: Final = 16
"""Half a MiB of ring: about 1,000 frames of 350 octets."""


class Heard(Struct, frozen=True):
    """A frame, and what the kernel said with it."""

    frame: EthernetFrame
    received_ns: int
    """Nanoseconds since the epoch."""
    checksum_ready: bool
    """False: made on this machine, its transport checksum left to hardware."""


Keep = Callable[[Heard], None]


class _Listener(Struct, frozen=True, eq=False):
    ifindex: int
    vid: int | None
    keep: Keep


class Taps:
    """Shares a device. It reads only while somebody listens; what nobody listens to is dropped."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._listeners: list[_Listener] = []

    @contextmanager
    def listen(self, ifindex: int, vid: int | None, keep: Keep, *, everything: bool = False) -> Iterator[None]:
        """Hand every frame of an interface, untagged or of a VLAN, to `keep`, as long as the block runs.

        Args:
            ifindex: the interface.
            vid: of the VLAN whose frames are tagged there; None: untagged frames.
            keep: called within the loop; it must not wait.
            everything: have the network card pass frames for other addresses, and tags that it does not know, as well.

        Raises:
            Obstructed: LOCAL, the card cannot do so.
        """
        listener = _Listener(ifindex, vid, keep)
        self._promiscuous(ifindex, wanted=everything)
        self._add(listener)
        try:
            yield
        finally:
            self._remove(listener)
            if everything and isinstance(self._device, PacketDevice):
                self._device.promiscuous(ifindex, wanted=False)

    def send(self, ifindex: int, frame: EthernetFrame) -> None:
        """Send a frame.

        Raises:
            Obstructed: LOCAL, the interface does not take it.
        """
        trouble = self._device.send(ifindex, ethernet.build(frame))
        if trouble:
            raise Obstructed(Obstacle.LOCAL, why=str(trouble))

    def close(self) -> None:
        """Give back the device."""
        self._device.close()

    def _promiscuous(self, ifindex: int, *, wanted: bool) -> None:
        trouble = self._device.promiscuous(ifindex) if wanted and isinstance(self._device, PacketDevice) else None
        if trouble:
            raise Obstructed(Obstacle.LOCAL, why=str(trouble))

    def _add(self, listener: _Listener) -> None:
        if not self._listeners:
            while self._device.receive(BUDGET):
                pass  # what waited while nobody listened is old
            asyncio.get_running_loop().add_reader(self._device.fileno(), self._read)
        self._listeners.append(listener)

    def _remove(self, listener: _Listener) -> None:
        self._listeners.remove(listener)
        if not self._listeners:
            asyncio.get_running_loop().remove_reader(self._device.fileno())

    def _read(self) -> None:
        for frame in self._device.receive(BUDGET):
            try:
                heard = Heard(ethernet.parse(frame.data, frame.tags), frame.received_ns, frame.checksum_ready)
                vid = ethernet.only_vid(heard.frame.tags)
            except WireError:
                continue
            for listener in self._listeners:
                if (listener.ifindex, listener.vid) == (frame.ifindex, vid):
                    listener.keep(heard)


def open_dhcp_taps(ifindex: int = 0) -> Taps:
    """Taps that hear DHCP, DHCPv6 and neighbour solicitations; to be opened while the process may (CAP_NET_RAW).

    Args:
        ifindex: hear this interface alone; 0: all.

    Raises:
        LinkError: no right to open the socket, or no memory; `code` is `EPERM` for the former.
    """
    return Taps(PacketDevice(BLOCKS, dhcp_filter(), ifindex=ifindex))
