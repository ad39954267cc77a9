"""What every test of a fault ends with."""

import time

import pytest

from tests.faults.judge import judge


@pytest.fixture
def judged(there, record_property):
    """All is right before. `say` waits until it is again, records how long that took, and judges what became of every report.

    `there`: the module's world.
    """
    there.right_again(time.monotonic())

    def say(what, began):
        took = there.right_again(began)
        record_property(f"{what}_seconds", round(took, 2))
        print(f"{what}: right again {took:.2f} s after the fault's end")
        there.still()
        verdict = judge(there)
        assert verdict.wrong == []
        assert verdict.reports > 2 * sum(fleet.agents for fleet in there.fleets)

    yield say
    there.move()
