"""Networks that are cut between agents, regions and their database: nobody is told, nothing is lost, and all is right again by itself."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.faults.nets import net
from tests.faults.world import DATABASE, until, world

pytestmark = pytest.mark.lab

AGENTS = 8
RATE = 10.0
BLIP = 1.0
"""Seconds of a short cut."""
LONG = 17.0
"""Seconds of a long one: longer than whatever gives a connection up for lost (`agent.greeting.GONE`, `store.postgres.GONE`, `store.members.IN_TIME`), so
that nothing else happens in ten minutes, which `bench/soak.py` has."""
PORT = 5240


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    """Agents in one place, two processes of a region in two others, PostgreSQL in a fourth."""
    with net(4) as cables:
        agents, first, second, database = cables.places
        network = Path(f"/proc/{database.namespace.holder.pid}/ns/net")
        with world(tmp_path_factory.mktemp("w"), network=network, host=database.address, port=5432) as made:
            made.reached = f"postgresql://bellrock@{database.address}/{DATABASE}"
            for place in (first, second):
                made.region(inside=place.inside, listen=f"{place.address}:{PORT}")
            made.fleet(AGENTS, rate=RATE, inside=agents.inside)
            made.right_again(time.monotonic())
            made.cables, made.agents, made.database_place = cables, agents, database
            made.place_of = dict(zip(made.regions, (first, second), strict=True))
            yield made


@pytest.fixture(autouse=True)
def _mended(there):
    yield
    there.cables.mend()


@pytest.mark.parametrize("seconds", [BLIP, LONG])
def test_agents_from_the_region(there, judged, seconds):
    there.cables.cut(there.agents, *there.place_of.values())
    pause(seconds)
    assert there.fleets[0].ask("status")["waiting"] > 0
    there.cables.mend()
    judged(f"agents_cut_{seconds:g}_s", time.monotonic())


def test_agents_from_the_process_at_which_they_are(there, judged):
    leader = there.leader()
    there.cables.cut(there.agents, there.place_of[leader])
    began = time.monotonic()
    # They stream at the other before the network is mended.
    judged("agents_cut_from_one", began)


def test_a_follower_from_the_database(there, judged):
    leader, epoch = there.leader(), there.epoch()
    (other,) = (one for one in there.regions if one is not leader)
    there.cables.cut(there.place_of[other], there.database_place)
    pause(BLIP)
    there.cables.mend()
    judged("follower_cut_1_s", time.monotonic())
    assert there.epoch() == epoch


def test_the_leader_from_the_database_for_a_moment(there, judged):
    there.cables.cut(there.place_of[there.leader()], there.database_place)
    pause(BLIP)
    there.cables.mend()
    judged("leader_cut_1_s", time.monotonic())


def test_the_leader_from_the_database_for_long(there, judged, record_property):
    leader, epoch = there.leader(), there.epoch()
    began = time.monotonic()
    there.cables.cut(there.place_of[leader], there.database_place)
    until(lambda: there.epoch() > epoch, "another leader")
    took = time.monotonic() - began
    record_property("another_leads_seconds", round(took, 2))
    print(f"another leads {took:.2f} s after the leader was cut off")
    until(lambda: "leads-no-longer" in leader.log.read_text(), "the old leader to know that it is none")
    print(f"the old one knows {time.monotonic() - began:.2f} s after it was")
    there.cables.mend()
    judged("leader_cut", time.monotonic())


def test_everybody_from_the_database(there, judged):
    there.cables.cut(there.database_place, *there.place_of.values())
    pause(LONG)
    there.cables.mend()
    judged("database_cut", time.monotonic())


def pause(seconds):
    """The fault lasts: it is no wait for anything."""
    time.sleep(seconds)
