"""What this process measures of itself, for `/metrics`: counted from its start, whichever region it plays."""

import asyncio
import functools
import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from bellrock.region import tracing
from bellrock.wire.exposition import LONG, Counts, Histogram, Metric, Process

_P = ParamSpec("_P")
_R = TypeVar("_R")

PULSE: Final = 0.5
"""Seconds between two looks at how late the event loop is."""

HTTP_REQUESTS: Final = Counts(
    "bellrock_http_requests_total", "HTTP requests that were answered.", "method", "route", "status"
)
HTTP_SECONDS: Final = Histogram("bellrock_http_request_seconds", "From a request to its answer's end.", "route")
REPORT_SECONDS: Final = Histogram(
    "bellrock_report_seconds", "From when a report is received until it is committed, and until it is acknowledged.", "stage", bounds=LONG
)  # fmt: skip
REPORTS_REFUSED: Final = Counts("bellrock_reports_refused_total", "Reports that the database will never take.")
INFERENCE_SECONDS: Final = Histogram("bellrock_inference_seconds", "Time of steps of the inference.", "step")
DATABASE_SECONDS: Final = Histogram("bellrock_database_seconds", "Time of statements and commits.", "operation")
TRANSACTION_SECONDS: Final = Histogram(
    "bellrock_database_transaction_seconds", "Time of transactions that write, the wait for the right to included.",
    bounds=LONG,
)  # fmt: skip
DATABASE_FAILURES: Final = Counts("bellrock_database_failures_total", "Transactions that were not made, by why.", "why")
DATABASE_RETRIES: Final = Counts("bellrock_database_retries_total", "Batches of reports that were tried once more.")
LOOP_LAG: Final = Histogram("bellrock_loop_lag_seconds", "By how much the event loop wakes up too late, looked at twice a second.")  # fmt: skip

ALL: Final[tuple[Metric, ...]] = (
    HTTP_REQUESTS, HTTP_SECONDS, REPORT_SECONDS, REPORTS_REFUSED, INFERENCE_SECONDS, DATABASE_SECONDS,
    TRANSACTION_SECONDS, DATABASE_FAILURES, DATABASE_RETRIES,
)  # fmt: skip
"""Those of this room; `LOOP_LAG` is among what every program tells (`exposition.own`)."""

for _why in ("store-full", "store-away", "store-refuses"):
    DATABASE_FAILURES.expect(_why)


@contextmanager
def timed(histogram: Histogram, *labels: str) -> Iterator[None]:
    """Measure how long the body takes, however it ends, and trace it as a step of the work."""
    began = time.perf_counter()
    try:
        with tracing.step(histogram.name, labels):
            yield
    finally:
        histogram.observe(time.perf_counter() - began, *labels)


def measured(histogram: Histogram, *labels: str) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Measure each call of a function."""

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        @functools.wraps(function)
        def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            with timed(histogram, *labels):
                return function(*args, **kwargs)

        return call

    return decorate


async def feel_pulse() -> None:
    """See again and again how late this event loop is, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + PULSE
        await asyncio.sleep(PULSE)
        LOOP_LAG.observe(max(0.0, loop.time() - due))


def process(proc: Path = Path("/proc/self")) -> Process:
    """What this process takes now; 0 for what /proc does not tell."""
    try:
        resident = int((proc / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        descriptors = len(os.listdir(proc / "fd"))
    except (OSError, ValueError, IndexError):
        resident = descriptors = 0
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return Process(used.ru_utime + used.ru_stime, resident, descriptors, limit)
