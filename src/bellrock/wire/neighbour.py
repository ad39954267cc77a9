"""From a whole Ethernet frame to the neighbour that sent it, whichever of the two protocols it speaks."""

from collections.abc import Sequence

from bellrock.model import Neighbour
from bellrock.wire import cdp, ethernet, lldp
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.ethernet import Tag


def open_neighbour_frame(data: bytes | memoryview, tags: Sequence[Tag] = ()) -> Neighbour:
    """An LLDP or CDP frame; `tags`: those that the kernel stripped, outermost first.

    Raises:
        WireError: whatever `ethernet`, `lldp` and `cdp` raise; UNSUPPORTED for a frame of another protocol.
    """
    frame = ethernet.parse(data, tags)
    if frame.ethertype == ethernet.ETHERTYPE_LLDP:
        return lldp.parse(frame.payload)
    if frame.ethertype <= ethernet.MAX_LENGTH_FIELD and bytes(frame.payload[:8]) == cdp.LLC_SNAP:
        return cdp.parse(frame.payload)
    raise WireError(Reason.UNSUPPORTED, ("EtherType or length 0x%04x is neither LLDP nor CDP", frame.ethertype))
