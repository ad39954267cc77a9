"""A table for each day: rows find theirs, numbers rise over all, a day goes whole, and the view has what is left."""

from __future__ import annotations

import math

import pytest
from sqlalchemy import Connection

from bellrock.region.store import Store, schema
from bellrock.region.store.days import (
    DAY,
    LAST,
    MOST,
    day_of,
    days_of,
    drop_day,
    have_days,
    is_by_day,
    octets_of,
    view_of,
)
from bellrock.region.store.dialect import bulk
from tests.region.stores import execute, with_store

NAMES = ("at", "agent", "seq", "kind", "body")


def rows(*times: float) -> list[tuple]:
    return [(at, "a", number, "k", b"x") for number, at in enumerate(times)]


async def within(store: Store, do):
    async with store.transaction() as connection:
        return await connection.run_sync(do)


async def write(store: Store, *times: float) -> None:
    await within(store, lambda sync: bulk(sync).insert(schema.journal, NAMES, rows(*times)))


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (0.0, 0), (DAY - 0.001, 0), (DAY, 1), (20_000.5 * DAY, 20_000), (-1.0, 0), (-math.inf, 0), (math.inf, LAST),
        (math.nan, LAST), (LAST * DAY, LAST), (1e300, LAST),
    ],
)  # fmt: skip
def test_every_time_has_a_day(at, day):
    assert day_of(at) == day


def test_history_is_what_has_days():
    assert [one.name for one in schema.HISTORY] == ["journal", "probe_changes", "verdict_hours"]
    assert not is_by_day(schema.evidence)


@with_store
async def test_numbers_rise_over_days_in_the_order_of_writing(store: Store):
    await write(store, 5 * DAY, 3 * DAY, 5 * DAY)
    await write(store, 4 * DAY)
    found = await store.journal()
    assert [(entry[0], entry[1] / DAY) for entry in found] == [(1, 5), (2, 3), (3, 5), (4, 4)]
    assert await within(store, lambda sync: days_of(sync, "journal")) == [3, 4, 5]
    assert await store.journal(after=2, limit=1) == [found[2]]


@with_store
async def test_a_day_is_dropped_whole_and_its_numbers_are_not_given_again(store: Store):
    await write(store, 3 * DAY, 4 * DAY, 4 * DAY)
    await within(store, lambda sync: drop_day(sync, schema.journal, 4))
    assert [entry[0] for entry in await store.journal()] == [1]
    await within(store, lambda sync: drop_day(sync, schema.journal, 3))
    assert await store.journal() == []
    await write(store, 4 * DAY)
    assert [entry[0] for entry in await store.journal()] == [4]


@with_store
async def test_what_is_undone_leaves_neither_day_nor_number(store: Store):
    def half(sync: Connection) -> None:
        bulk(sync).insert(schema.journal, NAMES, rows(3 * DAY))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await within(store, half)
    assert await within(store, lambda sync: days_of(sync, "journal")) == []
    await write(store, 4 * DAY)
    assert len(await store.journal()) == 1


@with_store
async def test_days_have_the_indexes_of_the_whole(store: Store):
    await within(store, lambda sync: have_days(sync, schema.probe_changes, [7]))
    query = (
        "SELECT indexdef FROM pg_indexes WHERE tablename = 'probe_changes_7'"
        if store.shared
        else "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'probe_changes_7'"
    )
    assert any("(agent, flow, id)" in row[0] for row in await execute(store, query))


@with_store
async def test_how_much_a_day_takes_grows_with_it_and_is_nothing_without_it(store: Store):
    def size(sync: Connection) -> int:
        return octets_of(sync, "journal", 3)

    assert await within(store, size) == 0
    await write(store, 3 * DAY)
    small = await within(store, size)
    await write(store, *[3 * DAY] * 5000)
    assert 0 < small < 100_000 < await within(store, size)


@pytest.mark.parametrize("many", [2000, 20_000])
@pytest.mark.parametrize("size", [20, 300])
def test_where_sqlite_does_not_count_pages_what_a_day_takes_is_estimated(tmp_path, monkeypatch, many, size):
    @with_store
    async def inside(store: Store) -> None:
        told = [
            (3 * DAY + number / 7, f"agent-{number % 50:04}", f"flow-{number % 7}", b"x" * size)
            for number in range(many)
        ]
        await within(store, lambda sync: bulk(sync).insert(schema.probe_changes, ("at", "agent", "flow", "body"), told))
        await write(store, *(4 * DAY + number / 7 for number in range(many)))
        for name, day in (("probe_changes", 3), ("journal", 4)):

            def octets(sync: Connection, name=name, day=day) -> int:
                return octets_of(sync, name, day)

            real = await within(store, octets)
            with monkeypatch.context() as patched:
                patched.setattr("bellrock.region.store.days.counts_pages", lambda _: False)
                guessed = await within(store, octets)
                assert await within(store, lambda sync: octets_of(sync, "journal", 77)) == 0
            assert 0.8 * real < guessed < 1.25 * real

    inside(tmp_path / "region.sqlite")


@with_store
async def test_a_view_never_has_more_days_than_sqlite_reads_together(store: Store):
    if store.shared:
        return
    await within(store, lambda sync: have_days(sync, schema.journal, range(MOST + 3)))
    assert await within(store, lambda sync: days_of(sync, "journal")) == list(range(3, MOST + 3))
    await write(store, 5 * DAY, 400 * DAY)
    assert [entry[1] / DAY for entry in await store.journal()] == [5, 400]


def test_a_view_of_no_days_has_no_rows():
    assert view_of("v", ("a", "b"), ()) == 'CREATE VIEW v AS SELECT NULL AS "a", NULL AS "b" WHERE 0'
