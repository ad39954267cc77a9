"""Whether a process can answer."""

from __future__ import annotations

import asyncio

import pytest

from bellrock.region.service import readiness as module
from bellrock.region.service.readiness import KEPT, Readiness
from bellrock.region.store.errors import StoreAway
from tests.region.support import asynchronous


class World:
    def __init__(self):
        self.now, self.asked, self.error, self.leads, self.stopping = 0.0, 0, None, True, False
        self.readiness = Readiness(self.answers, lambda: self.leads, lambda: self.stopping, lambda: self.now)

    async def answers(self):
        self.asked += 1
        await asyncio.sleep(0)
        if self.error == "never":
            await asyncio.Event().wait()
        if self.error:
            raise self.error


@asynchronous
async def test_all_is_well():
    assert await World().readiness.lacks() == ()


@pytest.mark.parametrize("error", [StoreAway("user at db.example: refused"), "never"])
def test_a_store_that_is_away_is_told_without_its_words_and_noted_once(error, monkeypatch, caplog):
    monkeypatch.setattr(module, "PATIENCE", 0.01)

    async def scene():
        world = World()
        world.error = error
        assert await world.readiness.lacks() == ("The store does not answer.",)
        world.now += KEPT
        assert await world.readiness.lacks() == ("The store does not answer.",)
        world.error, world.now = None, world.now + KEPT
        assert await world.readiness.lacks() == ()

    asyncio.run(asyncio.wait_for(scene(), 30))
    (said,) = caplog.records
    assert said.msg.event == "not-ready"
    assert ("db.example" if error != "never" else "nothing within") in said.getMessage()


@asynchronous
async def test_however_often_it_is_asked_the_store_is_asked_once_a_second():
    world = World()
    await asyncio.gather(*(world.readiness.lacks() for _ in range(50)))
    assert world.asked == 1
    world.now = KEPT
    await world.readiness.lacks()
    assert world.asked == 2


@asynchronous
async def test_nobody_leads():
    world = World()
    world.leads = False
    assert await world.readiness.lacks() == ("No process of this region leads, as far as this one knows.",)
    world.readiness.doing = lambda: "This process takes the lead."
    assert await world.readiness.lacks() == ("This process takes the lead.",)


@asynchronous
async def test_one_that_is_cut_off_says_that_and_not_what_follows_from_it():
    world = World()
    world.leads, world.readiness.away = False, lambda: "The database is away."
    assert await world.readiness.lacks() == ("The database is away.",)
    assert world.asked == 0


@asynchronous
async def test_one_that_stops_asks_nobody():
    world = World()
    world.stopping, world.error = True, StoreAway("x")
    assert await world.readiness.lacks() == ("The region is stopping.",)
    assert world.asked == 0
