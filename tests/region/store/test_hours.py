"""Changes counted by the hour: nothing is lost of how often, and each change is counted once."""

from __future__ import annotations

from collections import Counter
from contextlib import asynccontextmanager

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from bellrock.model import Verdict, Wall
from bellrock.region.store import Change, Store, VerdictHour, schema
from bellrock.region.store import hours as module
from bellrock.region.store.days import DAY, days_of, drop_day
from bellrock.region.store.hours import HOUR, Hours, Rolled, roll_up
from tests.region.stores import execute, with_store

OLD = 20_000
START = OLD * DAY


def change(at: float, verdict=Verdict.FILTERED, **facts) -> Change:
    chosen = {"agent": "a", "flow": "dns", "target": "192.0.2.1:53", "detail": "d", "before": "works"} | facts
    return Change(at=Wall(at), verdict=verdict, **chosen)


def counted(*changes: Change, most: int = 1000) -> list[tuple[int, VerdictHour]]:
    hours = Hours(most)
    for number, one in enumerate(changes, 1):
        hours.take(number, one)
    assert hours.changes == len(changes)
    gone, made = hours.piece()
    assert (gone, hours.piece()) == ([], ([], []))
    rows = [(number, module.msgspec.json.decode(body, type=VerdictHour)) for number, *_, body in made]
    assert [row[1:4] for row in made] == [(one.at, one.agent, one.flow) for _, one in rows]
    return rows


def test_an_hour_says_how_often_what_came_from_what_and_what_stood_at_its_end():
    found = counted(
        change(START + 5.0, before=""), change(START + HOUR - 1.0, Verdict.WORKS, before="filtered"),
        change(START + 60.0), change(START + HOUR), change(START + 7.0, target="other:53"),
    )  # fmt: skip
    assert found[0] == (
        3,
        VerdictHour(
            at=Wall(START), agent="a", flow="dns", target="192.0.2.1:53", first=Wall(START + 5.0), last=Wall(START + HOUR - 1.0),
            counts={Verdict.FILTERED: 2, Verdict.WORKS: 1}, before="", verdict=Verdict.FILTERED,
        ),
    )  # fmt: skip
    assert [(number, one.at, one.target) for number, one in found[1:]] == [
        (4, START + HOUR, "192.0.2.1:53"),
        (5, START, "other:53"),
    ]


def test_of_too_many_what_has_no_row_is_counted_together_for_each_hour():
    times = [START, START, START, START + HOUR, START]
    found = counted(*(change(at, target=f"t{place}") for place, at in enumerate(times)), most=2)
    assert [(number, one.at, one.agent, one.target) for number, one in found] == [
        (1, START, "a", "t0"),
        (2, START, "a", "t1"),
        (5, START, "", ""),
        (4, START + HOUR, "", ""),
    ]
    assert found[2][1].counts == {Verdict.FILTERED: 2}


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from("ab"), st.sampled_from([*Verdict]))), st.integers(0, 5))
def test_counts_add_up_whatever_comes_and_numbers_stay_in_order(told, most):
    changes = [change(START + hour * HOUR + 1.0, verdict, target=target) for hour, target, verdict in told]
    found = counted(*changes, most=most)
    total: Counter[Verdict] = Counter()
    for _, one in found:
        total.update(one.counts)
        assert one.at <= one.first <= one.last < one.at + HOUR
    assert total == Counter(one.verdict for one in changes)
    numbers = [number for number, _ in found]
    assert len({*numbers}) == len(numbers) <= most + 5
    assert all(changes[number - 1].verdict == one.verdict for number, one in found)


def test_what_is_counted_further_takes_the_place_of_what_it_was():
    hours = Hours()
    hours.take(1, change(START))
    hours.take(2, change(START, target="b"))
    hours.piece()
    hours.take(3, change(START + 1.0))
    hours.take(4, change(START + 2.0))
    hours.take(5, change(START + HOUR))
    gone, rows = hours.piece()
    assert (gone, [row[0] for row in rows]) == ([1], [4, 5])
    assert module.msgspec.json.decode(rows[0][4], type=VerdictHour).counts == {Verdict.FILTERED: 3}


async def fill(store: Store, *changes: Change) -> None:
    await store.probes.keep((), changes, ())


async def days(store: Store, name: str) -> list[int]:
    async with store.snapshot() as connection:
        return await connection.run_sync(days_of, name)


@with_store
async def test_a_day_becomes_its_hours_and_is_read_as_one_list_with_what_came_later(store: Store):
    recent = change(START + DAY)
    await fill(store, change(START), change(START + 1.0, Verdict.WORKS), recent, change(START + 2.0, agent="b"))
    assert await roll_up(store._engine, store.transaction, OLD) == Rolled(3, 0, over=True)
    found = await store.probes.history(None, None, None, 10)
    assert [(number, type(one)) for number, one in found] == [(4, VerdictHour), (3, Change), (2, VerdictHour)]
    assert found[1][1] == recent
    assert found[2][1].counts == {Verdict.FILTERED: 1, Verdict.WORKS: 1}
    assert [number for number, _ in await store.probes.history("a", "dns", None, 10)] == [3, 2]
    assert [number for number, _ in await store.probes.history(None, None, 4, 1)] == [3]
    assert (await days(store, "probe_changes"), await days(store, "verdict_hours")) == ([OLD + 1], [OLD])


def before(store: Store, *what):
    """Transactions before which, one each, something else happens."""
    waiting = [*what]

    @asynccontextmanager
    async def transaction():
        if waiting:
            await waiting.pop(0)()
        async with store.transaction() as connection:
            yield connection

    return transaction


@with_store
async def test_what_is_added_meanwhile_is_not_lost_and_a_day_is_counted_once(store: Store):
    await fill(store, change(START))
    late = before(store, lambda: fill(store, change(START + 5.0)))
    assert await roll_up(store._engine, late, OLD) == Rolled(1, 0, over=False)
    assert [type(one) for _, one in await store.probes.history(None, None, None, 10)] == [Change, VerdictHour]
    assert await roll_up(store._engine, store.transaction, OLD) == Rolled(1, 0, over=True)
    await fill(store, change(START + 9.0))
    assert await roll_up(store._engine, store.transaction, OLD) == Rolled(1, 0, over=True), (
        "of a clock that went back: a row more"
    )
    found = await store.probes.history(None, None, None, 10)
    assert [(number, one.counts) for number, one in found] == [(number, {Verdict.FILTERED: 1}) for number in (3, 2, 1)]


@with_store
async def test_who_comes_second_finds_the_day_done(store: Store):
    await fill(store, change(START), change(START + DAY))

    async def first() -> None:
        assert await roll_up(store._engine, store.transaction, OLD) == Rolled(1, 0, over=True)

    assert await roll_up(store._engine, before(store, first), OLD) == Rolled(0, 0, over=False)
    assert len(await store.probes.history(None, None, None, 10)) == 2


@with_store
async def test_who_finds_the_hours_gone_that_it_counts_further_leaves_the_rest(store: Store):
    await fill(store, *(change(START, before=str(place)) for place in range(module.PAGE + 1)))

    async def nothing() -> None:
        pass

    async def dropped() -> None:
        await execute(store, f"DELETE FROM verdict_hours_{OLD}")

    found = await roll_up(store._engine, before(store, nothing, dropped), OLD, pause=0.0)
    assert found == Rolled(module.PAGE, 0, over=False)
    assert [type(one) for _, one in await store.probes.history(None, None, None, 10)] == [Change]


@with_store
async def test_a_day_that_is_dropped_as_it_ends_is_nobodys(store: Store):
    await fill(store, change(START))

    async def nothing() -> None:
        pass

    async def dropped() -> None:
        async with store.transaction() as connection:
            await connection.run_sync(drop_day, schema.probe_changes, OLD)

    assert await roll_up(store._engine, before(store, nothing, dropped), OLD) == Rolled(1, 0, over=False)


@with_store
async def test_many_changes_are_counted_a_page_at_a_time_and_as_if_it_were_one(store: Store):
    many = 2 * module.PAGE + 7
    await fill(store, *(change(START + place % 3 * HOUR, before=str(place)) for place in range(many)))
    pieces = []

    async def counted() -> None:
        found = await execute(store, "SELECT count(*) FROM probe_changes")
        pieces.append(found[0][0])

    found = await roll_up(store._engine, before(store, *[counted] * 4), OLD, pause=0.0)
    assert found == Rolled(many, 0, over=True)
    assert pieces == [many, many - module.PAGE, 7, 0], "so many are left before each transaction"
    rows = await store.probes.history(None, None, None, 10)
    assert [number for number, _ in rows] == [many, many - 1, many - 2]
    assert sum(sum(structs.asdict(one)["counts"].values()) for _, one in rows) == many
    assert schema.verdict_hours in schema.HISTORY


UNREADABLE = (
    b'{"at":%d.0,"agent":"a","flow":"dns","target":"x","verdict":"of-tomorrow"}' % START,
    b"\xff",
    b"[" * 100_000,
)


@with_store
async def test_changes_that_cannot_be_read_are_left_and_the_others_counted(store: Store):
    await fill(store, change(START), change(START + 1.0))
    other = module.msgspec.json.encode(change(START + DAY))
    rows = [(START + 2.0, "a", "dns", body) for body in (*UNREADABLE, other)]
    async with store.transaction() as connection:
        await connection.run_sync(store.retention.note, schema.probe_changes, ("at", "agent", "flow", "body"), rows)
    assert await roll_up(store._engine, store.transaction, OLD) == Rolled(2, 4, over=False)
    assert await execute(store, "SELECT count(*) FROM probe_changes") == [(4,)]
    assert await execute(store, "SELECT id FROM verdict_hours") == [(2,)]
    assert await roll_up(store._engine, store.transaction, OLD) == Rolled(0, 4, over=False)
