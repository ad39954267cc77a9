"""What Prometheus is told: how flows stand, and how the region itself does. Bounded, however large the site is."""

from collections import Counter as Tally
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from bellrock.region.service.matrix import FINE

if TYPE_CHECKING:
    from bellrock.region.service.region import Region

MAX_SERIES: Final = 5000
"""Checks that have a series of their own; faults come first. `bellrock_probe_checks` counts all."""
BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

# When a histogram was made is of no use here, and would be a series for each.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library says nothing of its types


class Metrics(Collector):
    """Collects from a region when asked."""

    def __init__(self, region: "Region") -> None:
        self._region = region
        self._registry = CollectorRegistry()
        self._rtt = Histogram(
            "bellrock_probe_rtt_seconds", "Round trip of the first exchange of a probe.", ["flow"],
            registry=self._registry, buckets=BUCKETS,
        )  # fmt: skip
        region.probes.rtt_listeners.append(lambda flow, seconds: self._rtt.labels(flow).observe(seconds))
        self._registry.register(self)

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self._registry)

    @override
    def collect(self) -> Iterable[Metric]:
        """All of it as it is now."""
        yield from self._probes()
        yield from self._own()

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: what there is, is known when somebody asks."""
        return ()

    def _probes(self) -> Iterator[Metric]:
        probes, names = self._region.probes, self._region.view().names
        standings = sorted(probes.matrix.standings, key=lambda one: (one.verdict in FINE, one.key))
        checks = _gauge("bellrock_probe_checks", "Checks by their last verdict.", "agent", "flow", "verdict")
        counts = Tally((one.agent, one.flow, one.verdict.value) for one in standings)
        for (agent, flow, verdict), number in sorted(counts.items()):
            checks.add_metric([names.get(agent, agent), flow, verdict], number)
        yield checks
        labels = ("agent", "flow", "target", "protocol", "variant", "verdict")
        verdicts = _gauge("bellrock_probe_verdict", "1 for the last verdict of each check, faults first.", *labels)
        ages = _gauge(
            "bellrock_probe_last_run_timestamp_seconds",
            "When the oldest check of an agent and flow was made.",
            "agent",
            "flow",
        )
        oldest: dict[tuple[str, str], float] = {}
        for one in standings[:MAX_SERIES]:
            name = names.get(one.agent, one.agent)
            verdicts.add_metric([name, one.flow, one.target, one.protocol, one.variant, one.verdict.value], 1)
        for one in standings:
            where = one.agent, one.flow
            oldest[where] = min(one.at, oldest.get(where, one.at))
        for (agent, flow), at in sorted(oldest.items()):
            ages.add_metric([names.get(agent, agent), flow], at)
        yield verdicts
        yield ages
        yield _one(
            "bellrock_probe_series_omitted",
            "Checks without a series of their own.",
            max(0, len(standings) - MAX_SERIES),
        )
        results = CounterMetricFamily(
            "bellrock_probe_results", "Results since the region started.", labels=["flow", "verdict"]
        )
        for (flow, verdict), number in sorted(probes.results_by.items()):
            results.add_metric([flow, verdict], number)
        yield results
        yield _one("bellrock_probe_runs_active", "Runs under way.", len(probes.runs.going_on))

    def _own(self) -> Iterator[Metric]:
        region, info = self._region, InfoMetricFamily("bellrock_build", "What runs.")
        info.add_metric([], {"version": version("bellrock")})
        yield info
        counted = region.counted()
        yield _one("bellrock_agents_connected", "Agents that are connected.", counted.connected)
        yield _one("bellrock_agents_known", "Agents that have ever reported.", counted.known)
        yield _one(
            "bellrock_agents_silent", "Agents whose word has lapsed, because nothing was heard of them.", counted.silent
        )
        yield _total("bellrock_agents_turned_away", "Connections of agents that were not let in.", counted.turned_away)
        yield _total("bellrock_reports", "Reports of agents that were committed.", counted.reports)
        yield _total("bellrock_observations_dropped", "Observations that were not taken.", counted.dropped)
        yield _one("bellrock_store_stalled", "1 while the disk does not take reports.", counted.stalled)
        yield _one("bellrock_frames_refused", "Frames that agents have refused, as they told last.", counted.refused)
        yield from self._streams()
        yield from self._alerts()

    def _streams(self) -> Iterator[Metric]:
        names, (standing, begun) = self._region.view().names, self._region.streams()
        ages = _gauge("bellrock_agent_stream_age_seconds", "For how long the agent's stream has stood.", "agent")
        counts = CounterMetricFamily(
            "bellrock_agent_streams", "Streams that the agent began since the region started.", labels=["agent"]
        )
        for agent, seconds in sorted(standing.items()):
            ages.add_metric([names.get(agent, agent)], seconds)
        for agent, number in sorted(begun.items()):
            counts.add_metric([names.get(agent, agent)], number)
        yield ages
        yield counts

    def _alerts(self) -> Iterator[Metric]:
        waiting = _gauge("bellrock_webhook_alerts_waiting", "Alerts that wait to be delivered.", "webhook")
        alerts = CounterMetricFamily(
            "bellrock_webhook_alerts", "Alerts that were delivered, or given up.", labels=["webhook", "outcome"]
        )
        for hook in self._region.webhooks.all:
            waiting.add_metric([hook.row.id], len(hook.waiting))
            alerts.add_metric([hook.row.id, "delivered"], hook.delivered)
            alerts.add_metric([hook.row.id, "failed"], hook.failed)
        yield waiting
        yield alerts


def _gauge(name: str, meaning: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, labels=labels)


def _one(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, value=value)


def _total(name: str, meaning: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(name, meaning, value=value)
