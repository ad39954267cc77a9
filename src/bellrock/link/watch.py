"""A look at the traffic of this host's interfaces for a while: who talks to whom, and how much."""

import select
from collections import Counter
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from bellrock.link import clock
from bellrock.link.device import Frame, interface_text
from bellrock.link.filter import assemble
from bellrock.link.packet import PacketDevice
from bellrock.model.listening import Conversation
from bellrock.wire.errors import WireError
from bellrock.wire.five_tuple import FiveTuple, five_tuple

SNAP: Final = 256
"""Octets kept of a frame: Ethernet, tags, IP with options or some extension headers, and ports."""
MAX_CONVERSATIONS: Final = 65536
_BUDGET: Final = 4096
_TURN: Final = 0.2
"""Seconds after which `stop` is asked again."""
_LAST: Final = 0.01
"""The kernel hands over a block of frames that is not full after 2 ms: what came before the end is counted."""
_PROGRAM: Final = f"""
        ld   #hatype
        jeq  #1, pass, drop        ; Ethernet only
pass:   ret  #{SNAP}
drop:   ret  #0
"""


class Watched(Struct, frozen=True, kw_only=True):
    """What was seen, and how much of it could not be counted."""

    conversations: tuple[Conversation, ...]
    seconds: float
    frames: int
    unread: int = 0
    """Frames that were cut short or malformed."""
    dropped: int = 0
    """Frames that came faster than they were counted."""
    forgotten: int = 0
    """Packets of conversations beyond the first MAX_CONVERSATIONS."""


class Tally:
    """Counts frames as conversations. Bounded: what exceeds MAX_CONVERSATIONS is only counted."""

    def __init__(self, limit: int = MAX_CONVERSATIONS) -> None:
        self._limit = limit
        self._counts: Counter[tuple[int, FiveTuple]] = Counter()
        self.frames = self.unread = self.forgotten = 0

    def add(self, frame: Frame) -> None:
        """Count a frame; one without ports counts as seen and no more."""
        self.frames += 1
        try:
            ends = five_tuple(frame.data, frame.tags)
        except WireError:
            self.unread += 1
            return
        if ends is None:
            return
        key = (frame.ifindex, ends)
        if key in self._counts or len(self._counts) < self._limit:
            self._counts[key] += 1
        else:
            self.forgotten += 1

    def conversations(self) -> tuple[Conversation, ...]:
        """The most frequent first."""
        return tuple(
            Conversation(
                protocol=ends.protocol,
                source=ends.source,
                source_port=ends.source_port,
                destination=ends.destination,
                destination_port=ends.destination_port,
                packets=count,
                interface=interface_text(ifindex),
                vid=ends.vid,
                begun=ends.opens,
            )
            for (ifindex, ends), count in self._counts.most_common()
        )


def watch(seconds: float, stop: Callable[[], bool] = lambda: False) -> Watched:
    """Count what arrives on every Ethernet interface of this namespace. What this host sends is not seen.

    Args:
        seconds: how long to look.
        stop: asked several times a second; True ends the look early.

    Raises:
        LinkError: no right to open the socket, or no memory.
    """
    device = PacketDevice(program=assemble(_PROGRAM))
    tally = Tally()
    began = clock.monotonic()
    try:
        while (left := began + seconds - clock.monotonic()) > 0 and not stop():
            _take(device, tally, min(left, _TURN))
        _take(device, tally, _LAST)
        dropped = device.statistics().dropped
    finally:
        device.close()
    return Watched(
        conversations=tally.conversations(),
        seconds=clock.monotonic() - began,
        frames=tally.frames,
        unread=tally.unread,
        dropped=dropped,
        forgotten=tally.forgotten,
    )


def _take(device: PacketDevice, tally: Tally, seconds: float) -> None:
    if select.select([device], [], [], seconds)[0]:
        for frame in device.receive(_BUDGET):
            tally.add(frame)
