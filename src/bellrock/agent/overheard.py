"""What comes out of each cable beside beacons: spanning tree, LACP, tags, and when the first frame came."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from bellrock.link.clock import Clocks
from bellrock.link.device import Frame
from bellrock.link.filter import assemble
from bellrock.link.packet import GROUPS, PacketDevice
from bellrock.model import Interface, Monotonic
from bellrock.wire import ethernet, lacp, stp
from bellrock.wire.errors import WireError
from bellrock.wire.lacp import Lacpdu
from bellrock.wire.stp import Bpdu

BLOCKS: Final = 16
"""Half a MiB: in a storm the rest is lost, and what is wanted comes again every second or two."""
BUDGET: Final = 256
_PROGRAM: Final = assemble("""
start:  ld   #hatype
        jeq  #1, ether, drop       ; ARPHRD_ETHER
ether:  ldb  [0]
        jset #1, pass, drop        ; IEEE 802.3 §3.2.3: the first bit on the wire says whether a group is meant
pass:   ret  #2048
drop:   ret  #0
""")
"""Every frame to a group: a commissioning machine has little other traffic, and each shows that something passes."""
_RESERVED: Final = bytes.fromhex("0180c20000")
"""IEEE 802.1Q §8.6.3: a bridge passes on nothing that is sent to 01-80-C2-00-00-00 to -0F."""
_CISCO: Final = bytes.fromhex("01000ccccc")
"""CDP, VTP, PVST+ and the like, which Cisco's switches keep to themselves just so."""


@dataclass(slots=True)
class Overheard:
    """One interface. Times on the monotonic clock."""

    first_frame: Monotonic | None = None
    first_passed: Monotonic | None = None
    """The first that another device than the switch may have sent."""
    lacp: Lacpdu | None = None
    bpdu: Bpdu | None = None
    """Of the untagged VLAN, the last."""
    held_back: bool = False
    """Before `first_passed`, a BPDU said that the port does not forward."""
    tags: set[int] = field(default_factory=set)
    malformed: int = 0


class SwitchEar:
    """Hears all frames to groups, on a socket of its own; the agent's stays as narrow as it is.

    Raises:
        LinkError: no right to open it.
    """

    def __init__(self) -> None:
        self._device = PacketDevice(
            BLOCKS, _PROGRAM, groups=(*GROUPS, lacp.SLOW_MAC, stp.PER_VLAN_MAC)
        )  # the bridges' group is among LLDP's
        self.cables: dict[int, Overheard] = {}

    def fileno(self) -> int:
        """Polls readable while there are frames."""
        return self._device.fileno()

    def follow(self, interfaces: Iterable[Interface]) -> None:
        """Have the hardware of these pass what is sent to the groups."""
        for interface in interfaces:
            self._device.join_groups(interface.index)
            self.cables.setdefault(interface.index, Overheard())

    def read(self, clocks: Clocks) -> None:
        """Take in what is waiting, of the interfaces that are followed."""
        for frame in self._device.receive(BUDGET):
            cable = self.cables.get(frame.ifindex)
            if cable is not None:
                take(cable, frame, clocks.when(frame.received_ns))

    def close(self) -> None:
        """Give back the socket."""
        self._device.close()


def take(cable: Overheard, frame: Frame, at: Monotonic) -> None:
    """One frame of a cable."""
    cable.first_frame = at if cable.first_frame is None else cable.first_frame
    try:
        opened = ethernet.parse(frame.data, frame.tags)
    except WireError:
        cable.malformed += 1
        return
    cable.tags.update(tag.vid for tag in opened.tags[:1] if 0 < tag.vid < 4095)
    if not frame.data.startswith((_RESERVED, _CISCO)):
        cable.first_passed = at if cable.first_passed is None else cable.first_passed
        return
    try:
        _read(cable, opened)
    except WireError:
        cable.malformed += 1


def _read(cable: Overheard, frame: ethernet.EthernetFrame) -> None:
    """Of what the switch made itself: LACP and spanning tree; LLDP and CDP are the agent's."""
    if frame.ethertype == lacp.ETHERTYPE_SLOW and bytes(frame.payload[:1]) == bytes((lacp.SUBTYPE_LACP,)):
        cable.lacp = lacp.parse(frame.payload)
    elif any(tag.vid for tag in frame.tags):
        return  # per-VLAN spanning tree of a VLAN that is not this cable's own
    elif frame.ethertype <= ethernet.MAX_LENGTH_FIELD and bytes(frame.payload).startswith(
        (stp.LLC, stp.LLC_SNAP_PER_VLAN)
    ):
        said = stp.parse(frame.payload)
        if said is not None:
            cable.bpdu = said
            cable.held_back |= said.forwarding is False and cable.first_passed is None
