"""What Prometheus is told: parses, is bounded, and each name is documented."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from bellrock.diagnosis.findings_document import all_told
from bellrock.diagnosis.findings_document import key as key_of
from bellrock.model import Finding, RefusalCount, Severity, Verdict
from bellrock.region.service import findings
from bellrock.region.service import metrics as module
from bellrock.region.store import Standing
from bellrock.wire.exposition import gauge
from tests.region.api.test_probes import SITE, call, finished, worker
from tests.region.support import agent, asynchronous, host_seen, interface, now, port, region, until

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "metrics.md"


async def scraped(running):
    async with running.client(authorization=f"Bearer {running.token}") as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    told = [
        ((sample.name, *sorted(sample.labels.items())), sample.value)
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    ]
    assert len(dict(told)) == len(told), "a sample is told twice"
    return dict(told)


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
async def test_how_many_findings_stand_and_since_when(tmp_path, monkeypatch):
    monkeypatch.setattr(findings, "CALM", 0.01)
    monkeypatch.setattr(module, "MAX_FINDINGS", 1)
    grave = Finding(
        id="a", severity=Severity.ERROR, what="x", proof=("seen",), host="rack1", interface="eth0", client="c"
    )
    async with region(tmp_path) as running:
        told = msgspec.to_builtins(all_told([replace(grave, id="b", severity=Severity.NOTICE), grave]))
        await call(running, "POST", "diagnoses", source="x", findings=told)
        number = "bellrock_findings", ("severity", "error"), ("state", "open")
        found = await until(lambda: _with(running, number))
        assert found["bellrock_findings", ("severity", "notice"), ("state", "open")] == 1
        assert found["bellrock_findings", ("severity", "error"), ("state", "flapping")] == 0
        ((_, *labels),) = [key for key in found if key[0] == "bellrock_finding_opened_timestamp_seconds"]
        assert dict(labels) == {
            "id": "a",
            "severity": "error",
            "host": "rack1",
            "interface": "eth0",
            "client": "c",
            "key": key_of(grave),
        }
        assert found["bellrock_findings_looked_timestamp_seconds",] > 0
        assert found["bellrock_rule_faults_total",] == 0
        events = "bellrock_finding_events_total", ("event", "opened")
        assert await until(lambda: _with(running, events))


async def _with(running, key):
    found = await scraped(running)
    return found if found[key] else None


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
    made = []
    async with region(tmp_path, made=made.append):
        told = {(one.name, one.kind, ", ".join(one.labels)) for one in made[0].metrics.every()}
    page = REFERENCE.read_text().partition("## Processes of one region")[0]
    assert told == set(re.findall(r"^\| `(bellrock_\w+)` \| (\w+) \| ([\w, ]*?) ?\|", page, re.MULTILINE))


@asynchronous
async def test_only_who_may_look_is_told(tmp_path):
    async with region(tmp_path) as running, running.client() as client:
        assert (await client.get("/metrics")).status_code == 401


@asynchronous
async def test_what_agents_told_is_counted_and_reasons_that_nobody_knows_are_one(tmp_path):
    def refused(mac, reason, count):
        return RefusalCount(port("rack1/eth0"), mac, reason, count, "x", None, now())

    async with region(tmp_path) as running, agent(running.url) as one:
        await one.report(
            1, host_seen(), interface(), refused("02:00:00:00:00:01", "wrong-secret", 3),
            refused("02:00:00:00:00:02", "wrong-secret", 4), refused("02:00:00:00:00:03", "bad-weather", 5), begin=True,
        )  # fmt: skip
        await one.acknowledged(1)
        found = await scraped(running)
    assert found["bellrock_frames_refused", ("reason", "wrong-secret")] == 7
    assert found["bellrock_frames_refused", ("reason", "other")] == 5
    assert found["bellrock_kept", ("kind", "interfaces")] == 1
    assert found["bellrock_kept", ("kind", "refusals")] == 3
    assert found["bellrock_leader",] == 1
    stages = [found["bellrock_report_seconds_count", ("stage", stage)] for stage in ("committed", "answered")]
    assert min(stages) >= 1
    assert found["bellrock_inference_seconds_count", ("step", "apply")] >= 1


@asynchronous
async def test_agents_whose_streams_are_cut_have_series_before_others(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_AGENTS", 1)
    async with region(tmp_path) as running, agent(running.url, "rack1"):
        async with agent(running.url, "rack2", "boot-1"):
            pass
        async with agent(running.url, "rack2", "boot-1"):
            found = await until(lambda: _with(running, ("bellrock_agent_series_omitted",)))
    assert found["bellrock_agent_series_omitted",] == 1
    assert [key for key in found if key[0] == "bellrock_agent_streams_total"] == [
        ("bellrock_agent_streams_total", ("agent", "id-rack2"))
    ]
    assert len([key for key in found if key[0] == "bellrock_agent_stream_age_seconds"]) == 1
    assert found["bellrock_streams_total",] == 3


@asynchronous
async def test_others_add_theirs(tmp_path):
    made = []
    async with region(tmp_path, made=made.append) as running:
        made[0].metrics.more.append(lambda: [gauge("bellrock_letters_waiting", "x", 4)])
        assert (await scraped(running))["bellrock_letters_waiting",] == 4


def test_cells_with_a_fault_come_first_and_flows_count_all(monkeypatch):
    monkeypatch.setattr(module, "MAX_CELLS", 1)
    standings = [
        Standing(agent=agent, flow="dns", target=target, protocol="udp", detail="", verdict=verdict, at=at, since=at)
        for agent, target, verdict, at in (
            ("a", "x", Verdict.WORKS, 5.0), ("a", "y", Verdict.WORKS, 3.0), ("b", "x", Verdict.FILTERED, 4.0),
            ("b", "y", Verdict.WORKS, 9.0),
        )
    ]  # fmt: skip
    found = {one.name: list(one.samples) for one in module._checks(standings, {"b": "rack2"})}
    assert found["bellrock_flow_checks"] == [(("dns", "filtered"), 1), (("dns", "works"), 3)]
    assert found["bellrock_probe_checks"] == [(("rack2", "dns", "filtered"), 1), (("rack2", "dns", "works"), 1)]
    assert found["bellrock_probe_last_run_timestamp_seconds"] == [(("rack2", "dns"), 4.0)]
