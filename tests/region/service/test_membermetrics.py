"""What a process of a region tells, whether it leads or not."""

from __future__ import annotations

from types import SimpleNamespace

from prometheus_client.parser import text_string_to_metric_families

from bellrock.model.here import Here, Load
from bellrock.region.service.backlog import Backlog
from bellrock.region.service.ingest import QUEUE
from bellrock.region.service.membermetrics import member_text
from bellrock.region.size import Size
from bellrock.region.store import BUDGET, Retention


def session(waiting):
    load = None if waiting is None else Load(waiting=waiting)
    return SimpleNamespace(here=Here(host="x", load=load), far=False)


def test_a_process_that_stands_by_tells_of_its_agents():
    kept, backlog = Retention(None, None), Backlog(1000)
    backlog.came(70)
    kept.octets, kept.dropped, kept.unwritten, kept.rolled_up, kept.writing = 4096, 2, 5, 9, False
    outpost = SimpleNamespace(
        cut_off=lambda: False,
        size=Size(40_000),
        ingest=SimpleNamespace(waiting=3, committed=7, dropped=1, stalled=True, retention=kept, backlog=backlog),
        agents=SimpleNamespace(
            turned_away=2,
            rate=17.5,
            sessions={
                "a": session(5),
                "b": session(9),
                "c": session(None),
                "d": SimpleNamespace(here=None, far=False),
                "far": SimpleNamespace(here=None, far=True),
            },
        ),
    )
    found = {}
    for family in text_string_to_metric_families(member_text(outpost).decode()):
        for sample in family.samples:
            key = (sample.name, *sorted(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    assert found["bellrock_leader",] == 0
    assert found["bellrock_agents_connected",] == 4
    assert found["bellrock_agents_turned_away_total",] == 2
    assert found["bellrock_agents_limit",] == 40_000
    assert (found["bellrock_agents_spooled_reports",], found["bellrock_agents_spooled_reports_max",]) == (14, 9)
    assert (found["bellrock_reports_total",], found["bellrock_observations_dropped_total",]) == (7, 1)
    assert found["bellrock_store_stalled",] == 1
    assert (found["bellrock_history_bytes",], found["bellrock_history_budget_bytes",]) == (4096, BUDGET)
    assert (found["bellrock_history_days_dropped_total",], found["bellrock_history_rows_unwritten_total",]) == (2, 5)
    assert found["bellrock_history_rolled_up_total",] == 9
    assert found["bellrock_history_rolled_up_total",] == 9
    assert found["bellrock_history_written",] == 0
    assert found["bellrock_queue_length", ("queue", "reports")] == 3
    assert found["bellrock_queue_limit", ("queue", "reports")] == QUEUE
    assert found["bellrock_queue_length", ("queue", "changes")] == 70
    assert found["bellrock_queue_limit", ("queue", "changes")] == backlog.full
    assert found["bellrock_admission_rate",] == 17.5
    assert found["bellrock_process_resident_memory_bytes",] > 0


def test_without_agents_nothing_waits():
    outpost = SimpleNamespace(
        cut_off=lambda: False,
        size=Size(40_000),
        ingest=SimpleNamespace(
            waiting=0, committed=0, dropped=0, stalled=False, retention=Retention(None, None), backlog=Backlog(1000)
        ),
        agents=SimpleNamespace(turned_away=0, rate=50.0, sessions={}),
    )
    assert b"\nbellrock_agents_spooled_reports_max 0\n" in member_text(outpost)


def test_what_was_not_measured_is_not_told():
    outpost = SimpleNamespace(
        cut_off=lambda: False,
        size=Size(40_000),
        ingest=SimpleNamespace(
            waiting=0, committed=0, dropped=0, stalled=False, retention=Retention(None, None), backlog=Backlog(1000)
        ),
        agents=SimpleNamespace(turned_away=0, rate=50.0, sessions={}),
    )
    assert b"\nbellrock_history_bytes " not in member_text(outpost)


def test_a_database_that_is_not_reached_takes_no_reports_although_none_wait():
    outpost = SimpleNamespace(
        cut_off=lambda: True,
        size=Size(40_000),
        ingest=SimpleNamespace(
            waiting=0, committed=0, dropped=0, stalled=False, retention=Retention(None, None), backlog=Backlog(1000)
        ),
        agents=SimpleNamespace(turned_away=0, rate=50.0, sessions={}),
    )
    assert b"\nbellrock_store_stalled 1\n" in member_text(outpost)
