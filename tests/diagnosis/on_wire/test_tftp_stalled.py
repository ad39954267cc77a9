import pytest

from bellrock.diagnosis.on_wire import tftp_stalled as rule
from bellrock.model import Confidence
from tests.diagnosis.healthy_boots import silent
from tests.diagnosis.wires import NODE, NODE_IP, RACK_IP, case, complaint, leased, transfer

STUCK = {"ended": "open", "octets": 400_000, "repeated": 5, "until": 3.0}


def only(*things):
    (found,) = rule.find(case(*things))
    return found


def test_it_stops_midway():
    found = only(leased(), transfer(**STUCK), complaint("host unreachable", (RACK_IP, 40069, NODE_IP, 2070), 5))
    assert found.what == f"The transfer of 'bootx64.efi' from {RACK_IP} to {NODE} stops after 400000 of 900000 octets"
    assert (found.confidence, found.cause.startswith("5 packets were sent again")) == (Confidence.LIKELY, True)
    assert "the capture goes on for 57.0 s" in found.proof[1]


def test_one_falls_silent():
    found = only(transfer(**STUCK | {"repeated": 0, "tsize": None}))
    assert (found.confidence, "after 400000 octets" in found.what) == (Confidence.POSSIBLE, True)
    assert found.cause.startswith("One of the two fell silent")


@pytest.mark.parametrize(
    ("things", "until"),
    [
        ((transfer(**STUCK | {"repeated": 1}),), 4), ((transfer(**STUCK), transfer(at=9)), 60),
        ((transfer(**STUCK | {"ended": "aborted", "repeated": 0}),), 60),
    ],
    ids=["the capture ends", "came in the end", "given up by the client"],
)  # fmt: skip
def test_what_is_none(things, until):
    assert not list(rule.find(case(*things, until=until)))


def test_healthy_wires():
    assert silent(rule) == {}
