"""One process after the other is given the next version, while agents go on: the older reads what the newer writes, and neither loses anything."""

from __future__ import annotations

import signal
import time
from importlib.metadata import version

import pytest

from bellrock.region.store.migrating import known_versions
from tests.faults.builds import NEXT, make_next
from tests.faults.world import until, world

pytestmark = pytest.mark.lab

AGENTS = 6
RATE = 10.0


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    """Two processes of this version, and a fleet."""
    with world(tmp_path_factory.mktemp("w")) as made:
        for _ in range(2):
            made.region()
        made.fleet(AGENTS, rate=RATE)
        yield made


def versions(there) -> list[str]:
    """Of the processes that are there."""
    return sorted(there.sql("SELECT version FROM members").split())


def upgrade(there, one, build) -> None:
    """End it in order and start it as another build."""
    one.end(signal.SIGTERM)
    one.wear(build)
    one.start()


def test_versions_beside_each_other(there, judged, tmp_path):
    this = version("bellrock")
    assert this != NEXT
    build = make_next(tmp_path)
    old = there.leader()
    (other,) = (one for one in there.regions if one is not old)
    upgrade(there, other, build)
    until(lambda: versions(there) == [this, NEXT], lambda: versions(there))
    # Half of these begin with the newer one, which leads nobody: the older one reads of them in the feed, and in letters.
    there.fleet(AGENTS, rate=RATE)
    until(lambda: old.said("letter-not-understood"), "it has heard words that it does not know")
    judged("newer_beside", time.monotonic())
    until(lambda: all(one["connected"] for one in there.leader().get("hosts")), "all agents' sessions")
    assert there.sql("SELECT count(DISTINCT member) FROM feed").strip() == "3", "the newer one has committed reports"
    assert there.leader() is old
    there.move()
    # The older one ends and the newer leads. Started once more, the older one sees that the database is not its any longer.
    epoch = there.epoch()
    old.end(signal.SIGTERM)
    until(lambda: there.epoch() > epoch, "the newer one leads")
    assert there.leader() is other
    there.right_again(time.monotonic())
    old.spawn()
    assert old.process.wait(60) == 3
    newest = known_versions()[0]
    assert f"schema {int(newest) + 1:04} is newer than this Bellrock, which knows up to {newest}" in old.log.read_text()
    upgrade(there, old, build)
    until(lambda: versions(there) == [NEXT, NEXT], lambda: versions(there))
    judged("upgraded", time.monotonic())
    assert not other.said("state-loaded-anew")
    assert not old.said("Traceback")
