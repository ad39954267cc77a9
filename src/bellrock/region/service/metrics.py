"""What Prometheus is told: how flows stand, and how the region itself does. Bounded, however large the site is."""

import heapq
import itertools
import math
from collections import Counter as Tally
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from bellrock.diagnosis.ledger import STANDING
from bellrock.model import Severity, Verdict
from bellrock.region.service.audit import WAITING
from bellrock.region.service.matrix import FINE
from bellrock.region.service.membermetrics import of_member, queues, reports
from bellrock.region.service.webhooks import MAX_WAITING
from bellrock.region.store import Standing
from bellrock.wire.errors import Reason
from bellrock.wire.exposition import OTHER, Family, Histogram, Metric, Sample, gauge, render, total

if TYPE_CHECKING:
    from bellrock.region.service.region import Region

MAX_SERIES: Final = 2000
"""Checks that have a series of their own; faults come first. `bellrock_flow_checks` counts all."""
MAX_CELLS: Final = 2000
"""Agents and flows that have series of their own; those with faults come first."""
MAX_AGENTS: Final = 1000
"""Agents that have series of their own; those whose streams are cut come first."""
MAX_FINDINGS: Final = 1000
"""Findings that have a series of their own, the gravest first. `bellrock_findings` counts all."""
_WHERE: Final = attrgetter("agent", "flow", "verdict")
_REASONS: Final = frozenset(Reason)

Names = Mapping[str, str]


class Metrics:
    """Collects from a region when asked."""

    def __init__(self, region: "Region") -> None:
        self._region = region
        self._rtt = Histogram("bellrock_probe_rtt_seconds", "Round trip of the first exchange of a probe.", "flow")
        region.probes.rtt_listeners.append(lambda flow, seconds: self._rtt.observe(seconds, flow))
        self.more: list[Callable[[], Iterable[Metric]]] = []
        """Further ones, of names that are not here."""

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return render(self.every())

    def every(self) -> Iterator[Metric]:
        """All of it as it is now."""
        region, names = self._region, self._region.view().names
        yield from of_member(region.outpost, leads=True)
        yield from _known(region)
        yield from _checks(region.probes.matrix.standings, names)
        yield from self._probes()
        yield from _findings(region)
        yield from _streams(region, names)
        yield from _people(region)
        yield from _alerts(region)
        for more in self.more:
            yield from more()

    def _probes(self) -> Iterator[Metric]:
        probes = self._region.probes
        results: list[Sample] = [((flow, str(verdict)), n) for (flow, verdict), n in sorted(probes.results_by.items())]
        yield Family(
            "bellrock_probe_results_total", "counter", "Results since the region started.", ("flow", "verdict"), results
        )
        yield self._rtt
        yield gauge("bellrock_probe_runs_active", "Runs under way.", len(probes.runs.going_on))


def _known(region: "Region") -> Iterator[Metric]:
    counted = region.counted()
    yield gauge("bellrock_agents_known", "Agents that have ever reported.", counted.known)
    yield gauge(
        "bellrock_agents_silent", "Agents whose word has lapsed, because nothing was heard of them.", counted.silent
    )
    kinds: list[Sample] = [((kind,), number) for kind, number in sorted(counted.kept.items())]
    yield Family("bellrock_kept", "gauge", "What agents told and did not take back, by kind.", ("kind",), kinds)
    reasons: Tally[str] = Tally()
    for reason, number in counted.refused.items():
        reasons[reason if reason in _REASONS else OTHER] += number
    refused: list[Sample] = [((reason,), number) for reason, number in sorted(reasons.items())]
    yield Family(
        "bellrock_frames_refused", "gauge", "Frames that agents have refused, as they told last.", ("reason",), refused
    )
    yield gauge("bellrock_topology_revision", "How often conclusions have changed since the start.", counted.revision)


def _checks(standings: Collection[Standing], names: Names) -> Iterator[Metric]:
    # One pass in C for all of them; what is done for each in Python is bounded.
    counts = Tally(map(_WHERE, standings))
    faults = [one for one in standings if one.verdict not in FINE]
    flows: Tally[tuple[str, Verdict]] = Tally()
    for (_, flow, verdict), number in counts.items():
        flows[flow, verdict] += number
    yield Family(
        "bellrock_flow_checks", "gauge", "All checks by flow and last verdict.", ("flow", "verdict"),
        [((flow, verdict.value), number) for (flow, verdict), number in sorted(flows.items())],
    )  # fmt: skip
    shown = set(itertools.islice(dict.fromkeys((one.agent, one.flow) for one in faults), MAX_CELLS))
    for agent, flow, _ in counts:
        if len(shown) >= MAX_CELLS:
            break
        shown.add((agent, flow))
    samples: list[Sample] = [
        ((names.get(agent, agent), flow, verdict.value), number)
        for (agent, flow, verdict), number in counts.items()
        if (agent, flow) in shown
    ]
    yield Family(
        "bellrock_probe_checks", "gauge", "Checks by their last verdict.", ("agent", "flow", "verdict"), sorted(samples)
    )
    oldest: dict[tuple[str, str], float] = {}
    for one in standings:
        where = one.agent, one.flow
        if where in shown and one.at < oldest.get(where, math.inf):
            oldest[where] = one.at
    ages: list[Sample] = [((names.get(agent, agent), flow), at) for (agent, flow), at in sorted(oldest.items())]
    yield Family(
        "bellrock_probe_last_run_timestamp_seconds", "gauge", "When the oldest check of an agent and flow was made.", ("agent", "flow"), ages
    )  # fmt: skip
    fine = (one for one in standings if one.verdict in FINE)
    each = list(itertools.islice(itertools.chain(faults, fine), MAX_SERIES))
    labels = ("agent", "flow", "target", "protocol", "variant", "verdict")
    verdicts: list[Sample] = [
        ((names.get(one.agent, one.agent), one.flow, one.target, one.protocol, one.variant, one.verdict.value), 1)
        for one in each
    ]
    yield Family(
        "bellrock_probe_verdict", "gauge", "1 for the last verdict of each check, faults first.", labels, verdicts
    )
    yield gauge("bellrock_probe_series_omitted", "Checks without a series of their own.", len(standings) - len(each))


def _findings(region: "Region") -> Iterator[Metric]:
    findings = region.findings
    standing = [one for one in findings.entries if one.state in STANDING]
    counts = Tally((one.finding.severity.value, one.state.value) for one in standing)
    keys = [(severity.value, state.value) for severity, state in itertools.product(Severity, STANDING)]
    yield Family(
        "bellrock_findings",
        "gauge",
        "Findings that stand.",
        ("severity", "state"),
        [(key, counts[key]) for key in keys],
    )
    labels = ("id", "severity", "host", "interface", "client", "key")
    each: list[Sample] = [
        ((one.finding.id, one.finding.severity.value, one.finding.host, one.finding.interface, one.finding.client, one.key), one.opened)
        for one in standing[:MAX_FINDINGS]
    ]  # fmt: skip
    yield Family(
        "bellrock_finding_opened_timestamp_seconds",
        "gauge",
        "Since when each finding stands, the gravest first.",
        labels,
        each,
    )
    told: list[Sample] = [((kind,), findings.events[kind]) for kind in ("opened", "gone", "flapping")]
    yield Family(
        "bellrock_finding_events_total", "counter", "Findings that opened, are gone, or flap.", ("event",), told
    )
    yield gauge(
        "bellrock_findings_looked_timestamp_seconds", "When it was judged last; 0: not yet.", findings.looked or 0.0
    )
    yield total("bellrock_findings_looks_failed_total", "Looks that failed; the log says why.", findings.failed)
    yield gauge("bellrock_findings_judging_seconds", "How long the last judging took.", findings.took)
    yield total("bellrock_rule_faults_total", "Rules that failed, which are defects.", findings.faults.total())


def _streams(region: "Region", names: Names) -> Iterator[Metric]:
    standing, begun = region.streams()
    young = heapq.nsmallest(MAX_AGENTS, standing.items(), key=lambda one: (one[1], one[0]))
    often = heapq.nsmallest(MAX_AGENTS, begun.items(), key=lambda one: (-one[1], one[0]))
    ages: list[Sample] = [((names.get(agent, agent),), seconds) for agent, seconds in young]
    counts: list[Sample] = [((names.get(agent, agent),), number) for agent, number in often]
    yield Family(
        "bellrock_agent_stream_age_seconds",
        "gauge",
        "For how long the agent's stream has stood, the youngest first.",
        ("agent",),
        ages,
    )
    yield Family(
        "bellrock_agent_streams_total",
        "counter",
        "Streams that the agent began since the region started, the most first.",
        ("agent",),
        counts,
    )
    omitted = max(len(standing), len(begun)) - max(len(ages), len(counts))
    yield gauge("bellrock_agent_series_omitted", "Agents without series of their own.", omitted)
    yield total("bellrock_streams_total", "Streams that agents began since the region started.", sum(begun.values()))


def _people(region: "Region") -> Iterator[Metric]:
    yield gauge("bellrock_sessions", "People who are logged in.", len(region.access.sessions))
    yield gauge("bellrock_live_watchers", "Pages that watch.", region.watching)
    yield total("bellrock_joins_refused_total", "Wrong proofs of those who wanted to join.", region.gate.refused)


def _alerts(region: "Region") -> Iterator[Metric]:
    hooks = region.webhooks.all
    waiting: list[Sample] = [((hook.row.id,), len(hook.waiting)) for hook in hooks]
    yield Family("bellrock_webhook_alerts_waiting", "gauge", "Alerts that wait to be delivered.", ("webhook",), waiting)
    alerts: list[Sample] = [
        sample
        for hook in hooks
        for sample in (((hook.row.id, "delivered"), hook.delivered), ((hook.row.id, "failed"), hook.failed))
    ]
    yield Family(
        "bellrock_webhook_alerts_total",
        "counter",
        "Alerts that were delivered, or given up.",
        ("webhook", "outcome"),
        alerts,
    )
    fullest = max((len(hook.waiting) for hook in hooks), default=0)
    yield from queues({
        **reports(region.outpost.ingest), "audit": (len(region.audit), WAITING),
        "alerts": (fullest, MAX_WAITING),
    })  # fmt: skip
