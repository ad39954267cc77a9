"""Dashboard, alert rules and their pages, held against what a region and a rack really tell."""

import functools
import json
import re
import shutil
import subprocess
import urllib.request
from http.client import HTTPConnection
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM, socket

import pytest
from prometheus_client.parser import text_string_to_metric_families
from typing_extensions import override

from tests.cli.programs import programs, wait_until
from tests.needs import require

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy" / "prometheus" / "alerts.yml"
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "bellrock.json").read_text())
RUNBOOK = ROOT / "docs" / "how-to" / "run-a-region.md"
REFERENCE = ROOT / "docs" / "reference" / "metrics.md"

ALERTS = re.findall(r"^      - alert: (\w+)$", RULES.read_text(), re.MULTILINE)
PANELS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
EXPRESSIONS = [*re.findall(r"^        expr: (.+)$", RULES.read_text(), re.MULTILINE), *PANELS]
SUFFIXES = ("_bucket", "_sum", "_count")
OF_PROMETHEUS = {"instance", "le", "job", "alertname"}


@pytest.fixture
def promtool():
    """Its path."""
    path = shutil.which("promtool")
    require([] if path else ["promtool (apt-get install prometheus)"])
    return path


@functools.cache
def documented():
    """Name → labels; the reference is itself held against region and agent (tests of `metrics` and `figures`)."""
    rows = re.findall(r"^\| `(bellrock_\w+)` \| (\w+) \| ([\w, ]*?) ?\|", REFERENCE.read_text(), re.MULTILINE)
    found = {}
    for name, kind, labels in rows:
        found[name] = set(filter(None, labels.split(", ")))
        if kind == "histogram":
            found |= {f"{name}{suffix}": found[name] for suffix in SUFFIXES}
    return found


def names(expression):
    return set(re.findall(r"\bbellrock_\w+", expression))


def labels(expression):
    """Those that are selected, grouped or joined by."""
    selected = re.findall(r"[{,]\s*(\w+)\s*(?:=~|!~|!=|=)", expression)
    grouped = re.findall(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)", expression)
    return {*selected, *(one.strip() for group in grouped for one in group.split(","))} - OF_PROMETHEUS


def test_there_is_something_to_check():
    assert len(ALERTS) > 30
    assert len(EXPRESSIONS) > 70
    assert labels('sum by (le, a) (x{b="1", c!~"2"}) / on (d) y') == {"a", "b", "c", "d"}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_metric_and_label_of_an_expression_is_told(expression):
    known = documented()
    assert names(expression) <= known.keys()
    assert labels(expression) <= set().union(*(known[name] for name in names(expression)))


@pytest.mark.parametrize(
    "panel", [one for one in DASHBOARD["panels"] if one["type"] != "row"], ids=lambda one: f"{one['id']}-{one['title']}"
)
def test_a_panel_says_what_it_shows_in_its_place(panel):
    assert panel["description"]
    assert panel["targets"]
    places = [tuple(one["gridPos"].values()) for one in DASHBOARD["panels"]]
    assert len(set(places)) == len(places)
    assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
    wanted = set(re.findall(r"\{\{(\w+)\}\}", "".join(one["legendFormat"] for one in panel["targets"])))
    assert wanted <= OF_PROMETHEUS | set().union(*(labels(one["expr"]) for one in panel["targets"])) | set().union(
        *(documented()[name] for one in panel["targets"] for name in names(one["expr"]))
    )


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_has_a_page_that_says_what_to_do(alert):
    link = f"runbook_url: https://bellrock.example/docs/how-to/run-a-region/#{alert.lower()}"
    body = RULES.read_text().partition(f"- alert: {alert}\n")[2].partition("- alert:")[0]
    assert link in body
    section = re.search(rf"^### {alert}\n\n(.+?)(?=\n\n#|\Z)", RUNBOOK.read_text(), re.MULTILINE | re.DOTALL)
    assert section
    assert len(section[1].split()) >= 10


def test_no_page_is_of_an_alert_that_is_gone():
    assert re.findall(r"^### (\w+)$", RUNBOOK.read_text(), re.MULTILINE) == ALERTS


def test_prometheus_takes_every_expression(promtool, tmp_path):
    ours = [one.replace("$__rate_interval", "5m").replace("$instance", ".*") for one in PANELS]
    rules = [{"record": f"bellrock:{number}", "expr": one} for number, one in enumerate(ours)]
    made = tmp_path / "dashboard.yml"
    made.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = subprocess.run(
        [promtool, "check", "rules", RULES, made], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(ALERTS)} rules found" in done.stdout


def buckets(name, slow, selector=""):
    """A histogram of which two measurements in a hundred are slow."""
    fast = f'{name}_bucket{{instance="a",le="0.1"{selector}}}'
    return {fast: "0+98x60" if slow else "0+100x60", f'{name}_bucket{{instance="a",le="+Inf"{selector}}}': "0+100x60",
            f'{name}_bucket{{instance="a",le="10"{selector}}}': "0+100x60"}  # fmt: skip


# What makes it fire, and what is nearly that and does not; a series for each minute of an hour, looked at in minute 40.
CASES = {
    "BellrockNobodyLeads": ({"bellrock_leader{}": "0x60"}, {'bellrock_leader{instance="a"}': "0x60", 'bellrock_leader{instance="b"}': "1x60"}),
    "BellrockSeveralLead": ({'bellrock_leader{instance="a"}': "1x60", 'bellrock_leader{instance="b"}': "1x60"}, {"bellrock_leader{}": "1x60"}),
    "BellrockMemberClockOff": ({"bellrock_member_clock_ahead_seconds{}": "-1.5x60"}, {"bellrock_member_clock_ahead_seconds{}": "0.9x60"}),
    "BellrockStoreStalled": ({"bellrock_store_stalled{}": "1x60"}, {"bellrock_store_stalled{}": "0x39 1x20"}),
    "BellrockHistoryNotWritten": ({"bellrock_history_written{}": "1x30 0x30"}, {"bellrock_history_written{}": "1x60"}),
    "BellrockReportsRefused": ({"bellrock_reports_refused_total{}": "0x35 1x20"}, {"bellrock_reports_refused_total{}": "1x60"}),
    "BellrockDatabaseSlow": (buckets("bellrock_database_seconds", True, ',operation="commit"'), buckets("bellrock_database_seconds", True, ',operation="select"')),
    "BellrockDatabaseFails": ({'bellrock_database_failures_total{why="store-full"}': "0+1x60"}, {'bellrock_database_failures_total{why="store-full"}': "7x60"}),
    "BellrockReportsLate": (buckets("bellrock_report_seconds", True, ',stage="answered"'), buckets("bellrock_report_seconds", False, ',stage="answered"')),
    "BellrockQueueFull": ({'bellrock_queue_length{queue="reports"}': "256x60", 'bellrock_queue_limit{queue="reports"}': "256x60"},
                          {'bellrock_queue_length{queue="reports"}': "100x60", 'bellrock_queue_limit{queue="reports"}': "256x60"}),
    "BellrockInferenceSlow": (buckets("bellrock_inference_seconds", True, ',step="ahead"'), buckets("bellrock_inference_seconds", True, ',step="apply"')),
    "BellrockLoopHeldUp": (buckets("bellrock_loop_lag_seconds", True), buckets("bellrock_loop_lag_seconds", False)),
    "BellrockDescriptorsShort": ({"bellrock_process_open_fds{}": "900x60", "bellrock_process_max_fds{}": "1024x60"}, {"bellrock_process_open_fds{}": "500x60", "bellrock_process_max_fds{}": "1024x60"}),
    "BellrockRequestsFail": ({'bellrock_http_requests_total{route="/x",status="500"}': "0+60x60"}, {'bellrock_http_requests_total{route="/x",status="404"}': "0+60x60"}),
    "BellrockAlertsUndelivered": ({'bellrock_webhook_alerts_total{webhook="w",outcome="failed"}': "0x35 1x20"}, {'bellrock_webhook_alerts_total{webhook="w",outcome="delivered"}': "0+1x60"}),
    "BellrockAgentsSilent": ({"bellrock_agents_silent{}": "2x60"}, {"bellrock_agents_silent{}": "0x35 2x20"}),
    "BellrockAgentsTurnedAway": ({"bellrock_agents_turned_away_total{}": "0+10x60"}, {"bellrock_agents_turned_away_total{}": "0x20 30x40"}),
    "BellrockAgentsFull": ({"bellrock_agents_known{}": "950x60", 'bellrock_agents_limit{instance="a"}': "1000x60", 'bellrock_agents_limit{instance="b"}': "1000x60"},
                           {"bellrock_agents_known{}": "890x60", "bellrock_agents_limit{}": "1000x60"}),
    "BellrockStreamCut": ({'bellrock_agent_streams_total{agent="r"}': "1+1x60"}, {'bellrock_agent_streams_total{agent="r"}': "1x20 3x40"}),
    "BellrockObservationsDropped": ({"bellrock_observations_dropped_total{}": "0x35 5x20"}, {"bellrock_observations_dropped_total{}": "5x60"}),
    "BellrockReportsWaitAtAgents": ({"bellrock_agents_spooled_reports_max{}": "5000x60"}, {"bellrock_agents_spooled_reports_max{}": "900x60"}),
    "BellrockWrongSecret": ({'bellrock_frames_refused{reason="wrong-secret"}': "0+5x60"}, {'bellrock_frames_refused{reason="wrong-secret"}': "500x60"}),
    "BellrockClockSkew": ({'bellrock_frames_refused{reason="skew"}': "0+5x60"}, {'bellrock_frames_refused{reason="replay"}': "0+5x60"}),
    "BellrockFlowBroken": ({'bellrock_probe_checks{agent="r",flow="dns",verdict="filtered"}': "1x60"}, {'bellrock_probe_checks{agent="r",flow="dns",verdict="degraded"}': "1x60"}),
    "BellrockServiceExposed": ({'bellrock_probe_verdict{agent="r",flow="dns",target="t",verdict="exposed"}': "1x60"}, {'bellrock_probe_verdict{agent="r",flow="dns",target="t",verdict="works"}': "1x60"}),
    "BellrockFinding": ({'bellrock_findings{severity="error",state="flapping"}': "1x60"}, {'bellrock_findings{severity="error",state="unseen"}': "1x60"}),
    "BellrockNobodyTries": ({'bellrock_probe_last_run_timestamp_seconds{agent="r",flow="dns"}': "0x60"}, {'bellrock_probe_last_run_timestamp_seconds{agent="r",flow="dns"}': "1500x60"}),
    "BellrockNobodyJudges": ({"bellrock_findings_looked_timestamp_seconds{}": "60x60", "bellrock_findings_looks_failed_total{}": "0x60"},
                             {"bellrock_findings_looked_timestamp_seconds{}": "0x60", "bellrock_findings_looks_failed_total{}": "4x60"}),
    "BellrockRuleFault": ({"bellrock_rule_faults_total{}": "0x20 1x40"}, {"bellrock_rule_faults_total{}": "1x60"}),
    "BellrockRackWithoutRegion": ({"bellrock_rack_connected{}": "0x60"}, {"bellrock_rack_connected{}": "1x36 0x20"}),
    "BellrockRackTurnedAway": ({'bellrock_rack_stream_ends_total{how="turned-away"}': "0+1x60"}, {'bellrock_rack_stream_ends_total{how="lost"}': "0+1x60"}),
    "BellrockRackSpoolFills": ({"bellrock_rack_spool_reports{}": "6000x60", "bellrock_rack_spool_reports_limit{}": "10000x60"}, {"bellrock_rack_spool_reports{}": "400x60", "bellrock_rack_spool_reports_limit{}": "10000x60"}),
    "BellrockRackReportsOld": ({"bellrock_rack_spool_oldest_seconds{}": "400x60"}, {"bellrock_rack_spool_oldest_seconds{}": "20x60"}),
    "BellrockRackSpoolDamaged": ({"bellrock_rack_spool_damaged_total{}": "0x20 1x40"}, {"bellrock_rack_spool_damaged_total{}": "1x60"}),
    "BellrockRackForgets": ({"bellrock_rack_pending_collapsed_total{}": "0x20 1x40"}, {"bellrock_rack_pending_collapsed_total{}": "1x60"}),
    "BellrockRackLosesFrames": ({"bellrock_rack_frames_lost_total{}": "0+600x60"}, {"bellrock_rack_frames_lost_total{}": "0+6x60"}),
}  # fmt: skip


def test_every_alert_fires_when_it_should_and_not_when_it_is_only_nearly_so(promtool, tmp_path):
    assert list(CASES) == ALERTS
    tests = []
    for alert, cases in CASES.items():
        for series, firing in zip(cases, (True, False), strict=True):
            # That nobody leads would fire beside every other alert.
            leads = {} if any("bellrock_leader" in one for one in series) else {"bellrock_leader{}": "1x60"}
            expected = [{"labels": "{}", "value": 1}] if firing else []
            tests.append({
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in (series | leads).items()],
                "promql_expr_test": [
                    {"expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})', "eval_time": "40m", "exp_samples": expected},
                    {"expr": f'count(ALERTS{{alertname!="{alert}",alertstate="firing"}})', "eval_time": "40m", "exp_samples": []},
                ],
            })  # fmt: skip
    made = tmp_path / "tests.yml"
    made.write_text(json.dumps({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}))
    done = subprocess.run([promtool, "test", "rules", made], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


class UnixConnection(HTTPConnection):
    """HTTP on a Unix socket."""

    @override
    def connect(self):
        self.sock = socket(AF_UNIX, SOCK_STREAM)
        self.sock.connect(self.host)


def told(text):
    return {family.name for family in text_string_to_metric_families(text)}


def test_a_real_region_and_a_real_rack_tell_what_is_documented_and_nothing_else(tmp_path):
    secret, state, place = tmp_path / "secret", tmp_path / "state", tmp_path / "metrics"
    secret.write_text("ab" * 16)
    secret.chmod(0o600)
    file = tmp_path / "bellrock.prom"
    with programs(tmp_path) as start:
        region = start(
            "region", "--listen", "127.0.0.1:0", "--json", "--secret-file", secret, "--state-dir", state / "r"
        )
        region.says('"ready"')
        url = next(one for one in json.loads(region.out.splitlines()[0])["addresses"] if one.startswith("http://"))
        rack = start(
            "rack", "--udp-only", "--ignore", "*", "--region", url, "--secret-file", secret, "--state-dir", state / "k",
            "--metrics", f"unix:{place}", "--metrics-file", file, "--log-format", "json",
        )  # fmt: skip

        def asked(path):
            connection = UnixConnection(str(place), timeout=20)
            connection.request("GET", path)
            answer = connection.getresponse()
            text = answer.read().decode()
            connection.close()
            return answer.status, text

        wait_until(place.exists, lambda: rack.err)
        wait_until(lambda: asked("/readyz")[0] == 200, lambda: rack.err)
        wait_until(file.exists, lambda: rack.err)
        token = (state / "r" / "region" / "api-token").read_text().strip()
        request = urllib.request.Request(f"{url}/metrics", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            of_region = told(answer.read().decode())
        of_rack, of_file = told(asked("/metrics")[1]), told(file.read_text())
        assert [one.ends(15) for one in (rack, region)] == [0, 0]
    sections = REFERENCE.read_text().split("\n## ")
    (agents,) = (one for one in sections if one.startswith("Agents\n"))
    (among_others,) = (one for one in sections if one.startswith("Processes of one region\n"))
    own = "".join(one for one in sections if one not in (agents, among_others))
    for found, part in ((of_region, own), (of_rack, agents), (of_file, agents)):
        rows = re.findall(r"^\| `(bellrock_\w+)` \| (\w+) \|", part, re.MULTILINE)
        assert found == {name.removesuffix("_total") if kind == "counter" else name for name, kind in rows}
