import pytest

from bellrock.diagnosis import stp_not_forwarding
from tests.diagnosis.looks import bpdu, cable, look, said

NOT_YET = [("error", "node-7/eth0: the spanning tree does not forward yet")]
SILENT = {"first_passed": None, "heard": ()}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, []),
        ({"carrier": False, "bpdu": bpdu(False)}, []),
        ({"bpdu": bpdu(True)}, []),
        ({"bpdu": bpdu(False), **SILENT}, NOT_YET),
        ({"bpdu": bpdu(None), **SILENT}, NOT_YET),
        ({"bpdu": bpdu(None, delay=1.0), **SILENT}, []),
        ({"bpdu": bpdu(True), **SILENT}, []),
        ({"bpdu": bpdu(True), "first_passed": 3.9}, []),
        ({"bpdu": bpdu(True), "first_passed": 31.5}, [("warning", "node-7/eth0 passed its first frame 31.5 s after carrier")]),
    ],
    ids=[
        "no BPDU", "no carrier", "forwards", "discards", "may still listen", "has had its time", "says it forwards", "in time", "late",
    ],
)  # fmt: skip
def test_stp_not_forwarding(told, expected):
    assert said(stp_not_forwarding, look(cable(**told))) == expected


def test_it_says_how_long_it_may_take_and_what_the_bridge_says():
    [one] = stp_not_forwarding.find(look(cable(bpdu=bpdu(None), **SILENT)))
    assert one.cause == "The switch port listens and learns after carrier; it may take 27 s more."
    assert one.proof[1] == (
        "Bridge 8000.00:1b:21:0a:0b:0c does not tell whether its port forwards; its forward delay is 15 s."
    )
