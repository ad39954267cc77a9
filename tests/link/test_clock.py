import time

import pytest

from bellrock.link import clock
from bellrock.link.clock import Clocks
from bellrock.model import Monotonic, Wall

AT = Clocks(Monotonic(50.0), Wall(1000.0), 1_000_000_000_000)


def test_the_clocks_are_the_systems():
    before = time.monotonic(), time.time()
    mono, wall, both = clock.monotonic(), clock.wall(), clock.read()
    after = time.monotonic(), time.time()
    assert before[0] <= mono <= both.mono <= after[0]
    assert before[1] - 1 <= wall <= after[1] + 1
    assert both.wall == pytest.approx(both.wall_ns / 1e9)


@pytest.mark.parametrize(
    ("stamp", "mono"),
    [
        (1_000_000_000_000, 50.0),
        (999_750_000_000, 49.75),
        (990_000_000_000, 40.0),
        (989_999_999_999, 50.0),  # the clock was set forward since: taken for now
        (1_000_000_000_001, 50.0),  # from the future: the clock was set back since
        (0, 50.0),
    ],
)
def test_a_stamp_on_the_monotonic_clock(stamp, mono):
    assert AT.when(stamp) == pytest.approx(mono)
