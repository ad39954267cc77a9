import pytest

from bellrock.wire import cdp, ethernet, lldp
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.ethernet import EthernetFrame, Tag
from bellrock.wire.frame import CDP_MAC, LLDP_MAC
from bellrock.wire.neighbour import open_neighbour_frame
from tests.wire import test_cdp, test_lldp
from tests.wire.vectors import MAC, refuses

LLDP = ethernet.build(EthernetFrame(LLDP_MAC, MAC, (), 0x88CC, test_lldp.MANDATORY))
CDP_PAYLOAD = cdp.LLC_SNAP + test_cdp.packet(test_cdp.DEVICE, test_cdp.PORT)
CDP = ethernet.build(EthernetFrame(CDP_MAC, MAC, (), len(CDP_PAYLOAD), CDP_PAYLOAD))
STP = ethernet.build(EthernetFrame("01:80:c2:00:00:00", MAC, (), 4, b"\x42\x42\x03\x00"))


@pytest.mark.parametrize("padding", [b"", bytes(20)])
@pytest.mark.parametrize("tags", [(), (Tag(0x8100, 1),)])
def test_both_protocols(padding, tags):
    assert open_neighbour_frame(LLDP + padding, tags) == lldp.parse(test_lldp.MANDATORY)
    assert open_neighbour_frame(CDP + b"\xff" * len(padding), tags) == cdp.parse(CDP_PAYLOAD)


@pytest.mark.parametrize("data", [STP, LLDP[:12] + b"\x08\x00" + LLDP[14:]])
def test_other_protocols(data):
    with refuses(Reason.UNSUPPORTED):
        open_neighbour_frame(data)


@pytest.mark.parametrize("data", [LLDP, CDP])
def test_every_prefix_is_truncated(data):
    for size in range(len(data)):
        with refuses(Reason.TRUNCATED):
            open_neighbour_frame(data[:size])


def test_errors_of_the_protocols_come_through():
    with pytest.raises(WireError, match="LLDP"):
        open_neighbour_frame(ethernet.build(EthernetFrame(LLDP_MAC, MAC, (), 0x88CC, test_lldp.PORT)))
