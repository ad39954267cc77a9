"""The evidence of a walk: in the order in which it happened, however far apart the two ends' clocks are."""

import pytest
from msgspec import structs

from bellrock.contract.walk import Ruled
from bellrock.diagnosis.walktrace import MAX_EVIDENCE, evidence, skew
from tests.diagnosis.walkcases import ARRIVED, DROP, LEFT, REPLIED, RETURNED, at, case

HOUR = 3600.0
ORDER = [
    "near/eth0: request 10.1.0.2:50000 to 10.2.0.2:53", "far/eth0: request 10.1.0.2:50000 to 10.2.0.2:53",
    "far/eth0: reply 10.2.0.2:53 to 10.1.0.2:50000", "near/eth0: reply 10.2.0.2:53 to 10.1.0.2:50000",
]  # fmt: skip


def walked(ahead, answered=True):
    far = [at(ARRIVED, HOUR + 1.1 + ahead), at(REPLIED, HOUR + 1.2 + ahead)]
    near = [at(LEFT, HOUR + 1.0), at(RETURNED, HOUR + 1.3)]
    return case(near, far) if answered else case(near[:1], far[:1])


@pytest.mark.parametrize("ahead", [0.0, 5.0, -5.0, 2 * HOUR, -0.5 * HOUR])
def test_order_whatever_the_clocks_say(ahead):
    found = evidence(walked(ahead), None)
    told = [step.what for step in found if step.direction == "noticed"]
    assert [step.what for step in found if step.direction != "noticed"] == ORDER
    assert [step.at for step in found] == sorted(step.at for step in found)
    assert bool(told) is bool(ahead)
    if ahead:
        assert f"far's clock is {abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} near's" in told[0]


@pytest.mark.parametrize(("ahead", "found"), [(0.0, 0), (20.0, 0), (-3.0, -2.9), (HOUR, HOUR + 0.1)])
def test_without_an_answer_only_what_cannot_be_is_mended(ahead, found):
    """A request may be under way for some seconds, but neither arrive before it left nor an hour later."""
    assert skew(walked(ahead, answered=False)) == pytest.approx(found)


def test_what_was_seen_at_one_end_alone_tells_no_skew():
    assert skew(case([LEFT])) == skew(case([], [ARRIVED])) == 0


@pytest.mark.parametrize(("near", "far"), [(200, 50), (50, 200), (200, 200), (0, 200), (200, 0)])
def test_of_much_each_end_keeps_its_part(near, far):
    late = structs.replace(ARRIVED, at=HOUR)
    found = evidence(case([LEFT] * near, [late] * far), DROP)
    assert len(found) == MAX_EVIDENCE
    for name, number in (("near/", near), ("far/", far)):
        assert sum(step.what.startswith(name) for step in found) >= min(number, 31)


def test_rules_come_last_and_stand_alone_for_nothing():
    found = evidence(case([LEFT]), Ruled(order="1", verdict="unknown", why="no nft"))
    assert found[-1].what == "the firewall's rules: unknown, no nft"
    assert evidence(case(), DROP) == ()
