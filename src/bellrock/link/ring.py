"""A TPACKET_V3 receive ring (linux/if_packet.h): frames are read from memory that the kernel fills, without a system call each."""

import mmap
import socket
import struct
from typing import Final

from bellrock.link.device import Frame
from bellrock.wire.ethernet import TPID_CUSTOMER, Tag, tag_from_control

BLOCK_SIZE: Final = 32 * 1024
"""Octets of a block: more than the longest frame kept. Small, because the kernel closes a block at each timeout, however little
is in it, and a pause of the reader may last as many timeouts as there are blocks."""
RETIRE_MS: Final = 2
"""After so long the kernel hands over a block that is not full: the most that a frame waits."""

SOL_PACKET: Final = 263
RX_RING: Final = 5
_PACKET_VERSION: Final = 10
_TPACKET_V3: Final = 2
_SLOT: Final = 2048
"""Of no consequence in version 3, where frames are packed; but the kernel checks its arithmetic."""

_BLOCK: Final = struct.Struct("=III")
"""Of struct tpacket_hdr_v1: block_status, num_pkts, offset_to_first_pkt."""
_BLOCK_AT: Final = 8
_USER: Final = 1
_LOSING: Final = 1 << 2
_KERNEL: Final = bytes(4)
_HEADER: Final = struct.Struct("=6IH6xIH14xi2xB")
"""Of struct tpacket3_hdr: next offset, seconds, nanoseconds, octets kept, octets on the wire, status, offset of the Ethernet header, tag control, TPID;
and of the sockaddr_ll behind it: ifindex, packet type."""
_CHECKSUM_NOT_READY: Final = 1 << 3
_VLAN_VALID: Final = 1 << 4
_TPID_VALID: Final = 1 << 6
_MAX_TAGS_KEPT: Final = 8192


class Ring:
    """Blocks of received frames, shared with the kernel.

    Args:
        sock: an AF_PACKET socket that is not bound yet.
        blocks: how many blocks; all of them count as resident memory.
        block_size: octets of a block, a multiple of the page size; longer frames are cut.
    """

    __slots__ = ("_at", "_block", "_block_size", "_blocks", "_left", "_memory", "_tags", "losing")

    def __init__(self, sock: socket.socket, blocks: int, block_size: int = BLOCK_SIZE) -> None:
        sock.setsockopt(SOL_PACKET, _PACKET_VERSION, _TPACKET_V3)
        slots = block_size // _SLOT * blocks
        sock.setsockopt(SOL_PACKET, RX_RING, struct.pack("=7I", block_size, blocks, _SLOT, slots, RETIRE_MS, 0, 0))
        self._memory = mmap.mmap(sock.fileno(), block_size * blocks)
        self._block_size = block_size
        self._blocks = blocks
        self._block = 0
        self._left = 0
        self._at = 0
        self.losing = False
        """Whether a block said that frames were dropped since the socket's statistics were last read."""
        self._tags: dict[tuple[int, int], tuple[Tag, ...]] = {}

    def read(self, budget: int) -> list[Frame]:
        """At most `budget` frames, oldest first. A block goes back to the kernel with its last frame."""
        frames: list[Frame] = []
        while len(frames) < budget and (self._left or self._open_block()):
            self._walk(frames, min(self._left, budget - len(frames)))
        return frames

    def close(self) -> None:
        """Unmap the blocks."""
        self._memory.close()

    def _open_block(self) -> bool:
        """Whether the kernel has handed over the block whose turn it is, with frames in it."""
        base = self._block * self._block_size
        status, count, first = _BLOCK.unpack_from(self._memory, base + _BLOCK_AT)
        if not status & _USER:
            return False
        self.losing = self.losing or bool(status & _LOSING)
        self._left, self._at = count, base + first
        if not count:
            self._release()
        return True

    def _walk(self, frames: list[Frame], count: int) -> None:
        """The hot path: one unpack, one copy and one object for each frame."""
        memory, at, header, add = self._memory, self._at, _HEADER.unpack_from, frames.append
        for _ in range(count):
            step, seconds, nanoseconds, length, whole, status, offset, control, tpid, ifindex, kind = header(memory, at)
            start = at + offset
            add(
                Frame(
                    ifindex,
                    self._tag(status, control, tpid) if status & _VLAN_VALID else (),
                    memory[start : start + length],
                    seconds * 1_000_000_000 + nanoseconds,
                    not status & _CHECKSUM_NOT_READY,
                    kind,
                    whole,
                )
            )
            at += step
        self._at = at
        self._left -= count
        if count and not self._left:
            self._release()

    def _release(self) -> None:
        status = self._block * self._block_size + _BLOCK_AT
        self._memory[status : status + 4] = _KERNEL
        self._block = (self._block + 1) % self._blocks

    def _tag(self, status: int, control: int, tpid: int) -> tuple[Tag, ...]:
        key = (tpid if status & _TPID_VALID else TPID_CUSTOMER, control)
        tags = self._tags.get(key)
        if tags is None:
            if len(self._tags) >= _MAX_TAGS_KEPT:
                self._tags.clear()
            tags = self._tags[key] = (tag_from_control(*key),)
        return tags
