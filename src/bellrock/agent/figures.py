"""What an agent tells of itself to whoever runs it."""

import asyncio
import os
import resource
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Final

from bellrock.agent.loop import Loop
from bellrock.agent.probing import Probing
from bellrock.agent.reporter import Reporter
from bellrock.agent.spool import MAX_REPORTS, Spool
from bellrock.agent.stream import Stream
from bellrock.beacon import Engine, Identity
from bellrock.link import proc
from bellrock.wire.exposition import Family, Histogram, Metric, Process, Sample, gauge, own, render, total

PULSE: Final = 0.5
"""Seconds between two looks at how late the event loop is; only where somebody wants to know."""
_PROC: Final = Path("/proc")


class Figures:
    """Collects from the parts of an agent when asked."""

    def __init__(
        self, who: Identity, engine: Engine, loop: Loop, reporter: Reporter, spool: Spool, stream: Stream, probing: Probing
    ) -> None:  # fmt: skip
        self._who = who
        self._engine = engine
        self._loop = loop
        self._reporter = reporter
        self._spool = spool
        self._stream = stream
        self._probing = probing
        self._lag = Histogram(
            "bellrock_loop_lag_seconds", "By how much the event loop wakes up too late, looked at twice a second."
        )

    @property
    def connected(self) -> bool:
        """Whether the region listens."""
        return self._stream.connected.is_set()

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return render(self.every())

    async def feel_pulse(self) -> None:
        """See again and again how late the event loop is, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + PULSE
            await asyncio.sleep(PULSE)
            self._lag.observe(max(0.0, loop.time() - due))

    def every(self) -> Iterator[Metric]:
        """All of it as it is now."""
        yield from own(version("bellrock"), process(), self._lag)
        who: list[Sample] = [((self._who.agent, self._who.host, self._who.role), 1)]
        yield Family("bellrock_rack_info", "gauge", "Who this agent is.", ("agent", "name", "role"), who)
        yield from self._beacons()
        yield from self._reports()
        yield from self._region()
        yield self._probing.results

    def _beacons(self) -> Iterator[Metric]:
        loop = self._loop
        yield gauge("bellrock_rack_interfaces", "Interfaces that are there.", loop.interface_count)
        yield gauge("bellrock_rack_ports", "Interfaces without tags, and their VLANs, on which it listens.", loop.ports)
        yield gauge("bellrock_rack_ports_settled", "Of those, the ones that have had their burst.", loop.settled_ports)
        sent: list[Sample] = [((how,), loop.sent[how]) for how in ("multicast", "unicast")]
        yield Family("bellrock_rack_beacons_sent_total", "counter", "Beacons that were sent.", ("how",), sent)
        yield total("bellrock_rack_beacons_heard_total", "Authentic beacons that were heard.", loop.heard)
        refused: list[Sample] = [((reason,), number) for reason, number in sorted(self._engine.refused.items())]
        yield Family(
            "bellrock_rack_beacons_refused_total", "counter", "Frames that were refused.", ("reason",), refused
        )
        yield total("bellrock_rack_frames_lost_total", "Frames that came in faster than they were read.", loop.dropped)

    def _reports(self) -> Iterator[Metric]:
        spool, oldest = self._spool, self._spool.oldest()
        age = 0.0 if oldest is None else max(0.0, time.time() - oldest)
        yield gauge("bellrock_rack_spool_reports", "Reports that wait on disk for the region.", spool.waiting)
        yield gauge("bellrock_rack_spool_reports_limit", "Reports that may wait there.", MAX_REPORTS)
        yield gauge("bellrock_rack_spool_bytes", "What the spool takes on disk.", spool.size)
        yield gauge("bellrock_rack_spool_oldest_seconds", "Age of the report that waits longest; 0: none waits.", age)
        yield total("bellrock_rack_spool_damaged_total", "Spools that were set aside as damaged.", spool.generation)
        yield gauge("bellrock_rack_pending_observations", "Changes that wait in memory.", self._reporter.pending)
        yield total(
            "bellrock_rack_pending_collapsed_total",
            "Times that one account of what holds took the place of too many changes.",
            self._reporter.collapsed,
        )

    def _region(self) -> Iterator[Metric]:
        stream = self._stream
        yield gauge("bellrock_rack_connected", "1 while the region listens.", self.connected)
        yield total("bellrock_rack_streams_total", "Streams that the region let in.", stream.begun)
        yield stream.ends
        yield gauge("bellrock_rack_unacknowledged_reports", "Reports that are under way.", stream.unacknowledged)
        yield stream.acknowledged


def process(root: Path = _PROC) -> Process:
    """What this process takes now; 0 for what /proc does not tell."""
    own_directory = root / str(os.getpid())
    words = proc.read(own_directory / "statm", 4096).split()
    resident = int(words[1]) * os.sysconf("SC_PAGE_SIZE") if len(words) > 1 else 0
    try:
        descriptors = len(os.listdir(own_directory / "fd"))
    except OSError:
        descriptors = 0
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return Process(used.ru_utime + used.ru_stime, resident, descriptors, limit)
