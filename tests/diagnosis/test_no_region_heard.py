import pytest

from bellrock.diagnosis import no_region_heard
from tests.diagnosis.looks import cable, look, said

DEAF = {"heard": ()}
ALL = [("error", "node-7 hears no region and no rack on any interface")]


@pytest.mark.parametrize(
    ("it", "expected"),
    [
        (look(cable()), []),
        (look(cable("eth0"), cable("eth1", **DEAF)), [("warning", "node-7/eth1 hears no region and no rack")]),
        (look(cable("eth0", **DEAF), cable("eth1", carrier=False), told=""), ALL),
        (look(cable("eth0", **DEAF)), [("warning", "node-7/eth0 hears no region and no rack")]),
        (look(cable("eth0", carrier=False), told=""), []),
        (look(cable("eth0", heard_above=True, **DEAF), told=""), []),
    ],
    ids=[
        "heard",
        "one silent cable",
        "nobody anywhere",
        "nobody, but a region took the report",
        "nothing connected",
        "heard by its bridge",
    ],
)
def test_no_region_heard(it, expected):
    assert said(no_region_heard, it) == expected


@pytest.mark.parametrize(
    ("told", "cause", "proof"),
    [
        ({"strangers": 3}, "another secret", "eth0: 3 beacons of another secret in 3.0 s of carrier."),
        (
            {"first_passed": None, "first_frame": None},
            "passed no frame",
            "eth0: no frame at all came in in 3.0 s of carrier.",
        ),
        ({}, "wrong VLAN", "eth0: frames came in, and no beacon of ours in 3.0 s of carrier."),
    ],
)
def test_the_likeliest_cause_is_told(told, cause, proof):
    [one] = no_region_heard.find(look(cable(**DEAF, **told), told=""))
    assert cause in one.cause
    assert one.proof == (proof,)
