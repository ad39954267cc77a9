"""What an agent tells of itself: parses, and says what is so."""

import asyncio
import os
import re
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bellrock.agent import figures as module
from bellrock.agent.figures import Figures, process
from bellrock.wire.exposition import Counts, Histogram

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"


def parts(**changes):
    connected = asyncio.Event()
    connected.set()
    ends = Counts("bellrock_rack_stream_ends_total", "x", "how")
    ends.add("lost", by=2)
    acknowledged = Histogram("bellrock_rack_acknowledged_seconds", "x")
    acknowledged.observe(0.2)
    results = Counts("bellrock_rack_probe_results_total", "x", "flow", "verdict")
    results.add("dns", "works")
    made = {
        "who": SimpleNamespace(agent="01A", host='rack"1', role="rack"),
        "engine": SimpleNamespace(refused={"replay": 2, "wrong-secret": 5}),
        "loop": SimpleNamespace(interface_count=3, ports=4, settled_ports=2, sent={"multicast": 7, "unicast": 1}, heard=9, dropped=6),
        "reporter": SimpleNamespace(pending=11, collapsed=1),
        "spool": SimpleNamespace(waiting=12, size=4096, generation=1, oldest=lambda: time.time() - 60),
        "stream": SimpleNamespace(connected=connected, begun=3, ends=ends, unacknowledged=5, acknowledged=acknowledged),
        "probing": SimpleNamespace(results=results),
    }  # fmt: skip
    return Figures(**made | changes)


def told(figures):
    found = {}
    for family in text_string_to_metric_families(figures.text().decode()):
        for sample in family.samples:
            key = (sample.name, *sorted(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    return found


def test_everything_that_an_operator_wants_to_know():
    found = told(parts())
    assert found["bellrock_rack_info", ("agent", "01A"), ("name", 'rack"1'), ("role", "rack")] == 1
    plain = {
        "interfaces": 3, "ports": 4, "ports_settled": 2, "beacons_heard_total": 9, "frames_lost_total": 6,
        "spool_reports": 12, "spool_reports_limit": 10_000, "spool_bytes": 4096, "spool_damaged_total": 1,
        "pending_observations": 11, "pending_collapsed_total": 1, "connected": 1, "streams_total": 3,
        "unacknowledged_reports": 5, "acknowledged_seconds_count": 1,
    }  # fmt: skip
    assert {name: found[f"bellrock_rack_{name}",] for name in plain} == plain
    assert found["bellrock_rack_beacons_sent_total", ("how", "multicast")] == 7
    assert found["bellrock_rack_beacons_refused_total", ("reason", "wrong-secret")] == 5
    assert found["bellrock_rack_stream_ends_total", ("how", "lost")] == 2
    assert found["bellrock_rack_probe_results_total", ("flow", "dns"), ("verdict", "works")] == 1
    assert found["bellrock_rack_spool_oldest_seconds",] == pytest.approx(60, abs=30)


def test_every_metric_is_documented_and_nothing_else_is():
    said = {(one.name, one.kind, ", ".join(one.labels)) for one in parts().every()}
    page = REFERENCE.read_text().partition("## Agents")[2]
    rows = re.findall(r"^\| `(bellrock_\w+)` \| (\w+) \| ([\w, ]*?) ?\|", page, re.MULTILINE)
    assert said == set(rows)


@pytest.mark.parametrize("oldest", [None, 4e9])
def test_nothing_waits_or_the_clock_was_set_back(oldest):
    spool = SimpleNamespace(waiting=0, size=0, generation=0, oldest=lambda: oldest)
    assert told(parts(spool=spool))["bellrock_rack_spool_oldest_seconds",] == 0


def test_how_late_the_loop_is(monkeypatch):
    monkeypatch.setattr(module, "PULSE", 0.001)
    figures = parts()

    async def scene():
        task = asyncio.ensure_future(figures.feel_pulse())
        while not told(figures).get(("bellrock_loop_lag_seconds_count",)):
            await asyncio.sleep(0.001)
        task.cancel()

    asyncio.run(asyncio.wait_for(scene(), 30))


def test_what_a_process_takes_is_as_others_measure_it():
    found, other = process(), psutil.Process()
    assert 0 < found.cpu <= sum(other.cpu_times()[:2]) + 1
    assert found.resident == pytest.approx(other.memory_info().rss, rel=0.2)
    assert abs(found.descriptors - len(os.listdir("/proc/self/fd"))) <= 2
    assert found.max_descriptors == other.rlimit(psutil.RLIMIT_NOFILE)[0]


def test_without_proc_it_is_not_known(tmp_path):
    assert (process(tmp_path).resident, process(tmp_path).descriptors) == (0, 0)
