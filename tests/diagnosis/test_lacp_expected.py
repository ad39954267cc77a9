import msgspec
import pytest

from bellrock.diagnosis import lacp_expected
from tests.diagnosis.looks import NOBODY, cable, lacp, look, said

WHAT = "node-7/eth0: the switch expects LACP, and the port is single"
ASKS, BUNDLED, ALONE = 0x45, 0x3D, 0x41


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, []),
        ({"lacp": lacp(ALONE)}, []),
        ({"lacp": lacp(ASKS), "heard": ()}, [("error", WHAT)]),
        ({"lacp": lacp(ASKS)}, [("warning", WHAT)]),
        ({"lacp": lacp(BUNDLED), "heard": ()}, [("warning", WHAT)]),
        ({"lacp": lacp(ASKS), "link": {"master": "bond0"}}, []),
    ],
    ids=["no LACPDU", "not for aggregation", "blocked", "falls back", "passes", "a member of a bond"],
)
def test_lacp_expected(told, expected):
    assert said(lacp_expected, look(cable(**told))) == expected


def test_the_proof_says_what_the_switch_says():
    partner = msgspec.structs.replace(NOBODY, system="52:54:00:12:34:56")
    alone, paired = (
        next(iter(lacp_expected.find(look(cable(lacp=it))))) for it in (lacp(ASKS), lacp(BUNDLED, partner))
    )
    assert alone.proof == (
        "LACPDUs of system 00:1b:21:0a:0b:0c (key 15, port 3) came in on eth0.",
        "The switch aggregates, does not collect and distribute, and heard nobody.",
    )
    assert (
        paired.proof[1]
        == "The switch aggregates, collects and distributes, and takes 52:54:00:12:34:56 for its partner."
    )
