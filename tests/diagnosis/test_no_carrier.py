import pytest

from bellrock.diagnosis import no_carrier
from tests.diagnosis.looks import cable, look, said

DARK, LIT, MUTE = cable("eth1", carrier=False), cable("eth0"), cable("eth2", carrier=None)


@pytest.mark.parametrize(
    ("it", "expected"),
    [
        (look(LIT), []),
        (look(LIT, DARK), [("notice", "node-7/eth1 is not connected")]),
        (look(LIT, DARK, expected=(("eth1", "10"),)), [("error", "node-7/eth1 is not connected")]),
        (look(DARK), [("error", "node-7/eth1 is not connected")]),
        (look(DARK, MUTE), [("notice", "node-7/eth1 is not connected")]),
        (look(), []),
    ],
    ids=[
        "connected",
        "a spare port",
        "one that was expected",
        "all dark",
        "a driver that does not tell",
        "no interface",
    ],
)
def test_no_carrier(it, expected):
    assert said(no_carrier, it) == expected


def test_the_proof_says_for_how_long_it_was_up():
    [one] = no_carrier.find(look(DARK))
    assert one.proof == ("eth1 was up for 4.0 s and its driver reported no carrier.",)
