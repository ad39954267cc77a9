"""History gives way: to its budget, and to a disk that is full for longer than a moment."""

from __future__ import annotations

import asyncio
import logging

import pytest

from bellrock.model import Wall
from bellrock.region.service import history as module
from bellrock.region.service.history import PATIENCE, REST, Budget, Pressure
from bellrock.region.store import Dropped, Retention, StoreAway

GONE = Dropped(20_000, 4096, "full")


class Kept(Retention):
    """Has so many days to give."""

    def __init__(self, *given: Dropped | Exception) -> None:
        super().__init__(None, None)
        self.given = list(given)
        self.asked = 0
        self.old: list[int | Exception] = []
        self.damaged: dict[int, int] = {}

    async def sure(self, now):
        assert now == 9.0
        return Wall(7.0)

    async def keep_within(self, now):
        assert now == 7.0
        self.asked += 1
        if self.given and isinstance(self.given[0], Exception):
            raise self.given.pop(0)
        found, self.given = self.given, []
        return found

    async def roll_up(self, now):
        assert now == 7.0
        found = self.old.pop(0) if self.old else 0
        self.unreadable |= self.damaged
        if isinstance(found, Exception):
            raise found
        self.rolled_up += 5 * found
        return found

    async def give_way(self):
        self.asked += 1
        found = self.given.pop(0) if self.given else None
        self.writing = isinstance(found, Dropped)
        if isinstance(found, Exception):
            raise found
        return found


def test_what_the_budget_takes_is_told_and_a_database_that_is_away_is_asked_again(caplog, monkeypatch):
    monkeypatch.setattr(module, "PAUSE", 0.0)
    kept = Kept(StoreAway("gone"), GONE)

    async def run() -> None:
        task = asyncio.create_task(Budget(kept, lambda: Wall(9.0)).run())
        async with asyncio.timeout(60):
            while kept.asked < 3:
                await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    assert "history-not-measured error=gone" in caplog.messages[0]
    assert "history-dropped day=2024-10-04 octets=4096 why=full" in caplog.messages[1]
    assert len(caplog.messages) == 2


def test_a_database_that_stays_away_is_told_of_once(caplog):
    budget = Budget(Kept(StoreAway("gone"), StoreAway("gone")), lambda: Wall(9.0))

    async def run() -> None:
        await budget.look()
        await budget.look()

    asyncio.run(run())
    assert len(caplog.messages) == 1


def test_what_is_counted_by_the_hour_is_told_and_what_could_not_be_too(caplog):
    kept = Kept()
    kept.old = [StoreAway("locked"), 2, 0]
    budget = Budget(kept, lambda: Wall(9.0))

    async def run() -> None:
        for _ in range(3):
            await budget.look()

    with caplog.at_level(logging.INFO):
        asyncio.run(run())
    assert "history-not-rolled-up error=locked" in caplog.messages[0]
    assert caplog.messages[1:] == ["history-rolled-up days=2 changes=10"]


def test_changes_that_cannot_be_read_are_told_of_in_one_line_once(caplog):
    kept = Kept()
    kept.damaged, kept.old = {20_001: 2, 20_000: 1}, [StoreAway("locked")]
    budget = Budget(kept, lambda: Wall(9.0))

    async def run() -> None:
        await budget.look()
        await budget.look()

    asyncio.run(run())
    assert sum("history-not-readable changes=3 days=2 first=2024-10-04" in one for one in caplog.messages) == 1
    assert len(caplog.messages) == 2


def test_rounds_go_on_whatever_goes_wrong_in_one(caplog, monkeypatch):
    kept = Kept(ValueError("a defect"), ValueError("again"), GONE)

    budget = Budget(kept, lambda: Wall(9.0))
    monkeypatch.setattr(module, "PAUSE", 0.0)

    async def run() -> None:
        task = asyncio.ensure_future(budget.run())
        async with asyncio.timeout(20):
            while kept.asked < 3:
                await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())
    failed = [one for one in caplog.records if "history-look-failed" in one.getMessage()]
    assert [bool(one.exc_info) for one in failed] == [True], "a line, with what it takes to mend it"


@pytest.mark.parametrize("given", [[GONE], [GONE, StoreAway("locked")]])
def test_a_disk_that_is_full_for_long_takes_a_day_and_then_history_rests(caplog, given):
    now = [100.0]
    kept = Kept(*given)
    pressure = Pressure(kept, lambda: now[0])

    async def full(after: float) -> int:
        now[0] += after
        await pressure.full()
        return kept.asked

    async def run() -> None:
        assert [await full(after) for after in (0.0, PATIENCE - 1.0)] == [0, 0]
        assert [await full(after) for after in (1.0, 1.0)] == [1, 1], "a day, and no other at once"
        assert kept.writing
        assert [await full(PATIENCE) for _ in range(3)] == [2, 2, 2], "none is left: new history is not written"
        assert not kept.writing

    asyncio.run(run())
    assert sum("history-dropped" in one for one in caplog.messages) == 1
    assert sum("history-not-written" in one for one in caplog.messages) == 1
    assert sum("history-not-dropped error=locked" in one for one in caplog.messages) == len(given) - 1
    now[0] += REST - 2 * PATIENCE - 1.0
    pressure.taken()
    assert not kept.writing
    now[0] += 1.0
    pressure.taken()
    assert kept.writing
    assert "history-written-again" in caplog.messages[-1]


def test_a_disk_that_is_full_for_a_moment_costs_no_history():
    now = [0.0]
    kept = Kept(GONE)
    pressure = Pressure(kept, lambda: now[0])
    for _ in range(3):
        asyncio.run(pressure.full())
        now[0] += PATIENCE
        pressure.taken()
    assert kept.asked == 0
