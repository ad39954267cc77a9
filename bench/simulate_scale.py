"""A region as a queue: what the measured service times say of sites that do not fit this machine. Prints the numbers of docs/explanation/scale.md.

One server (the event loop) does all work in the order in which it comes: connections, keep-alives, reports, and a round of conclusions
whenever something has changed. Agents behave by the real code (`agent.pauses`, `region.service.pace`, `region.size`). Service times are those
that `bench.growth` and `bench.scale` have measured (bench/results), or, where these have not run, those named here. The model is
held against the points that were measured: where both are off by more than a factor of two, the run fails.
"""

import heapq
import itertools
import json
import random
import sys
from collections.abc import Iterator

from msgspec import Struct

from bellrock.agent.pauses import Pauses
from bellrock.model import Monotonic
from bellrock.region.service.pace import Pace
from bellrock.region.service.publish import PERIOD, REST
from bellrock.region.size import Size
from bench._report import RESULTS, Figure, at_most, plain, report

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)
KEEP_ALIVE = 15.0
CHANGES = 1 / 600
"""Changes a second and agent in a quiet site, as bench.scale makes them."""
OFF = 2.0
COLD = ("loading the inference", "the first topology")
"""What a leader does that was not kept ready, as `bench.growth` calls it."""


class Costs(Struct, frozen=True, kw_only=True):
    """Seconds of CPU, and KiB."""

    connect: float = 1.25e-3
    keep_alive: float = 1.5e-4
    observation: float = 7.0e-5
    """From the wire to the commit and the inference."""
    observations: float = 235.0
    """Of one agent's full account, in racks of ten with eight interfaces."""
    round_fixed: float = 5.0e-2
    """Of a round of conclusions after a cable was moved, however large the site."""
    round_each: float = 0.0
    """The same, for each agent of the site."""
    takeover_each: float = 1.0e-3
    """Loading the inference and the first topology, for each agent."""
    memory_each: float = 71.0


def measured() -> Costs:
    """What the benches of this machine say, where they have run."""
    growth = _results("growth")
    moved = [value for name, value in growth.items() if name.startswith("a cable moved: from reports")]
    found = {
        "round_fixed": max(moved, default=0.0),
        "round_each": growth.get("slope: a cable moved: from reports to new claims (median)", 0.0) / 1e6,
        "takeover_each": sum(growth.get(f"slope: take-over: {part}", 0.0) for part in COLD) / 1e6,
        "memory_each": growth.get("slope: memory with the inference", 0.0),
        "observations": growth.get("slope: evidence and its like", 0.0),
    }
    joined = _results("scale").get("slope: CPU of the regions until then", 0.0) / 1000
    if joined and found["observations"]:
        found["observation"] = joined / found["observations"]
    connects = [value for name, value in _results("scale").items() if name.startswith("restart: CPU per agent let in")]
    if connects:
        found["connect"] = connects[-1] / 1000
    return Costs(**{name: value for name, value in found.items() if value > 0})


def _results(name: str) -> dict[str, float]:
    path = RESULTS / f"{name}.json"
    return {one["figure"]: one["value"] for one in json.loads(path.read_text())} if path.exists() else {}


def back(agents: int, costs: Costs, rng: random.Random) -> tuple[float, int, int]:
    """(seconds until all are back after a restart, most let in within a second, attempts): nobody listens for the first second."""
    size = Size(agents=agents)
    pace, free, order = Pace(size.rate), 1.0, itertools.count()
    due: list[tuple[float, int, Pauses]] = []
    for _ in range(agents):
        pauses = Pauses(rng.random)
        pauses.worked(-60.0, spread=size.spread(agents))
        heapq.heappush(due, (pauses.next(0.0), next(order), pauses))
    came: list[float] = []
    attempts = 0
    while due:
        at, _, pauses = heapq.heappop(due)
        attempts += 1
        if at >= 1.0:
            free = max(free, at) + costs.connect
            if pace.enter(Monotonic(free)):
                came.append(free)
                continue
            pauses.told(pace.later(Monotonic(free)))
            at = free
        heapq.heappush(due, (at + pauses.next(at), next(order), pauses))
    return came[-1], max(_busiest(came)), attempts


def _busiest(times: list[float]) -> Iterator[int]:
    for _, some in itertools.groupby(times, key=int):
        yield sum(1 for _ in some)


def moved(agents: int, costs: Costs, rng: random.Random, moves: int = 400) -> tuple[float, float, float]:
    """(median, 99th percentile of seconds from a report to the answer that knows of it, share of a core) in a site that is quiet otherwise."""
    jobs = _quiet(agents, costs, rng, moves * 2.0)
    heapq.heapify(jobs)
    round_takes = costs.round_fixed + costs.round_each * agents
    free = next_round = busy = 0.0
    waiting: list[float] = []
    answers: list[float] = []
    dirty = False
    while jobs:
        at, work, kind = heapq.heappop(jobs)
        if dirty and next_round <= max(free, at):
            free = max(free, next_round) + round_takes
            busy += round_takes
            next_round, dirty = free + max(PERIOD, REST * round_takes), False
            answers += [free - since for since in waiting]
            waiting.clear()
        free = max(free, at) + work
        busy += work
        if kind:
            dirty = True
        if kind == 2:
            waiting.append(at)
    ordered = sorted(answers)
    return ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)], busy / max(free, 1e-9)


def _quiet(agents: int, costs: Costs, rng: random.Random, seconds: float) -> list[tuple[float, float, int]]:
    """Keep-alives (of a second together), changes, and a cable that is moved every two seconds: (when, work, 0: none, 1: a change, 2: the cable)."""
    jobs = [(second / 10, agents / KEEP_ALIVE / 10 * costs.keep_alive, 0) for second in range(int(seconds * 10))]
    at = 0.0
    while (at := at + rng.expovariate(agents * CHANGES)) < seconds:
        jobs.append((at, costs.observation, 1))
    return jobs + [(2.0 * move + rng.random(), 150 * costs.observation, 2) for move in range(int(seconds / 2) - 1)]


def checks(costs: Costs, rng: random.Random) -> list[Figure]:
    """The model beside what was measured at the same size; a figure of `times` is the larger over the smaller."""
    figures = []
    for name, value in _results("scale").items():
        what, _, size = name.rpartition(", ")
        if not size.endswith("agents"):
            continue
        agents = int(size.split()[0].replace(",", ""))
        expected = {
            "CPU of the regions until then": agents * costs.observations * costs.observation,
            "restart: CPU per agent let in": costs.connect * 1000,
            "a cable moved, to the API's answer, median": moved(agents, costs, rng)[0],
        }.get(what)
        if expected and value:
            times = max(expected, value) / min(expected, value)
            figures.append(at_most(f"model against measurement: {name}", times, "times", OFF))
    return figures


def main() -> int:
    costs, rng = measured(), random.Random(11)
    figures = []
    for agents in SIZES:
        whole, busiest, attempts = back(agents, costs, rng)
        median, slow, share = moved(agents, costs, rng)
        figures += [
            plain(
                f"all told, one core at work, {agents:,} agents", agents * costs.observations * costs.observation, "s"
            ),
            plain(f"all back after a restart, {agents:,} agents", whole, "s"),
            plain(f"let in in the busiest second, {agents:,} agents", busiest, "1/s"),
            plain(f"attempts for each that came back, {agents:,} agents", attempts / agents, ""),
            plain(f"a cable moved, to the answer, median, {agents:,} agents", median, "s"),
            plain(f"a cable moved, to the answer, 99th percentile, {agents:,} agents", slow, "s"),
            plain(f"share of a core, {agents:,} agents", share, "cores"),
            plain(f"a leader that has just begun concludes, {agents:,} agents", agents * costs.takeover_each, "s"),
            plain(f"memory, {agents:,} agents", agents * costs.memory_each / 1024, "MiB"),
        ]
    return 0 if report("simulate_scale", [*figures, *checks(costs, rng)]) else 1


if __name__ == "__main__":
    sys.exit(main())
