"""Whether a machine's clock is the database's."""

from __future__ import annotations

import logging

import pytest

from bellrock.region.cluster.clockwatch import ClockWatch
from bellrock.region.store.members import Roll


def roll(ahead: float, unsure: float = 0.001) -> Roll:
    return Roll((), None, ahead=ahead, unsure=unsure)


@pytest.mark.parametrize(
    ("ahead", "where"), [(1.5, "1.5 s ahead of"), (-40.0, "40.0 s behind")], ids=["ahead", "behind"]
)
def test_a_clock_that_is_off_is_told_once_and_when_it_is_right_again(ahead, where, caplog):
    caplog.set_level(logging.INFO)
    watch = ClockWatch()
    watch.take(roll(0.4))
    assert (watch.differs, watch.warnings(), watch.ahead) == (False, (), 0.4)
    for _ in range(3):
        watch.take(roll(ahead))
    assert (watch.differs, watch.ahead) == (True, ahead)
    assert watch.warnings() == (f"This process's clock is {where} the database's.",)
    watch.take(roll(0.1))
    watch.take(roll(0.1))
    assert (watch.differs, watch.warnings(), watch.ahead) == (False, (), 0.1)
    watch.take(roll(ahead))
    events = [record.getMessage().split()[0] for record in caplog.records]
    assert events == ["clock-differs", "clock-agrees", "clock-differs"]


def test_a_slow_answer_proves_nothing_within_the_time_that_it_took():
    watch = ClockWatch()
    watch.take(roll(3.0, unsure=4.0))
    watch.take(roll(0.9, unsure=0.2))
    assert (watch.differs, watch.ahead) == (False, 0.0)
    watch.take(roll(3.0, unsure=1.5))
    assert (watch.differs, watch.ahead) == (True, 3.0)
    watch.take(roll(0.0, unsure=-7.0))  # the clock was set while the database answered
    assert watch.differs
