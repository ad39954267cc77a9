"""Slow databases, clocks that are set, tables that are spoilt: agents wait, nothing is lost, and what was given up is told."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
import time

import pytest

from bellrock.region.store.dialect import WRITE_LOCK
from bellrock.region.store.postgres import connect, parse_url
from tests.faults.world import until, world

pytestmark = pytest.mark.lab

AGENTS = 8
RATE = 10.0
MAX_REPORTS, MAX_PENDING = 20, 40
"""Bounds of these agents' spools, and of what they hold in memory: small, so that a slow database soon reaches them."""
HOUR = 3600.0


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    """Two processes and a fleet whose spools are small."""
    with world(tmp_path_factory.mktemp("w")) as made:
        for _ in range(2):
            made.region()
        made.fleet(AGENTS, rate=RATE, max_reports=MAX_REPORTS, max_pending=MAX_PENDING)
        made.right_again(time.monotonic())
        yield made


@contextlib.contextmanager
def nobody_writes(url):
    """Hold the lock that all commits of reports need, from another connection."""
    taken, give = threading.Event(), threading.Event()

    async def hold() -> None:
        connection = await connect(parse_url(url))
        try:
            await connection.execute(f"SELECT pg_advisory_lock({WRITE_LOCK})")
            taken.set()
            await asyncio.to_thread(give.wait)
        finally:
            await connection.close()

    thread = threading.Thread(target=lambda: asyncio.run(hold()))
    thread.start()
    try:
        assert taken.wait(60)
        yield
    finally:
        give.set()
        thread.join()


def test_a_database_that_takes_nothing_fills_spools_within_their_bounds(there, judged):
    (fleet,) = there.fleets
    with nobody_writes(there.database):
        fleet.rate(50 * RATE)
        # The spools fill, then what the agents hold in memory; then the sum of the changes takes the place of the changes.
        until(lambda: fleet.ask("status")["collapsed"] >= AGENTS, lambda: fleet.ask("status"))
        found = fleet.ask("status")
        assert found["most"] <= MAX_REPORTS
        assert found["pending"] <= AGENTS * MAX_PENDING
        assert found["connected"] == AGENTS, "a database that is slow is no reason to hang up"
        fleet.rate(RATE)
        began = time.monotonic()
    judged("slow_database", began)
    # Nothing was given up silently: each time is counted, and told in the log.
    assert fleet.log.read_text().count("their history is given up") == fleet.ask("status")["collapsed"]


WRITES = f"SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = {WRITE_LOCK & 0xFFFFFFFF} AND granted"


def test_a_process_that_hangs_in_the_middle_of_writing_holds_up_nobody_for_long(there, judged, record_property):
    (fleet,) = there.fleets
    leader = there.leader()
    (other,) = (one for one in there.regions if one is not leader)
    fleet.rate(50 * RATE)
    until(lambda: _stopped_while_it_writes(there, other), "a moment at which it writes")
    held, began = there.sql(WRITES), time.monotonic()
    try:
        assert {one["name"] for one in leader.get("hosts")} == set(there.names()), "questions are answered meanwhile"
        until(lambda: there.sql(WRITES) != held, "that others may write", within=30)
        record_property("write_lock_held_seconds", round(time.monotonic() - began, 2))
    finally:
        other.process.send_signal(signal.SIGCONT)
    fleet.rate(RATE)
    judged("hung_while_it_wrote", time.monotonic())
    assert there.leader() is leader


def _stopped_while_it_writes(there, one) -> bool:
    one.process.send_signal(signal.SIGSTOP)
    # Who runs holds it for moments only; who stands still, all the time.
    seen = {there.sql("SELECT pg_sleep(0.05)", WRITES) for _ in range(3)}
    if len(seen) == 1 and "" not in seen:
        return True
    one.process.send_signal(signal.SIGCONT)
    return False


@pytest.mark.parametrize("seconds", [HOUR, -HOUR])
def test_the_clock_of_a_region_is_set(there, judged, seconds):
    leader, epoch = there.leader(), there.epoch()
    began, told = time.monotonic(), leader.said("clock-differs")
    leader.clock.step(seconds)
    judged(f"region_clock_{seconds:+g}", began)
    until(lambda: leader.said("clock-differs") > told, "a word of it")
    until(lambda: _all_connected(there), lambda: f"{leader.get('hosts')}")
    assert there.epoch() == epoch
    began = time.monotonic()
    leader.clock.step(0.0)
    there.right_again(began)
    until(lambda: leader.said("clock-agrees") == leader.said("clock-differs"), "that it is right again")


@pytest.mark.parametrize("seconds", [HOUR, -HOUR])
def test_the_clock_of_agents_is_set(there, judged, seconds):
    (fleet,) = there.fleets
    began = time.monotonic()
    fleet.clock.step(seconds)
    judged(f"agent_clock_{seconds:+g}", began)
    until(lambda: _all_connected(there), lambda: f"{there.leader().get('hosts')}")
    fleet.clock.step(0.0)
    there.right_again(time.monotonic())


def _all_connected(there) -> bool:
    return all(one["connected"] for region in there.regions for one in region.get("hosts"))


def test_a_table_that_is_gone_is_said_and_nothing_is_acknowledged_meanwhile(there, judged):
    (fleet,) = there.fleets
    there.sql("ALTER TABLE interfaces RENAME TO mislaid")
    before = there.sql("SELECT count(*), max(id) FROM journal")
    try:
        until(lambda: any("report-refused" in one.log.read_text() for one in there.regions), "a word of it")
        until(lambda: fleet.ask("status")["waiting"] >= AGENTS, lambda: fleet.ask("status"))
        assert there.sql("SELECT count(*), max(id) FROM journal") == before, "what is half there is not written to"
    finally:
        there.sql("ALTER TABLE mislaid RENAME TO interfaces")
    judged("spoilt_table", time.monotonic())


def test_a_schema_of_another_version_is_said_and_left_as_it_is(there, judged):
    one = there.regions[1]
    one.end(signal.SIGKILL)
    version = there.sql("SELECT version_num FROM alembic_version")
    there.sql("UPDATE alembic_version SET version_num = '9999'")
    try:
        one.spawn()
        assert one.process.wait(60) == 3
        assert "schema 9999 is newer than this Bellrock" in one.log.read_text()
        one.end(signal.SIGKILL)
    finally:
        there.sql(f"UPDATE alembic_version SET version_num = '{version}'")
    one.start()
    judged("newer_schema", time.monotonic())
