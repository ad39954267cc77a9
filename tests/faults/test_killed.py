"""`kill -9` of whatever there is: nothing acknowledged is lost, nothing is taken twice, and all is right again by itself."""

from __future__ import annotations

import random
import signal
import time

import pytest

from tests.faults.world import until, world

pytestmark = pytest.mark.lab

AGENTS = 10
RATE = 20.0
"""Changes a second of each fleet."""


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    """Two processes, and twice ten agents among which things change all the time."""
    with world(tmp_path_factory.mktemp("w")) as made:
        for _ in range(2):
            made.region()
        for _ in range(2):
            made.fleet(AGENTS, rate=RATE)
        made.right_again(time.monotonic())
        yield made


def test_an_agent(there, judged):
    fleet = there.fleets[0]
    began = time.monotonic()
    for _ in range(3):
        fleet.end(signal.SIGKILL)
        fleet.start()
        until(lambda: fleet.ask("status")["connected"] == AGENTS, "agents that stream again")
    judged("agents", began)


def test_a_region_that_does_not_lead(there, judged):
    leader, epoch = there.leader(), there.epoch()
    (other,) = (one for one in there.regions if one is not leader)
    began = time.monotonic()
    other.end(signal.SIGKILL)
    there.right_again(began)
    other.start()
    judged("follower", began)
    assert there.epoch() == epoch


def test_the_leader(there, judged, record_property):
    leader, epoch = there.leader(), there.epoch()
    began = time.monotonic()
    leader.end(signal.SIGKILL)
    until(lambda: there.epoch() > epoch, "another leader")
    there.leader()
    took = time.monotonic() - began
    record_property("another_leads_seconds", round(took, 2))
    print(f"another leads after {took:.2f} s")
    there.right_again(began)
    leader.start()
    judged("leader", began)


def test_postgresql(there, judged):
    began = time.monotonic()
    there.postgres.stop(signal.SIGKILL)
    there.postgres.start()
    judged("postgresql", began)


def test_all_regions_at_once(there, judged):
    began = time.monotonic()
    for one in there.regions:
        one.end(signal.SIGKILL)
    for one in there.regions:
        one.start()
    judged("all_regions", began)


def test_one_after_the_other_in_any_order(there, judged):
    chance = random.Random(5240)
    began = time.monotonic()
    for _ in range(4):
        victim = chance.choice([*there.regions, *there.fleets])
        victim.end(signal.SIGKILL)
        victim.start()
    judged("whoever", began)
