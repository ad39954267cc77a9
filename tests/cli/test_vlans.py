"""`--vlan IF:VID[,VID]` and `--vids`."""

import pytest

from bellrock.cli.output import Failure
from bellrock.cli.vlans import parse_vids, parse_vlans


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


@pytest.mark.parametrize(
    ("text", "vids"),
    [
        ("5", (5,)),
        ("1-3", (1, 2, 3)),
        ("7, 3-4 ,4-5", (3, 4, 5, 7)),
        ("4094-4094", (4094,)),
        ("1-4094", tuple(range(1, 4095))),
    ],
)
def test_vids_and_runs_of_them(text, vids):
    assert parse_vids(text) == vids


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("0", "--vids: '0' is not a VID; expected 1 to 4094"),
        ("1-4095", "--vids: '4095' is not a VID; expected 1 to 4094"),
        ("5000", "--vids: '5000' is not a VID; expected 1 to 4094"),
        ("9-5", "--vids: 9-5 goes backwards; expected 5-9"),
        ("", "--vids: '' is not a VID; expected 1 to 4094"),
        ("5-", "--vids: '' is not a VID; expected 1 to 4094"),
        ("-5", "--vids: '' is not a VID; expected 1 to 4094"),
        ("1-2-3", "--vids: '2-3' is not a VID; expected 1 to 4094"),
        ("1," * 20_000, "--vids: 40000 characters; expected VIDs such as 1-100,200"),
    ],
)
def test_what_is_no_list_of_vids_is_one_line(text, line):
    with pytest.raises(Failure) as caught:
        parse_vids(text)
    assert (caught.value.message, caught.value.exit_code) == (line, 2)
