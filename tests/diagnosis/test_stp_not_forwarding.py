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
        (
            {"bpdu": bpdu(True), "first_passed": 31.5, "held_back": True},
            [("warning", "node-7/eth0 passed its first frame 31.5 s after carrier")],
        ),
        ({"bpdu": bpdu(True), "first_passed": 31.5}, []),
        ({"bpdu": bpdu(None), "lit_before": True, **SILENT}, []),
        ({"bpdu": bpdu(False), "lit_before": True, **SILENT}, NOT_YET),
    ],
    ids=[
        "no BPDU", "no carrier", "forwards", "discards", "may still listen", "has had its time", "says it forwards", "in time", "late",
        "late, and nothing shows that the tree is why", "quiet, and lit for nobody knows how long", "says it discards",
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


def test_of_carrier_that_was_there_before_only_the_least_is_told():
    [one] = stp_not_forwarding.find(look(cable(bpdu=bpdu(False), lit_before=True, **SILENT)))
    assert one.proof[0] == "eth0 has had carrier for at least 3.0 s, and no frame was passed on to it."
    assert one.cause == "The switch port listens and learns after carrier, unless something else holds it back."
