"""An agent under a flood of forged beacons: its peers are heard, other interfaces are served, memory stays where it is.

At a third of the rate that `make bench ONLY=flood` measures with, so that a busy machine does not decide the outcome.
"""

import pytest

from bench._namespaces import pair
from bench.flood import FLOODED, GROWTH_MIB, QUIET, Agent, one

pytestmark = pytest.mark.lab


def test_no_beacon_of_a_peer_is_lost_and_memory_stays_bounded(tmp_path):
    with pair(2) as (near, far):
        agent = Agent(near, str(tmp_path))
        try:
            calm = agent.counted()["resident"]
            outcome = one(agent, far, 50_000, 3.0)
        finally:
            agent.stop()
    assert outcome.refused + outcome.dropped >= 50_000, "there was a flood"
    assert outcome.sent[FLOODED] > 100
    assert outcome.lost == {FLOODED: 0, QUIET: 0}
    assert outcome.resident - calm < GROWTH_MIB
