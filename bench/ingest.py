"""How many reports a region takes in, over real WebSockets and with every commit on disk: one agent, and twenty at once.

Each on both kinds of store, in the same run: a file, and a PostgreSQL server on this machine that waits for its disk as well. The
region, the database and those who tell are processes of their own, and the CPU that each takes for a change is told apart: on a machine
that does other work the rates are lower, and what a change costs stays the same.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from msgspec import Struct

from bellrock.model import Host, Wall
from bellrock.region.store import Accepted, open_store
from bench._namespaces import cpu_seconds, family
from bench._regions import regions
from bench._report import Figure, at_least, plain, report
from bench._tellers import CHANGES, Wanted, reports, told
from tests.postgres import Databases, Server, server

REPORTS = 20_000
"""Of all agents together."""
WINDOW = 200
GOAL = 5000
STORED = 20_000
BATCH = 256
"""Reports that are committed together, where the store alone is measured."""


class Measured(Struct, frozen=True):
    """What was measured of one crowd."""

    rate: float
    """Reports a second."""
    delay: float
    """Seconds until an acknowledgement (median)."""
    cpu: dict[str, float]
    """Seconds for a change, by who takes them."""


def measure(agents: int, database: str, running: Server | None, count: int = REPORTS, window: int = WINDOW) -> Measured:
    """So many agents tell a region that was just started. `database`: a new one on PostgreSQL; "": a file."""
    with (
        tempfile.TemporaryDirectory(prefix="bellrock-ingest-") as directory,
        regions(Path(directory), 1, database) as (
            found,
            key,
        ),
    ):
        region = found[0]
        ready(region.url)
        before = region.cost()[0], database_cpu(running)
        each = count // agents
        wanted = Wanted(port=region.port, key=key, agents=agents, reports=each, window=window)
        one = told(wanted)
        changes = agents * each * CHANGES
        cpu = {
            "region": (region.cost()[0] - before[0]) / changes,
            "database": (database_cpu(running) - before[1]) / changes,
            "those who tell": one.cpu / changes,
        }
        return Measured(agents * each / (one.ended - one.began), sorted(one.delays)[len(one.delays) // 2], cpu)


def ready(url: str) -> None:
    """Wait until it leads: of several processes on one database only one does."""
    end = time.monotonic() + 60
    while httpx.get(f"{url}/readyz").status_code != 200:
        if time.monotonic() > end:
            raise TimeoutError("the region is not ready")
        time.sleep(0.05)


def database_cpu(running: Server | None) -> float:
    """Seconds that the server and those of its processes that are there have taken."""
    if running is None:
        return 0.0
    return sum(cpu_seconds(pid) for pid in family(running.pid))


async def commits(where: Path | str) -> float:
    """Changes per second that the store alone takes, in batches of the ingest's size, every one of them durable."""
    store = await open_store(where)
    try:
        host = Host("a", "a", "rack")
        made = list(reports(host, STORED))
        batches = [made[at : at + BATCH] for at in range(0, STORED, BATCH)]
        begin = time.perf_counter()
        for batch in batches:
            await store.commit([Accepted(agent=host, report=one, received=Wall(2.0)) for one in batch], {"a": 1})
        return sum(len(one.observations) for one in made) / (time.perf_counter() - begin)
    finally:
        await store.close()


def figures(name: str, fresh: Callable[[], str], running: Server | None) -> tuple[list[Figure], float]:
    """What one kind of store does, and the changes per second of twenty agents."""
    one = measure(1, fresh(), running, count=REPORTS // 4)
    many = measure(20, fresh(), running)
    alone = measure(1, fresh(), running, count=300, window=1)
    with tempfile.TemporaryDirectory() as directory:
        stored = asyncio.run(commits(fresh() or Path(directory) / "region.sqlite"))
    changes = many.rate * CHANGES
    return [
        plain(f"{name}: reports/s, one agent", one.rate, "1/s"),
        plain(f"{name}: reports/s, 20 agents", many.rate, "1/s"),
        at_least(f"{name}: changes/s, 20 agents", changes, "1/s", GOAL),
        *(plain(f"{name}: CPU for a change, {who}, 20 agents", cpu * 1e6, "us CPU") for who, cpu in many.cpu.items()),
        at_least(f"{name}: changes/s, the store alone", stored, "1/s", GOAL),
        plain(f"{name}: acknowledgement, one agent in full flow (median)", one.delay * 1000, "ms"),
        plain(f"{name}: acknowledgement, 20 agents in full flow (median)", many.delay * 1000, "ms"),
        plain(f"{name}: acknowledgement, one report at a time (median)", alone.delay * 1000, "ms"),
    ], changes


def main() -> int:
    with server(durable=True) as running:
        databases = Databases(running)
        in_file, filed = figures("SQLite", str, None)
        on_server, served = figures("PostgreSQL", databases.empty, running)
    both = plain("PostgreSQL : SQLite, changes/s of 20 agents", served / filed, "")
    return 0 if report("ingest", [*in_file, *on_server, both]) else 1


if __name__ == "__main__":
    sys.exit(main())
