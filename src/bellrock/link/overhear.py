"""Counts the VLAN tags of all frames that come by on an interface, and says nothing itself."""

import struct
from typing import Final

from msgspec import Struct

from bellrock.link.device import Frame
from bellrock.link.filter import tag_filter
from bellrock.link.packet import PacketDevice
from bellrock.wire.ethernet import TPIDS

MAX_TAGS: Final = 4096
"""Stacks of tags counted one by one; more go under `OTHERS`. Without QinQ there are no more."""
MAX_MACS: Final = 64
"""Source addresses kept for each."""
OTHERS: Final = ()
"""Where the rest is counted."""
BLOCKS: Final = 64
_field: Final = struct.Struct("!H").unpack_from

Stack = tuple[int, ...]
"""VIDs, the outermost first."""


class Overheard(Struct):
    """What came by with one stack of tags."""

    frames: int = 0
    macs: dict[str, int] = {}
    """Source → frames, the first MAX_MACS of them."""
    more: bool = False
    """There were more sources than are kept."""


class TagEar:
    """One interface, all frames with tags, whomever they are for.

    Raises:
        LinkError: as `PacketDevice`.
    """

    def __init__(self, ifindex: int) -> None:
        self._device = PacketDevice(BLOCKS, tag_filter(), ifindex=ifindex, promiscuous=True)
        self.heard: dict[Stack, Overheard] = {}

    def fileno(self) -> int:
        """A descriptor that polls readable while there is something to count."""
        return self._device.fileno()

    def count(self, budget: int) -> None:
        """Count what has come, at most so many frames."""
        for frame in self._device.receive(budget):
            self._count(frame)

    @property
    def lost(self) -> int:
        """Frames that came faster than they were counted."""
        return self._device.statistics().dropped

    def close(self) -> None:
        """Give back the socket; may be called twice."""
        self._device.close()

    def _count(self, frame: Frame) -> None:
        stack = stack_of(frame)
        if stack not in self.heard and len(self.heard) >= MAX_TAGS:
            stack = OTHERS
        heard = self.heard.setdefault(stack, Overheard())
        heard.frames += 1
        mac = frame.data[6:12].hex(":")
        if mac in heard.macs or len(heard.macs) < MAX_MACS:
            heard.macs[mac] = heard.macs.get(mac, 0) + 1
        else:
            heard.more = True


def stack_of(frame: Frame) -> Stack:
    """The VIDs of a frame's tags, outermost first; tags that are cut off are not there."""
    vids = [tag.vid for tag in frame.tags]
    at = 12
    while len(frame.data) >= at + 4 and _field(frame.data, at)[0] in TPIDS:
        vids.append(_field(frame.data, at + 2)[0] & 0xFFF)
        at += 4
    return tuple(vids)
