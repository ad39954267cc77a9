"""What an agent tells of its tries: taken as it is, or refused with the reason."""

from __future__ import annotations

import pytest

from bellrock.model import Probed, Traced, Verdict, Wall
from bellrock.region.service.told import MAX_DETAIL, MAX_RESULT, MAX_STEPS, MAX_VARIANTS, flaw

STEP = Traced(at=Wall(1.0), direction="sent", what="x")


def probed(**facts) -> Probed:
    return Probed(**({"flow": "dns", "target": "t", "verdict": Verdict.WORKS, "detail": "d"} | facts))


def test_what_is_in_order_is_taken():
    assert flaw((probed(rtt_ms=0.5, evidence=(STEP,) * MAX_STEPS), probed(variant="tcp")), "dns") == ""


@pytest.mark.parametrize(
    ("results", "why"),
    [
        ((), "0 results"),
        ((probed(),) * (MAX_VARIANTS + 1), "25 results"),
        ((probed(), probed(flow="ntp")), "a result of 'ntp'"),
        ((probed(detail="x" * (MAX_DETAIL + 1)),), "more than 1000"),
        ((probed(target="x" * (MAX_DETAIL + 1)),), "more than 1000"),
        ((probed(variant="x" * 65),), "64 characters"),
        ((probed(detail="a\x1b[2J"),), "cannot be printed"),
        ((probed(target="a\nb"),), "cannot be printed"),
        ((probed(variant="\x00"),), "cannot be printed"),
        ((probed(evidence=(Traced(at=Wall(0.0), direction="sent", what="\x1b]0;x\x07"),)),), "step of evidence"),
        ((probed(facts={"banner": ["\x1b[2J"]}),), "facts"),
        ((probed(facts={"\x07": 1}),), "facts"),
        ((probed(source="a\nb"),), "source"),
        ((probed(obstacle="x" * 65),), "an obstacle"),
        ((probed(by="10.0.0.1\x1b[2J"),), "who told of it"),
        ((probed(rtt_ms=-1.0),), "round trip"),
        ((probed(rtt_ms=float("inf")),), "round trip"),
        ((probed(rtt_ms=float("nan")),), "round trip"),
        ((probed(evidence=(STEP,) * (MAX_STEPS + 1)),), "65 steps"),
        ((probed(facts={"body": "x" * MAX_RESULT}),), "octets"),
    ],
    ids=lambda one: one if isinstance(one, str) else "case",
)
def test_what_is_not_in_order_is_refused(results, why):
    assert why in flaw(results, "dns")
