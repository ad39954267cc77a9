"""How a region bears its agents: so many simulated ones, real messages over real WebSockets, at several sizes; and what each more costs.

`make bench ONLY=scale`, or `python -m bench.scale [--agents 1000,3000,10000] [--per-rack 10] [--standby auto] [--short]`: two regions on a PostgreSQL
server that it starts, or on `--database postgresql://…`; with `--database sqlite --regions 1` one on a file. CPU is that of the regions' processes alone, but for times to an answer, which are as
somebody waiting sees them: on a machine that does other work they are upper bounds.
"""

import argparse
import contextlib
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from bench._crowd import Crowds
from bench._racks import Move, Racks, name
from bench._regions import Api, Region, regions, room_for, token_of
from bench._report import Figure, at_most, plain, report
from bench._watchers import Live, Pulse
from tests.postgres import Databases, server

CHURN = 1 / 600
"""Changes of an interface a second and agent, while CPU is measured: one in ten minutes."""
MOST_WAIT = 600.0
READY_WITHIN = 30.0


class Plan(Struct, frozen=True, kw_only=True):
    """What is measured, and for how long."""

    agents: int
    per_rack: int
    regions: int
    database: str
    standby: str
    settle: float
    steady: float
    moves: int
    pages: int
    goals: bool
    """Whether this size is the one that the goals are for."""


class Site:
    """The crowd, its regions, and what is asked of them."""

    def __init__(self, plan: Plan, found: list[Region], crowds: Crowds) -> None:
        self.plan = plan
        self.regions = found
        self.crowds = crowds
        self.racks = Racks(plan.agents, plan.per_rack)
        self.api = Api(found[0].url, token_of(found[0]))
        self.figures: list[Figure] = []

    def note(self, figure: str, value: float, unit: str, goal: float | None = None) -> None:
        """A figure of this size; its goal counts at the size that it is for."""
        title = f"{figure}, {self.plan.agents:,} agents"
        bounded = goal is not None and self.plan.goals
        self.figures.append(
            at_most(title, value, unit, goal) if bounded and goal is not None else plain(title, value, unit)
        )
        print(f"    {title}: {value:,.4g} {unit}", file=sys.stderr, flush=True)

    def cost(self) -> tuple[float, float]:
        """CPU seconds so far and MiB now, of all regions together."""
        each = [region.cost() for region in self.regions]
        return sum(cpu for cpu, _ in each), sum(memory for _, memory in each)


def main() -> int:
    asked = _asked()
    sizes = [int(text) for text in asked.agents.split(",")]
    if why := room_for(max(sizes)):
        print(f"this machine cannot: {why}", file=sys.stderr)
        return 2
    figures: list[Figure] = []
    with databases(asked.database) as fresh:
        for agents in sizes:
            plan = Plan(
                agents=agents, per_rack=asked.per_rack, regions=asked.regions, database=fresh(), standby=asked.standby,
                settle=10.0 if asked.short else 30.0, steady=20.0 if asked.short else 60.0,
                moves=30 if asked.short else 100, pages=200 if asked.short else 500, goals=agents == max(sizes),
            )  # fmt: skip
            print(f"  {agents:,} agents", file=sys.stderr, flush=True)
            figures += measure(plan)
    return 0 if report("scale", [*figures, *slopes(figures, sizes)]) else 1


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", default="1000,3000,10000")
    parser.add_argument("--per-rack", type=int, default=10)
    parser.add_argument("--regions", type=int, default=2)
    parser.add_argument(
        "--database",
        default="",
        help="a URL of an empty database of PostgreSQL, or sqlite; a server of its own otherwise",
    )
    parser.add_argument("--standby", choices=["auto", "warm", "cold"], default="auto", help="as the region's option")
    parser.add_argument("--short", action="store_true", help="fewer moves and pages, less time: for a first look")
    return parser.parse_args()


@contextlib.contextmanager
def databases(asked: str) -> Iterator[Callable[[], str]]:
    """Where each size's regions keep what they know: an empty database each, but for one that was named."""
    if asked == "sqlite":
        yield str
    elif asked:
        yield lambda: asked
    else:
        with server(durable=True) as running:
            yield Databases(running).empty


def measure(plan: Plan) -> list[Figure]:
    """All figures of one size."""
    processes = max(1, min(os.cpu_count() or 1, plan.agents // 500))
    with (
        tempfile.TemporaryDirectory(prefix="bellrock-scale-") as directory,
        regions(Path(directory), plan.regions, plan.database, ("--standby", plan.standby)) as (found, key),
        Crowds([region.url for region in found], key, plan.agents, plan.per_rack, processes) as crowds,
    ):
        site = Site(plan, found, crowds)
        for part in (join, steady, moves, pages, restart, *((takeover,) if plan.regions > 1 else ())):
            with Pulse(found) as pulse:
                part(site)
            site.note(f"{part.__name__}: longest wait for /healthz", max(pulse.longest.values()), "s")
        site.api.close()
        return site.figures


def join(site: Site) -> None:
    """Everybody at once, until all is told and the topology is right."""
    cpu, _ = site.cost()
    began = time.monotonic()
    site.crowds.tell("start", 1.0)
    tally = until(site, lambda tally: tally.told == site.plan.agents and tally.connected == site.plan.agents)
    told = time.monotonic() - began
    while not right(site):
        if time.monotonic() - began > MOST_WAIT:
            raise TimeoutError("the topology did not become right")
        time.sleep(1.0)
    site.note("connected, and the topology right", time.monotonic() - began, "s", 300)
    site.note("all reports acknowledged", told, "s")
    spent, memory = site.cost()
    site.note("CPU of the regions until then", spent - cpu, "s CPU")
    site.note("observations told", tally.observations, "")
    site.note("memory of the regions then", memory, "MiB")


def right(site: Site) -> bool:
    """Whether the region's domains are those of the site."""
    found = {
        frozenset((member["host"], member["interface"], member["vid"]) for member in vlan["members"])
        for fabric in site.api.json("/api/v1/topology")["fabrics"]
        for vlan in fabric["vlans"]
    }
    return found == {domain for domain in site.racks.domains() if len(domain) > 1}


def until(site: Site, holds: Callable[[Any], bool], within: float = MOST_WAIT) -> Any:
    """How the crowd stands once something holds of it."""
    began = time.monotonic()
    last = began
    joined: list[float] = []
    while True:
        tally = site.crowds.tally()
        joined += tally.joined  # which are told once
        tally.joined = joined
        if holds(tally):
            return tally
        now = time.monotonic()
        if now - began > within:
            raise TimeoutError(f"after {within:g} s: {tally.connected} connected, {tally.told} told; {tally.refused}")
        if now - last > 15:
            last = now
            print(
                f"    … {tally.connected:,} connected, {tally.told:,} told; {tally.refused}",
                file=sys.stderr,
                flush=True,
            )
        time.sleep(0.25)


def steady(site: Site) -> None:
    """Keep-alives and a few changes, with nobody watching."""
    site.crowds.tell("churn", site.plan.agents * CHURN / len(site.crowds.processes))
    time.sleep(site.plan.settle)
    cpu, _ = site.cost()
    began = time.monotonic()
    time.sleep(site.plan.steady)
    spent, memory = site.cost()
    elapsed = time.monotonic() - began
    site.note("steady CPU of all regions together", (spent - cpu) / elapsed, "cores", 1.0)
    site.note("memory of all regions together", memory, "MiB", 2560)


def moves(site: Site) -> None:
    """A cable at a time goes to another rack: how long until the API says so, and until a page that watches is told."""
    live = Live(site.regions[0].url, token_of(site.regions[0]))
    live.start()
    if not live.ready.wait(120):
        raise TimeoutError("the page was told nothing")
    answers, told = [], []
    draw = random.Random(3)
    cpu, _ = site.cost()
    octets = live.octets
    for _ in range(site.plan.moves):
        one, two = moved(site, live, draw)
        answers.append(one)
        told.append(two)
    spent, _ = site.cost()
    site.note("a cable moved, to the API's answer, 99th percentile", percentile(answers, 99), "s", 1.0)
    site.note("a cable moved, to the API's answer, median", percentile(answers, 50), "s")
    site.note("a cable moved, to the page's update, 99th percentile", percentile(told, 99), "s", 1.0)
    site.note("a cable moved, to the page's update, median", percentile(told, 50), "s")
    site.note("CPU of the regions per move, asking included", (spent - cpu) / site.plan.moves * 1000, "ms CPU")
    site.note("octets to a page per move", (live.octets - octets) / site.plan.moves, "B")
    live.close()


def moved(site: Site, live: Live, draw: random.Random) -> tuple[float, float]:
    """Seconds from the moment at which the agents tell, to the API's answer and to the page's."""
    agent, side = draw.randrange(site.plan.agents), draw.randrange(2)
    rack = draw.randrange(site.racks.racks)
    here = site.racks.rack(agent, side)
    if rack == here or not site.racks.plugged(rack, side) or len(site.racks.plugged(here, side)) < 2:
        return moved(site, live, draw)
    move = Move(agent, side, rack)
    old, new = site.racks.move(move)
    path = f"/api/v1/topology/explain?a={name(agent)}/eth{side}&b={name(new[0])}/eth{side}"
    began = time.monotonic()
    site.crowds.tell("move", move)
    while site.api.json(path)["verdict"] != "same-vlan":
        if time.monotonic() - began > 60:
            raise TimeoutError(f"{move} was not seen")
        time.sleep(0.01)
    answered = time.monotonic() - began
    mine, left, met = ((name(one), f"eth{side}") for one in (agent, old[0], new[0]))
    while not live.moved(mine, left, met, began):
        if time.monotonic() - began > 60:
            raise TimeoutError(f"{move} was not told to the page: {live.told.get(mine)}, {live.told.get(met)}")
        time.sleep(0.005)
    told = max(live.told[one][1] for one in (mine, left, met)) - began
    time.sleep(0.3)
    return answered, told


def pages(site: Site) -> None:
    """The API's pages while the region does its work."""
    draw = random.Random(4)
    asked: dict[str, list[float]] = {}
    cursor = ""
    for _ in range(site.plan.pages):
        agent = draw.randrange(site.plan.agents)
        a, b = f"{name(agent)}/eth0", f"{name(agent // site.plan.per_rack * site.plan.per_rack)}/eth0"
        for what, path in (
            ("a page of 100 interfaces", f"/api/v1/interfaces?limit=100{cursor}"),
            ("one host", f"/api/v1/hosts/{name(agent)}"),
            ("neighbours of one host", f"/api/v1/hosts/{name(agent)}/neighbours"),
            ("explain", f"/api/v1/topology/explain?a={a}&b={b}"),
        ):
            status, body, took = site.api.get(path)
            if status == 404 and what != "explain":
                continue
            if status != 200:
                raise RuntimeError(f"GET {path}: {status} {body[:200]!r}")
            asked.setdefault(what, []).append(took)
    for what, took in asked.items():
        site.note(f"API: {what}, 99th percentile", percentile(took, 99) * 1000, "ms", 20)
        site.note(f"API: {what}, median", percentile(took, 50) * 1000, "ms")


def restart(site: Site) -> None:
    """The first region is gone, and comes again: how long until everybody is back, and how evenly they came."""
    region = site.regions[0]
    site.crowds.tally()
    began = time.monotonic()
    region.stop()
    ready = region.start()
    serving = time.monotonic()
    cpu, _ = region.cost()
    tally = until(site, lambda tally: tally.connected == site.plan.agents and time.monotonic() - serving > 1)
    came = [at - serving for at in tally.joined] or [0.0]
    site.note("restart: all back after the region serves again", time.monotonic() - serving, "s", 60)
    site.note("restart: the region's own start", ready, "s")
    site.note("restart: from its end until all are back", time.monotonic() - began, "s")
    site.note("restart: agents let in in the busiest second", busiest(came), "1/s")
    site.note("restart: CPU per agent let in", (region.cost()[0] - cpu) / site.plan.agents * 1000, "ms CPU")


def takeover(site: Site) -> None:
    """The process that leads is killed: how long until another answers, and answers right."""
    leader = until_leader(site)
    (other, *_) = [region for region in site.regions if region is not leader]
    api = Api(other.url, token_of(other))
    until(site, lambda tally: tally.told == site.plan.agents)
    waited = kept_ready(api)
    began = time.monotonic()
    leader.stop(signal.SIGKILL)
    ready = answered(api, "/readyz", began)
    first = answered(api, f"/api/v1/hosts/{name(0)}", began)
    site.note("take-over: the other was kept ready", float(waited), "")
    site.note("take-over: another process is ready", ready, "s", 3.0)
    site.note("take-over: it answers of a host", first, "s", 3.0)
    site.api.close()
    site.api = api
    while not right(site):
        if time.monotonic() - began > MOST_WAIT:
            raise TimeoutError("the topology did not become right")
        time.sleep(0.1)
    site.note("take-over: it tells the right topology", time.monotonic() - began, "s", 3.0)
    until(site, lambda tally: tally.connected == site.plan.agents)
    site.note("take-over: all agents are with it", time.monotonic() - began, "s", 60)


def kept_ready(api: Api) -> bool:
    """Wait for a while until a process is ready to lead, as `--standby auto` has it in all but large sites; whether it is."""
    began = time.monotonic()
    while time.monotonic() - began < READY_WITHIN:
        if b"\nbellrock_member_ready_to_lead 1" in api.get("/metrics")[1]:
            return True
        time.sleep(0.5)
    return False


def until_leader(site: Site) -> Region:
    """The process that leads, as it says itself."""
    began = time.monotonic()
    while time.monotonic() - began < MOST_WAIT:
        for region in site.regions:
            api = Api(region.url, token_of(region))
            _, text, _ = api.get("/metrics")
            api.close()
            if b"\nbellrock_leader 1" in text:
                return region
        time.sleep(0.5)
    raise TimeoutError("no process says that it leads")


def answered(api: Api, path: str, began: float) -> float:
    """Seconds since then until there is an answer that is none of an error."""
    while time.monotonic() - began < MOST_WAIT:
        with contextlib.suppress(OSError):
            if api.get(path)[0] == 200:
                return time.monotonic() - began
        time.sleep(0.02)
    raise TimeoutError(f"no answer to GET {path}")


def busiest(times: Sequence[float]) -> int:
    """Most of them that fall into one second."""
    seconds: dict[int, int] = {}
    for at in times:
        seconds[int(at)] = seconds.get(int(at), 0) + 1
    return max(seconds.values())


def percentile(values: Sequence[float], which: int) -> float:
    """Of a few values, the next one above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, -(-len(ordered) * which // 100) - 1)]


SLOPES = {
    "steady CPU of all regions together": ("ms CPU/s per agent", 1000.0),
    "memory of all regions together": ("KiB per agent", 1024.0),
    "CPU of the regions until then": ("ms CPU per agent", 1000.0),
    "restart: the region's own start": ("ms per agent", 1000.0),
    "a cable moved, to the API's answer, median": ("ms per 1,000 agents", 1e6),
    "CPU of the regions per move, asking included": ("ms CPU per 1,000 agents", 1000.0),
}
"""Figures that grow with the site: unit of the slope, and what it is to be multiplied by."""


def slopes(figures: list[Figure], sizes: list[int]) -> list[Figure]:
    """What one agent more costs, by least squares over all sizes."""
    if len(sizes) < 2:
        return []
    values = {one.figure: one.value for one in figures}
    found = []
    for figure, (unit, factor) in SLOPES.items():
        line = statistics.linear_regression(sizes, [values[f"{figure}, {size:,} agents"] for size in sizes])
        found.append(plain(f"slope: {figure}", line.slope * factor, unit))
    return found


if __name__ == "__main__":
    sys.exit(main())
