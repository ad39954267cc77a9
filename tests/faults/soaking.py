"""A region and its agents, and random faults one after the other: by a seed, so that what went wrong can be done again."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from tests.faults.judge import Verdict, judge
from tests.faults.nets import Net, Place, net
from tests.faults.world import DATABASE, Fleet, Region, World, until, world

REGIONS: Final = 2
FLEETS: Final = 4
PORT: Final = 5240
HOUR: Final = 3600.0


class Row(Struct, frozen=True):
    """One fault."""

    fault: str
    lasted: float
    """Seconds."""
    waited: int
    """Reports that waited with the agents when it was over."""
    recovery: float
    """Seconds from its end until all was right again."""


class Soak:
    """The site, and what may happen to it."""

    def __init__(self, there: World, cables: Net, seed: int) -> None:
        self.there = there
        self.rows: list[Row] = []
        self._cables = cables
        self._agents, self._database, *self._places = cables.places
        self._chance = random.Random(seed)
        self.faults: dict[str, Callable[[], None]] = {
            "kill -9 of agents": self.kill_agents,
            "kill -9 of a follower": self.kill_follower,
            "kill -9 of the leader": self.kill_leader,
            "kill -9 of PostgreSQL": self.kill_postgresql,
            "kill -9 of all regions": self.kill_regions,
            "agents cut off": lambda: self.cut(self._agents, *self._places),
            "a follower cut off from the database": lambda: self.cut(self._database, self.place(self.follower())),
            "the leader cut off from the database": lambda: self.cut(self._database, self.place(self.there.leader())),
            "the database cut off": lambda: self.cut(self._database, *self._places),
            "a region's clock set by an hour": self.step_region,
            "agents' clocks set by an hour": self.step_agents,
        }

    def start(self, agents: int, rate: float) -> None:
        """Start all, and wait until all is right."""
        for place in self._places:
            self.there.region(inside=place.inside, listen=f"{place.address}:{PORT}")
        for _ in range(FLEETS):
            self.there.fleet(agents // FLEETS, rate=rate / FLEETS, inside=self._agents.inside)
        self.there.right_again(time.monotonic())

    def run(self, until_then: float) -> Iterator[Row]:
        """One fault after the other until this moment of the monotonic clock, each once before any comes again."""
        names: list[str] = []
        while time.monotonic() < until_then:
            names = names or self._chance.sample(list(self.faults), len(self.faults))
            name = names.pop()
            yield self.one(name, self.faults[name])

    def one(self, name: str, fault: Callable[[], None]) -> Row:
        """One fault, from its begin until all is right again."""
        began = time.monotonic()
        fault()
        over = time.monotonic()
        waited = sum(fleet.ask("status")["waiting"] for fleet in self.there.fleets)
        row = Row(name, over - began, waited, self.there.right_again(over, within=600))
        self.rows.append(row)
        return row

    def verdict(self) -> Verdict:
        """What was lost in all of it."""
        self.there.still()
        return judge(self.there)

    def follower(self) -> Region:
        """One that does not lead."""
        leader = self.there.leader()
        return next(one for one in self.there.regions if one is not leader)

    def place(self, region: Region) -> Place:
        """Where a process of the region is."""
        return self._places[self.there.regions.index(region)]

    def kill_agents(self) -> None:
        """A quarter of all."""
        fleet: Fleet = self._chance.choice(self.there.fleets)
        fleet.end(signal.SIGKILL)
        fleet.start()

    def kill_follower(self) -> None:
        """And start it again."""
        one = self.follower()
        one.end(signal.SIGKILL)
        one.start()

    def kill_leader(self) -> None:
        """The next one leads before it is back."""
        one, epoch = self.there.leader(), self.there.epoch()
        one.end(signal.SIGKILL)
        until(lambda: self.there.epoch() > epoch, "another leader")
        one.start()

    def kill_postgresql(self) -> None:
        """As a crash does."""
        self.there.postgres.stop(signal.SIGKILL)
        self.there.postgres.start()

    def kill_regions(self) -> None:
        """All at once."""
        for one in self.there.regions:
            one.end(signal.SIGKILL)
        for one in self.there.regions:
            one.start()

    def cut(self, one: Place, *others: Place, seconds: float | None = None) -> None:
        """Nothing passes between them, for a moment or longer."""
        self._cables.cut(one, *others)
        time.sleep(self._chance.uniform(0.5, 6.0) if seconds is None else seconds)
        self._cables.mend()

    def cut_for_long(self, seconds: float) -> None:
        """All agents from all regions, and the database from everybody."""
        self._cables.cut(self._agents, *self._places)
        self._cables.cut(self._database, *self._places)
        time.sleep(seconds)
        self._cables.mend()

    def step_region(self) -> None:
        """There or back."""
        clock = self._chance.choice(self.there.regions).clock
        clock.step(self._chance.choice((HOUR, -HOUR, 0.0)))

    def step_agents(self) -> None:
        """There or back."""
        clock = self._chance.choice(self.there.fleets).clock
        clock.step(self._chance.choice((HOUR, -HOUR, 0.0)))


@contextmanager
def soak(directory: Path, seed: int, agents: int, rate: float) -> Iterator[Soak]:
    """A site of so many agents, with so many changes a second in all, where all is right."""
    with net(2 + REGIONS) as cables:
        database = cables.places[1]
        network = Path(f"/proc/{database.namespace.holder.pid}/ns/net")
        with world(directory, network=network, host=database.address, port=5432) as there:
            there.reached = f"postgresql://bellrock@{database.address}/{DATABASE}"
            made = Soak(there, cables, seed)
            made.start(agents, rate)
            yield made
