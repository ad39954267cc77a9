"""What every process of a region tells Prometheus, whether it leads or stands by."""

from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from bellrock.region.instruments import ALL, LOOP_LAG, process
from bellrock.region.service.ingest import QUEUE
from bellrock.wire.exposition import Family, Metric, Sample, gauge, own, render, total

if TYPE_CHECKING:
    from bellrock.region.service.ingest import Ingest
    from bellrock.region.service.outpost import Outpost
    from bellrock.region.store import Retention

VERSION: Final = version("bellrock")


def member_text(outpost: "Outpost", more: Iterable[Metric] = ()) -> bytes:
    """For a process that stands by, in Prometheus' text format; `more`: of names that are not here."""
    waiting = queues(reports(outpost.ingest))
    return render([*of_member(outpost, leads=False), *waiting, *more])


def of_member(outpost: "Outpost", *, leads: bool) -> Iterator[Metric]:
    """What it takes of its machine, how it takes in what its agents report, and how long that takes."""
    yield from own(VERSION, process(), LOOP_LAG)
    yield from ALL
    yield gauge("bellrock_leader", "1 while this process leads its region, 0 while it stands by.", leads)
    ingest, agents = outpost.ingest, outpost.agents
    own_agents = sum(not session.far for session in agents.sessions.values())
    yield gauge("bellrock_agents_connected", "Agents that are connected to this process.", own_agents)
    yield gauge("bellrock_agents_limit", "Agents that this region is ready for.", outpost.size.agents)
    yield total("bellrock_agents_turned_away_total", "Connections of agents that were not let in.", agents.turned_away)
    yield gauge(
        "bellrock_admission_rate", "Agents a second that would be let in, were there more than that.", agents.rate
    )
    yield total("bellrock_reports_total", "Reports of agents that were committed.", ingest.committed)
    yield total("bellrock_observations_dropped_total", "Observations that were not taken.", ingest.dropped)
    stalled = ingest.stalled or outpost.cut_off()
    yield gauge("bellrock_store_stalled", "1 while the database does not take reports.", stalled)
    yield from _history(ingest.retention)
    yield from _backlog(outpost)


def reports(ingest: "Ingest") -> dict[str, tuple[int, int]]:
    """What waits of what agents report: messages, and changes in them."""
    backlog = ingest.backlog
    return {"reports": (ingest.waiting, QUEUE), "changes": (backlog.waiting, backlog.full)}


def queues(lengths: dict[str, tuple[int, int]]) -> Iterator[Metric]:
    """`lengths`: (how many wait, how many may) by name."""
    waiting = [((name,), now) for name, (now, _) in lengths.items()]
    limits = [((name,), most) for name, (_, most) in lengths.items()]
    yield Family("bellrock_queue_length", "gauge", "What waits.", ("queue",), waiting)
    yield Family("bellrock_queue_limit", "gauge", "What may wait, before others are made to.", ("queue",), limits)


def _history(kept: "Retention") -> Iterator[Metric]:
    yield gauge("bellrock_history_budget_bytes", "Disk that history may take.", kept.budget)
    taken: list[Sample] = [] if kept.octets is None else [((), kept.octets)]
    yield Family("bellrock_history_bytes", "gauge", "Disk that history took when it was measured last.", (), taken)
    yield gauge(
        "bellrock_history_written",
        "1 while history is written, 0 while a full disk leaves no room for it.",
        kept.writing,
    )
    yield total("bellrock_history_days_dropped_total", "Days of history that were dropped.", kept.dropped)
    yield total("bellrock_history_rows_unwritten_total", "Rows of history that were not written.", kept.unwritten)
    yield total(
        "bellrock_history_rolled_up_total", "Changes of verdicts that are counted by the hour now.", kept.rolled_up
    )


def _backlog(outpost: "Outpost") -> Iterator[Metric]:
    heres = [one.here for one in outpost.agents.sessions.values() if one.here is not None and not one.far]
    waiting = [one.load.waiting for one in heres if one.load is not None]
    yield gauge(
        "bellrock_agents_spooled_reports", "Reports that wait on agents' disks, as they told last.", sum(waiting)
    )
    yield gauge(
        "bellrock_agents_spooled_reports_max", "The most that wait on the disk of one agent.", max(waiting, default=0)
    )
