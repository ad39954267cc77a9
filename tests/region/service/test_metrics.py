"""What Prometheus is told: parses, is bounded, and each name is documented."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from bellrock.model import Verdict
from bellrock.region.service import metrics as module
from tests.region.api.test_probes import SITE, call, finished, worker
from tests.region.support import asynchronous, region, until

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "metrics.md"


async def scraped(running):
    async with running.client(authorization=f"Bearer {running.token}") as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def tried(running):
    await call(running, "PUT", "site", text=SITE)
    await finished(running, (await call(running, "POST", "probes", flows=["dns"])).json()["run"])


@asynchronous
async def test_how_flows_stand_and_how_the_region_does(tmp_path):
    async with region(tmp_path) as running, worker(running, verdict=Verdict.FILTERED):
        await tried(running)
        found = await until(lambda: _with_report(running))
        assert found["bellrock_agents_connected",] == 1
        assert found["bellrock_agents_known",] == 1
        assert found["bellrock_agents_silent",] == 0
        assert found["bellrock_agent_streams_total", ("agent", "rack1")] == 1
        assert found["bellrock_agent_stream_age_seconds", ("agent", "rack1")] >= 0
        assert found["bellrock_agents_turned_away_total",] == 0
        assert found["bellrock_store_stalled",] == 0
        assert found["bellrock_probe_series_omitted",] == 0
        checks = found["bellrock_probe_checks", ("agent", "rack1"), ("flow", "dns"), ("verdict", "filtered")]
        assert checks == found["bellrock_probe_results_total", ("flow", "dns"), ("verdict", "filtered")]
        assert found["bellrock_probe_rtt_seconds_count", ("flow", "dns")] == checks
        assert found["bellrock_probe_rtt_seconds_sum", ("flow", "dns")] == checks * 0.0015
        series = [key for key in found if key[0] == "bellrock_probe_verdict"]
        assert len(series) == checks
        assert {dict(key[1:])["verdict"] for key in series} == {"filtered"}


async def _with_report(running):
    found = await scraped(running)
    return found if found["bellrock_reports_total",] else None


@asynchronous
async def test_however_large_the_site_is_series_are_bounded_and_faults_come_first(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_SERIES", 1)
    async with region(tmp_path) as running, worker(running) as one:
        await tried(running)
        one.verdict = Verdict.FILTERED
        await finished(running, (await call(running, "POST", "probes", flows=["ntp"])).json()["run"])
        found = await scraped(running)
        ((_, *labels),) = [key for key in found if key[0] == "bellrock_probe_verdict"]
        assert dict(labels)["verdict"] == "filtered"
        assert found["bellrock_probe_series_omitted",] > 0


@asynchronous
async def test_every_metric_is_documented_and_nothing_else_is(tmp_path):
    async with region(tmp_path) as running, worker(running):
        await tried(running)
        await call(running, "POST", "webhooks", url="http://127.0.0.1:1/")
        async with running.client(authorization=f"Bearer {running.token}") as client:
            text = (await client.get("/metrics")).text
    told = {(family.name, family.type) for family in text_string_to_metric_families(text)}
    rows = re.findall(r"^\| `(bellrock_\w+)` \| (\w+) \|", REFERENCE.read_text(), re.MULTILINE)
    documented = {(name.removesuffix("_total") if kind == "counter" else name, kind) for name, kind in rows}
    assert told == documented


@asynchronous
async def test_only_who_may_look_is_told(tmp_path):
    async with region(tmp_path) as running, running.client() as client:
        assert (await client.get("/metrics")).status_code == 401
