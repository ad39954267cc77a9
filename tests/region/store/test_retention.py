"""History within its budget, the oldest days first, and what gives way when a disk is full. Nothing else is ever touched."""

from __future__ import annotations

import sqlite3
import time

import pytest
from sqlalchemy.exc import DBAPIError

from bellrock.contract import Report
from bellrock.model import Evidence, EvidenceKind, EvidenceSeen, Host, Interface, InterfaceSeen, Port, Verdict, Wall
from bellrock.region.store import (
    Accepted,
    Change,
    Dropped,
    Store,
    StoreAway,
    StoreFull,
    StoreRefused,
    VerdictHour,
    schema,
)
from bellrock.region.store import retention as module
from bellrock.region.store.days import DAY
from tests.region.stores import with_store

TODAY = 20_000
PORT = Port("a", "eth0")


def told(seq: int, day: float, many: int = 1) -> Accepted:
    seen = [InterfaceSeen("a", Interface(name=f"eth{n}", index=n + 1, mac="m" * 100, mtu=seq)) for n in range(many)]
    evidence = EvidenceSeen(Evidence(kind=EvidenceKind.LOOP, port=PORT, seen=Wall(day * DAY)))
    report = Report(seq, "b", Wall(day * DAY), (*seen, evidence), begin=seq == 1)
    return Accepted(agent=Host("a", "a"), report=report, received=Wall(day * DAY))


async def days(store: Store) -> list[int]:
    return sorted({int(entry[1] / DAY) for entry in await store.journal()})


async def fill(store: Store, *wanted: int, many: int = 300) -> None:
    for seq, day in enumerate(wanted, 1):
        await store.commit([told(seq, day, many)], {"a": 1})


async def change(store: Store, day: int) -> None:
    one = Change(at=Wall(day * DAY), agent="a", flow="dns", target="t", verdict=Verdict.WORKS, detail="")
    await store.probes.keep((), [one], ())


@with_store
async def test_within_its_budget_all_is_kept_and_measured(store: Store):
    await fill(store, TODAY - 2, TODAY)
    assert await store.retention.keep_within(Wall(TODAY * DAY)) == []
    assert list(await store.retention.measure()) == [TODAY - 2, TODAY]
    assert store.retention.octets == sum((await store.retention.measure()).values()) > 50_000
    assert store.retention.dropped == 0


@with_store
async def test_a_clock_that_runs_ahead_of_the_databases_makes_nothing_old(store: Store):
    assert await store.retention.sure(Wall(TODAY * DAY)) == TODAY * DAY
    year = Wall(time.time() + 366 * DAY)
    found = await store.retention.sure(year)
    assert abs(found - (time.time() if store.shared else year)) < 60


@with_store
async def test_the_oldest_days_go_until_the_others_fit_and_what_stands_stays(store: Store):
    await fill(store, TODAY - 3, TODAY - 2, TODAY - 1, TODAY)
    await change(store, TODAY - 3)
    before = await store.load()
    sizes = await store.retention.measure()
    store.retention.budget = sizes[TODAY - 1] + sizes[TODAY]
    gone = await store.retention.keep_within(Wall(TODAY * DAY))
    assert gone == [Dropped(day, sizes[day], "budget") for day in (TODAY - 3, TODAY - 2)]
    assert await days(store) == [TODAY - 1, TODAY]
    assert await store.probes.history(None, None, None, 10) == []
    assert await store.load() == before
    assert store.retention.octets <= store.retention.budget
    assert store.retention.dropped == 2


@with_store
async def test_a_day_that_is_more_than_the_budget_alone_goes_too_and_history_goes_on(store: Store):
    await fill(store, TODAY)
    store.retention.budget = 1
    assert [one.day for one in await store.retention.keep_within(Wall(TODAY * DAY))] == [TODAY]
    await store.commit([told(2, TODAY)], {"a": 1})
    assert await days(store) == [TODAY]


@with_store
async def test_what_is_too_old_goes_whatever_kind_of_history_it_is(store: Store):
    await fill(store, TODAY - module.AGE - 1, TODAY - 91, TODAY, many=1)
    for day in (TODAY - module.AGE - 2, TODAY - module.AGE):
        await change(store, day)
    gone = await store.retention.keep_within(Wall(TODAY * DAY))
    assert sorted((one.day, one.why) for one in gone) == [(TODAY - module.AGE - by, "age") for by in (2, 1)]
    assert await days(store) == [TODAY - 91, TODAY]
    assert [one.at / DAY for _, one in await store.probes.history(None, None, None, 10)] == [TODAY - module.AGE]


@with_store
async def test_changes_are_counted_by_the_hour_once_they_are_a_week_old(store: Store):
    old = (TODAY - 30, TODAY - module.DETAILED - 1)
    for day in (*old, *old, TODAY - module.DETAILED, TODAY):
        await change(store, day)
    now = Wall(TODAY * DAY)
    assert [await store.retention.roll_up(now) for _ in range(2)] == [2, 0]
    assert store.retention.rolled_up == 4
    found = [(number, type(one)) for number, one in await store.probes.history(None, None, None, 10)]
    assert found == [(6, Change), (5, Change), (4, VerdictHour), (3, VerdictHour)]
    assert sorted(await store.retention.measure()) == sorted({*old, TODAY - module.DETAILED, TODAY})
    assert await store.retention.keep_within(now) == []


@with_store
async def test_a_day_that_cannot_be_read_keeps_no_other_waiting_and_is_read_once(store: Store):
    for day in (TODAY - 30, TODAY - 20):
        await change(store, day)
    row = ((TODAY - 30) * DAY, "a", "dns", b"damaged")
    async with store.transaction() as connection:
        await connection.run_sync(store.retention.note, schema.probe_changes, ("at", "agent", "flow", "body"), [row])
    now, retention = Wall(TODAY * DAY), store.retention
    assert (await retention.roll_up(now), retention.rolled_up, retention.unreadable) == (1, 2, {TODAY - 30: 1})
    await change(store, TODAY - 30)
    assert (await retention.roll_up(now), retention.rolled_up) == (0, 2), "it is not read again"
    retention.budget = 1
    await retention.keep_within(now)
    assert (await retention.roll_up(now), retention.unreadable) == (0, {})


@with_store
async def test_a_day_that_the_database_refuses_keeps_no_other_waiting(store: Store):
    for day in (TODAY - 30, TODAY - 20):
        await change(store, day)

    async def damaged(engine, transaction, day):
        if day == TODAY - 30:
            raise DBAPIError("SELECT", (), sqlite3.DatabaseError("database disk image is malformed"))
        return await roll_up(engine, transaction, day)

    roll_up = module.roll_up
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "roll_up", damaged)
        with pytest.raises(StoreRefused, match="malformed"):
            await store.retention.roll_up(Wall(TODAY * DAY))
    assert store.retention.rolled_up == 1


@with_store
async def test_many_old_days_are_counted_some_at_a_time(store: Store):
    for day in (TODAY - 30, TODAY - 20, TODAY - 10):
        await change(store, day)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "AT_ONCE", 2)
        assert [await store.retention.roll_up(Wall(TODAY * DAY)) for _ in range(3)] == [2, 1, 0]


@with_store
async def test_hours_are_within_the_budget_as_all_of_history(store: Store):
    for day in (TODAY - 30, TODAY):
        await change(store, day)
    await store.retention.roll_up(Wall(TODAY * DAY))
    sizes = await store.retention.measure()
    assert sizes[TODAY - 30] > 0
    store.retention.budget = sizes[TODAY]
    assert [one.day for one in await store.retention.keep_within(Wall(TODAY * DAY))] == [TODAY - 30]
    assert [number for number, _ in await store.probes.history(None, None, None, 10)] == [2]


@with_store
async def test_where_history_is_not_written_nothing_is_counted_anew(store: Store):
    await change(store, TODAY - 30)
    store.retention.writing = False
    assert await store.retention.roll_up(Wall(TODAY * DAY)) == 0
    store.retention.resume()

    async def fence(_) -> None:
        raise StoreAway("leads no more")

    with pytest.raises(StoreAway):
        await module.Retention(store._engine, store.behind(fence).transaction).roll_up(Wall(TODAY * DAY))
    assert [type(one) for _, one in await store.probes.history(None, None, None, 10)] == [Change]


@with_store
async def test_a_full_disk_takes_a_day_at_a_time_and_then_new_history(store: Store):
    await fill(store, TODAY - 1, TODAY, many=2)
    given = await store.retention.give_way()
    assert (given.day, given.why) == (TODAY - 1, "full")
    assert store.retention.writing
    assert await store.retention.give_way() is None
    await store.commit([told(3, TODAY, many=4)], {"a": 1})
    await change(store, TODAY)
    assert store.retention.unwritten == 6
    assert await days(store) == [TODAY]
    assert len(await store.journal()) == 3
    loaded = await store.load()
    assert (len(loaded.interfaces), loaded.agents[0].last) == (4, 3)
    assert store.retention.resume()
    assert not store.retention.resume()
    await store.commit([told(4, TODAY, many=4)], {"a": 1})
    assert len(await store.journal()) == 8


@with_store
async def test_what_was_left_out_of_a_transaction_that_is_undone_is_not_counted(store: Store):
    store.retention.writing = False

    async def undone() -> None:
        async with store.turn(0, "m") as turn:
            await turn.commit([told(1, TODAY)], {})
            raise StoreFull("disk is full")

    with pytest.raises(StoreFull):
        await undone()
    assert store.retention.unwritten == 0
    await store.commit([told(1, TODAY)], {})
    assert store.retention.unwritten == 2


@with_store
async def test_where_nothing_can_be_dropped_no_history_is_written(store: Store):
    await fill(store, TODAY - 1, TODAY, many=1)

    async def fence(_) -> None:
        raise StoreAway("leads no more")

    retention = module.Retention(store._engine, store.behind(fence).transaction)
    with pytest.raises(StoreAway):
        await retention.give_way()
    assert not retention.writing
    assert await days(store) == [TODAY - 1, TODAY]


@with_store
async def test_a_database_that_is_away_is_said_to_be(store: Store):
    class Gone:
        def connect(self):
            raise OSError("no route to host")

    retention = module.Retention(Gone(), store.transaction)
    for asked in (retention.measure(), retention.roll_up(Wall(0.0))):
        with pytest.raises(StoreAway, match="no route to host"):
            await asked
