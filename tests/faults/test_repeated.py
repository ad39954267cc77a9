"""Reports that come twice, out of order, and at one process after another: each takes effect once, in order."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter

import pytest
import websockets

from tests.region.cluster.support import in_time, site
from tests.region.support import TurnedAway, agent, interface

TOTAL = 200


@pytest.fixture
def url(postgres):
    """A fresh database of a region."""
    made = postgres.fresh()
    yield made
    postgres.drop(made)


async def journal(process) -> list[int]:
    """The numbers of the reports whose change is noted, in the order in which they are."""
    return [one[3] for one in await process._store.journal(limit=10_000) if one[4] == "interface"]


def test_sent_again_and_in_any_order_to_either_of_two_processes(tmp_path, url):
    chance = random.Random(5240)

    async def talk(one, upto: int) -> None:
        first = max(1, one.acked - chance.randint(0, 5))
        numbers = [seq for seq in range(first, upto + 1) for _ in range(chance.choice((1, 1, 2)))]
        if chance.random() < 0.5:
            at = chance.randrange(len(numbers))
            numbers[at : at + 4] = numbers[at : at + 4][::-1]  # may leave a gap, which ends the connection
        for seq in numbers:
            await one.report(seq, interface(f"eth{seq}"), begin=seq == 1)
        await one.acknowledged(chance.randint(one.acked, upto))

    async def run() -> None:
        async with site(tmp_path, url) as region_of:
            running, processes = zip(*[await region_of.start() for _ in range(2)], strict=True)
            done = 0
            while done < TOTAL:
                with contextlib.suppress(TurnedAway, websockets.ConnectionClosed):
                    async with agent(chance.choice(running).url) as one:
                        assert one.acked >= done
                        done = one.acked
                        with contextlib.suppress(websockets.ConnectionClosed):
                            await talk(one, min(TOTAL, done + chance.randint(1, 30)))
                        one.connection.transport.abort()
            assert await journal(processes[0]) == list(range(1, TOTAL + 1))
            for one in running:
                assert len(await one.get("interfaces")) == TOTAL

    in_time(run(), 240)


def test_by_two_connections_at_once(tmp_path, url):
    """An agent whose old connection is not yet known to be dead at one process says the same at another."""

    async def pour(one, upto: int) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            for seq in range(1, upto + 1):
                await one.report(seq, interface(f"eth{seq}"), begin=seq == 1)
            await one.acknowledged(upto)

    async def run() -> None:
        async with site(tmp_path, url) as region_of:
            first, leader = await region_of.start()
            second, _ = await region_of.start()
            async with agent(first.url) as old, agent(second.url) as new:
                await asyncio.gather(pour(old, 50), pour(new, 50))
                assert new.acked == 50
            assert Counter(await journal(leader)) == Counter(range(1, 51))

    in_time(run(), 120)
