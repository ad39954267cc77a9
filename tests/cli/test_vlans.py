"""`--vlan IF:VID[,VID]`."""

import pytest

from bellrock.cli.output import Failure
from bellrock.cli.vlans import parse_vlans


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ((), ()),
        (("eth1:10",), (("eth1", (10,)),)),
        (("eth1:10,20", "eth2:1"), (("eth1", (10, 20)), ("eth2", (1,)))),
        (("eth1:20", "eth1:10,20"), (("eth1", (20, 10)),)),
        (("eth1: 10 , 4094 ",), (("eth1", (10, 4094)),)),
        (("eth0:1:7",), (("eth0:1", (7,)),)),
    ],
)
def test_options_add_up(texts, found):
    assert parse_vlans(texts) == found


@pytest.mark.parametrize("text", ["", "eth1", ":10", "10"])
def test_an_interface_and_a_colon_are_needed(text):
    with pytest.raises(Failure, match=r"expected IF:VID\[,VID\], such as eth1:10,20"):
        parse_vlans((text,))


@pytest.mark.parametrize("vid", ["", "0", "4095", "-1", "x", "1.5", "٣", "10,", "1e3", "9" * 5000, "0x10"])
def test_a_vid_is_1_to_4094(vid):
    with pytest.raises(Failure, match="is not a VID; expected 1 to 4094") as caught:
        parse_vlans((f"eth1:{vid}",))
    assert caught.value.exit_code == 2
