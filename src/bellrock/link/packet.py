"""Frames of every interface through one AF_PACKET socket (packet(7))."""

import errno
import os
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from bellrock.link import clock, libc
from bellrock.link.device import Frame, LinkError, SendCounter, Statistics, interface_text
from bellrock.link.filter import Instruction, beacon_filter, pack
from bellrock.link.relief import Relief
from bellrock.link.ring import BLOCK_SIZE, SOL_PACKET, Ring
from bellrock.wire.ethernet import mac_bytes
from bellrock.wire.frame import CDP_MAC, GROUP4_MAC, GROUP6_MAC, LLDP_MACS

RING_BLOCKS: Final = 160
"""5 MiB: about 13,000 frames of 300 octets, which is 90 ms at 150,000 of them a second."""

_PACKET_ADD_MEMBERSHIP: Final = 1
_PACKET_DROP_MEMBERSHIP: Final = 2
_PACKET_STATISTICS: Final = 6
_PACKET_TIMESTAMP: Final = 17
_PACKET_IGNORE_OUTGOING: Final = 23
_PACKET_MR_MULTICAST: Final = 0
_PACKET_MR_PROMISC: Final = 1
_SOF_TIMESTAMPING_RAW_HARDWARE: Final = 1 << 6
_STATISTICS: Final = struct.Struct("=3I")
"""struct tpacket_stats_v3: packets (the dropped ones among them), drops, times that the ring was full."""

GROUPS: Final = (GROUP4_MAC, GROUP6_MAC, *LLDP_MACS, CDP_MAC)
"""Everything that is listened to is sent to one of these."""


class PacketDevice:
    """Hears beacons, LLDP and CDP on every Ethernet interface, present or yet to come, addressed or not, and sends any frame on any of them.

    When frames come faster than they are fetched, and more are lost than a pause explains, the busiest interface is thinned
    (see `relief`), so that the others stay served; `statistics` tells.

    Frames that this machine sends are not heard, unless asked for. An interface that goes away, down or up again needs no attention,
    except that a network card passes multicast frames only after `join_groups`.

    Args:
        blocks: size of the receive ring in blocks.
        program: another kernel filter, without thinning.
        hardware_time: stamp frames with the network card's clock, where it has one. Only for cards whose clock is
            disciplined to the system's (phc2sys): others run on atomic time or from zero, and the kernel's own stamp is right.
        ifindex: hear this interface alone; when it goes down, `trouble` says so, and it is heard again once it is up.
        outgoing: hear also what this machine sends.
        promiscuous: have the interface pass frames for others too; only with `ifindex`.
        block_size: octets of a block of the ring, which bounds the frames kept whole.
        groups: MAC addresses that `join_groups` has the hardware pass.
        sock: a socket of `spare.Spares`, for a process that may not open one any more; it is closed with this device.

    Raises:
        LinkError: no right to open the socket, no AF_PACKET, or no memory for the ring.
    """

    def __init__(
        self,
        blocks: int = RING_BLOCKS,
        program: tuple[Instruction, ...] | None = None,
        *,
        hardware_time: bool = False,
        ifindex: int = 0,
        outgoing: bool = False,
        promiscuous: bool = False,
        block_size: int = BLOCK_SIZE,
        groups: Sequence[str] = GROUPS,
        sock: socket.socket | None = None,
    ) -> None:
        self._ifindex, self._outgoing, self._promiscuous = ifindex, outgoing, promiscuous
        self._groups = tuple(groups)
        try:
            # Protocol 0: nothing is received before bind, so nothing can get past the filter.
            self._socket = sock or socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
        except OSError as error:
            raise cannot_open(error) from None
        self._counter = SendCounter()
        self._joined: set[int] = set()
        self._packets = self._drops = 0
        self._relief = Relief()
        self._may_thin = program is None
        self._judged = 0
        """Of the drops, those that `relief` has seen."""
        self._ring: Ring | None = None
        try:
            self._ring = self._set_up(
                (blocks, block_size), beacon_filter() if program is None else program, hardware_time
            )
        except LinkError:
            self.close()
            raise
        except OSError as error:
            self.close()
            raise LinkError(
                f"the receive ring of {blocks * block_size >> 20} MiB on AF_PACKET could not be set up: {error.strerror}; "
                "is memory short?",
                error.errno,
            ) from None

    def _set_up(self, size: tuple[int, int], program: tuple[Instruction, ...], hardware_time: bool) -> Ring:
        libc.attach_filter(self._socket.fileno(), pack(program))
        self._socket.setsockopt(SOL_PACKET, _PACKET_IGNORE_OUTGOING, not self._outgoing)
        if hardware_time:
            self._socket.setsockopt(SOL_PACKET, _PACKET_TIMESTAMP, _SOF_TIMESTAMPING_RAW_HARDWARE)
        ring = Ring(self._socket, *size)
        try:
            libc.bind_packet(self._socket.fileno(), self._ifindex)
            if self._promiscuous and (trouble := self.promiscuous(self._ifindex)):
                raise trouble
        except OSError:
            ring.close()
            raise
        return ring

    def trouble(self) -> LinkError | None:
        """What the kernel has to say about a bound interface since it was last asked: that it went down or away."""
        number = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if not number:
            return None
        return LinkError(f"{interface_text(self._ifindex)} is not heard: {os.strerror(number).lower()}", number)

    def fileno(self) -> int:
        """A descriptor that polls readable while `receive` has frames."""
        return self._socket.fileno()

    def receive(self, budget: int) -> list[Frame]:
        """At most `budget` frames in the order of their arrival; an empty list when there are none."""
        if not self._ring:
            return []
        frames = self._ring.read(budget)
        if self._may_thin and (self._ring.losing or self._relief.active):
            self._relieve(self._ring, frames)
        return frames

    def send(self, ifindex: int, data: bytes) -> LinkError | None:
        """Send a whole Ethernet frame, tags included. A failure is counted and returned, never raised."""
        number = libc.send_packet(self._socket.fileno(), ifindex, data)
        if number:
            return self._counter.failed(number, f"a frame of {len(data)} octets for {interface_text(ifindex)}")
        self._counter.sent += 1
        return None

    def join_groups(self, ifindex: int) -> LinkError | None:
        """Have an interface's hardware pass beacons, LLDP and CDP, whether it has addresses or not. Twice is once."""
        if ifindex in self._joined:
            return None
        self._joined.add(ifindex)
        return self._membership(_PACKET_ADD_MEMBERSHIP, ifindex)

    def promiscuous(self, ifindex: int, *, wanted: bool = True) -> LinkError | None:
        """Have an interface's hardware pass every frame, until this device is closed or it is no longer wanted: tags of VLANs too that are not configured there.

        Wanted twice, it is to be given up twice.
        """
        request = struct.pack("=iHH8s", ifindex, _PACKET_MR_PROMISC, 0, b"")
        try:
            self._socket.setsockopt(SOL_PACKET, _PACKET_ADD_MEMBERSHIP if wanted else _PACKET_DROP_MEMBERSHIP, request)
        except OSError as error:
            number = error.errno or 0
            return LinkError(f"{interface_text(ifindex)} cannot listen to all VIDs: {os.strerror(number)}", number)
        return None

    def leave_groups(self, ifindex: int) -> None:
        """Undo `join_groups`; also to be called when the interface is gone, because its index may be used again."""
        if ifindex in self._joined:
            self._joined.discard(ifindex)
            self._membership(_PACKET_DROP_MEMBERSHIP, ifindex)

    def _membership(self, option: int, ifindex: int) -> LinkError | None:
        for mac in self._groups:
            request = struct.pack("=iHH8s", ifindex, _PACKET_MR_MULTICAST, 6, mac_bytes(mac))
            try:
                self._socket.setsockopt(SOL_PACKET, option, request)
            except OSError as error:
                self._joined.discard(ifindex)
                number = error.errno or 0
                return LinkError(
                    f"{interface_text(ifindex)} cannot listen to group {mac}: {os.strerror(number)}", number
                )
        return None

    def statistics(self) -> Statistics:
        """The counters so far. To be asked now and then: an interface that was flooded and fell silent is served fully again."""
        if self._ring:
            self._count(self._ring)
            if self._relief.active:
                self._relieve(self._ring, [])
        counter = self._counter
        received = self._packets - self._drops
        return Statistics(received, self._drops, counter.sent, dict(counter.errors), self._relief.shares())

    def _count(self, ring: Ring) -> None:
        """Add the kernel's counters, which start again at every reading, as do its hints in the ring."""
        packets, drops, _ = _STATISTICS.unpack(
            self._socket.getsockopt(SOL_PACKET, _PACKET_STATISTICS, _STATISTICS.size)
        )
        self._packets += packets
        self._drops += drops
        ring.losing = ring.losing or drops > 0

    def _relieve(self, ring: Ring, frames: list[Frame]) -> None:
        """Count while frames are being lost, and at the end of a window set a filter that thins more or less."""
        now = clock.monotonic()
        if not self._relief.count(frames, now):
            return
        self._count(ring)
        drops, self._judged = self._drops - self._judged, self._drops
        ring.losing = False
        if self._relief.decide(drops, now):
            # Short of memory the old filter stays, and drops go on being counted.
            with suppress(OSError):
                libc.attach_filter(
                    self._socket.fileno(), pack(beacon_filter(thinned=tuple(self._relief.shares().items())))
                )

    def close(self) -> None:
        """Give back socket and ring; may be called twice."""
        if self._ring:
            self._ring.close()
            self._ring = None
            if self._promiscuous:
                self.promiscuous(self._ifindex, wanted=False)  # the socket may live on: others may have it, too
        self._socket.close()


def cannot_open(error: OSError) -> LinkError:
    """Why there is no AF_PACKET socket, as one line."""
    if error.errno == errno.EPERM:
        return LinkError(
            "no raw frames can be received: the capability CAP_NET_RAW is missing; run as root or grant it", error.errno
        )
    return LinkError(f"no raw frames can be received: {error.strerror} (AF_PACKET)", error.errno)
