"""What grows with what: the parts of a region's work at several sizes, each alone, in CPU seconds of one process.

Where `scale` measures a whole region from outside, this says which part of it costs what, and by how much an agent more makes it cost.
CPU time is hardly moved by what else the machine does, so that the slopes hold on a busy one too. `--agents 500,1000,2000`.
"""

import argparse
import asyncio
import gc
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from bellrock.contract import Report
from bellrock.model import Host, Monotonic, Wall
from bellrock.region.service.inference import Inference
from bellrock.region.service.places import Registrar, places_of
from bellrock.region.service.standby import Readied, Standby
from bellrock.region.service.state import State
from bellrock.region.store import Accepted, Loaded
from bench._racks import Move, Racks, evidence, identity, name, plugged, unplugged
from bench._report import Figure, plain, report

NOW = 1_700_000_000.0
clock = time.process_time


class Growth:
    """One site, and what was measured of it."""

    def __init__(self, agents: int, per_rack: int) -> None:
        self.agents = agents
        self.racks = Racks(agents, per_rack)
        self.state = State(Loaded())
        self.values: dict[str, tuple[float, str]] = {}

    def timed(self, what: str, work: Callable[[], Any]) -> Any:
        """Note the CPU seconds of a piece of work; its result."""
        began = clock()
        result = work()
        self.values[what] = clock() - began, "s CPU"
        return result

    def run(self) -> dict[str, tuple[float, str]]:
        """Measure all: {figure: (value, unit)}."""
        gc.collect()
        before = _resident()
        observations = self.timed("taking in all accounts", self._accounts)
        gc.collect()
        self.values["evidence and its like"] = float(observations), ""
        self.values["memory of what agents said"] = _resident() - before, "MiB"
        inference = self.timed("take-over: loading the inference", lambda: Inference(self.state, None))
        self.timed("take-over: the first topology", inference.topology)
        self.values["memory with the inference"] = _resident() - before, "MiB"
        self._ready(inference.registry())
        inference.advanced()
        self.timed("all agents keep alive, and the topology is asked for", lambda: self._alive(inference))
        self._registered(inference)
        self.timed("writing the registry of names", inference.registry)
        self._moves(inference)
        return self.values

    def _accounts(self) -> int:
        encode, decode = msgspec.json.Encoder().encode, msgspec.json.Decoder(Report).decode
        count = 0
        for agent in range(self.agents):
            for told in self.racks.account(agent, "boot", NOW):
                count += len(told.observations)
                self._take(agent, decode(encode(told)))
        return count

    def _take(self, agent: int, told: Report) -> list[Any]:
        host = Host(identity(agent), name(agent), "rack")
        return self.state.apply(Accepted(agent=host, report=told, received=Wall(max(NOW, told.sent))))

    def _alive(self, inference: Inference) -> None:
        for agent in range(self.agents):
            inference.alive(Host(identity(agent), name(agent), "rack"), Wall(NOW + 15))
        inference.topology()

    def _ready(self, registry: bytes) -> None:
        """What is left to do for a process that was kept ready to lead."""
        # By a clock that stands no slice of work is ever over: it is made at once.
        standby = Standby(self.state, Readied.WARM, lambda: Monotonic(0.0))
        standby.wanted = True
        asyncio.run(self._led(standby, registry))

    async def _led(self, standby: Standby, registry: bytes) -> None:
        running = asyncio.create_task(standby.run())
        while not standby.ready:  # noqa: ASYNC110 -- nobody but a bench waits for that
            await asyncio.sleep(0.01)
        running.cancel()
        began = clock()
        (await standby.take(registry, ())).advanced()
        self.values["take-over: of a process that was kept ready"] = clock() - began, "s CPU"

    def _registered(self, inference: Inference) -> None:
        ids = iter(range(10**9))
        registrar = Registrar((), lambda: f"if-{next(ids)}")
        places = places_of(inference.topology())
        self.timed(
            "registering every interface", lambda: registrar.update(self.state.accounts.values(), places, Wall(NOW))
        )

    def _moves(self, inference: Inference, count: int = 5) -> None:
        """A cable to another rack: state, conclusions, and what is drawn anew."""
        seconds = []
        for number in range(count):
            move = Move(number * 7 % self.agents, number % 2, (number + 3) % self.racks.racks)
            began = clock()
            old, new = self.racks.move(move)
            wall = Wall(NOW + 60 + number)
            told = [*unplugged(move.agent, move.side, old, wall), *plugged(move.agent, move.side, new, wall)]
            for some in told:
                inference.apply(self._take(move.agent, Report(99, "boot", wall, some)), wall)
            for peer in new:
                heard = tuple(evidence(peer, move.side, move.agent, wall))
                inference.apply(self._take(peer, Report(99, "boot", wall, heard)), wall)
            inference.advanced()
            seconds.append(clock() - began)
        self.values["a cable moved: from reports to new claims (median)"] = statistics.median(seconds), "s CPU"


def measure(agents: int, per_rack: int) -> dict[str, tuple[float, str]]:
    """One size."""
    return Growth(agents, per_rack).run()


def _resident() -> float:
    text = Path("/proc/self/status").read_text()
    return int(text.partition("VmRSS:")[2].split()[0]) / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", default="500,1000,2000,4000")
    parser.add_argument("--per-rack", type=int, default=10)
    asked = parser.parse_args()
    sizes = [int(text) for text in asked.agents.split(",")]
    found = {}
    for agents in sizes:
        print(f"  {agents:,} agents", file=sys.stderr, flush=True)
        # Each in a process of its own: memory that one has given back would be found again by the next.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
            found[agents] = alone.submit(measure, agents, asked.per_rack).result()
    figures = [
        plain(f"{what}, {agents:,} agents", value, unit)
        for agents, values in found.items()
        for what, (value, unit) in values.items()
    ]
    return 0 if report("growth", [*figures, *slopes(found)]) else 1


def slopes(found: dict[int, dict[str, tuple[float, str]]]) -> list[Figure]:
    """What an agent more costs, by least squares, and what is there without any."""
    if len(found) < 2:
        return []
    figures = []
    for what, (_, unit) in next(iter(found.values())).items():
        line = statistics.linear_regression([*found], [values[what][0] for values in found.values()])
        factor, small = {"s CPU": (1e6, "us CPU"), "MiB": (1024.0, "KiB"), "": (1.0, "")}[unit]
        figures.append(plain(f"slope: {what}", line.slope * factor, f"{small} per agent".strip()))
    return figures


if __name__ == "__main__":
    sys.exit(main())
