"""Many light agents in one process, which a test kills: `python -m tests.faults.fleet ORDERS.json`.

Spool, reporter and stream are the real ones; what is not there is the network below: an agent's host is a handful of interfaces
whose MTU is a number that grows with each change, so that every change is told apart from all others. Asked by lines of JSON on
stdin; each is answered by a line on stdout.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import sys
import time
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from bellrock.agent import reporter as reporting
from bellrock.agent import spool as spooling
from bellrock.agent.reporter import Reporter
from bellrock.agent.stream import Stream
from bellrock.agent.ways import Way
from bellrock.model import Host, Interface, Wall
from bellrock.wire.keys import Keyring, derive
from tests.faults import skew
from tests.faults.ledger import Account, Ledger, Noted

INTERFACES: Final = 3
MARK: Final = "mark"
"""The interface whose number a test sets, to see when it has arrived everywhere."""
OWED: Final = 0.5
"""Seconds between two tries to put what is owed into a spool that did not take it."""


class Orders(Struct, frozen=True, kw_only=True):
    """What a fleet is to be."""

    urls: tuple[str, ...]
    secret: str
    """In hex."""
    first: int
    agents: int
    spools: Path
    ledgers: Path
    boot: str
    max_reports: int = spooling.MAX_REPORTS
    max_pending: int = reporting.MAX_PENDING


class Several:
    """Several addresses without TLS: the next one whenever one fails."""

    def __init__(self, urls: tuple[str, ...], first: int) -> None:
        self._urls = urls
        self._at = first

    async def next(self) -> Way:
        """The address whose turn it is."""
        return Way(self._urls[self._at % len(self._urls)])

    async def pause(self, seconds: float) -> None:
        """Wait that long."""
        await asyncio.sleep(seconds)

    def worked(self) -> None:
        """Stay there."""

    def failed(self, *, turned_away: bool) -> None:
        """Try the next."""
        self._at += 1

    def renew_at(self) -> Wall | None:
        """There is no certificate."""
        return None

    def request(self) -> str:
        """Nothing is asked for."""
        return ""

    def renewed(self, certificate: str, regions: tuple[str, ...]) -> None:
        """Nothing was asked for."""


class Agent:
    """One host and its agent."""

    def __init__(self, orders: Orders, number: int, keyring: Keyring) -> None:
        self.name = f"h{number}"
        self._mac = f"02:00:{number >> 8:02x}:{number & 255:02x}"
        identity = f"id-{self.name}"
        path = orders.ledgers / self.name
        held = Account(path).truth if path.exists() else {}
        self.ledger = Ledger(path)
        host = Host(identity, self.name, "rack")
        self._numbers = {name: held.get(name, 1500) for name in (*(f"eth{at}" for at in range(INTERFACES)), MARK)}
        self.spool = Noted(orders.spools / f"{self.name}.sqlite", self.ledger)
        boot = f"{orders.boot}-{number}"
        self.reporter = Reporter(host, boot, self.spool)
        ways = Several(orders.urls, number)
        self.stream = Stream(ways, host, boot, keyring, self.spool, self._forgotten)
        self._marked = 0
        for name, value in self._numbers.items():
            self.ledger.note("is", name, value)
        self._look()
        self.reporter.complete()
        self.flush()

    def change(self, chance: random.Random) -> None:
        """Something changes on the host."""
        name = f"eth{chance.randrange(INTERFACES)}"
        self._set(name, self._numbers[name] + 1)

    def mark(self, number: int) -> None:
        """What is to arrive everywhere."""
        self._set(MARK, number)
        self._marked = self.spool.last + (1 if self.reporter.owes else 0)

    @property
    def behind(self) -> bool:
        """Whether the mark, or anything before it, is not acknowledged."""
        return self.spool.last - self.spool.waiting < self._marked or self.reporter.owes

    def flush(self) -> None:
        """Put what is owed into the spool."""
        if self.reporter.flush(Wall(time.time())):
            self.stream.wake()

    def _set(self, name: str, value: int) -> None:
        self.ledger.note("is", name, value)
        self._numbers[name] = value
        self._look()
        self.flush()

    def _look(self) -> None:
        self.reporter.interfaces(
            Interface(name=name, index=at, mac=f"{self._mac}:00:{at:02x}", carrier=True, settled=True, mtu=value)
            for at, (name, value) in enumerate(self._numbers.items(), 2)
        )

    def _forgotten(self) -> None:
        self.ledger.note("anew", self.spool.last)
        self.reporter.begin_anew()
        self.reporter.complete()
        self.flush()


class Fleet:
    """All of them."""

    def __init__(self, orders: Orders) -> None:
        keyring = Keyring([derive(bytes.fromhex(orders.secret))])
        self._chance = random.Random(orders.boot)
        self.agents = [Agent(orders, orders.first + at, keyring) for at in range(orders.agents)]
        self._rate = 0.0
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Until stdin ends."""
        async with asyncio.TaskGroup() as tasks:
            works = [tasks.create_task(one.stream.run()) for one in self.agents]
            works += [tasks.create_task(self._change()), tasks.create_task(self._owed())]
            await self._obey()
            for work in works:
                work.cancel()
        for one in self.agents:
            one.spool.close()
            one.ledger.close()

    async def _obey(self) -> None:
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            what, *arguments = json.loads(line)
            print(json.dumps(getattr(self, f"do_{what}")(*arguments)), flush=True)

    def do_rate(self, per_second: float) -> None:
        """So many changes a second, at agents taken at random."""
        self._rate = per_second
        self._news.set()

    def do_mark(self, number: int) -> None:
        """See `Agent.mark`."""
        for one in self.agents:
            one.mark(number)

    def do_status(self) -> dict[str, Any]:
        """How they are."""
        return {
            "connected": sum(one.stream.connected.is_set() for one in self.agents),
            "behind": sum(one.behind for one in self.agents),
            "waiting": sum(one.spool.waiting for one in self.agents),
            "most": max(one.spool.waiting for one in self.agents),
            "pending": sum(one.reporter.pending for one in self.agents),
            "collapsed": sum(one.reporter.collapsed for one in self.agents),
            "begun": sum(one.stream.begun for one in self.agents),
        }

    async def _change(self) -> None:
        while True:
            if not self._rate:
                self._news.clear()
                await self._news.wait()
                continue
            await asyncio.sleep(self._chance.expovariate(self._rate))
            if self._rate:
                self._chance.choice(self.agents).change(self._chance)

    async def _owed(self) -> None:
        while True:
            await asyncio.sleep(OWED)
            for one in self.agents:
                if one.reporter.owes:
                    one.flush()


def main() -> None:
    """Be a fleet."""
    import logging

    from msgspec import json as encoded

    skew.wear()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(message)s")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    orders = encoded.decode(Path(sys.argv[1]).read_bytes(), type=Orders, dec_hook=lambda kind, value: kind(value))
    reporting.MAX_REPORTS = orders.max_reports
    reporting.MAX_PENDING = orders.max_pending
    asyncio.run(_main(orders))


async def _main(orders: Orders) -> None:
    fleet = Fleet(orders)
    print(json.dumps("ready"), flush=True)
    await fleet.run()


if __name__ == "__main__":
    main()
